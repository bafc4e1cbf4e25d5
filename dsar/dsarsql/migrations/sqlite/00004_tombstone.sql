-- +goose Up
-- How far in the log of tombstones, which is elsewhere, the rows of this file are. A backup that is restored brings back an earlier place.

CREATE TABLE dsar_tombstone (
    one  INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    seq  INTEGER NOT NULL CHECK (seq > 0),
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
