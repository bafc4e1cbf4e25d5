-- +goose Up
-- One row a portal: the file is the tenant's own. Times are microseconds since 1970, UTC.
CREATE TABLE ipallow_policy (
    portal      TEXT NOT NULL PRIMARY KEY CHECK (portal <> ''),
    version     INTEGER NOT NULL CHECK (version > 0),
    change_key  TEXT NOT NULL CHECK (change_key <> ''),
    is_open     INTEGER NOT NULL CHECK (is_open IN (0, 1)),
    list        TEXT NOT NULL,
    trial_open  INTEGER CHECK (trial_open IN (0, 1)),
    trial_list  TEXT,
    trial_since INTEGER,
    trial_until INTEGER,
    CONSTRAINT ipallow_policy_trial CHECK ((trial_open IS NULL) = (trial_list IS NULL)
        AND (trial_open IS NULL) = (trial_since IS NULL) AND (trial_open IS NULL) = (trial_until IS NULL)),
    CONSTRAINT ipallow_policy_trial_ends CHECK (trial_until > trial_since)
) STRICT;

-- +goose Down
DROP TABLE ipallow_policy;
