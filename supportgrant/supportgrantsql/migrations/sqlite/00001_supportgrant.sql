-- +goose Up
-- Support grants of one tenant: the file is its own. Times are microseconds since 1970, UTC; asked, wait and life are seconds.
-- Lists are JSON arrays of strings. Ids are UUIDs as text.

CREATE TABLE supportgrant_grant (
    id            TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    version       INTEGER NOT NULL CHECK (version > 0),
    state         TEXT NOT NULL CHECK (state IN ('requested', 'approved', 'denied', 'cancelled', 'lapsed', 'withdrawn', 'expired')),
    staff         TEXT NOT NULL CHECK (octet_length(staff) BETWEEN 1 AND 128),
    ticket        TEXT NOT NULL CHECK (length(ticket) BETWEEN 1 AND 128),
    reason        TEXT NOT NULL CHECK (length(reason) BETWEEN 10 AND 1000),
    scope         TEXT NOT NULL CHECK (json_valid(scope) AND json_type(scope) = 'array' AND json_array_length(scope) > 0), -- names, in order
    care          INTEGER NOT NULL CHECK (care IN (0, 1)),
    asked         INTEGER NOT NULL CHECK (asked BETWEEN 1 AND 604800), -- 7 days
    wait          INTEGER NOT NULL CHECK (wait BETWEEN 1 AND 1209600), -- 14 days
    requested     INTEGER NOT NULL,
    pending_until INTEGER NOT NULL CHECK (pending_until = requested + wait * 1000000),
    life          INTEGER NOT NULL CHECK (life BETWEEN 0 AND asked), -- 0: it was never approved
    approved      INTEGER,
    expires       INTEGER,
    ended         INTEGER,
    ended_by      TEXT NOT NULL CHECK (octet_length(ended_by) <= 128),
    end_reason    TEXT NOT NULL CHECK (length(end_reason) <= 1000),
    CONSTRAINT supportgrant_grant_lives CHECK (
        CASE WHEN state IN ('approved', 'withdrawn', 'expired') THEN life > 0 AND approved IS NOT NULL AND expires IS NOT NULL
        ELSE life = 0 AND approved IS NULL AND expires IS NULL END),
    CONSTRAINT supportgrant_grant_week CHECK (expires IS NULL OR expires <= approved + life * 1000000),
    CONSTRAINT supportgrant_grant_ends CHECK (
        CASE WHEN state IN ('requested', 'approved') THEN ended IS NULL AND ended_by = '' AND end_reason = '' ELSE ended IS NOT NULL END)
) STRICT, WITHOUT ROWID;
CREATE INDEX supportgrant_grant_requested ON supportgrant_grant (requested, id);
CREATE INDEX supportgrant_grant_ticket ON supportgrant_grant (ticket);

CREATE TABLE supportgrant_challenge (
    digest   BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    grant_id TEXT NOT NULL,
    approver TEXT NOT NULL CHECK (octet_length(approver) BETWEEN 1 AND 128),
    life     INTEGER NOT NULL CHECK (life BETWEEN 1 AND 604800),
    nonce    BLOB NOT NULL CHECK (length(nonce) = 32),
    method   TEXT NOT NULL CHECK (method <> ''),
    state    BLOB NOT NULL CHECK (length(state) <= 65536),
    made     INTEGER NOT NULL,
    expires  INTEGER NOT NULL,
    used     INTEGER, -- NULL: not yet
    CONSTRAINT supportgrant_challenge_hour CHECK (expires > made AND expires <= made + 3600000000)
) STRICT, WITHOUT ROWID;
CREATE INDEX supportgrant_challenge_of ON supportgrant_challenge (grant_id, approver);

CREATE TABLE supportgrant_proof (
    grant_id           TEXT NOT NULL,
    digest             BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    approver           TEXT NOT NULL CHECK (octet_length(approver) BETWEEN 1 AND 128),
    life               INTEGER NOT NULL CHECK (life BETWEEN 1 AND 604800),
    nonce              BLOB NOT NULL CHECK (length(nonce) = 32),
    method             TEXT NOT NULL CHECK (method <> ''),
    phishing_resistant INTEGER NOT NULL CHECK (phishing_resistant IN (0, 1)),
    proof              BLOB CHECK (length(proof) <= 65536),
    at                 INTEGER NOT NULL,
    PRIMARY KEY (grant_id, approver)
) STRICT, WITHOUT ROWID;

