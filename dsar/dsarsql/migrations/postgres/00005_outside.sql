-- +goose Up
-- What leaves: bulk exports by staff, what external processors were told, and when rows were swept last.

CREATE TABLE dsar_egress (
    tenant_id   text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL CHECK (id <> ''),
    version     bigint NOT NULL CHECK (version > 0),
    state       text NOT NULL CHECK (state IN ('waiting', 'approved', 'denied', 'streaming', 'finished', 'stopped')),
    ask         text NOT NULL,
    by_id       text COLLATE "C" NOT NULL CHECK (by_id <> ''),
    rows        bigint NOT NULL CHECK (rows > 0),
    bytes       bigint NOT NULL CHECK (bytes > 0),
    hash        text NOT NULL,
    asked       bigint NOT NULL,
    expires     bigint NOT NULL,
    second      text NOT NULL,
    decided     bigint,
    begun       bigint,
    ended       bigint,
    taken_rows  bigint NOT NULL,
    taken_bytes bigint NOT NULL,
    digest      text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CHECK (second <> by_id OR state = 'denied'), -- nobody approves their own
    CHECK ((state IN ('streaming', 'finished', 'stopped')) = (begun IS NOT NULL)),
    CHECK ((state IN ('finished', 'stopped')) = (ended IS NOT NULL))
);
CREATE INDEX dsar_egress_by ON dsar_egress (tenant_id, by_id, id);

CREATE TABLE dsar_processor_call (
    tenant_id text COLLATE "C" NOT NULL,
    key       text COLLATE "C" NOT NULL CHECK (key <> ''),
    version   bigint NOT NULL CHECK (version > 0),
    request   text COLLATE "C" NOT NULL,
    processor text COLLATE "C" NOT NULL,
    verb      text COLLATE "C" NOT NULL,
    outcome   text NOT NULL,
    tries     bigint NOT NULL,
    begun     bigint NOT NULL,
    changed   bigint NOT NULL,
    next      bigint,
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX dsar_processor_call_request ON dsar_processor_call (tenant_id, request);

CREATE TABLE dsar_sweep_mark (
    tenant_id text COLLATE "C" NOT NULL PRIMARY KEY,
    at        bigint NOT NULL
);

COMMENT ON TABLE dsar_breach IS 'bailiwick dsar 5';

-- What was asked for stays, and what has ended too.
CREATE TRIGGER dsar_egress_stays BEFORE UPDATE ON dsar_egress FOR EACH ROW
    WHEN (OLD.ended IS NOT NULL OR NEW.version <> OLD.version + 1 OR NEW.id <> OLD.id OR NEW.ask <> OLD.ask OR NEW.by_id <> OLD.by_id OR NEW.rows <> OLD.rows OR NEW.bytes <> OLD.bytes
        OR NEW.hash <> OLD.hash OR NEW.asked <> OLD.asked OR NEW.begun IS DISTINCT FROM OLD.begun AND (OLD.begun IS NOT NULL OR OLD.state <> 'approved') OR OLD.state = 'denied')
    EXECUTE FUNCTION tenancy.stays('BWD01');
ALTER TABLE dsar_egress ENABLE ALWAYS TRIGGER dsar_egress_stays;
