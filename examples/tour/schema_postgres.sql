-- A support desk on Postgres. tenant_id leads every key, and every foreign key carries it, so that no
-- row can point into another tenant. Row-level security, grants and the default of tenant_id are added by
-- package rls, from a list of the tables.
-- Times are unix seconds, UTC. Ids are counted within a tenant: every tenant has a conversation 1.

CREATE TABLE organisation (
  tenant_id text NOT NULL PRIMARY KEY,
  name      text NOT NULL,
  plan      text NOT NULL CHECK (plan IN ('free', 'team', 'company'))
);

CREATE TABLE member (
  tenant_id text   NOT NULL REFERENCES organisation,
  id        bigint NOT NULL,
  email     text   NOT NULL,
  name      text   NOT NULL,
  role      text   NOT NULL CHECK (role IN ('agent', 'lead', 'admin')),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, email)
);

CREATE TABLE customer (
  tenant_id text   NOT NULL REFERENCES organisation,
  id        bigint NOT NULL,
  email     text   NOT NULL,
  name      text   NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, email)
);

CREATE TABLE conversation (
  tenant_id   text   NOT NULL,
  id          bigint NOT NULL,
  customer_id bigint NOT NULL,
  member_id   bigint NOT NULL,
  subject     text   NOT NULL,
  status      text   NOT NULL CHECK (status IN ('open', 'waiting', 'solved')),
  opened_at   bigint NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customer,
  FOREIGN KEY (tenant_id, member_id) REFERENCES member
);

CREATE INDEX conversation_status ON conversation (tenant_id, status, opened_at);

CREATE TABLE message (
  tenant_id       text   NOT NULL,
  id              bigint NOT NULL,
  conversation_id bigint NOT NULL,
  author          text   NOT NULL CHECK (author IN ('customer', 'member')),
  body            text   NOT NULL,
  sent_at         bigint NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversation
);

CREATE INDEX message_conversation ON message (tenant_id, conversation_id, sent_at);

CREATE TABLE api_connection (
  tenant_id   text   NOT NULL REFERENCES organisation,
  id          bigint NOT NULL,
  provider    text   NOT NULL,
  secret_hash text   NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
