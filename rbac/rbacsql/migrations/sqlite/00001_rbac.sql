-- +goose Up
-- Who may do what in one tenant: the file is its own. Times are microseconds since 1970, UTC. Lists are JSON arrays of strings.

CREATE TABLE rbac_version (
    one     INTEGER NOT NULL DEFAULT 1 PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL CHECK (version > 0)
) STRICT;

CREATE TABLE rbac_role (
    id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    version     INTEGER NOT NULL,
    name        TEXT NOT NULL,
    machine     INTEGER NOT NULL CHECK (machine IN (0, 1)),
    permissions TEXT NOT NULL CHECK (json_valid(permissions) AND json_type(permissions) = 'array'), -- names, never numbers
    parents     TEXT NOT NULL CHECK (json_valid(parents) AND json_type(parents) = 'array'),
    removed     INTEGER NOT NULL CHECK (removed IN (0, 1)),
    created_by  TEXT NOT NULL,
    created     INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX rbac_role_changed ON rbac_role (version);

CREATE TABLE rbac_member (
    kind       TEXT NOT NULL CHECK (kind IN ('person', 'machine')),
    id         TEXT NOT NULL CHECK (octet_length(id) BETWEEN 1 AND 256),
    version    INTEGER NOT NULL,
    roles      TEXT NOT NULL CHECK (json_valid(roles) AND json_type(roles) = 'array'),
    status     TEXT NOT NULL CHECK (status IN ('active', 'suspended', 'removed')),
    expires    INTEGER,
    owner      TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created    INTEGER,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX rbac_member_changed ON rbac_member (version);

CREATE TABLE rbac_token (
    id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    version     INTEGER NOT NULL,
    member_kind TEXT NOT NULL CHECK (member_kind IN ('person', 'machine')),
    member      TEXT NOT NULL CHECK (octet_length(member) BETWEEN 1 AND 256),
    integration TEXT NOT NULL,
    hash        BLOB NOT NULL CHECK (length(hash) = 32),
    last4       TEXT NOT NULL,
    scopes      TEXT NOT NULL CHECK (json_valid(scopes) AND json_type(scopes) = 'array'),
    networks    TEXT CHECK (networks IS NULL OR json_valid(networks) AND json_type(networks) = 'array'), -- NULL: any
    created_by  TEXT NOT NULL,
    created     INTEGER NOT NULL,
    expires     INTEGER NOT NULL,
    revoked     INTEGER,
    reason      TEXT NOT NULL,
    replaced_by TEXT NOT NULL,
    CONSTRAINT rbac_token_ends CHECK (expires <= created + 31622400000000) -- 366 days
) STRICT, WITHOUT ROWID;
CREATE INDEX rbac_token_changed ON rbac_token (version);

CREATE TABLE rbac_use (
    kind TEXT NOT NULL CHECK (kind IN ('person', 'machine', 'token')),
    id   TEXT NOT NULL CHECK (id <> ''),
    at   INTEGER NOT NULL,
    net  TEXT NOT NULL, -- '': not known
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE rbac_invitation (
    id              TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    hash            BLOB NOT NULL CHECK (length(hash) = 32),
    address         TEXT NOT NULL,
    roles           TEXT NOT NULL CHECK (json_valid(roles) AND json_type(roles) = 'array'),
    state           TEXT NOT NULL CHECK (state IN ('pending', 'accepted', 'withdrawn')),
    invited_by_kind TEXT NOT NULL,
    invited_by      TEXT NOT NULL,
    member          TEXT NOT NULL,
    created         INTEGER NOT NULL,
    expires         INTEGER NOT NULL,
    CONSTRAINT rbac_invitation_by CHECK (invited_by_kind IN ('person', 'machine') AND invited_by <> '' OR invited_by_kind = '' AND invited_by = ''),
    CONSTRAINT rbac_invitation_forgets CHECK (state = 'pending' OR address = '')
) STRICT, WITHOUT ROWID;
CREATE INDEX rbac_invitation_pending ON rbac_invitation (created, id) WHERE state = 'pending';

CREATE TABLE rbac_review (
    id        TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    opened_by TEXT NOT NULL,
    opened    INTEGER NOT NULL,
    due       INTEGER NOT NULL,
    closed    INTEGER,
    closed_by TEXT NOT NULL,
    overdue   TEXT NOT NULL CHECK (overdue IN ('keep', 'suspend')),
    applied   INTEGER NOT NULL CHECK (applied IN (0, 1)),
    reminded  INTEGER NOT NULL,
    summary   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE rbac_item (
    review     TEXT NOT NULL,
    key        TEXT NOT NULL CHECK (key <> ''),
    kind       TEXT NOT NULL CHECK (kind IN ('person', 'machine', 'token', 'invitation')),
    id         TEXT NOT NULL CHECK (id <> ''),
    snapshot   TEXT NOT NULL,
    decision   TEXT NOT NULL CHECK (decision IN ('', 'keep', 'reduce', 'remove', 'not reviewed', 'suspend', 'gone')),
    note       TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    decided    INTEGER,
    outcome    TEXT NOT NULL, -- '': nothing was decided
    PRIMARY KEY (review, key)
) STRICT, WITHOUT ROWID;

-- REPLACE deletes without asking a DELETE trigger, and INSERT ... ON CONFLICT DO UPDATE asks that of INSERT too: so what
-- is there already is not inserted.
CREATE TRIGGER rbac_version_new BEFORE INSERT ON rbac_version WHEN EXISTS (SELECT 1 FROM rbac_version)
BEGIN SELECT RAISE(ABORT, 'rbac: the version only grows'); END;
CREATE TRIGGER rbac_version_goes_on BEFORE UPDATE ON rbac_version WHEN NEW.version <= OLD.version OR NEW.one <> OLD.one
BEGIN SELECT RAISE(ABORT, 'rbac: the version only grows'); END;
CREATE TRIGGER rbac_version_stays BEFORE DELETE ON rbac_version BEGIN SELECT RAISE(ABORT, 'rbac: the version only grows'); END;

-- Rules change in the version that is the newest, once, and none goes.
CREATE TRIGGER rbac_role_new BEFORE INSERT ON rbac_role
WHEN NEW.version IS NOT (SELECT version FROM rbac_version) OR EXISTS (SELECT 1 FROM rbac_role WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM json_each(NEW.permissions) WHERE type <> 'text') OR EXISTS (SELECT 1 FROM json_each(NEW.parents) WHERE type <> 'text')
BEGIN SELECT RAISE(ABORT, 'rbac: a role changes in a new version'); END;
CREATE TRIGGER rbac_role_goes_on BEFORE UPDATE ON rbac_role
WHEN NEW.version IS NOT (SELECT version FROM rbac_version) OR NEW.version <= OLD.version OR NEW.id <> OLD.id OR OLD.removed AND NOT NEW.removed
    OR EXISTS (SELECT 1 FROM json_each(NEW.permissions) WHERE type <> 'text') OR EXISTS (SELECT 1 FROM json_each(NEW.parents) WHERE type <> 'text')
BEGIN SELECT RAISE(ABORT, 'rbac: a role changes in a new version, and never comes back'); END;
CREATE TRIGGER rbac_role_stays BEFORE DELETE ON rbac_role BEGIN SELECT RAISE(ABORT, 'rbac: a role is not forgotten'); END;

CREATE TRIGGER rbac_member_new BEFORE INSERT ON rbac_member
WHEN NEW.version IS NOT (SELECT version FROM rbac_version) OR EXISTS (SELECT 1 FROM rbac_member WHERE kind = NEW.kind AND id = NEW.id)
    OR EXISTS (SELECT 1 FROM json_each(NEW.roles) WHERE type <> 'text')
BEGIN SELECT RAISE(ABORT, 'rbac: a member changes in a new version'); END;
CREATE TRIGGER rbac_member_goes_on BEFORE UPDATE ON rbac_member
WHEN NEW.version IS NOT (SELECT version FROM rbac_version) OR NEW.version <= OLD.version OR NEW.kind <> OLD.kind OR NEW.id <> OLD.id
    OR EXISTS (SELECT 1 FROM json_each(NEW.roles) WHERE type <> 'text')
BEGIN SELECT RAISE(ABORT, 'rbac: a member changes in a new version'); END;
CREATE TRIGGER rbac_member_stays BEFORE DELETE ON rbac_member BEGIN SELECT RAISE(ABORT, 'rbac: a member is not forgotten'); END;

CREATE TRIGGER rbac_token_new BEFORE INSERT ON rbac_token
WHEN NEW.version IS NOT (SELECT version FROM rbac_version) OR EXISTS (SELECT 1 FROM rbac_token WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM json_each(NEW.scopes) WHERE type <> 'text') OR EXISTS (SELECT 1 FROM json_each(NEW.networks) WHERE type <> 'text')
BEGIN SELECT RAISE(ABORT, 'rbac: a token changes in a new version'); END;
CREATE TRIGGER rbac_token_goes_on BEFORE UPDATE ON rbac_token
WHEN NEW.version IS NOT (SELECT version FROM rbac_version) OR NEW.version <= OLD.version OR NEW.id <> OLD.id OR NEW.hash <> OLD.hash
    OR NEW.member_kind <> OLD.member_kind OR NEW.member <> OLD.member OR NEW.created <> OLD.created OR OLD.revoked IS NOT NULL AND (NEW.revoked IS NULL OR NEW.revoked > OLD.revoked)
    OR EXISTS (SELECT 1 FROM json_each(NEW.scopes) WHERE type <> 'text') OR EXISTS (SELECT 1 FROM json_each(NEW.networks) WHERE type <> 'text')
BEGIN SELECT RAISE(ABORT, 'rbac: a token changes in a new version, and never comes back'); END;
CREATE TRIGGER rbac_token_stays BEFORE DELETE ON rbac_token BEGIN SELECT RAISE(ABORT, 'rbac: a token is not forgotten'); END;

CREATE TRIGGER rbac_use_goes_on BEFORE UPDATE ON rbac_use WHEN NEW.kind <> OLD.kind OR NEW.id <> OLD.id OR NEW.at < OLD.at
BEGIN SELECT RAISE(ABORT, 'rbac: the newest use counts'); END;
CREATE TRIGGER rbac_use_new BEFORE INSERT ON rbac_use WHEN NEW.at < (SELECT at FROM rbac_use WHERE kind = NEW.kind AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'rbac: the newest use counts'); END;
CREATE TRIGGER rbac_use_stays BEFORE DELETE ON rbac_use BEGIN SELECT RAISE(ABORT, 'rbac: the newest use counts'); END;

CREATE TRIGGER rbac_invitation_new BEFORE INSERT ON rbac_invitation WHEN EXISTS (SELECT 1 FROM rbac_invitation WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM json_each(NEW.roles) WHERE type <> 'text')
BEGIN SELECT RAISE(ABORT, 'rbac: there is that invitation'); END;
CREATE TRIGGER rbac_invitation_goes_on BEFORE UPDATE ON rbac_invitation
WHEN NEW.id <> OLD.id OR EXISTS (SELECT 1 FROM json_each(NEW.roles) WHERE type <> 'text') OR OLD.state <> 'pending'
    AND (NEW.state, NEW.hash, NEW.address, NEW.roles, NEW.invited_by_kind, NEW.invited_by, NEW.member, NEW.created, NEW.expires)
    IS NOT (OLD.state, OLD.hash, OLD.address, OLD.roles, OLD.invited_by_kind, OLD.invited_by, OLD.member, OLD.created, OLD.expires)
BEGIN SELECT RAISE(ABORT, 'rbac: an invitation ends once'); END;
CREATE TRIGGER rbac_invitation_stays BEFORE DELETE ON rbac_invitation BEGIN SELECT RAISE(ABORT, 'rbac: an invitation is not forgotten'); END;

CREATE TRIGGER rbac_review_new BEFORE INSERT ON rbac_review WHEN EXISTS (SELECT 1 FROM rbac_review WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'rbac: there is that review'); END;
CREATE TRIGGER rbac_review_goes_on BEFORE UPDATE ON rbac_review WHEN NEW.id <> OLD.id OR OLD.closed IS NOT NULL
    AND (NEW.opened_by, NEW.opened, NEW.due, NEW.closed, NEW.closed_by, NEW.overdue, NEW.applied, NEW.reminded, NEW.summary)
    IS NOT (OLD.opened_by, OLD.opened, OLD.due, OLD.closed, OLD.closed_by, OLD.overdue, OLD.applied, OLD.reminded, OLD.summary)
BEGIN SELECT RAISE(ABORT, 'rbac: a review is closed once'); END;
CREATE TRIGGER rbac_review_stays BEFORE DELETE ON rbac_review BEGIN SELECT RAISE(ABORT, 'rbac: a review is not forgotten'); END;

CREATE TRIGGER rbac_item_new BEFORE INSERT ON rbac_item WHEN NOT EXISTS (SELECT 1 FROM rbac_review WHERE id = NEW.review AND closed IS NULL)
    OR EXISTS (SELECT 1 FROM rbac_item WHERE review = NEW.review AND key = NEW.key AND (kind, id, snapshot) IS NOT (NEW.kind, NEW.id, NEW.snapshot))
BEGIN SELECT RAISE(ABORT, 'rbac: an item is decided on while its review is open, and stays what it was'); END;
CREATE TRIGGER rbac_item_goes_on BEFORE UPDATE ON rbac_item
WHEN (NEW.review, NEW.key, NEW.kind, NEW.id, NEW.snapshot) IS NOT (OLD.review, OLD.key, OLD.kind, OLD.id, OLD.snapshot)
    OR NOT EXISTS (SELECT 1 FROM rbac_review WHERE id = NEW.review AND closed IS NULL)
BEGIN SELECT RAISE(ABORT, 'rbac: an item is decided on while its review is open, and stays what it was'); END;
CREATE TRIGGER rbac_item_stays BEFORE DELETE ON rbac_item BEGIN SELECT RAISE(ABORT, 'rbac: an item is not forgotten'); END;
