-- The support desk on Postgres. tenant_id leads every key, and every foreign key carries it, so that no row can point into another
-- tenant. Its default, row-level security and grants are added by package rls from the list of the tables (see database_postgres.go).

CREATE TABLE organisation (
  tenant_id text NOT NULL,
  id                  text    NOT NULL CHECK (id = 'us'),
  name                text    NOT NULL,
  plan                text    NOT NULL,
  PRIMARY KEY (tenant_id, id)
);

CREATE TABLE person (
  tenant_id text NOT NULL,
  id         text      NOT NULL,
  name       text      NOT NULL,
  email      text      NOT NULL,
  joined_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, email)
);

CREATE TABLE session (
  tenant_id text NOT NULL,
  id         bytea      NOT NULL, -- SHA-256 of what the cookie holds
  person_id  text      NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, person_id) REFERENCES person
);
CREATE INDEX session_person ON session (tenant_id, person_id);

CREATE TABLE sign_in (
  tenant_id text NOT NULL,
  id         bytea      NOT NULL, -- SHA-256 of what the link holds
  person_id  text      NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at    timestamptz,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, person_id) REFERENCES person
);
CREATE INDEX sign_in_person ON sign_in (tenant_id, person_id);

CREATE TABLE passkey (
  tenant_id text NOT NULL,
  id         bytea      NOT NULL,
  person_id  text      NOT NULL,
  public_key jsonb      NOT NULL, -- as go-webauthn writes it, with the signature counter
  counter    bigint   NOT NULL,
  added_at   timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, person_id) REFERENCES person
);
CREATE INDEX passkey_person ON passkey (tenant_id, person_id);

CREATE TABLE customer (
  tenant_id text NOT NULL,
  id          text NOT NULL,
  name        text NOT NULL,
  email       text NOT NULL,
  phone       bytea, -- sealed under the customer's key
  phone_index bytea,
  since_at    timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, email)
);

CREATE TABLE conversation (
  tenant_id text NOT NULL,
  id          text      NOT NULL,
  customer_id text      NOT NULL,
  assignee_id text,
  subject     text      NOT NULL,
  status      text      NOT NULL CHECK (status IN ('open', 'waiting', 'solved')),
  opened_at   timestamptz NOT NULL,
  changed_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customer,
  FOREIGN KEY (tenant_id, assignee_id) REFERENCES person
);
CREATE INDEX conversation_changed ON conversation (tenant_id, changed_at, id);
CREATE INDEX conversation_customer ON conversation (tenant_id, customer_id);
CREATE INDEX conversation_assignee ON conversation (tenant_id, assignee_id);

CREATE TABLE message (
  tenant_id text NOT NULL,
  id              text      NOT NULL,
  conversation_id text      NOT NULL,
  author_id       text, -- NULL: the customer, or a program
  kind            text      NOT NULL CHECK (kind IN ('asked', 'message', 'note')),
  body            text      NOT NULL,
  sent_at         timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversation,
  FOREIGN KEY (tenant_id, author_id) REFERENCES person
);
CREATE INDEX message_conversation ON message (tenant_id, conversation_id, sent_at);
CREATE INDEX message_author ON message (tenant_id, author_id);

CREATE TABLE product (
  tenant_id text NOT NULL,
  id       text    NOT NULL,
  name     text    NOT NULL,
  about    text    NOT NULL,
  price    bigint NOT NULL, -- cents
  margin   bigint NOT NULL, -- nobody's business outside
  supplier text    NOT NULL,
  PRIMARY KEY (tenant_id, id)
);

CREATE TABLE purchase (
  tenant_id text NOT NULL,
  number      text      NOT NULL,
  customer_id text      NOT NULL,
  product_id  text      NOT NULL,
  status      text      NOT NULL,
  address     text      NOT NULL,
  remark      text      NOT NULL DEFAULT '', -- what the team says among itself
  placed_at   timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, number),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customer,
  FOREIGN KEY (tenant_id, product_id) REFERENCES product
);
CREATE INDEX purchase_customer ON purchase (tenant_id, customer_id);
CREATE INDEX purchase_product ON purchase (tenant_id, product_id);

CREATE TABLE faq (
  tenant_id text NOT NULL,
  id       text NOT NULL,
  question text NOT NULL,
  answer   text NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
