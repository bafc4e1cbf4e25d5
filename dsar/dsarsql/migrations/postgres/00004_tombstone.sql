-- +goose Up
-- How far in the log of tombstones, which is elsewhere, a tenant's rows are. A backup that is restored brings back an earlier place.

CREATE TABLE dsar_tombstone (
    tenant_id text COLLATE "C" NOT NULL PRIMARY KEY,
    seq       bigint NOT NULL CHECK (seq > 0),
    hash      bytea NOT NULL CHECK (length(hash) = 32)
);

COMMENT ON TABLE dsar_breach IS 'bailiwick dsar 4';
