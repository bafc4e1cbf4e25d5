-- +goose Up
-- One tenant's log: the file is its own. Times are microseconds since 1970, UTC.
--
-- Triggers keep the tables add-only. REPLACE deletes without asking a DELETE trigger, so that what inserts is
-- looked at too.
CREATE TABLE audit_event (
    seq     INTEGER NOT NULL PRIMARY KEY,
    at      INTEGER NOT NULL,
    event_id BLOB NOT NULL,
    action  TEXT NOT NULL,
    outcome INTEGER NOT NULL,
    hash    BLOB NOT NULL, -- of leaf: RFC 6962
    leaf    BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX audit_event_once ON audit_event (event_id);
CREATE INDEX audit_event_action ON audit_event (action);
-- Every 256th: the clock never goes back in a log, so these find any time.
CREATE INDEX audit_event_at ON audit_event (at) WHERE seq % 256 = 0;

CREATE TRIGGER audit_event_follows BEFORE INSERT ON audit_event
WHEN NEW.seq <> (SELECT coalesce(max(seq), -1) + 1 FROM audit_event) OR EXISTS (SELECT 1 FROM audit_event WHERE event_id = NEW.event_id)
BEGIN SELECT RAISE(ABORT, 'audit: an event has the next place, and an id of its own'); END;
CREATE TRIGGER audit_event_unchanged BEFORE UPDATE ON audit_event
BEGIN SELECT RAISE(ABORT, 'audit: the log is only added to'); END;

-- What can be erased, by whom it is about. place is seq * 128 and which of the event's it is. One that was erased whole
-- stays, empty and of nobody.
CREATE TABLE audit_open (
    place   INTEGER NOT NULL PRIMARY KEY,
    subject BLOB NOT NULL,
    data    BLOB NOT NULL
) STRICT;
-- Subjects are random. In stretches of 1024 events, what is being added to stays a dozen pages, however long the log is; who
-- looks for a subject asks each stretch.
CREATE INDEX audit_open_subject ON audit_open (place >> 17, subject);

-- The Merkle tree: full tiles, and how far it has grown.
CREATE TABLE audit_tile (
    level INTEGER NOT NULL,
    idx   INTEGER NOT NULL,
    data  BLOB NOT NULL CHECK (length(data) = 8192),
    PRIMARY KEY (level, idx)
) STRICT;
CREATE TABLE audit_tree (
    one      INTEGER NOT NULL DEFAULT 1 PRIMARY KEY CHECK (one = 1),
    size     INTEGER NOT NULL,
    frontier BLOB NOT NULL
) STRICT;
CREATE TABLE audit_checkpoint (
    size        INTEGER NOT NULL PRIMARY KEY,
    note        BLOB NOT NULL,
    heads_index INTEGER NOT NULL DEFAULT -1
) STRICT;
CREATE TABLE audit_hold (
    id      TEXT NOT NULL PRIMARY KEY,
    subject BLOB, -- NULL: everything
    reason  TEXT NOT NULL,
    placed  INTEGER NOT NULL
) STRICT;
CREATE TABLE audit_pruned (
    pruned_to INTEGER NOT NULL PRIMARY KEY,
    event     INTEGER NOT NULL -- the place of the audit.pruned event that names pruned_to
) STRICT;

CREATE TRIGGER audit_event_stays BEFORE DELETE ON audit_event
WHEN OLD.seq >= (SELECT coalesce(max(pruned_to), 0) FROM audit_pruned) OR EXISTS (SELECT 1 FROM audit_hold h WHERE h.subject IS NULL
    OR EXISTS (SELECT 1 FROM audit_open o WHERE o.place >= OLD.seq * 128 AND o.place < (OLD.seq + 1) * 128 AND o.subject = h.subject))
BEGIN SELECT RAISE(ABORT, 'audit: events go by pruning only, and not under a hold'); END;

CREATE TRIGGER audit_open_follows BEFORE INSERT ON audit_open WHEN NEW.place <= (SELECT max(place) FROM audit_open)
BEGIN SELECT RAISE(ABORT, 'audit: an opening comes with its event'); END;
CREATE TRIGGER audit_open_shrinks BEFORE UPDATE ON audit_open
WHEN NEW.place <> OLD.place OR NOT (NEW.subject = x'' AND NEW.data = x'' OR NEW.subject = OLD.subject AND length(NEW.data) < length(OLD.data))
    OR EXISTS (SELECT 1 FROM audit_hold WHERE subject IS NULL OR subject = OLD.subject)
BEGIN SELECT RAISE(ABORT, 'audit: an opening is never changed, and not erased under a hold'); END;
CREATE TRIGGER audit_open_stays BEFORE DELETE ON audit_open
WHEN EXISTS (SELECT 1 FROM audit_hold WHERE subject IS NULL OR subject = OLD.subject)
BEGIN SELECT RAISE(ABORT, 'audit: an opening is not erased under a hold'); END;

CREATE TRIGGER audit_tile_new BEFORE INSERT ON audit_tile WHEN EXISTS (SELECT 1 FROM audit_tile WHERE level = NEW.level AND idx = NEW.idx)
BEGIN SELECT RAISE(ABORT, 'audit: a tile is never changed'); END;
CREATE TRIGGER audit_tile_unchanged BEFORE UPDATE ON audit_tile BEGIN SELECT RAISE(ABORT, 'audit: a tile is never changed'); END;
CREATE TRIGGER audit_tile_stays BEFORE DELETE ON audit_tile BEGIN SELECT RAISE(ABORT, 'audit: a tile is never removed'); END;

CREATE TRIGGER audit_tree_new BEFORE INSERT ON audit_tree WHEN EXISTS (SELECT 1 FROM audit_tree)
BEGIN SELECT RAISE(ABORT, 'audit: a tree only grows'); END;
CREATE TRIGGER audit_tree_grows BEFORE UPDATE ON audit_tree WHEN NEW.size < OLD.size
BEGIN SELECT RAISE(ABORT, 'audit: a tree only grows'); END;
CREATE TRIGGER audit_tree_stays BEFORE DELETE ON audit_tree BEGIN SELECT RAISE(ABORT, 'audit: a tree only grows'); END;

CREATE TRIGGER audit_checkpoint_new BEFORE INSERT ON audit_checkpoint WHEN NEW.size <= (SELECT max(size) FROM audit_checkpoint)
BEGIN SELECT RAISE(ABORT, 'audit: checkpoints only go forward'); END;
CREATE TRIGGER audit_checkpoint_unchanged BEFORE UPDATE ON audit_checkpoint
WHEN NEW.size <> OLD.size OR NEW.note <> OLD.note OR OLD.heads_index <> -1
BEGIN SELECT RAISE(ABORT, 'audit: a checkpoint is never changed'); END;
CREATE TRIGGER audit_checkpoint_stays BEFORE DELETE ON audit_checkpoint BEGIN SELECT RAISE(ABORT, 'audit: a checkpoint is never removed'); END;

CREATE TRIGGER audit_hold_new BEFORE INSERT ON audit_hold WHEN EXISTS (SELECT 1 FROM audit_hold WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'audit: a hold is never changed'); END;
CREATE TRIGGER audit_hold_unchanged BEFORE UPDATE ON audit_hold BEGIN SELECT RAISE(ABORT, 'audit: a hold is never changed'); END;

CREATE TRIGGER audit_pruned_is_recorded BEFORE INSERT ON audit_pruned
WHEN NEW.pruned_to <= (SELECT max(pruned_to) FROM audit_pruned) OR NOT EXISTS (SELECT 1 FROM audit_event WHERE seq = NEW.event AND action = 'audit.pruned'
    AND seq >= NEW.pruned_to AND json_extract(CAST(leaf AS TEXT), '$.data.to') = NEW.pruned_to)
BEGIN SELECT RAISE(ABORT, 'audit: no event of the log names this pruning'); END;
CREATE TRIGGER audit_pruned_unchanged BEFORE UPDATE ON audit_pruned BEGIN SELECT RAISE(ABORT, 'audit: a pruning is never changed'); END;
CREATE TRIGGER audit_pruned_stays BEFORE DELETE ON audit_pruned BEGIN SELECT RAISE(ABORT, 'audit: a pruning is never removed'); END;
