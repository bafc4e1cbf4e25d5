-- +goose Up
-- How far erasures are. Keys of rows are there while their job is open, or while they are kept.

CREATE TABLE dsar_erase_secret (
    one    INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    secret BLOB NOT NULL CHECK (length(secret) = 32)
) STRICT;

CREATE TABLE dsar_erase_job (
    id     TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    plan   TEXT NOT NULL,
    map    TEXT NOT NULL,
    who    BLOB NOT NULL, -- keyed hashes
    root   BLOB,
    salt   BLOB,          -- NULL once the job is done
    worker TEXT NOT NULL,
    lease  INTEGER NOT NULL,
    begun  INTEGER NOT NULL,
    done   INTEGER,
    result BLOB
) STRICT, WITHOUT ROWID;

CREATE TABLE dsar_erase_step (
    job    TEXT NOT NULL,
    seq    INTEGER NOT NULL,
    tbl    TEXT NOT NULL,
    action TEXT NOT NULL,
    cursor INTEGER NOT NULL,
    rows   INTEGER NOT NULL,
    done   INTEGER NOT NULL,
    PRIMARY KEY (job, seq)
) STRICT, WITHOUT ROWID;

-- The columns of keys hold what the rows hold.
CREATE TABLE dsar_erase_key (
    job  TEXT NOT NULL,
    step INTEGER NOT NULL,
    n    INTEGER NOT NULL,
    k1   ANY NOT NULL,
    k2   ANY NOT NULL DEFAULT '',
    k3   ANY NOT NULL DEFAULT '',
    k4   ANY NOT NULL DEFAULT '',
    PRIMARY KEY (job, step, n)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX dsar_erase_key_once ON dsar_erase_key (job, step, k1, k2, k3, k4);

CREATE TABLE dsar_erase_kept (
    tbl   TEXT NOT NULL,
    k1    ANY NOT NULL,
    k2    ANY NOT NULL DEFAULT '',
    k3    ANY NOT NULL DEFAULT '',
    k4    ANY NOT NULL DEFAULT '',
    until INTEGER NOT NULL,
    act   TEXT NOT NULL,
    PRIMARY KEY (tbl, k1, k2, k3, k4)
) STRICT, WITHOUT ROWID;
CREATE INDEX dsar_erase_kept_until ON dsar_erase_kept (until);
