-- +goose Up
-- How far erasures are. Keys of rows are there while their job is open, or while they are kept.

CREATE TABLE dsar_erase_secret (
    tenant_id text COLLATE "C" NOT NULL PRIMARY KEY,
    secret    bytea NOT NULL CHECK (length(secret) = 32)
);

CREATE TABLE dsar_erase_job (
    tenant_id text COLLATE "C" NOT NULL,
    id        text COLLATE "C" NOT NULL CHECK (id <> ''),
    plan      text NOT NULL,
    map       text NOT NULL,
    who       bytea NOT NULL, -- keyed hashes
    root      bytea,
    salt      bytea,          -- NULL once the job is done
    worker    text NOT NULL,
    lease     bigint NOT NULL,
    begun     bigint NOT NULL,
    done      bigint,
    result    bytea,
    PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 60);

CREATE TABLE dsar_erase_step (
    tenant_id text COLLATE "C" NOT NULL,
    job       text COLLATE "C" NOT NULL,
    seq       integer NOT NULL,
    tbl       text NOT NULL,
    action    text NOT NULL,
    cursor    bigint NOT NULL,
    rows      bigint NOT NULL,
    done      boolean NOT NULL,
    PRIMARY KEY (tenant_id, job, seq)
) WITH (fillfactor = 60);

-- The columns of keys hold what the rows hold, as text.
CREATE TABLE dsar_erase_key (
    tenant_id text COLLATE "C" NOT NULL,
    job       text COLLATE "C" NOT NULL,
    step      integer NOT NULL,
    n         bigint NOT NULL,
    k1        text COLLATE "C" NOT NULL,
    k2        text COLLATE "C" NOT NULL DEFAULT '',
    k3        text COLLATE "C" NOT NULL DEFAULT '',
    k4        text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, job, step, n)
);
CREATE UNIQUE INDEX dsar_erase_key_once ON dsar_erase_key (tenant_id, job, step, k1, k2, k3, k4);

CREATE TABLE dsar_erase_kept (
    tenant_id text COLLATE "C" NOT NULL,
    tbl       text COLLATE "C" NOT NULL,
    k1        text COLLATE "C" NOT NULL,
    k2        text COLLATE "C" NOT NULL DEFAULT '',
    k3        text COLLATE "C" NOT NULL DEFAULT '',
    k4        text COLLATE "C" NOT NULL DEFAULT '',
    until     bigint NOT NULL,
    act       text NOT NULL,
    PRIMARY KEY (tenant_id, tbl, k1, k2, k3, k4)
);
CREATE INDEX dsar_erase_kept_until ON dsar_erase_kept (tenant_id, until);

COMMENT ON TABLE dsar_breach IS 'bailiwick dsar 2';
