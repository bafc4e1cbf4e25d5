-- +goose Up
-- What dsar writes down of one tenant: the file is its own. Times are microseconds since 1970, UTC.
--
-- REPLACE deletes without asking a DELETE trigger, so that what inserts is looked at too.

CREATE TABLE dsar_breach (
    breach TEXT NOT NULL CHECK (breach <> ''),
    seq    INTEGER NOT NULL CHECK (seq > 0),
    key    TEXT NOT NULL,
    prev   BLOB NOT NULL CHECK (length(prev) = 32),
    hash   BLOB NOT NULL CHECK (length(hash) = 32), -- over all of it and the hash before
    entry  TEXT NOT NULL CHECK (json_valid(entry)),
    PRIMARY KEY (breach, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX dsar_breach_once ON dsar_breach (breach, key);
CREATE INDEX dsar_breach_first ON dsar_breach (breach) WHERE seq = 1;

CREATE TRIGGER dsar_breach_follows BEFORE INSERT ON dsar_breach
WHEN NOT (NEW.seq = 1 AND NEW.prev = zeroblob(32) OR EXISTS (SELECT 1 FROM dsar_breach WHERE breach = NEW.breach AND seq = NEW.seq - 1 AND hash = NEW.prev))
    OR EXISTS (SELECT 1 FROM dsar_breach WHERE breach = NEW.breach AND (seq = NEW.seq OR key = NEW.key))
BEGIN SELECT RAISE(ABORT, 'dsar: an entry of a breach follows the one before it'); END;
CREATE TRIGGER dsar_breach_unchanged BEFORE UPDATE ON dsar_breach BEGIN SELECT RAISE(ABORT, 'dsar: the register of breaches is only added to'); END;
CREATE TRIGGER dsar_breach_stays BEFORE DELETE ON dsar_breach BEGIN SELECT RAISE(ABORT, 'dsar: the register of breaches is only added to'); END;
