-- +goose Up
-- What dsar writes down of all tenants. Row-level security and grants are printed by package tenancy/rls. Times are microseconds since 1970,
-- UTC, of this database's clock. Lists are JSON.

CREATE TABLE dsar_request (
    tenant_id    text COLLATE "C" NOT NULL,
    id           text COLLATE "C" NOT NULL CHECK (id <> ''),
    version      bigint NOT NULL CHECK (version > 0),
    state        text COLLATE "C" NOT NULL CHECK (state IN ('open', 'verified', 'approved', 'working', 'ending', 'closed')),
    kind         text COLLATE "C" NOT NULL CHECK (kind IN ('access', 'portability', 'erasure', 'rectification', 'restriction', 'objection',
                     'consent withdrawal', 'opt-out of sale', 'know categories')),
    subject      text NOT NULL CHECK (subject <> ''),
    ref          bytea NOT NULL CHECK (length(ref) = 32 AND ref <> decode(repeat('00', 32), 'hex')), -- a keyed hash
    law          text NOT NULL CHECK (law <> ''),
    map          text NOT NULL,
    received     bigint NOT NULL,
    since        bigint NOT NULL CHECK (since <= received),
    acknowledged bigint,
    verified     bigint,
    method       text NOT NULL,
    approved     bigint,
    plan         text NOT NULL,
    until        bigint,
    extended     bigint,
    pauses       text NOT NULL CHECK (json_typeof(pauses::json) = 'array'),
    ended        bigint,
    closed       bigint,
    ack_by       bigint,
    extend_by    bigint,
    due          bigint NOT NULL, -- 9223372036854775807: none
    outcome      text NOT NULL CHECK (outcome IN ('', 'done', 'nobody', 'refused', 'withdrawn', 'joined')),
    ground       text NOT NULL CHECK (ground IN ('', 'unidentified', 'impersonation', 'unfounded', 'excessive', 'expression', 'legal obligation', 'public health',
                     'archiving', 'legal claims', 'rights of others', 'erased', 'other law')),
    joined       text COLLATE "C" NOT NULL, -- the request
    purposes     text NOT NULL CHECK (json_typeof(purposes::json) = 'array'),
    sealed       bytea CHECK (length(sealed) > 0),
    next         bigint,
    tries        integer NOT NULL,
    lease        text COLLATE "C" NOT NULL CHECK (length(lease) <= 64),
    leased       bigint,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT dsar_request_leased CHECK ((lease = '') = (leased IS NULL)),
    CONSTRAINT dsar_request_known CHECK (verified IS NOT NULL OR state NOT IN ('verified', 'approved', 'working')),
    CONSTRAINT dsar_request_planned CHECK (kind <> 'erasure' OR state NOT IN ('approved', 'working') OR plan <> '' AND approved IS NOT NULL),
    CONSTRAINT dsar_request_ended CHECK ((state IN ('ending', 'closed')) = (outcome <> '') AND (outcome <> '') = (ended IS NOT NULL)),
    CONSTRAINT dsar_request_ground CHECK ((outcome = 'refused') = (ground <> '') AND (outcome = 'joined') = (joined <> '')),
    CONSTRAINT dsar_request_shredded CHECK ((state = 'closed') = (sealed IS NULL) AND (state = 'closed') = (closed IS NOT NULL))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX dsar_request_one ON dsar_request (tenant_id, ref, kind) WHERE state IN ('verified', 'approved', 'working');
CREATE INDEX dsar_request_due ON dsar_request (tenant_id, due, id);
CREATE INDEX dsar_request_due_open ON dsar_request (tenant_id, due, id) WHERE state <> 'closed';
CREATE INDEX dsar_request_of ON dsar_request (tenant_id, ref, due, id);
CREATE INDEX dsar_request_next ON dsar_request (tenant_id, next, id) WHERE next IS NOT NULL;
CREATE INDEX dsar_request_closed ON dsar_request (tenant_id, closed, id) WHERE closed IS NOT NULL;

CREATE TABLE dsar_step (
    tenant_id text COLLATE "C" NOT NULL,
    request   text COLLATE "C" NOT NULL,
    name      text COLLATE "C" NOT NULL CHECK (name <> ''),
    tries     integer NOT NULL,
    begun     bigint NOT NULL,
    done      bigint,
    why       text NOT NULL,
    result    text CHECK (result <> ''),
    PRIMARY KEY (tenant_id, request, name)
);

CREATE TABLE dsar_event (
    tenant_id text COLLATE "C" NOT NULL,
    request   text COLLATE "C" NOT NULL,
    seq       bigint NOT NULL CHECK (seq > 0),
    at        bigint NOT NULL,
    kind      text NOT NULL CHECK (kind <> ''),
    said_by   text NOT NULL,
    what      text NOT NULL,
    PRIMARY KEY (tenant_id, request, seq)
);

CREATE TABLE dsar_hold (
    tenant_id text COLLATE "C" NOT NULL,
    id        text COLLATE "C" NOT NULL CHECK (id <> ''),
    ref       bytea CHECK (length(ref) = 32), -- NULL: of no one person
    tbl       text NOT NULL, -- '': all
    basis     text NOT NULL CHECK (basis <> ''),
    placed_by text NOT NULL,
    placed    bigint NOT NULL,
    until     bigint,
    released  bigint,
    why       text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX dsar_hold_placed ON dsar_hold (tenant_id, placed, id);
CREATE INDEX dsar_hold_in_force ON dsar_hold (tenant_id, placed, id) WHERE released IS NULL;

CREATE TABLE dsar_restraint (
    tenant_id text COLLATE "C" NOT NULL,
    ref       bytea NOT NULL CHECK (length(ref) = 32 AND ref <> decode(repeat('00', 32), 'hex')),
    kind      text COLLATE "C" NOT NULL CHECK (kind IN ('restriction', 'objection', 'consent withdrawal', 'opt-out of sale')),
    purpose   text COLLATE "C" NOT NULL, -- '': all
    since     bigint NOT NULL,
    request   text NOT NULL CHECK (request <> ''),
    lifted    bigint,
    PRIMARY KEY (tenant_id, ref, kind, purpose, since)
);
CREATE UNIQUE INDEX dsar_restraint_in_force ON dsar_restraint (tenant_id, ref, kind, purpose) WHERE lifted IS NULL;

CREATE TABLE dsar_retention (
    tenant_id text COLLATE "C" NOT NULL,
    category  text COLLATE "C" NOT NULL CHECK (category <> ''),
    years     integer NOT NULL CHECK (years >= 0),
    months    integer NOT NULL CHECK (months >= 0),
    days      integer NOT NULL CHECK (days >= 0),
    set_by    text NOT NULL,
    set_at    bigint NOT NULL,
    PRIMARY KEY (tenant_id, category),
    CONSTRAINT dsar_retention_some CHECK (years + months + days > 0)
);

CREATE TABLE dsar_breach (
    tenant_id text COLLATE "C" NOT NULL,
    breach    text COLLATE "C" NOT NULL CHECK (breach <> ''),
    seq       bigint NOT NULL CHECK (seq > 0),
    key       text COLLATE "C" NOT NULL,
    prev      bytea NOT NULL CHECK (length(prev) = 32),
    hash      bytea NOT NULL CHECK (length(hash) = 32), -- over all of it and the hash before
    entry     text NOT NULL CHECK (entry::json IS NOT NULL),
    PRIMARY KEY (tenant_id, breach, seq),
    CONSTRAINT dsar_breach_once UNIQUE (tenant_id, breach, key)
);
COMMENT ON TABLE dsar_breach IS 'bailiwick dsar 1'; -- the version of all these tables, for who may not read goose's
CREATE INDEX dsar_breach_first ON dsar_breach (tenant_id, breach) WHERE seq = 1;

-- What follows holds for whoever may write. It runs with the caller's own rights. What tenancy.stays refuses it lets pass of a tenant that
-- arrives or leaves, for the role that moves and purges tenants.

CREATE TRIGGER dsar_request_same BEFORE UPDATE ON dsar_request FOR EACH ROW
    WHEN (NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.subject <> OLD.subject OR NEW.ref <> OLD.ref OR NEW.law <> OLD.law OR NEW.received <> OLD.received)
    EXECUTE FUNCTION tenancy.stays('BWD01');
CREATE TRIGGER dsar_request_moves BEFORE UPDATE ON dsar_request FOR EACH ROW WHEN (NEW.state <> OLD.state AND NOT (
        OLD.state = 'open' AND NEW.state IN ('verified', 'ending')
        OR OLD.state = 'verified' AND NEW.state IN ('ending', CASE OLD.kind WHEN 'erasure' THEN 'approved' ELSE 'working' END)
        OR OLD.state = 'approved' AND NEW.state IN ('verified', 'working', 'ending')
        OR OLD.state = 'working' AND (NEW.state = 'ending' OR NEW.state = 'verified' AND OLD.kind = 'erasure')
        OR OLD.state = 'ending' AND NEW.state = 'closed'))
    EXECUTE FUNCTION tenancy.stays('BWD01');
CREATE TRIGGER dsar_request_times BEFORE UPDATE ON dsar_request FOR EACH ROW
    WHEN (NEW.verified IS DISTINCT FROM OLD.verified AND OLD.verified IS NOT NULL OR NEW.ended IS DISTINCT FROM OLD.ended AND OLD.ended IS NOT NULL OR NEW.since > OLD.since
        OR NEW.approved IS DISTINCT FROM OLD.approved AND (NEW.state = OLD.state OR OLD.approved IS NOT NULL AND 'verified' NOT IN (OLD.state, NEW.state))
        OR OLD.outcome <> '' AND (NEW.outcome <> OLD.outcome OR NEW.ground <> OLD.ground OR NEW.joined <> OLD.joined))
    EXECUTE FUNCTION tenancy.stays('BWD01');
-- A lease is no change. All else is one, and makes another version.
CREATE TRIGGER dsar_request_goes_on BEFORE UPDATE ON dsar_request FOR EACH ROW
    WHEN (to_jsonb(NEW.*) - 'lease' - 'leased' <> to_jsonb(OLD.*) - 'lease' - 'leased' AND (OLD.state = 'closed' OR NEW.version <> OLD.version + 1))
    EXECUTE FUNCTION tenancy.stays('BWD01');
CREATE TRIGGER dsar_request_stays BEFORE DELETE ON dsar_request FOR EACH ROW WHEN (OLD.state <> 'closed') EXECUTE FUNCTION tenancy.stays('BWD01');

-- +goose StatementBegin
-- Steps and events come while their request is there, events one behind the other, and go after it.
CREATE FUNCTION dsar_of_request() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF NOT EXISTS (SELECT FROM public.dsar_request r WHERE r.tenant_id = OLD.tenant_id AND r.id = OLD.request) OR tenancy.leaving(OLD.tenant_id) THEN
            RETURN OLD;
        END IF;
    ELSE
        PERFORM FROM public.dsar_request r WHERE r.tenant_id = NEW.tenant_id AND r.id = NEW.request FOR KEY SHARE;
        IF FOUND THEN
            IF TG_TABLE_NAME = 'dsar_step' THEN
                RETURN NEW;
            ELSIF NEW.seq = 1 OR EXISTS (SELECT FROM public.dsar_event e WHERE e.tenant_id = NEW.tenant_id AND e.request = NEW.request AND e.seq = NEW.seq - 1) THEN
                RETURN NEW;
            END IF;
        END IF;
        IF tenancy.leaving(NEW.tenant_id) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% of % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'BWD01', CONSTRAINT = TG_NAME;
END $$;
-- +goose StatementEnd
CREATE TRIGGER dsar_step_done BEFORE UPDATE ON dsar_step FOR EACH ROW
    WHEN (NEW.request <> OLD.request OR NEW.name <> OLD.name OR OLD.done IS NOT NULL AND NEW.* IS DISTINCT FROM OLD.*) EXECUTE FUNCTION tenancy.stays('BWD01');
CREATE TRIGGER dsar_step_stays BEFORE DELETE ON dsar_step FOR EACH ROW EXECUTE FUNCTION dsar_of_request();
CREATE TRIGGER dsar_event_unchanged BEFORE UPDATE ON dsar_event FOR EACH ROW EXECUTE FUNCTION tenancy.stays('BWD01');
CREATE TRIGGER dsar_event_stays BEFORE DELETE ON dsar_event FOR EACH ROW EXECUTE FUNCTION dsar_of_request();

CREATE TRIGGER dsar_hold_unchanged BEFORE UPDATE ON dsar_hold FOR EACH ROW
    WHEN (OLD.released IS NOT NULL AND NEW.* IS DISTINCT FROM OLD.* OR to_jsonb(NEW.*) - 'released' - 'why' <> to_jsonb(OLD.*) - 'released' - 'why'
        OR NEW.released IS NULL AND NEW.why <> OLD.why) EXECUTE FUNCTION tenancy.stays('BWD01');
CREATE TRIGGER dsar_hold_stays BEFORE DELETE ON dsar_hold FOR EACH ROW
    WHEN (OLD.released IS NULL AND (OLD.until IS NULL OR OLD.until > (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint)) EXECUTE FUNCTION tenancy.stays('BWD01');

CREATE TRIGGER dsar_restraint_unchanged BEFORE UPDATE ON dsar_restraint FOR EACH ROW
    WHEN (OLD.lifted IS NOT NULL AND NEW.* IS DISTINCT FROM OLD.* OR to_jsonb(NEW.*) - 'lifted' <> to_jsonb(OLD.*) - 'lifted') EXECUTE FUNCTION tenancy.stays('BWD01');
CREATE TRIGGER dsar_restraint_stays BEFORE DELETE ON dsar_restraint FOR EACH ROW WHEN (OLD.lifted IS NULL) EXECUTE FUNCTION tenancy.stays('BWD01');

-- +goose StatementBegin
-- Entries come after the last one of their breach. It is asked when the index has settled who of several is the next.
CREATE FUNCTION dsar_breach_follows() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.seq = 1 AND NEW.prev = decode(repeat('00', 32), 'hex') OR EXISTS (SELECT FROM public.dsar_breach b
            WHERE b.tenant_id = NEW.tenant_id AND b.breach = NEW.breach AND b.seq = NEW.seq - 1 AND b.hash = NEW.prev)
        OR tenancy.leaving(NEW.tenant_id) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'an entry of a breach follows the one before it' USING ERRCODE = 'BWD01', CONSTRAINT = 'dsar_breach_follows';
END $$;
-- +goose StatementEnd
CREATE TRIGGER dsar_breach_stays BEFORE UPDATE OR DELETE ON dsar_breach FOR EACH ROW EXECUTE FUNCTION tenancy.stays('BWD01');

-- +goose StatementBegin
DO $$
DECLARE
    t text;
    g record;
BEGIN
    FOREACH t IN ARRAY ARRAY['request', 'step', 'event', 'hold', 'restraint', 'retention', 'breach'] LOOP
        EXECUTE format('CREATE TRIGGER dsar_%1$s_whole BEFORE TRUNCATE ON dsar_%1$s FOR EACH STATEMENT EXECUTE FUNCTION tenancy.stays(''BWD01'')', t);
        -- Also for sessions that replay: session_replication_role skips the others.
        FOR g IN SELECT tgname FROM pg_trigger WHERE tgrelid = ('dsar_' || t)::regclass AND NOT tgisinternal LOOP
            EXECUTE format('ALTER TABLE dsar_%s ENABLE ALWAYS TRIGGER %I', t, g.tgname);
        END LOOP;
    END LOOP;
END $$;
-- +goose StatementEnd

-- These are of those who add something, and a replica that copies rows has them in any order.
CREATE TRIGGER dsar_request_begins BEFORE INSERT ON dsar_request FOR EACH ROW WHEN (NEW.state <> 'open' OR NEW.version <> 1 OR NEW.lease <> '')
    EXECUTE FUNCTION tenancy.stays('BWD01');
CREATE TRIGGER dsar_step_of BEFORE INSERT ON dsar_step FOR EACH ROW EXECUTE FUNCTION dsar_of_request();
CREATE TRIGGER dsar_event_of BEFORE INSERT ON dsar_event FOR EACH ROW EXECUTE FUNCTION dsar_of_request();
CREATE TRIGGER dsar_hold_begins BEFORE INSERT ON dsar_hold FOR EACH ROW WHEN (NEW.released IS NOT NULL) EXECUTE FUNCTION tenancy.stays('BWD01');
CREATE TRIGGER dsar_restraint_begins BEFORE INSERT ON dsar_restraint FOR EACH ROW WHEN (NEW.lifted IS NOT NULL) EXECUTE FUNCTION tenancy.stays('BWD01');
CREATE TRIGGER dsar_breach_follows AFTER INSERT ON dsar_breach FOR EACH ROW EXECUTE FUNCTION dsar_breach_follows();
