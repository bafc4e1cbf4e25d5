-- +goose Up
-- One tenant's wrapped keys and sealed secrets: the file is its own. Times are microseconds since 1970, UTC.
--
-- What is secret is in tables whose rows come in the order of their places, never go, and never change their size. SQLite then
-- writes over it where it is. Rows that go, grow or shrink make it move their neighbours together, and the places where those
-- were stay as they are: copies of what somebody will want destroyed, which nothing would ever find.

CREATE TABLE vault_key (
    seq         INTEGER NOT NULL PRIMARY KEY,
    id          BLOB NOT NULL CHECK (length(id) = 16),
    level       INTEGER NOT NULL CHECK (level BETWEEN 0 AND 2), -- of a tenant, a purpose, a person
    purpose     TEXT NOT NULL,
    subject     BLOB NOT NULL CHECK (length(subject) = 16),
    parent      BLOB NOT NULL CHECK (length(parent) = 16),
    wrapped     BLOB NOT NULL, -- zeros once shredded
    commit_hash BLOB NOT NULL CHECK (length(commit_hash) = 32),
    state       TEXT NOT NULL CHECK (state IN ('a', 'r', 's')), -- active, retired, shredded: never back
    created     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX vault_key_id ON vault_key (id);
CREATE UNIQUE INDEX vault_key_active ON vault_key (subject, purpose, level) WHERE state = 'a';
CREATE INDEX vault_key_retired ON vault_key (subject) WHERE state = 'r';
CREATE INDEX vault_key_upper ON vault_key (level) WHERE level < 2 AND state <> 's';

CREATE TABLE vault_epoch (
    one   INTEGER NOT NULL DEFAULT 1 PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL
) STRICT;

CREATE TABLE vault_secret (
    purpose      TEXT NOT NULL,
    id           TEXT NOT NULL,
    version      INTEGER NOT NULL CHECK (version > 0),
    subject      BLOB NOT NULL CHECK (length(subject) = 16),
    key_id       BLOB NOT NULL CHECK (length(key_id) = 16),
    place        INTEGER NOT NULL, -- of what is sealed
    fingerprint  BLOB NOT NULL CHECK (length(fingerprint) = 8),
    closing      INTEGER NOT NULL CHECK (closing IN (0, 1)),
    rotate_every INTEGER NOT NULL, -- nanoseconds
    expires      INTEGER,
    created      INTEGER NOT NULL,
    replaced     INTEGER NOT NULL,
    used         INTEGER,
    lease_by     TEXT,
    lease_until  INTEGER,
    PRIMARY KEY (purpose, id),
    CONSTRAINT vault_secret_lease CHECK ((lease_by IS NULL) = (lease_until IS NULL))
) STRICT;
CREATE INDEX vault_secret_under ON vault_secret (key_id, purpose, id);
-- data is 1, the length of what is sealed in 4 bytes, that, and zeros up to a multiple of 256 bytes; all zeros: nobody's.
CREATE TABLE vault_sealed (
    place INTEGER NOT NULL PRIMARY KEY,
    data  BLOB NOT NULL
) STRICT;
CREATE INDEX vault_sealed_free ON vault_sealed (length(data)) WHERE substr(data, 1, 1) = x'00';

-- REPLACE deletes without asking a DELETE trigger, so that what inserts is looked at too.
CREATE TRIGGER vault_key_new BEFORE INSERT ON vault_key
WHEN NEW.seq <= (SELECT max(seq) FROM vault_key) OR EXISTS (SELECT 1 FROM vault_key WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM vault_key WHERE subject = NEW.subject AND purpose = NEW.purpose AND level = NEW.level AND state = 'a')
BEGIN SELECT RAISE(ABORT, 'vault: a key is never put in the place of another'); END;
CREATE TRIGGER vault_key_unchanged BEFORE UPDATE OF seq, id, level, purpose, subject, commit_hash, created ON vault_key
BEGIN SELECT RAISE(ABORT, 'vault: a key stays what it is'); END;
CREATE TRIGGER vault_key_goes_on AFTER UPDATE OF state, wrapped, parent ON vault_key
WHEN OLD.state = 's' OR NEW.state < OLD.state OR length(NEW.wrapped) <> length(OLD.wrapped)
    OR NEW.state = 's' AND NEW.wrapped <> zeroblob(length(OLD.wrapped))
BEGIN SELECT RAISE(ABORT, 'vault: a key goes from active to retired to shredded, and gets nothing back'); END;
CREATE TRIGGER vault_key_stays BEFORE DELETE ON vault_key BEGIN SELECT RAISE(ABORT, 'vault: a key is not forgotten'); END;

CREATE TRIGGER vault_epoch_new BEFORE INSERT ON vault_epoch WHEN EXISTS (SELECT 1 FROM vault_epoch)
BEGIN SELECT RAISE(ABORT, 'vault: the epoch only grows'); END;
CREATE TRIGGER vault_epoch_grows BEFORE UPDATE ON vault_epoch WHEN NEW.epoch <= OLD.epoch
BEGIN SELECT RAISE(ABORT, 'vault: the epoch only grows'); END;
CREATE TRIGGER vault_epoch_stays BEFORE DELETE ON vault_epoch BEGIN SELECT RAISE(ABORT, 'vault: the epoch only grows'); END;

-- Versions of a secret only grow. What is sealed changes with the version, or goes from a retired key to the one in its place.
CREATE TRIGGER vault_secret_new BEFORE INSERT ON vault_secret WHEN EXISTS (SELECT 1 FROM vault_secret WHERE purpose = NEW.purpose AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'vault: a secret has a next version, and no second first one'); END;
CREATE TRIGGER vault_secret_goes_on BEFORE UPDATE ON vault_secret
WHEN NEW.version < OLD.version OR NEW.created <> OLD.created OR NEW.purpose <> OLD.purpose OR NEW.id <> OLD.id
    OR NEW.version = OLD.version AND (NEW.subject <> OLD.subject OR NEW.replaced <> OLD.replaced)
BEGIN SELECT RAISE(ABORT, 'vault: versions of a secret only grow'); END;
CREATE TRIGGER vault_secret_resealed BEFORE UPDATE ON vault_secret
WHEN NEW.version = OLD.version AND (NEW.place <> OLD.place OR NEW.key_id <> OLD.key_id)
    AND NOT EXISTS (SELECT 1 FROM vault_key o JOIN vault_key n ON n.level = o.level AND n.purpose = o.purpose AND n.subject = o.subject
        WHERE o.id = OLD.key_id AND o.state = 'r' AND n.id = NEW.key_id AND n.state = 'a')
BEGIN SELECT RAISE(ABORT, 'vault: a version of a secret stays what it is'); END;
-- What is sealed goes with its version, whoever does away with that.
CREATE TRIGGER vault_secret_gone AFTER DELETE ON vault_secret
BEGIN UPDATE vault_sealed SET data = zeroblob(length(data)) WHERE place = OLD.place; END;
CREATE TRIGGER vault_secret_replaced AFTER UPDATE OF place ON vault_secret WHEN NEW.place <> OLD.place
BEGIN UPDATE vault_sealed SET data = zeroblob(length(data)) WHERE place = OLD.place; END;
CREATE TRIGGER vault_sealed_new BEFORE INSERT ON vault_sealed WHEN NEW.place <= (SELECT max(place) FROM vault_sealed)
BEGIN SELECT RAISE(ABORT, 'vault: what is sealed has a place of its own'); END;
CREATE TRIGGER vault_sealed_size BEFORE UPDATE ON vault_sealed WHEN NEW.place <> OLD.place OR length(NEW.data) <> length(OLD.data)
BEGIN SELECT RAISE(ABORT, 'vault: what is sealed is written over where it is'); END;
CREATE TRIGGER vault_sealed_stays BEFORE DELETE ON vault_sealed BEGIN SELECT RAISE(ABORT, 'vault: what is sealed is written over where it is'); END;
