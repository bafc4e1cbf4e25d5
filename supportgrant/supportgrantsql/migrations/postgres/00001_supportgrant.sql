-- +goose Up
-- Support grants of all tenants. Row-level security and grants are printed by package tenancy/rls. Times are microseconds since
-- 1970, UTC; asked, wait and life are seconds. Lists are JSON arrays of strings.

-- +goose StatementBegin
CREATE FUNCTION supportgrant_now() RETURNS bigint LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION supportgrant_is_list(list text) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_typeof(list::jsonb) = 'array' AND NOT jsonb_path_exists(list::jsonb, 'strict $[*] ? (@.type() <> "string")')
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- supportgrant_excluded is true of names that no category has. The words are those of supportgrant.Excluded: the first are found
-- anywhere in a name, also across "_", and the others are whole words of it.
CREATE FUNCTION supportgrant_excluded(name text) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT replace(name, '_', '') ~ '(passw|passphrase|passcode|token|oauth|bearer|sessionid|sessionkey|cookie|secret|credential|2fa|totp|hotp|webauthn|passkey|authenticator|recoverycode|backupcode|secondfactor|multifactor|apikey|privatekey|signingkey|encryptionkey|accesskey|keypair|payment|creditcard|debitcard|cardnumber|bankaccount|iban)'
        OR string_to_array(name, '_') && '{pwd,pin,pins,jwt,jwts,sid,csrf,session,sessions,nonce,salt,salts,pepper,seed,seeds,hmac,creds,cred,mfa,otp,otps,u2f,fido,fido2,key,keys,pem,ssh,card,cards,cvv,cvc,pan,bic,sepa}'::text[]
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION supportgrant_is_scope(list text) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT public.supportgrant_is_list(list) AND jsonb_array_length(list::jsonb) > 0
        AND NOT EXISTS (SELECT FROM jsonb_array_elements_text(list::jsonb) AS s (name)
            WHERE name !~ '^[a-z][a-z0-9_]{2,31}$' OR public.supportgrant_excluded(name))
        AND list::jsonb = (SELECT jsonb_agg(n ORDER BY n COLLATE "C") FROM (SELECT DISTINCT jsonb_array_elements_text(list::jsonb) AS n) AS d)
$$;
-- +goose StatementEnd

CREATE TABLE supportgrant_grant (
    tenant_id     text COLLATE "C" NOT NULL,
    id            uuid NOT NULL,
    version       bigint NOT NULL CHECK (version > 0),
    state         text NOT NULL CHECK (state IN ('requested', 'approved', 'denied', 'cancelled', 'lapsed', 'withdrawn', 'expired')),
    staff         text COLLATE "C" NOT NULL CHECK (octet_length(staff) BETWEEN 1 AND 128),
    ticket        text COLLATE "C" NOT NULL CHECK (length(ticket) BETWEEN 1 AND 128),
    reason        text NOT NULL CHECK (length(reason) BETWEEN 10 AND 1000),
    scope         text NOT NULL CHECK (supportgrant_is_scope(scope)), -- names, in order
    care          boolean NOT NULL,
    asked         bigint NOT NULL CHECK (asked BETWEEN 1 AND 604800), -- 7 days
    wait          bigint NOT NULL CHECK (wait BETWEEN 1 AND 1209600), -- 14 days
    requested     bigint NOT NULL,
    pending_until bigint NOT NULL CHECK (pending_until = requested + wait * 1000000),
    life          bigint NOT NULL CHECK (life BETWEEN 0 AND asked), -- 0: it was never approved
    approved      bigint,
    expires       bigint,
    ended         bigint,
    ended_by      text NOT NULL CHECK (octet_length(ended_by) <= 128),
    end_reason    text NOT NULL CHECK (length(end_reason) <= 1000),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT supportgrant_grant_lives CHECK (
        CASE WHEN state IN ('approved', 'withdrawn', 'expired') THEN life > 0 AND approved IS NOT NULL AND expires IS NOT NULL
        ELSE life = 0 AND approved IS NULL AND expires IS NULL END),
    CONSTRAINT supportgrant_grant_week CHECK (expires IS NULL OR expires <= approved + life * 1000000),
    CONSTRAINT supportgrant_grant_ends CHECK (
        CASE WHEN state IN ('requested', 'approved') THEN ended IS NULL AND ended_by = '' AND end_reason = '' ELSE ended IS NOT NULL END)
);
COMMENT ON TABLE supportgrant_grant IS 'bailiwick supportgrant 1'; -- the version of all these tables, for who may not read goose's
CREATE INDEX supportgrant_grant_requested ON supportgrant_grant (tenant_id, requested, id);
CREATE INDEX supportgrant_grant_ticket ON supportgrant_grant (tenant_id, ticket);

