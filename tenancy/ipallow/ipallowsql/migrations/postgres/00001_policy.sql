-- +goose Up
-- One row a tenant and portal. Row-level security and grants are printed by package tenancy/rls.
-- Times are microseconds since 1970, UTC, of this database's clock.
CREATE TABLE ipallow_policy (
    tenant_id   text COLLATE "C" NOT NULL,
    portal      text COLLATE "C" NOT NULL CHECK (portal <> ''),
    version     bigint NOT NULL CHECK (version > 0),
    change_key  text NOT NULL CHECK (change_key <> ''),
    is_open     boolean NOT NULL,
    list        text NOT NULL,
    trial_open  boolean,
    trial_list  text,
    trial_since bigint,
    trial_until bigint,
    PRIMARY KEY (tenant_id, portal),
    CONSTRAINT ipallow_policy_trial CHECK (num_nonnulls(trial_open, trial_list, trial_since, trial_until) IN (0, 4)),
    CONSTRAINT ipallow_policy_trial_ends CHECK (trial_until > trial_since)
);

-- +goose Down
DROP TABLE ipallow_policy;
