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

-- A column costs more than its bytes, to write and to read, and a generated one is made with each row: an entry is in three, and
-- consent_entry reads its fields from those.
CREATE TABLE consent_row (
    seq  INTEGER NOT NULL PRIMARY KEY,
    ids  BLOB NOT NULL, -- key 16 bytes, subject 16, hash 32, then browser 16 if there is one, then text 32 if there is one
    said TEXT NOT NULL  -- a JSON array of the others, in the order of the view
) STRICT;
CREATE UNIQUE INDEX consent_row_once ON consent_row (substr(ids, 1, 16));
-- Subjects are random. In stretches of 1024 entries, what is being added to stays a few pages, however long the ledger is; who
-- looks for a subject asks each stretch, where four bytes tell subjects apart.
CREATE INDEX consent_row_subject ON consent_row (seq >> 10, substr(ids, 17, 4));

CREATE VIEW consent_entry AS SELECT
    seq,
    substr(ids, 1, 16)  AS key,
    substr(ids, 17, 16) AS subject, -- random: see consent_state
    CASE WHEN length(ids) IN (80, 112) THEN substr(ids, 65, 16) END AS browser,
    CASE WHEN length(ids) > 80 THEN substr(ids, -32) END AS text,
    said ->> 0  AS method,
    said ->> 1  AS granted, -- a bit for each category
    said ->> 2  AS denied,
    said ->> 3  AS opt_out,
    said ->> 4  AS signal,
    said ->> 5  AS policy,
    said ->> 6  AS at,
    said ->> 7  AS expires,
    said ->> 8  AS given,
    said ->> 9  AS place,
    said ->> 10 AS regimes,
    substr(ids, 33, 32) AS hash -- over all of it and the hash before
FROM consent_row;

CREATE TRIGGER consent_row_follows BEFORE INSERT ON consent_row
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM consent_row)
    OR EXISTS (SELECT 1 FROM consent_row WHERE substr(ids, 1, 16) = substr(NEW.ids, 1, 16))
    OR length(NEW.ids) > 80 AND NOT EXISTS (SELECT 1 FROM consent_text WHERE hash = substr(NEW.ids, -32))
BEGIN SELECT RAISE(ABORT, 'consent: an entry has the next number, a key of its own, and a text that is known'); END;
CREATE TRIGGER consent_row_unchanged BEFORE UPDATE ON consent_row BEGIN SELECT RAISE(ABORT, 'consent: the ledger is only added to'); END;
CREATE TRIGGER consent_row_stays BEFORE DELETE ON consent_row BEGIN SELECT RAISE(ABORT, 'consent: the ledger is only added to'); END;

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
