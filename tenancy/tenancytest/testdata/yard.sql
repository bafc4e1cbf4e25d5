-- Partitions by time and by list, references within a table, composite keys, an exclusion constraint,
-- views over views, a function with its owner's rights that keeps to the tenant, a shared table.
CREATE DOMAIN berth AS text CHECK (VALUE ~ '^[a-z0-9]+$');
CREATE TABLE currency (code text PRIMARY KEY);
INSERT INTO currency VALUES ('EUR'), ('AUD');
CREATE TABLE yard (
  tenant_id text NOT NULL,
  code      text NOT NULL,
  zone      int  NOT NULL,
  label     text,
  PRIMARY KEY (tenant_id, code, zone)
);
CREATE TABLE part (
  tenant_id text   NOT NULL,
  id        bigint NOT NULL,
  parent_id bigint,
  yard_code text   NOT NULL,
  yard_zone int    NOT NULL,
  spot      berth  NOT NULL,
  price     numeric(10, 2),
  currency  text   REFERENCES currency,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT part_parent FOREIGN KEY (tenant_id, parent_id) REFERENCES part ON DELETE CASCADE,
  CONSTRAINT part_yard FOREIGN KEY (tenant_id, yard_code, yard_zone) REFERENCES yard
);
CREATE TABLE event (
  tenant_id text NOT NULL,
  id        uuid NOT NULL,
  at        timestamptz NOT NULL,
  part_id   bigint,
  detail    text NOT NULL,
  PRIMARY KEY (tenant_id, id, at),
  CONSTRAINT event_part FOREIGN KEY (tenant_id, part_id) REFERENCES part ON DELETE CASCADE
) PARTITION BY RANGE (at);
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE stock (
  tenant_id text NOT NULL,
  id        bigint NOT NULL,
  kind      text NOT NULL,
  amount    int  NOT NULL,
  PRIMARY KEY (tenant_id, id, kind)
) PARTITION BY LIST (kind);
CREATE TABLE stock_raw PARTITION OF stock FOR VALUES IN ('ore', 'sand');
CREATE TABLE stock_rest PARTITION OF stock DEFAULT;
CREATE TABLE booking (
  tenant_id text  NOT NULL,
  id        uuid  NOT NULL,
  yard_code text  NOT NULL,
  during    int4range NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT booking_once EXCLUDE USING gist (during WITH &&, box(point(hashtext(tenant_id), hashtext(tenant_id)), point(hashtext(tenant_id), hashtext(tenant_id))) WITH &&)
);
CREATE VIEW part_tree WITH (security_invoker = true) AS
  SELECT p.tenant_id, p.id, q.spot FROM part p LEFT JOIN part q ON q.tenant_id = p.tenant_id AND q.id = p.parent_id;
CREATE VIEW part_total WITH (security_invoker = true) AS SELECT count(*) AS n FROM part_tree;
CREATE FUNCTION yard_label(p_code text) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
  AS 'SELECT label FROM public.yard WHERE tenant_id = (SELECT tenancy.id()) AND code = p_code';
CREATE FUNCTION part_count() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM part';
