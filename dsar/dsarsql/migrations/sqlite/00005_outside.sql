-- +goose Up
-- What leaves: bulk exports by staff, what external processors were told, and when rows were swept last.

CREATE TABLE dsar_egress (
    id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    version     INTEGER NOT NULL CHECK (version > 0),
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'denied', 'streaming', 'finished', 'stopped')),
    ask         TEXT NOT NULL,
    by_id       TEXT NOT NULL CHECK (by_id <> ''),
    rows        INTEGER NOT NULL CHECK (rows > 0),
    bytes       INTEGER NOT NULL CHECK (bytes > 0),
    hash        TEXT NOT NULL,
    asked       INTEGER NOT NULL,
    expires     INTEGER NOT NULL,
    second      TEXT NOT NULL,
    decided     INTEGER,
    begun       INTEGER,
    ended       INTEGER,
    taken_rows  INTEGER NOT NULL,
    taken_bytes INTEGER NOT NULL,
    digest      TEXT NOT NULL,
    CHECK (second <> by_id OR state = 'denied'), -- nobody approves their own
    CHECK ((state IN ('streaming', 'finished', 'stopped')) = (begun IS NOT NULL)),
    CHECK ((state IN ('finished', 'stopped')) = (ended IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX dsar_egress_by ON dsar_egress (by_id, id);

CREATE TABLE dsar_processor_call (
    key       TEXT NOT NULL PRIMARY KEY CHECK (key <> ''),
    version   INTEGER NOT NULL CHECK (version > 0),
    request   TEXT NOT NULL,
    processor TEXT NOT NULL,
    verb      TEXT NOT NULL,
    outcome   TEXT NOT NULL,
    tries     INTEGER NOT NULL,
    begun     INTEGER NOT NULL,
    changed   INTEGER NOT NULL,
    next      INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX dsar_processor_call_request ON dsar_processor_call (request);

CREATE TABLE dsar_sweep_mark (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    at  INTEGER NOT NULL
) STRICT;

-- What was asked for stays, and what has ended too.
CREATE TRIGGER dsar_egress_stays BEFORE UPDATE ON dsar_egress
    WHEN OLD.ended IS NOT NULL OR NEW.version <> OLD.version + 1 OR NEW.id <> OLD.id OR NEW.ask <> OLD.ask OR NEW.by_id <> OLD.by_id OR NEW.rows <> OLD.rows OR NEW.bytes <> OLD.bytes
        OR NEW.hash <> OLD.hash OR NEW.asked <> OLD.asked OR NEW.begun IS NOT OLD.begun AND (OLD.begun IS NOT NULL OR OLD.state <> 'approved') OR OLD.state = 'denied'
BEGIN SELECT RAISE(ABORT, 'dsar: an export stays as it was asked for, and as it ended'); END;
CREATE TRIGGER dsar_egress_new BEFORE INSERT ON dsar_egress WHEN EXISTS (SELECT 1 FROM dsar_egress WHERE id = NEW.id)
BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER dsar_egress_left BEFORE DELETE ON dsar_egress BEGIN SELECT RAISE(ABORT, 'dsar: an export stays as it was asked for, and as it ended'); END;
