-- A support desk: the schema of one tenant's file. The same tables as schema_postgres.sql; tenant_id
-- stays in them, so that the application's statements are the same on both databases. Only the indexes
-- do not begin with it: in a file of one tenant it would tell no rows apart.
-- Times are unix seconds, UTC. Ids are counted within a tenant: every tenant has a conversation 1.

CREATE TABLE organisation (
  tenant_id TEXT NOT NULL PRIMARY KEY,
  name      TEXT NOT NULL,
  plan      TEXT NOT NULL CHECK (plan IN ('free', 'team', 'company'))
) STRICT;

CREATE TABLE member (
  tenant_id TEXT    NOT NULL REFERENCES organisation,
  id        INTEGER NOT NULL,
  email     TEXT    NOT NULL,
  name      TEXT    NOT NULL,
  role      TEXT    NOT NULL CHECK (role IN ('agent', 'lead', 'admin')),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, email)
) STRICT;

CREATE TABLE customer (
  tenant_id TEXT    NOT NULL REFERENCES organisation,
  id        INTEGER NOT NULL,
  email     TEXT    NOT NULL,
  name      TEXT    NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, email)
) STRICT;

CREATE TABLE conversation (
  tenant_id   TEXT    NOT NULL,
  id          INTEGER NOT NULL,
  customer_id INTEGER NOT NULL,
  member_id   INTEGER NOT NULL,
  subject     TEXT    NOT NULL,
  status      TEXT    NOT NULL CHECK (status IN ('open', 'waiting', 'solved')),
  opened_at   INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, customer_id) REFERENCES customer,
  FOREIGN KEY (tenant_id, member_id) REFERENCES member
) STRICT;

CREATE INDEX conversation_status ON conversation (status, opened_at);

CREATE TABLE message (
  tenant_id       TEXT    NOT NULL,
  id              INTEGER NOT NULL,
  conversation_id INTEGER NOT NULL,
  author          TEXT    NOT NULL CHECK (author IN ('customer', 'member')),
  body            TEXT    NOT NULL,
  sent_at         INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversation
) STRICT;

CREATE INDEX message_conversation ON message (conversation_id, sent_at);

CREATE TABLE api_connection (
  tenant_id   TEXT    NOT NULL REFERENCES organisation,
  id          INTEGER NOT NULL,
  provider    TEXT    NOT NULL,
  secret_hash TEXT    NOT NULL,
  PRIMARY KEY (tenant_id, id)
) STRICT;
