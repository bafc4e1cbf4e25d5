-- +goose Up
-- The log of the heads of all tenants' logs, in the system database.
CREATE TABLE audit_heads_event (
    seq      INTEGER NOT NULL PRIMARY KEY,
    at       INTEGER NOT NULL,
    event_id BLOB NOT NULL UNIQUE,
    action   TEXT NOT NULL,
    outcome  INTEGER NOT NULL,
    hash     BLOB NOT NULL,
    leaf     BLOB NOT NULL
) STRICT;
CREATE TABLE audit_heads_open (
    place   INTEGER NOT NULL PRIMARY KEY,
    subject BLOB NOT NULL,
    data    BLOB NOT NULL
) STRICT;
CREATE TABLE audit_heads_tile (
    level INTEGER NOT NULL,
    idx   INTEGER NOT NULL,
    data  BLOB NOT NULL CHECK (length(data) = 8192),
    PRIMARY KEY (level, idx)
) STRICT;
CREATE TABLE audit_heads_tree (
    one      INTEGER NOT NULL DEFAULT 1 PRIMARY KEY CHECK (one = 1),
    size     INTEGER NOT NULL,
    frontier BLOB NOT NULL
) STRICT;
CREATE TABLE audit_heads_checkpoint (
    size        INTEGER NOT NULL PRIMARY KEY,
    note        BLOB NOT NULL,
    heads_index INTEGER NOT NULL DEFAULT -1
) STRICT;

CREATE TRIGGER audit_heads_event_follows BEFORE INSERT ON audit_heads_event
WHEN NEW.seq <> (SELECT coalesce(max(seq), -1) + 1 FROM audit_heads_event) OR EXISTS (SELECT 1 FROM audit_heads_event WHERE event_id = NEW.event_id)
BEGIN SELECT RAISE(ABORT, 'audit: a head has the next place, and an id of its own'); END;
CREATE TRIGGER audit_heads_event_unchanged BEFORE UPDATE ON audit_heads_event BEGIN SELECT RAISE(ABORT, 'audit: the log is only added to'); END;
CREATE TRIGGER audit_heads_event_stays BEFORE DELETE ON audit_heads_event BEGIN SELECT RAISE(ABORT, 'audit: the log is only added to'); END;
CREATE TRIGGER audit_heads_open_new BEFORE INSERT ON audit_heads_open WHEN NEW.place <= (SELECT max(place) FROM audit_heads_open)
BEGIN SELECT RAISE(ABORT, 'audit: an opening comes with its event'); END;
CREATE TRIGGER audit_heads_open_unchanged BEFORE UPDATE ON audit_heads_open BEGIN SELECT RAISE(ABORT, 'audit: the log is only added to'); END;
CREATE TRIGGER audit_heads_open_stays BEFORE DELETE ON audit_heads_open BEGIN SELECT RAISE(ABORT, 'audit: the log is only added to'); END;
CREATE TRIGGER audit_heads_tile_new BEFORE INSERT ON audit_heads_tile WHEN EXISTS (SELECT 1 FROM audit_heads_tile WHERE level = NEW.level AND idx = NEW.idx)
BEGIN SELECT RAISE(ABORT, 'audit: a tile is never changed'); END;
CREATE TRIGGER audit_heads_tile_unchanged BEFORE UPDATE ON audit_heads_tile BEGIN SELECT RAISE(ABORT, 'audit: a tile is never changed'); END;
CREATE TRIGGER audit_heads_tile_stays BEFORE DELETE ON audit_heads_tile BEGIN SELECT RAISE(ABORT, 'audit: a tile is never removed'); END;
CREATE TRIGGER audit_heads_tree_new BEFORE INSERT ON audit_heads_tree WHEN EXISTS (SELECT 1 FROM audit_heads_tree)
BEGIN SELECT RAISE(ABORT, 'audit: a tree only grows'); END;
CREATE TRIGGER audit_heads_tree_grows BEFORE UPDATE ON audit_heads_tree WHEN NEW.size < OLD.size
BEGIN SELECT RAISE(ABORT, 'audit: a tree only grows'); END;
CREATE TRIGGER audit_heads_tree_stays BEFORE DELETE ON audit_heads_tree BEGIN SELECT RAISE(ABORT, 'audit: a tree only grows'); END;
CREATE TRIGGER audit_heads_checkpoint_new BEFORE INSERT ON audit_heads_checkpoint WHEN NEW.size <= (SELECT max(size) FROM audit_heads_checkpoint)
BEGIN SELECT RAISE(ABORT, 'audit: checkpoints only go forward'); END;
CREATE TRIGGER audit_heads_checkpoint_unchanged BEFORE UPDATE ON audit_heads_checkpoint BEGIN SELECT RAISE(ABORT, 'audit: a checkpoint is never changed'); END;
CREATE TRIGGER audit_heads_checkpoint_stays BEFORE DELETE ON audit_heads_checkpoint BEGIN SELECT RAISE(ABORT, 'audit: a checkpoint is never removed'); END;
