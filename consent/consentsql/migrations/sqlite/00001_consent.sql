-- +goose Up
-- One tenant's ledger of consent: the file is its own. Times are microseconds since 1970, UTC.
--
-- Triggers keep entries and texts add-only. REPLACE deletes without asking a DELETE trigger, so that what inserts is looked at too.

CREATE TABLE consent_text (
    hash     BLOB NOT NULL PRIMARY KEY, -- SHA-256 of body
    version  INTEGER NOT NULL,
    language TEXT NOT NULL,
    body     BLOB NOT NULL
) STRICT;

CREATE TABLE consent_entry (
    seq     INTEGER NOT NULL PRIMARY KEY,
    key     BLOB NOT NULL,
    subject BLOB NOT NULL, -- random: see consent_state
    browser BLOB,
    method  INTEGER NOT NULL,
    granted INTEGER NOT NULL, -- a bit for each category
    denied  INTEGER NOT NULL,
    opt_out INTEGER NOT NULL,
    signal  INTEGER NOT NULL,
    policy  INTEGER NOT NULL,
    text    BLOB,
    place   TEXT NOT NULL,
    regimes TEXT NOT NULL,
    at      INTEGER NOT NULL,
    expires INTEGER,
    given   INTEGER,
    hash    BLOB NOT NULL -- over all of it and the hash before
) STRICT;
CREATE UNIQUE INDEX consent_entry_once ON consent_entry (key);
-- Subjects are random. In stretches of 1024 entries, what is being added to stays a few pages, however long the ledger is; who
-- looks for a subject asks each stretch.
CREATE INDEX consent_entry_subject ON consent_entry (seq >> 10, subject);

CREATE TRIGGER consent_entry_follows BEFORE INSERT ON consent_entry
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM consent_entry) OR EXISTS (SELECT 1 FROM consent_entry WHERE key = NEW.key)
    OR NEW.text IS NOT NULL AND NOT EXISTS (SELECT 1 FROM consent_text WHERE hash = NEW.text)
BEGIN SELECT RAISE(ABORT, 'consent: an entry has the next number, a key of its own, and a text that is known'); END;
CREATE TRIGGER consent_entry_unchanged BEFORE UPDATE ON consent_entry BEGIN SELECT RAISE(ABORT, 'consent: the ledger is only added to'); END;
CREATE TRIGGER consent_entry_stays BEFORE DELETE ON consent_entry BEGIN SELECT RAISE(ABORT, 'consent: the ledger is only added to'); END;

CREATE TRIGGER consent_text_new BEFORE INSERT ON consent_text WHEN EXISTS (SELECT 1 FROM consent_text WHERE hash = NEW.hash)
BEGIN SELECT RAISE(ABORT, 'consent: a text is never changed'); END;
CREATE TRIGGER consent_text_unchanged BEFORE UPDATE ON consent_text BEGIN SELECT RAISE(ABORT, 'consent: a text is never changed'); END;
CREATE TRIGGER consent_text_stays BEFORE DELETE ON consent_text BEGIN SELECT RAISE(ABORT, 'consent: a text is never removed'); END;

-- What leads from a person to their entries. All data has one length, and places are taken in order: so a row is written over where it
-- is and never moves, and nothing of what was forgotten is left elsewhere in the file.
CREATE TABLE consent_state (
    place INTEGER NOT NULL PRIMARY KEY,
    who   BLOB NOT NULL, -- a keyed hash; random once forgotten
    data  BLOB NOT NULL -- zeros once forgotten
) STRICT;
CREATE UNIQUE INDEX consent_state_who ON consent_state (who);
CREATE TRIGGER consent_state_size BEFORE UPDATE ON consent_state
WHEN NEW.place <> OLD.place OR length(NEW.data) <> length(OLD.data) OR length(NEW.who) <> length(OLD.who)
BEGIN SELECT RAISE(ABORT, 'consent: a state is written over where it is'); END;
CREATE TRIGGER consent_state_stays BEFORE DELETE ON consent_state BEGIN SELECT RAISE(ABORT, 'consent: a state is written over where it is'); END;