CREATE TABLE supportgrant_challenge (
    tenant_id text COLLATE "C" NOT NULL,
    digest    bytea NOT NULL CHECK (length(digest) = 32),
    grant_id  uuid NOT NULL,
    approver  text COLLATE "C" NOT NULL CHECK (octet_length(approver) BETWEEN 1 AND 128),
    life      bigint NOT NULL CHECK (life BETWEEN 1 AND 604800),
    nonce     bytea NOT NULL CHECK (length(nonce) = 32),
    method    text NOT NULL CHECK (method <> ''),
    state     bytea NOT NULL CHECK (length(state) <= 65536),
    made      bigint NOT NULL,
    expires   bigint NOT NULL,
    used      bigint, -- NULL: not yet
    PRIMARY KEY (tenant_id, digest),
    CONSTRAINT supportgrant_challenge_hour CHECK (expires > made AND expires <= made + 3600000000)
);
CREATE INDEX supportgrant_challenge_of ON supportgrant_challenge (tenant_id, grant_id, approver);

CREATE TABLE supportgrant_proof (
    tenant_id          text COLLATE "C" NOT NULL,
    grant_id           uuid NOT NULL,
    digest             bytea NOT NULL CHECK (length(digest) = 32),
    approver           text COLLATE "C" NOT NULL CHECK (octet_length(approver) BETWEEN 1 AND 128),
    life               bigint NOT NULL CHECK (life BETWEEN 1 AND 604800),
    nonce              bytea NOT NULL CHECK (length(nonce) = 32),
    method             text NOT NULL CHECK (method <> ''),
    phishing_resistant boolean NOT NULL,
    proof              bytea CHECK (length(proof) <= 65536),
    at                 bigint NOT NULL,
    PRIMARY KEY (tenant_id, grant_id, approver),
    CONSTRAINT supportgrant_proof_once UNIQUE (tenant_id, digest)
);

