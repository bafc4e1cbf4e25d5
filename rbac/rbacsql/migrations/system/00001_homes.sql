-- +goose Up
-- Where somebody's ids live, for those who know the id only, in the system database. The id is its SHA-256.
CREATE TABLE rbac_home (
    kind   TEXT NOT NULL CHECK (kind IN ('person', 'token', 'invitation')),
    id     BLOB NOT NULL CHECK (length(id) = 32),
    tenant TEXT NOT NULL,
    PRIMARY KEY (kind, id, tenant)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER rbac_home_goes_on BEFORE UPDATE ON rbac_home BEGIN SELECT RAISE(ABORT, 'rbac: a home stays what it is'); END;
