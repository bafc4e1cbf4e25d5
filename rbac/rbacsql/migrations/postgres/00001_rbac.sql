-- +goose Up
-- Who may do what in each tenant. Row-level security and grants are printed by package tenancy/rls.
-- Times are microseconds since 1970, UTC. Lists are JSON arrays of strings.

-- +goose StatementBegin
CREATE FUNCTION rbac_is_list(list text) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_typeof(list::jsonb) = 'array' AND NOT jsonb_path_exists(list::jsonb, 'strict $[*] ? (@.type() <> "string")')
$$;
-- +goose StatementEnd

CREATE TABLE rbac_version (
    tenant_id text COLLATE "C" NOT NULL PRIMARY KEY,
    version   bigint NOT NULL CHECK (version > 0),
    advanced  xid8 NOT NULL DEFAULT pg_current_xact_id() -- the transaction that rules of this version change in
) WITH (fillfactor = 50);
COMMENT ON TABLE rbac_version IS 'bailiwick rbac 1'; -- the version of all these tables, for who may not read goose's

CREATE TABLE rbac_role (
    tenant_id   text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL CHECK (id <> ''),
    version     bigint NOT NULL,
    name        text NOT NULL,
    machine     boolean NOT NULL,
    permissions text NOT NULL CHECK (rbac_is_list(permissions)), -- names, never numbers
    parents     text NOT NULL CHECK (rbac_is_list(parents)),
    removed     boolean NOT NULL,
    created_by  text NOT NULL,
    created     bigint,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX rbac_role_changed ON rbac_role (tenant_id, version);

CREATE TABLE rbac_member (
    tenant_id  text COLLATE "C" NOT NULL,
    kind       text COLLATE "C" NOT NULL CHECK (kind IN ('person', 'machine')),
    id         text COLLATE "C" NOT NULL CHECK (octet_length(id) BETWEEN 1 AND 256),
    version    bigint NOT NULL,
    roles      text NOT NULL CHECK (rbac_is_list(roles)),
    status     text NOT NULL CHECK (status IN ('active', 'suspended', 'removed')),
    expires    bigint,
    owner      text NOT NULL,
    created_by text NOT NULL,
    created    bigint,
    PRIMARY KEY (tenant_id, kind, id)
);
CREATE INDEX rbac_member_changed ON rbac_member (tenant_id, version);

CREATE TABLE rbac_token (
    tenant_id   text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL CHECK (id <> ''),
    version     bigint NOT NULL,
    member_kind text COLLATE "C" NOT NULL CHECK (member_kind IN ('person', 'machine')),
    member      text COLLATE "C" NOT NULL CHECK (octet_length(member) BETWEEN 1 AND 256),
    integration text NOT NULL,
    hash        bytea NOT NULL CHECK (length(hash) = 32),
    last4       text NOT NULL,
    scopes      text NOT NULL CHECK (rbac_is_list(scopes)),
    networks    text CHECK (rbac_is_list(networks)), -- NULL: any
    created_by  text NOT NULL,
    created     bigint NOT NULL,
    expires     bigint NOT NULL,
    revoked     bigint,
    reason      text NOT NULL,
    replaced_by text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT rbac_token_ends CHECK (expires <= created + 31622400000000) -- 366 days
);
CREATE INDEX rbac_token_changed ON rbac_token (tenant_id, version);

CREATE TABLE rbac_use (
    tenant_id text COLLATE "C" NOT NULL,
    kind      text COLLATE "C" NOT NULL CHECK (kind IN ('person', 'machine', 'token')),
    id        text COLLATE "C" NOT NULL CHECK (id <> ''),
    at        bigint NOT NULL,
    net       text NOT NULL, -- '': not known
    PRIMARY KEY (tenant_id, kind, id)
) WITH (fillfactor = 70);

CREATE TABLE rbac_invitation (
    tenant_id       text COLLATE "C" NOT NULL,
    id              text COLLATE "C" NOT NULL CHECK (id <> ''),
    hash            bytea NOT NULL CHECK (length(hash) = 32),
    address         text NOT NULL,
    roles           text NOT NULL CHECK (rbac_is_list(roles)),
    state           text NOT NULL CHECK (state IN ('pending', 'accepted', 'withdrawn')),
    invited_by_kind text NOT NULL,
    invited_by      text NOT NULL,
    member          text NOT NULL,
    created         bigint NOT NULL,
    expires         bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT rbac_invitation_by CHECK (invited_by_kind IN ('person', 'machine') AND invited_by <> '' OR invited_by_kind = '' AND invited_by = ''),
    CONSTRAINT rbac_invitation_forgets CHECK (state = 'pending' OR address = '')
);
CREATE INDEX rbac_invitation_pending ON rbac_invitation (tenant_id, created, id) WHERE state = 'pending';

CREATE TABLE rbac_review (
    tenant_id text COLLATE "C" NOT NULL,
    id        text COLLATE "C" NOT NULL CHECK (id <> ''),
    opened_by text NOT NULL,
    opened    bigint NOT NULL,
    due       bigint NOT NULL,
    closed    bigint,
    closed_by text NOT NULL,
    overdue   text NOT NULL CHECK (overdue IN ('keep', 'suspend')),
    applied   boolean NOT NULL,
    reminded  integer NOT NULL,
    summary   text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE rbac_item (
    tenant_id  text COLLATE "C" NOT NULL,
    review     text COLLATE "C" NOT NULL,
    key        text COLLATE "C" NOT NULL CHECK (key <> ''),
    kind       text COLLATE "C" NOT NULL CHECK (kind IN ('person', 'machine', 'token', 'invitation')),
    id         text COLLATE "C" NOT NULL CHECK (id <> ''),
    snapshot   text COLLATE "C" NOT NULL,
    decision   text NOT NULL CHECK (decision IN ('', 'keep', 'reduce', 'remove', 'not reviewed', 'suspend', 'gone')),
    note       text NOT NULL,
    decided_by text NOT NULL,
    decided    bigint,
    outcome    text NOT NULL, -- '': nothing was decided
    PRIMARY KEY (tenant_id, review, key)
);

-- What follows holds for whoever may write. It runs with the caller's own rights.

-- +goose StatementBegin
-- rbac_leaving is true for the role that moves and purges tenants, of a tenant that is arriving or leaving.
CREATE FUNCTION rbac_leaving(tenant text) RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT has_table_privilege('tenancy.tenant', 'SELECT') THEN
        RETURN false;
    END IF;
    RETURN EXISTS (SELECT FROM tenancy.tenant t WHERE t.id = tenant AND t.state IN ('provisioning', 'moved', 'purging', 'purged'));
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION rbac_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_LEVEL = 'ROW' AND TG_TABLE_SCHEMA = 'public' THEN
        IF TG_OP = 'DELETE' AND public.rbac_leaving(to_jsonb(OLD)->>'tenant_id') THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'rbac refuses this % of %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'BWR01', CONSTRAINT = TG_NAME;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- The transaction that advances is known by its number, so that nobody changes a rule behind the versions.
CREATE FUNCTION rbac_advance() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT public.rbac_leaving(NEW.tenant_id) THEN
        NEW.advanced := pg_current_xact_id();
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION rbac_in_version() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.rbac_version v WHERE v.tenant_id = NEW.tenant_id AND v.version = NEW.version AND v.advanced = pg_current_xact_id())
        OR TG_OP = 'UPDATE' AND NEW.version <= OLD.version THEN
        IF NOT public.rbac_leaving(NEW.tenant_id) THEN
            RAISE EXCEPTION 'rbac refuses a change of % in no version of its own', TG_TABLE_NAME USING ERRCODE = 'BWR01', CONSTRAINT = TG_NAME;
        END IF;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- An item waits for whoever closes its review, and who closes it for those who change items.
CREATE FUNCTION rbac_in_review() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM public.rbac_review r WHERE r.tenant_id = NEW.tenant_id AND r.id = NEW.review AND r.closed IS NULL FOR SHARE;
    IF NOT FOUND AND NOT public.rbac_leaving(NEW.tenant_id) THEN
        RAISE EXCEPTION 'rbac refuses a change of % in no open review', TG_TABLE_NAME USING ERRCODE = 'BWR01', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER rbac_version_goes_on BEFORE UPDATE ON rbac_version FOR EACH ROW WHEN (NEW.version <= OLD.version) EXECUTE FUNCTION rbac_refuse();
CREATE TRIGGER rbac_role_goes_on BEFORE UPDATE ON rbac_role FOR EACH ROW
    WHEN (NEW.id <> OLD.id OR OLD.removed AND NOT NEW.removed) EXECUTE FUNCTION rbac_refuse();
CREATE TRIGGER rbac_member_goes_on BEFORE UPDATE ON rbac_member FOR EACH ROW
    WHEN (NEW.kind <> OLD.kind OR NEW.id <> OLD.id) EXECUTE FUNCTION rbac_refuse();
CREATE TRIGGER rbac_token_goes_on BEFORE UPDATE ON rbac_token FOR EACH ROW
    WHEN (NEW.id <> OLD.id OR NEW.hash <> OLD.hash OR NEW.member_kind <> OLD.member_kind OR NEW.member <> OLD.member OR NEW.created <> OLD.created
        OR OLD.revoked IS NOT NULL AND (NEW.revoked IS NULL OR NEW.revoked > OLD.revoked)) EXECUTE FUNCTION rbac_refuse();
CREATE TRIGGER rbac_invitation_goes_on BEFORE UPDATE ON rbac_invitation FOR EACH ROW
    WHEN (NEW.id <> OLD.id OR OLD.state <> 'pending' AND OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION rbac_refuse();
CREATE TRIGGER rbac_review_goes_on BEFORE UPDATE ON rbac_review FOR EACH ROW
    WHEN (NEW.id <> OLD.id OR OLD.closed IS NOT NULL AND OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION rbac_refuse();
CREATE TRIGGER rbac_item_goes_on BEFORE UPDATE ON rbac_item FOR EACH ROW
    WHEN (NEW.review <> OLD.review OR NEW.key <> OLD.key OR NEW.kind <> OLD.kind OR NEW.id <> OLD.id OR NEW.snapshot <> OLD.snapshot) EXECUTE FUNCTION rbac_refuse();
CREATE TRIGGER rbac_use_goes_on BEFORE UPDATE ON rbac_use FOR EACH ROW
    WHEN (NEW.kind <> OLD.kind OR NEW.id <> OLD.id OR NEW.at < OLD.at) EXECUTE FUNCTION rbac_refuse();

-- Where somebody's ids live, for those who know the id only: nobody's who belongs to a tenant. The id is its SHA-256.
CREATE TABLE rbac_homes.home (
    kind   text COLLATE "C" NOT NULL CHECK (kind IN ('person', 'token', 'invitation')),
    id     bytea NOT NULL CHECK (length(id) = 32),
    tenant text COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, id, tenant)
);
ALTER TABLE rbac_homes.home ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE TRIGGER home_goes_on BEFORE UPDATE ON rbac_homes.home FOR EACH ROW EXECUTE FUNCTION rbac_refuse();

-- +goose StatementBegin
DO $$
DECLARE
    t text;
    g record;
BEGIN
    FOREACH t IN ARRAY ARRAY['version', 'role', 'member', 'token', 'use', 'invitation', 'review', 'item'] LOOP
        EXECUTE format('CREATE TRIGGER rbac_%1$s_stays BEFORE DELETE ON rbac_%1$s FOR EACH ROW EXECUTE FUNCTION rbac_refuse()', t);
        EXECUTE format('CREATE TRIGGER rbac_%1$s_whole BEFORE TRUNCATE ON rbac_%1$s FOR EACH STATEMENT EXECUTE FUNCTION rbac_refuse()', t);
        -- Also for sessions that replay: session_replication_role skips the others.
        FOR g IN SELECT tgname FROM pg_trigger WHERE tgrelid = ('rbac_' || t)::regclass AND NOT tgisinternal LOOP
            EXECUTE format('ALTER TABLE rbac_%s ENABLE ALWAYS TRIGGER %I', t, g.tgname);
        END LOOP;
    END LOOP;
END $$;
-- +goose StatementEnd

-- These are of those who change something, and a replica that copies rows has them in any order.
CREATE TRIGGER rbac_version_advance BEFORE INSERT OR UPDATE ON rbac_version FOR EACH ROW EXECUTE FUNCTION rbac_advance();
CREATE TRIGGER rbac_role_in_version BEFORE INSERT OR UPDATE ON rbac_role FOR EACH ROW EXECUTE FUNCTION rbac_in_version();
CREATE TRIGGER rbac_member_in_version BEFORE INSERT OR UPDATE ON rbac_member FOR EACH ROW EXECUTE FUNCTION rbac_in_version();
CREATE TRIGGER rbac_token_in_version BEFORE INSERT OR UPDATE ON rbac_token FOR EACH ROW EXECUTE FUNCTION rbac_in_version();
CREATE TRIGGER rbac_item_in_review BEFORE INSERT OR UPDATE ON rbac_item FOR EACH ROW EXECUTE FUNCTION rbac_in_review();
