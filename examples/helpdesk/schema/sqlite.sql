-- The support desk, in one tenant's file. The same tables as in postgres.sql, without a tenant column: the file is the tenant.
-- The application's statements name no tenant on either database.

CREATE TABLE organisation (
  id   TEXT NOT NULL PRIMARY KEY CHECK (id = 'us'),
  name TEXT NOT NULL,
  plan TEXT NOT NULL
);

CREATE TABLE person (
  id         TEXT      NOT NULL PRIMARY KEY,
  name       TEXT      NOT NULL,
  email      TEXT      NOT NULL UNIQUE,
  joined_at  TIMESTAMP NOT NULL
);

CREATE TABLE session (
  id         BLOB      NOT NULL PRIMARY KEY, -- SHA-256 of what the cookie holds
  person_id  TEXT      NOT NULL REFERENCES person,
  created_at TIMESTAMP NOT NULL,
  expires_at TIMESTAMP NOT NULL
);
CREATE INDEX session_person ON session (person_id);

CREATE TABLE sign_in (
  id         BLOB      NOT NULL PRIMARY KEY, -- SHA-256 of what the link holds
  person_id  TEXT      NOT NULL REFERENCES person,
  expires_at TIMESTAMP NOT NULL,
  used_at    TIMESTAMP
);
CREATE INDEX sign_in_person ON sign_in (person_id);

CREATE TABLE passkey (
  id         BLOB      NOT NULL PRIMARY KEY,
  person_id  TEXT      NOT NULL REFERENCES person,
  public_key TEXT      NOT NULL CHECK (json_valid(public_key)), -- as go-webauthn writes it, with the signature counter
  counter    INTEGER   NOT NULL,
  added_at   TIMESTAMP NOT NULL
);
CREATE INDEX passkey_person ON passkey (person_id);

CREATE TABLE customer (
  id          TEXT NOT NULL PRIMARY KEY,
  name        TEXT NOT NULL,
  email       TEXT NOT NULL UNIQUE,
  phone       BLOB,          -- sealed under the customer's key
  phone_index BLOB,
  since_at    TIMESTAMP NOT NULL
);

CREATE TABLE conversation (
  id          TEXT      NOT NULL PRIMARY KEY,
  customer_id TEXT      NOT NULL REFERENCES customer,
  assignee_id TEXT      REFERENCES person,
  subject     TEXT      NOT NULL,
  status      TEXT      NOT NULL CHECK (status IN ('open', 'waiting', 'solved')),
  opened_at   TIMESTAMP NOT NULL,
  changed_at  TIMESTAMP NOT NULL
);
CREATE INDEX conversation_changed ON conversation (changed_at, id);
CREATE INDEX conversation_customer ON conversation (customer_id);
CREATE INDEX conversation_assignee ON conversation (assignee_id);

CREATE TABLE message (
  id              TEXT      NOT NULL PRIMARY KEY,
  conversation_id TEXT      NOT NULL REFERENCES conversation,
  author_id       TEXT      REFERENCES person, -- NULL: the customer, or a program
  kind            TEXT      NOT NULL CHECK (kind IN ('asked', 'message', 'note')),
  body            TEXT      NOT NULL,
  sent_at         TIMESTAMP NOT NULL
);
CREATE INDEX message_conversation ON message (conversation_id, sent_at);
CREATE INDEX message_author ON message (author_id);

CREATE TABLE product (
  id       TEXT    NOT NULL PRIMARY KEY,
  name     TEXT    NOT NULL,
  about    TEXT    NOT NULL,
  price    INTEGER NOT NULL, -- cents
  margin   INTEGER NOT NULL, -- nobody's business outside
  supplier TEXT    NOT NULL
);

CREATE TABLE purchase (
  number      TEXT      NOT NULL PRIMARY KEY,
  customer_id TEXT      NOT NULL REFERENCES customer,
  product_id  TEXT      NOT NULL REFERENCES product,
  status      TEXT      NOT NULL,
  address     TEXT      NOT NULL,
  remark      TEXT      NOT NULL DEFAULT '', -- what the team says among itself
  placed_at   TIMESTAMP NOT NULL
);
CREATE INDEX purchase_customer ON purchase (customer_id);
CREATE INDEX purchase_product ON purchase (product_id);

CREATE TABLE faq (
  id       TEXT NOT NULL PRIMARY KEY,
  question TEXT NOT NULL,
  answer   TEXT NOT NULL
);