CREATE TABLE supportgrant_entry (
    tenant_id    text COLLATE "C" NOT NULL,
    id           uuid NOT NULL,
    at           bigint NOT NULL,
    kind         text COLLATE "C" NOT NULL CHECK (kind IN ('requested', 'confirmed', 'approved', 'denied', 'cancelled', 'lapsed', 'withdrawn', 'expired', 'read', 'refused')),
    grant_id     uuid NOT NULL, -- of a refusal there may be none of that id
    acted_by     text COLLATE "C" NOT NULL,
    category     text COLLATE "C" NOT NULL,
    resource     text COLLATE "C" NOT NULL,
    columns_read text NOT NULL,
    matched      text NOT NULL,
    keys_asked   text NOT NULL,
    after_key    text NOT NULL,
    most_rows    bigint NOT NULL,
    why          text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX supportgrant_entry_of ON supportgrant_entry (tenant_id, grant_id, at, id);
CREATE INDEX supportgrant_entry_at ON supportgrant_entry (tenant_id, at, id);

CREATE TABLE supportgrant_budget (
    tenant_id text COLLATE "C" NOT NULL,
    grant_id  uuid NOT NULL,
    taken     bigint NOT NULL CHECK (taken > 0),
    PRIMARY KEY (tenant_id, grant_id)
) WITH (fillfactor = 70);

CREATE TABLE supportgrant_note (
    tenant_id text COLLATE "C" NOT NULL,
    key       text COLLATE "C" NOT NULL,
    kind      text NOT NULL,
    grant_id  uuid NOT NULL,
    at        bigint NOT NULL,
    due       bigint NOT NULL CHECK (due >= at),
    claimed   bigint NOT NULL DEFAULT 0, -- until then
    sent      bigint, -- NULL: not yet
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX supportgrant_note_due ON supportgrant_note (tenant_id, due, key) WHERE sent IS NULL;

-- What codes of authenticator apps were used and tried: see package mfa/totp.
CREATE TABLE supportgrant_totp (
    tenant_id     text COLLATE "C" NOT NULL,
    authenticator text COLLATE "C" NOT NULL CHECK (octet_length(authenticator) BETWEEN 1 AND 128),
    last_step     bigint NOT NULL CHECK (last_step >= 0),
    failures      bigint NOT NULL CHECK (failures >= 0),
    at            bigint NOT NULL, -- of the last attempt
    PRIMARY KEY (tenant_id, authenticator)
) WITH (fillfactor = 70);

-- What follows holds for whoever may write. It runs with the caller's own rights.

-- +goose StatementBegin
-- supportgrant_leaving is true for the role that moves and purges tenants, of a tenant that is arriving or leaving.
CREATE FUNCTION supportgrant_leaving(tenant text) RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT has_table_privilege('tenancy.tenant', 'SELECT') THEN
        RETURN false;
    END IF;
    RETURN EXISTS (SELECT FROM tenancy.tenant t WHERE t.id = tenant AND t.state IN ('provisioning', 'moved', 'purging', 'purged'));
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION supportgrant_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_LEVEL = 'ROW' AND TG_OP = 'DELETE' THEN
        IF public.supportgrant_leaving(to_jsonb(OLD)->>'tenant_id') THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'supportgrant: % of % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'BWS01', CONSTRAINT = 'supportgrant_stays';
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION supportgrant_no(why text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'supportgrant: %', why USING ERRCODE = 'BWS01';
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION supportgrant_is_now(t bigint) RETURNS boolean LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT t BETWEEN public.supportgrant_now() - 60000000 AND public.supportgrant_now() + 1000000
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION supportgrant_grant_rule() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now bigint := public.supportgrant_now();
    proofs bigint;
    shortest bigint;
BEGIN
    IF public.supportgrant_leaving(NEW.tenant_id) THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'requested' OR NEW.version <> 1 OR NEW.life <> 0 THEN
            PERFORM public.supportgrant_no('a grant begins as a request');
        ELSIF NOT public.supportgrant_is_now(NEW.requested) THEN
            PERFORM public.supportgrant_no('a grant is requested now');
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state NOT IN ('requested', 'approved') THEN
        PERFORM public.supportgrant_no('what has ended stays as it ended');
    ELSIF (NEW.tenant_id, NEW.id, NEW.staff, NEW.ticket, NEW.reason, NEW.scope, NEW.care, NEW.asked, NEW.wait, NEW.requested, NEW.pending_until)
        IS DISTINCT FROM (OLD.tenant_id, OLD.id, OLD.staff, OLD.ticket, OLD.reason, OLD.scope, OLD.care, OLD.asked, OLD.wait, OLD.requested, OLD.pending_until) THEN
        PERFORM public.supportgrant_no('a grant is what was asked for');
    ELSIF NEW.version <> OLD.version + 1 THEN
        PERFORM public.supportgrant_no('a version is one more than that before');
    ELSIF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (('requested', 'approved'), ('requested', 'denied'), ('requested', 'cancelled'), ('requested', 'lapsed'),
        ('approved', 'withdrawn'), ('approved', 'expired')) THEN
        PERFORM public.supportgrant_no('a move that no grant makes');
    ELSIF OLD.state = 'approved' AND ((NEW.life, NEW.approved) IS DISTINCT FROM (OLD.life, OLD.approved) OR NEW.expires > OLD.expires) THEN
        PERFORM public.supportgrant_no('an end only comes sooner');
    ELSIF NEW.state = 'lapsed' AND now < OLD.pending_until OR NEW.state = 'expired' AND now < OLD.expires THEN
        PERFORM public.supportgrant_no('an end before its time');
    ELSIF NEW.ended IS NOT NULL AND NOT public.supportgrant_is_now(NEW.ended) THEN
        PERFORM public.supportgrant_no('a grant ends now');
    END IF;
    IF OLD.state = 'requested' AND NEW.state = 'approved' THEN
        SELECT count(*) FILTER (WHERE p.approver <> OLD.staff), min(p.life) INTO proofs, shortest
            FROM public.supportgrant_proof p WHERE p.tenant_id = OLD.tenant_id AND p.grant_id = OLD.id;
        IF proofs < 1 + OLD.care::integer THEN
            PERFORM public.supportgrant_no('approved without a proof');
        ELSIF NEW.life > shortest THEN
            PERFORM public.supportgrant_no('approved for longer than anybody said');
        ELSIF now >= OLD.pending_until OR now < OLD.requested - 1000000 THEN
            PERFORM public.supportgrant_no('approved after it lapsed');
        ELSIF NOT public.supportgrant_is_now(NEW.approved) OR NEW.expires <> NEW.approved + NEW.life * 1000000 THEN
            PERFORM public.supportgrant_no('a grant lives from now, for its life');
        END IF;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER supportgrant_rule BEFORE INSERT OR UPDATE ON supportgrant_grant FOR EACH ROW EXECUTE FUNCTION supportgrant_grant_rule();

-- +goose StatementBegin
CREATE FUNCTION supportgrant_challenge_rule() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now bigint := public.supportgrant_now();
BEGIN
    IF public.supportgrant_leaving(NEW.tenant_id) THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT FROM public.supportgrant_grant g WHERE g.tenant_id = NEW.tenant_id AND g.id = NEW.grant_id) THEN
            PERFORM public.supportgrant_no('a challenge of no grant');
        ELSIF NEW.used IS NOT NULL OR NOT public.supportgrant_is_now(NEW.made) THEN
            PERFORM public.supportgrant_no('a challenge is made now and not used');
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.used IS NOT NULL OR NEW.used IS NULL
        OR (NEW.tenant_id, NEW.digest, NEW.grant_id, NEW.approver, NEW.life, NEW.nonce, NEW.method, NEW.state, NEW.made, NEW.expires)
        IS DISTINCT FROM (OLD.tenant_id, OLD.digest, OLD.grant_id, OLD.approver, OLD.life, OLD.nonce, OLD.method, OLD.state, OLD.made, OLD.expires) THEN
        PERFORM public.supportgrant_no('a challenge is used once');
    ELSIF now >= OLD.expires OR now < OLD.made - 1000000 THEN
        PERFORM public.supportgrant_no('a challenge is used in time');
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER supportgrant_rule BEFORE INSERT OR UPDATE ON supportgrant_challenge FOR EACH ROW EXECUTE FUNCTION supportgrant_challenge_rule();

-- +goose StatementBegin
CREATE FUNCTION supportgrant_proof_rule() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF public.supportgrant_leaving(NEW.tenant_id) THEN
        RETURN NEW;
    END IF;
    IF NOT EXISTS (SELECT FROM public.supportgrant_grant g WHERE g.tenant_id = NEW.tenant_id AND g.id = NEW.grant_id
            AND g.state = 'requested' AND g.staff <> NEW.approver AND g.asked >= NEW.life) THEN
        PERFORM public.supportgrant_no('a proof of what cannot be approved');
    ELSIF NOT EXISTS (SELECT FROM public.supportgrant_challenge c WHERE c.tenant_id = NEW.tenant_id AND c.digest = NEW.digest AND c.used IS NOT NULL
            AND (c.grant_id, c.approver, c.life, c.nonce) = (NEW.grant_id, NEW.approver, NEW.life, NEW.nonce)) THEN
        PERFORM public.supportgrant_no('a proof without a challenge');
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER supportgrant_rule BEFORE INSERT ON supportgrant_proof FOR EACH ROW EXECUTE FUNCTION supportgrant_proof_rule();

-- +goose StatementBegin
CREATE FUNCTION supportgrant_counts() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'supportgrant_budget' THEN
        IF (NEW.tenant_id, NEW.grant_id) IS DISTINCT FROM (OLD.tenant_id, OLD.grant_id) OR NEW.taken < OLD.taken THEN
            PERFORM public.supportgrant_no('a budget is only used up');
        END IF;
    ELSIF TG_TABLE_NAME = 'supportgrant_note' THEN
        IF (NEW.tenant_id, NEW.key, NEW.kind, NEW.grant_id, NEW.at, NEW.due) IS DISTINCT FROM (OLD.tenant_id, OLD.key, OLD.kind, OLD.grant_id, OLD.at, OLD.due) OR OLD.sent IS NOT NULL THEN
            PERFORM public.supportgrant_no('a note is told once');
        END IF;
    ELSIF (NEW.tenant_id, NEW.authenticator) IS DISTINCT FROM (OLD.tenant_id, OLD.authenticator) OR NEW.last_step < OLD.last_step
        OR NEW.failures < OLD.failures AND NEW.last_step = OLD.last_step THEN
        PERFORM public.supportgrant_no('a code is used once');
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER supportgrant_rule BEFORE UPDATE ON supportgrant_budget FOR EACH ROW EXECUTE FUNCTION supportgrant_counts();
CREATE TRIGGER supportgrant_rule BEFORE UPDATE ON supportgrant_note FOR EACH ROW EXECUTE FUNCTION supportgrant_counts();
CREATE TRIGGER supportgrant_rule BEFORE UPDATE ON supportgrant_totp FOR EACH ROW EXECUTE FUNCTION supportgrant_counts();

CREATE TRIGGER supportgrant_stays BEFORE DELETE ON supportgrant_grant FOR EACH ROW EXECUTE FUNCTION supportgrant_refuse();
CREATE TRIGGER supportgrant_stays BEFORE DELETE ON supportgrant_challenge FOR EACH ROW EXECUTE FUNCTION supportgrant_refuse();
CREATE TRIGGER supportgrant_stays BEFORE DELETE ON supportgrant_proof FOR EACH ROW EXECUTE FUNCTION supportgrant_refuse();
CREATE TRIGGER supportgrant_stays BEFORE DELETE ON supportgrant_entry FOR EACH ROW EXECUTE FUNCTION supportgrant_refuse();
CREATE TRIGGER supportgrant_stays BEFORE DELETE ON supportgrant_budget FOR EACH ROW EXECUTE FUNCTION supportgrant_refuse();
CREATE TRIGGER supportgrant_stays BEFORE DELETE ON supportgrant_note FOR EACH ROW EXECUTE FUNCTION supportgrant_refuse();
CREATE TRIGGER supportgrant_stays BEFORE DELETE ON supportgrant_totp FOR EACH ROW EXECUTE FUNCTION supportgrant_refuse();
CREATE TRIGGER supportgrant_goes_on BEFORE UPDATE ON supportgrant_proof FOR EACH ROW EXECUTE FUNCTION supportgrant_refuse();
CREATE TRIGGER supportgrant_goes_on BEFORE UPDATE ON supportgrant_entry FOR EACH ROW EXECUTE FUNCTION supportgrant_refuse();
CREATE TRIGGER supportgrant_empties BEFORE TRUNCATE ON supportgrant_grant FOR EACH STATEMENT EXECUTE FUNCTION supportgrant_refuse();
CREATE TRIGGER supportgrant_empties BEFORE TRUNCATE ON supportgrant_challenge FOR EACH STATEMENT EXECUTE FUNCTION supportgrant_refuse();
CREATE TRIGGER supportgrant_empties BEFORE TRUNCATE ON supportgrant_proof FOR EACH STATEMENT EXECUTE FUNCTION supportgrant_refuse();
CREATE TRIGGER supportgrant_empties BEFORE TRUNCATE ON supportgrant_entry FOR EACH STATEMENT EXECUTE FUNCTION supportgrant_refuse();
CREATE TRIGGER supportgrant_empties BEFORE TRUNCATE ON supportgrant_budget FOR EACH STATEMENT EXECUTE FUNCTION supportgrant_refuse();
CREATE TRIGGER supportgrant_empties BEFORE TRUNCATE ON supportgrant_note FOR EACH STATEMENT EXECUTE FUNCTION supportgrant_refuse();
CREATE TRIGGER supportgrant_empties BEFORE TRUNCATE ON supportgrant_totp FOR EACH STATEMENT EXECUTE FUNCTION supportgrant_refuse();

-- Who reads asks for the scope of the transaction as often as a statement names a table under row-level security, and most of the time of a check is
-- that. So each check is one statement. A session plans it once, and keeps that plan for as long as nobody analyzes the tables, however they grow. In a small table
-- all ways cost the same to Postgres, so that only one is left to it here: no scan of the whole table, and an order that but one index has.

-- +goose StatementBegin
-- supportgrant_open adds the entry of a read of a grant that is live but for what the log says of the clock (see supportgrant.Reading), and returns its time; NULL,
-- and no entry, if there is no such grant. It waits for a withdrawal that has the grant's lock.
CREATE FUNCTION supportgrant_open(lock bigint, entry uuid, the_grant uuid, the_kind text, reader text, in_category text, the_resource text, the_columns text, the_matched text,
    the_keys text, the_after text, most bigint, the_why text) RETURNS bigint LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    held text;
    now bigint;
BEGIN
    IF pg_is_in_recovery() OR current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'supportgrant: a guarded read is READ COMMITTED, on the primary' USING ERRCODE = 'BWS01';
    END IF;
    held := pg_advisory_xact_lock_shared(lock)::text;
    now := (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint;
    INSERT INTO public.supportgrant_entry (id, grant_id, kind, acted_by, category, resource, columns_read, matched, keys_asked, after_key, most_rows, why, at)
        SELECT entry, the_grant, the_kind, reader, in_category, the_resource, the_columns, the_matched, the_keys, the_after, most, the_why, now
        FROM public.supportgrant_grant g
        WHERE g.id BETWEEN the_grant AND the_grant AND g.staff = reader AND g.state = 'approved' AND g.approved <= now AND now < g.expires AND g.scope::jsonb ? in_category
        ORDER BY g.id LIMIT 1;
    IF FOUND THEN
        RETURN now;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- supportgrant_hold holds a grant until the transaction ends, and then looks whether it is live and the entry of the read, of that time, is committed: with
-- a snapshot taken after the lock, for the function is VOLATILE. It returns one row, or none if the grant is not live. What of the log may be
-- ahead of the clock is not older than the read's own entry, so that one look at those from there on finds both.
CREATE FUNCTION supportgrant_hold(lock bigint, entry uuid, opened bigint, the_grant uuid, reader text, in_category text) RETURNS TABLE (care boolean)
    LANGUAGE plpgsql VOLATILE ROWS 1 SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    held text;
    now bigint;
    newest bigint;
BEGIN
    IF pg_is_in_recovery() OR current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'supportgrant: a guarded read is READ COMMITTED, on the primary' USING ERRCODE = 'BWS01';
    END IF;
    IF pg_current_xact_id_if_assigned() IS NOT NULL THEN -- what it wrote may be the entry itself, in a savepoint too
        RAISE EXCEPTION 'supportgrant: a read before its entry is committed' USING ERRCODE = 'BWS01';
    END IF;
    held := pg_advisory_xact_lock_shared(lock)::text;
    now := (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint;
    SELECT g.care, (SELECT CASE WHEN bool_or(l.id = entry AND l.kind = 'read') THEN max(l.at) END FROM (SELECT e.id, e.kind, e.at FROM public.supportgrant_entry e
            WHERE e.grant_id BETWEEN the_grant AND the_grant AND e.at >= opened ORDER BY e.grant_id, e.at, e.id) AS l)
        INTO care, newest FROM public.supportgrant_grant g
        WHERE g.id BETWEEN the_grant AND the_grant AND g.staff = reader AND g.state = 'approved' AND g.approved <= now AND now < g.expires AND g.scope::jsonb ? in_category
        ORDER BY g.id LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    ELSIF newest IS NULL THEN
        RAISE EXCEPTION 'supportgrant: a read before its entry' USING ERRCODE = 'BWS01';
    ELSIF newest <= now + 1000000 THEN
        RETURN NEXT;
    END IF;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- supportgrant_bar takes the grant's lock for a withdrawal, until the transaction ends: those who read have ended, and those who come wait. It is false, and
-- nothing is taken, if it is not had soon.
CREATE FUNCTION supportgrant_bar(lock bigint) RETURNS boolean LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(lock);
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- supportgrant_cut ends the backends that hold a grant, and returns how many there were.
CREATE FUNCTION supportgrant_cut(lock bigint) RETURNS bigint LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) FILTER (WHERE pg_terminate_backend(l.pid)) FROM pg_locks l
    WHERE l.locktype = 'advisory' AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) AND l.objsubid = 1
        AND l.classid::bigint = (lock >> 32) & 4294967295 AND l.objid::bigint = lock & 4294967295
        AND l.granted AND l.mode = 'ShareLock' AND l.pid <> pg_backend_pid()
$$;
-- +goose StatementEnd
