-- Tenant ids are UUIDs; so are keys. One table knows one row per parent, and one is only added to.
CREATE TYPE severity AS ENUM ('low', 'high');
CREATE TABLE patient (
  clinic    uuid NOT NULL,
  id        uuid NOT NULL DEFAULT gen_random_uuid(),
  full_name text NOT NULL,
  born      date,
  tags      text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (clinic, id)
);
CREATE UNIQUE INDEX patient_name ON patient (clinic, lower(full_name));
CREATE TABLE chart (
  clinic     uuid NOT NULL,
  patient_id uuid NOT NULL,
  notes      jsonb NOT NULL,
  alert      severity NOT NULL,
  PRIMARY KEY (clinic, patient_id),
  CONSTRAINT chart_patient FOREIGN KEY (clinic, patient_id) REFERENCES patient ON DELETE CASCADE
);
CREATE TABLE visit (
  clinic     uuid NOT NULL,
  id         uuid NOT NULL,
  patient_id uuid,
  room       text NOT NULL,
  fee        numeric(8, 2) NOT NULL CHECK (fee >= 0),
  PRIMARY KEY (clinic, id),
  CONSTRAINT visit_patient FOREIGN KEY (clinic, patient_id) REFERENCES patient ON DELETE SET NULL (patient_id)
);
CREATE TABLE access_log (
  clinic uuid NOT NULL,
  id     bigint GENERATED ALWAYS AS IDENTITY,
  what   text NOT NULL,
  PRIMARY KEY (clinic, id)
);
CREATE FUNCTION patient_name(p_id uuid) RETURNS text LANGUAGE sql STABLE AS 'SELECT full_name FROM patient WHERE id = p_id';
