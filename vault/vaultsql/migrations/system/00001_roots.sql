-- +goose Up
-- The roots of all tenants' keys, in the system database.
CREATE TABLE vault_root (
    seq         INTEGER NOT NULL PRIMARY KEY,
    id          BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    wrapped     BLOB NOT NULL, -- zeros once shredded
    commit_hash BLOB NOT NULL CHECK (length(commit_hash) = 32),
    state       TEXT NOT NULL CHECK (state IN ('a', 'r', 's')),
    created     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX vault_root_active ON vault_root (state) WHERE state = 'a';

CREATE TRIGGER vault_root_new BEFORE INSERT ON vault_root WHEN NEW.seq <= (SELECT max(seq) FROM vault_root)
    OR EXISTS (SELECT 1 FROM vault_root WHERE id = NEW.id OR NEW.state = 'a' AND state = 'a')
BEGIN SELECT RAISE(ABORT, 'vault: a root is never put in the place of another'); END;
CREATE TRIGGER vault_root_unchanged BEFORE UPDATE OF seq, id, commit_hash, created ON vault_root
BEGIN SELECT RAISE(ABORT, 'vault: a root stays what it is'); END;
CREATE TRIGGER vault_root_goes_on BEFORE UPDATE OF state, wrapped ON vault_root
WHEN OLD.state = 's' OR NEW.state < OLD.state OR OLD.state = 'a' AND NEW.state = 's'
    OR CASE NEW.state WHEN 's' THEN NEW.wrapped <> zeroblob(length(OLD.wrapped)) ELSE NEW.wrapped <> OLD.wrapped END
BEGIN SELECT RAISE(ABORT, 'vault: a root goes from active to retired to shredded, and gets nothing back'); END;
CREATE TRIGGER vault_root_stays BEFORE DELETE ON vault_root BEGIN SELECT RAISE(ABORT, 'vault: a root is not forgotten'); END;