CREATE TABLE supportgrant_entry (
    id           TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    at           INTEGER NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('requested', 'confirmed', 'approved', 'denied', 'cancelled', 'lapsed', 'withdrawn', 'expired', 'read', 'refused')),
    grant_id     TEXT NOT NULL, -- of a refusal there may be none of that id
    acted_by     TEXT NOT NULL,
    category     TEXT NOT NULL,
    resource     TEXT NOT NULL,
    columns_read TEXT NOT NULL,
    matched      TEXT NOT NULL,
    keys_asked   TEXT NOT NULL,
    after_key    TEXT NOT NULL,
    most_rows    INTEGER NOT NULL,
    why          TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX supportgrant_entry_of ON supportgrant_entry (grant_id, at, id);
CREATE INDEX supportgrant_entry_at ON supportgrant_entry (at, id);

CREATE TABLE supportgrant_budget (
    grant_id TEXT NOT NULL PRIMARY KEY CHECK (length(grant_id) = 36),
    taken    INTEGER NOT NULL CHECK (taken > 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE supportgrant_note (
    key      TEXT NOT NULL PRIMARY KEY,
    kind     TEXT NOT NULL,
    grant_id TEXT NOT NULL,
    at       INTEGER NOT NULL,
    due      INTEGER NOT NULL CHECK (due >= at),
    claimed  INTEGER NOT NULL DEFAULT 0, -- until then
    sent     INTEGER -- NULL: not yet
) STRICT, WITHOUT ROWID;
CREATE INDEX supportgrant_note_due ON supportgrant_note (due, key) WHERE sent IS NULL;

-- What codes of authenticator apps were used and tried: see package mfa/totp.
CREATE TABLE supportgrant_totp (
    authenticator TEXT NOT NULL PRIMARY KEY CHECK (octet_length(authenticator) BETWEEN 1 AND 128),
    last_step     INTEGER NOT NULL CHECK (last_step >= 0),
    failures      INTEGER NOT NULL CHECK (failures >= 0),
    at            INTEGER NOT NULL -- of the last attempt
) STRICT, WITHOUT ROWID;

-- What may follow what. The rows are those of supportgrant.State.May.
CREATE TABLE supportgrant_transition (
    was TEXT NOT NULL,
    now TEXT NOT NULL,
    PRIMARY KEY (was, now)
) STRICT, WITHOUT ROWID;
INSERT INTO supportgrant_transition VALUES ('requested', 'approved'), ('requested', 'denied'), ('requested', 'cancelled'), ('requested', 'lapsed'),
    ('approved', 'withdrawn'), ('approved', 'expired');

-- What no category is named after. The rows are those of supportgrant.Excluded: parts are found anywhere in a name, also across "_",
-- words are whole words of it.
CREATE TABLE supportgrant_excluded (
    name  TEXT NOT NULL PRIMARY KEY,
    whole INTEGER NOT NULL CHECK (whole IN (0, 1))
) STRICT, WITHOUT ROWID;
INSERT INTO supportgrant_excluded (name, whole) VALUES
    ('passw', 0), ('passphrase', 0), ('passcode', 0), ('pwd', 1), ('pin', 1), ('pins', 1),
    ('token', 0), ('oauth', 0), ('bearer', 0), ('sessionid', 0), ('sessionkey', 0), ('cookie', 0), ('jwt', 1), ('jwts', 1), ('sid', 1), ('csrf', 1), ('session', 1), ('sessions', 1), ('nonce', 1),
    ('secret', 0), ('salt', 1), ('salts', 1), ('pepper', 1), ('seed', 1), ('seeds', 1), ('hmac', 1),
    ('credential', 0), ('creds', 1), ('cred', 1),
    ('2fa', 0), ('totp', 0), ('hotp', 1), ('webauthn', 0), ('passkey', 0), ('authenticator', 0), ('recoverycode', 0), ('backupcode', 0), ('secondfactor', 0), ('multifactor', 0), ('mfa', 1), ('otp', 1), ('otps', 1), ('u2f', 1), ('fido', 1), ('fido2', 1),
    ('apikey', 0), ('privatekey', 0), ('signingkey', 0), ('encryptionkey', 0), ('accesskey', 0), ('keypair', 0), ('key', 1), ('keys', 1), ('pem', 1), ('ssh', 1),
    ('payment', 0), ('creditcard', 0), ('debitcard', 0), ('cardnumber', 0), ('bankaccount', 0), ('iban', 0), ('card', 1), ('cards', 1), ('cvv', 1), ('cvc', 1), ('pan', 1), ('bic', 1), ('sepa', 1);

-- What follows holds for whoever may write. REPLACE deletes without asking a DELETE trigger, so what is there already is not inserted.

CREATE TRIGGER supportgrant_transition_new BEFORE INSERT ON supportgrant_transition BEGIN SELECT RAISE(ABORT, 'supportgrant: what may follow what is fixed'); END;
CREATE TRIGGER supportgrant_transition_goes_on BEFORE UPDATE ON supportgrant_transition BEGIN SELECT RAISE(ABORT, 'supportgrant: what may follow what is fixed'); END;
CREATE TRIGGER supportgrant_transition_stays BEFORE DELETE ON supportgrant_transition BEGIN SELECT RAISE(ABORT, 'supportgrant: what may follow what is fixed'); END;
CREATE TRIGGER supportgrant_excluded_new BEFORE INSERT ON supportgrant_excluded BEGIN SELECT RAISE(ABORT, 'supportgrant: what is excluded is fixed'); END;
CREATE TRIGGER supportgrant_excluded_goes_on BEFORE UPDATE ON supportgrant_excluded BEGIN SELECT RAISE(ABORT, 'supportgrant: what is excluded is fixed'); END;
CREATE TRIGGER supportgrant_excluded_stays BEFORE DELETE ON supportgrant_excluded BEGIN SELECT RAISE(ABORT, 'supportgrant: what is excluded is fixed'); END;

CREATE TRIGGER supportgrant_grant_new BEFORE INSERT ON supportgrant_grant BEGIN
    SELECT RAISE(ABORT, 'supportgrant: there is that grant') WHERE EXISTS (SELECT 1 FROM supportgrant_grant WHERE id = NEW.id);
    SELECT RAISE(ABORT, 'supportgrant: a grant begins as a request') WHERE NEW.state <> 'requested' OR NEW.version <> 1 OR NEW.life <> 0;
    SELECT RAISE(ABORT, 'supportgrant: a grant is requested now') WHERE NEW.requested NOT BETWEEN bw_now() - 60000000 AND bw_now() + 1000000;
    SELECT RAISE(ABORT, 'supportgrant: a scope that cannot be') WHERE EXISTS (SELECT 1 FROM json_each(NEW.scope) AS s
        WHERE s.type <> 'text' OR length(s.value) NOT BETWEEN 3 AND 32 OR s.value NOT GLOB '[a-z]*' OR s.value GLOB '*[^a-z0-9_]*'
            OR s.value <= (SELECT p.value FROM json_each(NEW.scope) AS p WHERE p.key = s.key - 1)
            OR EXISTS (SELECT 1 FROM supportgrant_excluded AS x WHERE CASE WHEN x.whole THEN instr('_' || s.value || '_', '_' || x.name || '_')
                ELSE instr(replace(s.value, '_', ''), x.name) END));
END;
CREATE TRIGGER supportgrant_grant_goes_on BEFORE UPDATE ON supportgrant_grant BEGIN
    SELECT RAISE(ABORT, 'supportgrant: what has ended stays as it ended') WHERE OLD.state NOT IN ('requested', 'approved');
    SELECT RAISE(ABORT, 'supportgrant: a grant is what was asked for')
        WHERE (NEW.id, NEW.staff, NEW.ticket, NEW.reason, NEW.scope, NEW.care, NEW.asked, NEW.wait, NEW.requested, NEW.pending_until)
        IS NOT (OLD.id, OLD.staff, OLD.ticket, OLD.reason, OLD.scope, OLD.care, OLD.asked, OLD.wait, OLD.requested, OLD.pending_until);
    SELECT RAISE(ABORT, 'supportgrant: a version is one more than that before') WHERE NEW.version <> OLD.version + 1;
    SELECT RAISE(ABORT, 'supportgrant: a move that no grant makes') WHERE NEW.state <> OLD.state
        AND NOT EXISTS (SELECT 1 FROM supportgrant_transition WHERE was = OLD.state AND now = NEW.state);
    SELECT RAISE(ABORT, 'supportgrant: an end only comes sooner') WHERE OLD.state = 'approved'
        AND ((NEW.life, NEW.approved) IS NOT (OLD.life, OLD.approved) OR NEW.expires > OLD.expires);
    SELECT RAISE(ABORT, 'supportgrant: an end before its time') WHERE NEW.state = 'lapsed' AND bw_now() < OLD.pending_until
        OR NEW.state = 'expired' AND bw_now() < OLD.expires;
    SELECT RAISE(ABORT, 'supportgrant: a grant ends now') WHERE NEW.ended IS NOT NULL AND NEW.ended NOT BETWEEN bw_now() - 60000000 AND bw_now() + 1000000;
END;
CREATE TRIGGER supportgrant_grant_lives BEFORE UPDATE ON supportgrant_grant WHEN OLD.state = 'requested' AND NEW.state = 'approved' BEGIN
    SELECT RAISE(ABORT, 'supportgrant: approved without a proof') WHERE (SELECT count(*) FROM supportgrant_proof AS p
        WHERE p.grant_id = OLD.id AND p.approver <> OLD.staff) < 1 + OLD.care;
    SELECT RAISE(ABORT, 'supportgrant: approved for longer than anybody said') WHERE NEW.life > (SELECT min(p.life) FROM supportgrant_proof AS p WHERE p.grant_id = OLD.id);
    SELECT RAISE(ABORT, 'supportgrant: approved after it lapsed') WHERE bw_now() >= OLD.pending_until OR bw_now() < OLD.requested - 1000000;
    SELECT RAISE(ABORT, 'supportgrant: a grant lives from now, for its life') WHERE NEW.approved NOT BETWEEN bw_now() - 60000000 AND bw_now() + 1000000
        OR NEW.expires <> NEW.approved + NEW.life * 1000000;
END;
CREATE TRIGGER supportgrant_grant_stays BEFORE DELETE ON supportgrant_grant BEGIN SELECT RAISE(ABORT, 'supportgrant: a grant is not forgotten'); END;

CREATE TRIGGER supportgrant_challenge_new BEFORE INSERT ON supportgrant_challenge BEGIN
    SELECT RAISE(ABORT, 'supportgrant: there is that challenge') WHERE EXISTS (SELECT 1 FROM supportgrant_challenge WHERE digest = NEW.digest);
    SELECT RAISE(ABORT, 'supportgrant: a challenge of no grant') WHERE NOT EXISTS (SELECT 1 FROM supportgrant_grant WHERE id = NEW.grant_id);
    SELECT RAISE(ABORT, 'supportgrant: a challenge is made now and not used') WHERE NEW.used IS NOT NULL OR NEW.made NOT BETWEEN bw_now() - 60000000 AND bw_now() + 1000000;
END;
CREATE TRIGGER supportgrant_challenge_goes_on BEFORE UPDATE ON supportgrant_challenge BEGIN
    SELECT RAISE(ABORT, 'supportgrant: a challenge is used once') WHERE OLD.used IS NOT NULL OR NEW.used IS NULL
        OR (NEW.digest, NEW.grant_id, NEW.approver, NEW.life, NEW.nonce, NEW.method, NEW.state, NEW.made, NEW.expires)
        IS NOT (OLD.digest, OLD.grant_id, OLD.approver, OLD.life, OLD.nonce, OLD.method, OLD.state, OLD.made, OLD.expires);
    SELECT RAISE(ABORT, 'supportgrant: a challenge is used in time') WHERE bw_now() >= OLD.expires OR bw_now() < OLD.made - 1000000;
END;
CREATE TRIGGER supportgrant_challenge_stays BEFORE DELETE ON supportgrant_challenge BEGIN SELECT RAISE(ABORT, 'supportgrant: a challenge is not forgotten'); END;

CREATE TRIGGER supportgrant_proof_new BEFORE INSERT ON supportgrant_proof BEGIN
    SELECT RAISE(ABORT, 'supportgrant: there is that proof') WHERE EXISTS (SELECT 1 FROM supportgrant_proof WHERE digest = NEW.digest OR grant_id = NEW.grant_id AND approver = NEW.approver);
    SELECT RAISE(ABORT, 'supportgrant: a proof of what cannot be approved') WHERE NOT EXISTS (SELECT 1 FROM supportgrant_grant AS g
        WHERE g.id = NEW.grant_id AND g.state = 'requested' AND g.staff <> NEW.approver AND g.asked >= NEW.life);
    SELECT RAISE(ABORT, 'supportgrant: a proof without a challenge') WHERE NOT EXISTS (SELECT 1 FROM supportgrant_challenge AS c
        WHERE c.digest = NEW.digest AND c.used IS NOT NULL AND (c.grant_id, c.approver, c.life, c.nonce) IS (NEW.grant_id, NEW.approver, NEW.life, NEW.nonce));
END;
CREATE TRIGGER supportgrant_proof_goes_on BEFORE UPDATE ON supportgrant_proof BEGIN SELECT RAISE(ABORT, 'supportgrant: a proof stays as it is'); END;
CREATE TRIGGER supportgrant_proof_stays BEFORE DELETE ON supportgrant_proof BEGIN SELECT RAISE(ABORT, 'supportgrant: a proof stays as it is'); END;

CREATE TRIGGER supportgrant_entry_new BEFORE INSERT ON supportgrant_entry WHEN EXISTS (SELECT 1 FROM supportgrant_entry WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'supportgrant: the log only grows'); END;
CREATE TRIGGER supportgrant_entry_goes_on BEFORE UPDATE ON supportgrant_entry BEGIN SELECT RAISE(ABORT, 'supportgrant: the log only grows'); END;
CREATE TRIGGER supportgrant_entry_stays BEFORE DELETE ON supportgrant_entry BEGIN SELECT RAISE(ABORT, 'supportgrant: the log only grows'); END;

CREATE TRIGGER supportgrant_budget_new BEFORE INSERT ON supportgrant_budget WHEN EXISTS (SELECT 1 FROM supportgrant_budget WHERE grant_id = NEW.grant_id)
BEGIN SELECT RAISE(ABORT, 'supportgrant: a budget is only used up'); END;
CREATE TRIGGER supportgrant_budget_goes_on BEFORE UPDATE ON supportgrant_budget WHEN NEW.grant_id <> OLD.grant_id OR NEW.taken < OLD.taken
BEGIN SELECT RAISE(ABORT, 'supportgrant: a budget is only used up'); END;
CREATE TRIGGER supportgrant_budget_stays BEFORE DELETE ON supportgrant_budget BEGIN SELECT RAISE(ABORT, 'supportgrant: a budget is only used up'); END;

CREATE TRIGGER supportgrant_note_new BEFORE INSERT ON supportgrant_note WHEN EXISTS (SELECT 1 FROM supportgrant_note WHERE key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'supportgrant: a note is told once'); END;
CREATE TRIGGER supportgrant_note_goes_on BEFORE UPDATE ON supportgrant_note
WHEN (NEW.key, NEW.kind, NEW.grant_id, NEW.at, NEW.due) IS NOT (OLD.key, OLD.kind, OLD.grant_id, OLD.at, OLD.due) OR OLD.sent IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'supportgrant: a note is told once'); END;
CREATE TRIGGER supportgrant_note_stays BEFORE DELETE ON supportgrant_note BEGIN SELECT RAISE(ABORT, 'supportgrant: a note is told once'); END;

CREATE TRIGGER supportgrant_totp_new BEFORE INSERT ON supportgrant_totp WHEN EXISTS (SELECT 1 FROM supportgrant_totp WHERE authenticator = NEW.authenticator)
BEGIN SELECT RAISE(ABORT, 'supportgrant: a code is used once'); END;
CREATE TRIGGER supportgrant_totp_goes_on BEFORE UPDATE ON supportgrant_totp WHEN NEW.authenticator <> OLD.authenticator OR NEW.last_step < OLD.last_step
    OR NEW.failures < OLD.failures AND NEW.last_step = OLD.last_step
BEGIN SELECT RAISE(ABORT, 'supportgrant: a code is used once'); END;
CREATE TRIGGER supportgrant_totp_stays BEFORE DELETE ON supportgrant_totp BEGIN SELECT RAISE(ABORT, 'supportgrant: a code is used once'); END;
