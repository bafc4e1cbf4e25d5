-- +goose Up
-- How far in the log of tombstones, which is elsewhere, the rows of this file are. A backup that is restored brings back an earlier place.

CREATE TABLE dsar_tombstone (
    one  INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    seq  INTEGER NOT NULL CHECK (seq > 0),
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- REPLACE deletes without asking a DELETE trigger, so that what inserts is looked at too.
CREATE TRIGGER dsar_tombstone_new BEFORE INSERT ON dsar_tombstone WHEN NEW.seq <= (SELECT seq FROM dsar_tombstone)
BEGIN SELECT RAISE(ABORT, 'dsar: a mark goes forward'); END;
CREATE TRIGGER dsar_tombstone_goes_on BEFORE UPDATE ON dsar_tombstone WHEN NEW.seq <= OLD.seq BEGIN SELECT RAISE(ABORT, 'dsar: a mark goes forward'); END;
CREATE TRIGGER dsar_tombstone_stays BEFORE DELETE ON dsar_tombstone BEGIN SELECT RAISE(ABORT, 'dsar: a mark goes forward'); END;
