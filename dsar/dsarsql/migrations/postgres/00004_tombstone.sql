-- +goose Up
-- How far in the log of tombstones, which is elsewhere, a tenant's rows are. A backup that is restored brings back an earlier place.

CREATE TABLE dsar_tombstone (
    tenant_id text COLLATE "C" NOT NULL PRIMARY KEY,
    seq       bigint NOT NULL CHECK (seq > 0),
    hash      bytea NOT NULL CHECK (length(hash) = 32)
);

COMMENT ON TABLE dsar_breach IS 'bailiwick dsar 4';

CREATE TRIGGER dsar_tombstone_goes_on BEFORE UPDATE ON dsar_tombstone FOR EACH ROW WHEN (NEW.seq <= OLD.seq) EXECUTE FUNCTION tenancy.stays('BWD01');
CREATE TRIGGER dsar_tombstone_stays BEFORE DELETE ON dsar_tombstone FOR EACH ROW EXECUTE FUNCTION tenancy.stays('BWD01');
CREATE TRIGGER dsar_tombstone_whole BEFORE TRUNCATE ON dsar_tombstone FOR EACH STATEMENT EXECUTE FUNCTION tenancy.stays('BWD01');
-- Also for sessions that replay: session_replication_role skips the others.
ALTER TABLE dsar_tombstone ENABLE ALWAYS TRIGGER dsar_tombstone_goes_on, ENABLE ALWAYS TRIGGER dsar_tombstone_stays, ENABLE ALWAYS TRIGGER dsar_tombstone_whole;
