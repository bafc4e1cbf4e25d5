-- +goose Up
-- What dsar writes down of one tenant: the file is its own. Times are microseconds since 1970, UTC. Lists are JSON.
--
-- REPLACE deletes without asking a DELETE trigger, so that what inserts is looked at too, and what updates where rows are unique.

CREATE TABLE dsar_request (
    id           TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    version      INTEGER NOT NULL CHECK (version > 0),
    state        TEXT NOT NULL CHECK (state IN ('open', 'verified', 'approved', 'working', 'ending', 'closed')),
    kind         TEXT NOT NULL CHECK (kind IN ('access', 'portability', 'erasure', 'rectification', 'restriction', 'objection',
                     'consent withdrawal', 'opt-out of sale', 'know categories')),
    subject      TEXT NOT NULL CHECK (subject <> ''),
    ref          BLOB NOT NULL CHECK (length(ref) = 32 AND ref <> zeroblob(32)), -- a keyed hash
    law          TEXT NOT NULL CHECK (law <> ''),
    map          TEXT NOT NULL,
    received     INTEGER NOT NULL,
    since        INTEGER NOT NULL CHECK (since <= received),
    acknowledged INTEGER,
    verified     INTEGER,
    method       TEXT NOT NULL,
    approved     INTEGER,
    plan         TEXT NOT NULL,
    until        INTEGER,
    extended     INTEGER,
    pauses       TEXT NOT NULL CHECK (json_valid(pauses) AND json_type(pauses) = 'array'),
    ended        INTEGER,
    closed       INTEGER,
    ack_by       INTEGER,
    extend_by    INTEGER,
    due          INTEGER NOT NULL, -- 9223372036854775807: none
    outcome      TEXT NOT NULL CHECK (outcome IN ('', 'done', 'nobody', 'refused', 'withdrawn', 'joined')),
    ground       TEXT NOT NULL CHECK (ground IN ('', 'unidentified', 'impersonation', 'unfounded', 'excessive', 'expression', 'legal obligation', 'public health',
                     'archiving', 'legal claims', 'rights of others', 'erased', 'other law')),
    joined       TEXT NOT NULL, -- the request
    purposes     TEXT NOT NULL CHECK (json_valid(purposes) AND json_type(purposes) = 'array'),
    sealed       BLOB CHECK (length(sealed) > 0),
    next         INTEGER,
    tries        INTEGER NOT NULL,
    lease        TEXT NOT NULL CHECK (length(lease) <= 64),
    leased       INTEGER,
    CONSTRAINT dsar_request_leased CHECK ((lease = '') = (leased IS NULL)),
    CONSTRAINT dsar_request_known CHECK (verified IS NOT NULL OR state NOT IN ('verified', 'approved', 'working')),
    CONSTRAINT dsar_request_planned CHECK (kind <> 'erasure' OR state NOT IN ('approved', 'working') OR plan <> '' AND approved IS NOT NULL),
    CONSTRAINT dsar_request_ended CHECK ((state IN ('ending', 'closed')) = (outcome <> '') AND (outcome <> '') = (ended IS NOT NULL)),
    CONSTRAINT dsar_request_ground CHECK ((outcome = 'refused') = (ground <> '') AND (outcome = 'joined') = (joined <> '')),
    CONSTRAINT dsar_request_shredded CHECK ((state = 'closed') = (sealed IS NULL) AND (state = 'closed') = (closed IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX dsar_request_one ON dsar_request (ref, kind) WHERE state IN ('verified', 'approved', 'working');
CREATE INDEX dsar_request_due ON dsar_request (due, id);
CREATE INDEX dsar_request_due_open ON dsar_request (due, id) WHERE state <> 'closed';
CREATE INDEX dsar_request_of ON dsar_request (ref, due, id);
CREATE INDEX dsar_request_next ON dsar_request (next, id) WHERE next IS NOT NULL;
CREATE INDEX dsar_request_closed ON dsar_request (closed, id) WHERE closed IS NOT NULL;

CREATE TRIGGER dsar_request_begins BEFORE INSERT ON dsar_request
WHEN NEW.state <> 'open' OR NEW.version <> 1 OR NEW.lease <> '' OR EXISTS (SELECT 1 FROM dsar_request WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'dsar: a request begins as open'); END;
CREATE TRIGGER dsar_request_same BEFORE UPDATE ON dsar_request
WHEN (NEW.id, NEW.kind, NEW.subject, NEW.ref, NEW.law, NEW.received) IS NOT (OLD.id, OLD.kind, OLD.subject, OLD.ref, OLD.law, OLD.received)
BEGIN SELECT RAISE(ABORT, 'dsar: a request stays what it was received as'); END;
CREATE TRIGGER dsar_request_moves BEFORE UPDATE ON dsar_request WHEN NEW.state <> OLD.state AND NOT (
    OLD.state = 'open' AND NEW.state IN ('verified', 'ending')
    OR OLD.state = 'verified' AND NEW.state IN ('ending', CASE OLD.kind WHEN 'erasure' THEN 'approved' ELSE 'working' END)
    OR OLD.state = 'approved' AND NEW.state IN ('verified', 'working', 'ending')
    OR OLD.state = 'working' AND (NEW.state = 'ending' OR NEW.state = 'verified' AND OLD.kind = 'erasure')
    OR OLD.state = 'ending' AND NEW.state = 'closed')
BEGIN SELECT RAISE(ABORT, 'dsar: a move that no request makes'); END;
CREATE TRIGGER dsar_request_times BEFORE UPDATE ON dsar_request
WHEN NEW.verified IS NOT OLD.verified AND OLD.verified IS NOT NULL OR NEW.ended IS NOT OLD.ended AND OLD.ended IS NOT NULL OR NEW.since > OLD.since
    OR NEW.approved IS NOT OLD.approved AND (NEW.state = OLD.state OR OLD.approved IS NOT NULL AND 'verified' NOT IN (OLD.state, NEW.state))
    OR OLD.outcome <> '' AND (NEW.outcome, NEW.ground, NEW.joined) IS NOT (OLD.outcome, OLD.ground, OLD.joined)
BEGIN SELECT RAISE(ABORT, 'dsar: what was written of a request changes'); END;
-- A lease is no change. All else is one, and makes another version.
CREATE TRIGGER dsar_request_goes_on BEFORE UPDATE ON dsar_request WHEN (OLD.state = 'closed' OR NEW.version <> OLD.version + 1) AND
    (NEW.id, NEW.version, NEW.state, NEW.kind, NEW.subject, NEW.ref, NEW.law, NEW.map, NEW.received, NEW.since, NEW.acknowledged, NEW.verified,
    NEW.method, NEW.approved, NEW.plan, NEW.until, NEW.extended, NEW.pauses, NEW.ended, NEW.closed, NEW.ack_by, NEW.extend_by, NEW.due,
    NEW.outcome, NEW.ground, NEW.joined, NEW.purposes, NEW.sealed, NEW.next, NEW.tries)
    IS NOT
    (OLD.id, OLD.version, OLD.state, OLD.kind, OLD.subject, OLD.ref, OLD.law, OLD.map, OLD.received, OLD.since, OLD.acknowledged, OLD.verified,
    OLD.method, OLD.approved, OLD.plan, OLD.until, OLD.extended, OLD.pauses, OLD.ended, OLD.closed, OLD.ack_by, OLD.extend_by, OLD.due,
    OLD.outcome, OLD.ground, OLD.joined, OLD.purposes, OLD.sealed, OLD.next, OLD.tries)
BEGIN SELECT RAISE(ABORT, 'dsar: a request changes by versions, and not once it is closed'); END;
CREATE TRIGGER dsar_request_one BEFORE UPDATE ON dsar_request
WHEN NEW.state IN ('verified', 'approved', 'working') AND EXISTS (SELECT 1 FROM dsar_request
    WHERE ref = NEW.ref AND kind = NEW.kind AND state IN ('verified', 'approved', 'working') AND id <> NEW.id)
BEGIN SELECT RAISE(ABORT, 'dsar: the person has an open request of that kind'); END;
CREATE TRIGGER dsar_request_stays BEFORE DELETE ON dsar_request WHEN OLD.state <> 'closed' BEGIN SELECT RAISE(ABORT, 'dsar: a request that is not closed stays'); END;

-- Steps and events come while their request is there, events one behind the other, and go after it.
CREATE TABLE dsar_step (
    request TEXT NOT NULL,
    name    TEXT NOT NULL CHECK (name <> ''),
    tries   INTEGER NOT NULL,
    begun   INTEGER NOT NULL,
    done    INTEGER,
    why     TEXT NOT NULL,
    result  TEXT CHECK (result <> ''),
    PRIMARY KEY (request, name)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER dsar_step_of BEFORE INSERT ON dsar_step
WHEN NOT EXISTS (SELECT 1 FROM dsar_request WHERE id = NEW.request) OR EXISTS (SELECT 1 FROM dsar_step WHERE request = NEW.request AND name = NEW.name)
BEGIN SELECT RAISE(ABORT, 'dsar: a step is of a request, and its own'); END;
CREATE TRIGGER dsar_step_done BEFORE UPDATE ON dsar_step WHEN NEW.request <> OLD.request OR NEW.name <> OLD.name
    OR OLD.done IS NOT NULL AND (NEW.tries, NEW.begun, NEW.done, NEW.why, NEW.result) IS NOT (OLD.tries, OLD.begun, OLD.done, OLD.why, OLD.result)
BEGIN SELECT RAISE(ABORT, 'dsar: a step that is done changes'); END;
CREATE TRIGGER dsar_step_stays BEFORE DELETE ON dsar_step WHEN EXISTS (SELECT 1 FROM dsar_request WHERE id = OLD.request)
BEGIN SELECT RAISE(ABORT, 'dsar: a step goes after its request'); END;

CREATE TABLE dsar_event (
    request TEXT NOT NULL,
    seq     INTEGER NOT NULL CHECK (seq > 0),
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL CHECK (kind <> ''),
    said_by TEXT NOT NULL,
    what    TEXT NOT NULL,
    PRIMARY KEY (request, seq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER dsar_event_of BEFORE INSERT ON dsar_event
WHEN NOT EXISTS (SELECT 1 FROM dsar_request WHERE id = NEW.request) OR NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM dsar_event WHERE request = NEW.request)
BEGIN SELECT RAISE(ABORT, 'dsar: an event is of a request, and behind its last'); END;
CREATE TRIGGER dsar_event_unchanged BEFORE UPDATE ON dsar_event BEGIN SELECT RAISE(ABORT, 'dsar: an event changes'); END;
CREATE TRIGGER dsar_event_stays BEFORE DELETE ON dsar_event WHEN EXISTS (SELECT 1 FROM dsar_request WHERE id = OLD.request)
BEGIN SELECT RAISE(ABORT, 'dsar: an event goes after its request'); END;

CREATE TABLE dsar_hold (
    id        TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    ref       BLOB CHECK (length(ref) = 32), -- NULL: of no one person
    tbl       TEXT NOT NULL, -- '': all
    basis     TEXT NOT NULL CHECK (basis <> ''),
    placed_by TEXT NOT NULL,
    placed    INTEGER NOT NULL,
    until     INTEGER,
    released  INTEGER,
    why       TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX dsar_hold_placed ON dsar_hold (placed, id);
CREATE INDEX dsar_hold_in_force ON dsar_hold (placed, id) WHERE released IS NULL;
CREATE TRIGGER dsar_hold_begins BEFORE INSERT ON dsar_hold WHEN NEW.released IS NOT NULL OR EXISTS (SELECT 1 FROM dsar_hold WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'dsar: a hold is placed once, and not released'); END;
CREATE TRIGGER dsar_hold_unchanged BEFORE UPDATE ON dsar_hold
WHEN (NEW.id, NEW.ref, NEW.tbl, NEW.basis, NEW.placed_by, NEW.placed, NEW.until) IS NOT (OLD.id, OLD.ref, OLD.tbl, OLD.basis, OLD.placed_by, OLD.placed, OLD.until)
    OR (OLD.released IS NOT NULL OR NEW.released IS NULL) AND (NEW.released, NEW.why) IS NOT (OLD.released, OLD.why)
BEGIN SELECT RAISE(ABORT, 'dsar: a hold changes, but for its release'); END;
CREATE TRIGGER dsar_hold_stays BEFORE DELETE ON dsar_hold WHEN OLD.released IS NULL AND (OLD.until IS NULL OR OLD.until > bw_now())
BEGIN SELECT RAISE(ABORT, 'dsar: a hold that is in force stays'); END;

CREATE TABLE dsar_restraint (
    ref     BLOB NOT NULL CHECK (length(ref) = 32 AND ref <> zeroblob(32)),
    kind    TEXT NOT NULL CHECK (kind IN ('restriction', 'objection', 'consent withdrawal', 'opt-out of sale')),
    purpose TEXT NOT NULL, -- '': all
    since   INTEGER NOT NULL,
    request TEXT NOT NULL CHECK (request <> ''),
    lifted  INTEGER,
    PRIMARY KEY (ref, kind, purpose, since)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX dsar_restraint_in_force ON dsar_restraint (ref, kind, purpose) WHERE lifted IS NULL;
CREATE TRIGGER dsar_restraint_begins BEFORE INSERT ON dsar_restraint
WHEN NEW.lifted IS NOT NULL OR EXISTS (SELECT 1 FROM dsar_restraint WHERE ref = NEW.ref AND kind = NEW.kind AND purpose = NEW.purpose AND (lifted IS NULL OR since = NEW.since))
BEGIN SELECT RAISE(ABORT, 'dsar: there is that restraint'); END;
CREATE TRIGGER dsar_restraint_unchanged BEFORE UPDATE ON dsar_restraint
WHEN (NEW.ref, NEW.kind, NEW.purpose, NEW.since, NEW.request) IS NOT (OLD.ref, OLD.kind, OLD.purpose, OLD.since, OLD.request)
    OR OLD.lifted IS NOT NULL AND NEW.lifted IS NOT OLD.lifted
BEGIN SELECT RAISE(ABORT, 'dsar: a restraint changes, but for its end'); END;
CREATE TRIGGER dsar_restraint_stays BEFORE DELETE ON dsar_restraint WHEN OLD.lifted IS NULL BEGIN SELECT RAISE(ABORT, 'dsar: a restraint that is in force stays'); END;

CREATE TABLE dsar_retention (
    category TEXT NOT NULL PRIMARY KEY CHECK (category <> ''),
    years    INTEGER NOT NULL CHECK (years >= 0),
    months   INTEGER NOT NULL CHECK (months >= 0),
    days     INTEGER NOT NULL CHECK (days >= 0),
    set_by   TEXT NOT NULL,
    set_at   INTEGER NOT NULL,
    CONSTRAINT dsar_retention_some CHECK (years + months + days > 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE dsar_breach (
    breach TEXT NOT NULL CHECK (breach <> ''),
    seq    INTEGER NOT NULL CHECK (seq > 0),
    key    TEXT NOT NULL,
    prev   BLOB NOT NULL CHECK (length(prev) = 32),
    hash   BLOB NOT NULL CHECK (length(hash) = 32), -- over all of it and the hash before
    entry  TEXT NOT NULL CHECK (json_valid(entry)),
    PRIMARY KEY (breach, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX dsar_breach_once ON dsar_breach (breach, key);
CREATE INDEX dsar_breach_first ON dsar_breach (breach) WHERE seq = 1;

CREATE TRIGGER dsar_breach_follows BEFORE INSERT ON dsar_breach
WHEN NOT (NEW.seq = 1 AND NEW.prev = zeroblob(32) OR EXISTS (SELECT 1 FROM dsar_breach WHERE breach = NEW.breach AND seq = NEW.seq - 1 AND hash = NEW.prev))
    OR EXISTS (SELECT 1 FROM dsar_breach WHERE breach = NEW.breach AND (seq = NEW.seq OR key = NEW.key))
BEGIN SELECT RAISE(ABORT, 'dsar: an entry of a breach follows the one before it'); END;
CREATE TRIGGER dsar_breach_unchanged BEFORE UPDATE ON dsar_breach BEGIN SELECT RAISE(ABORT, 'dsar: the register of breaches is only added to'); END;
CREATE TRIGGER dsar_breach_stays BEFORE DELETE ON dsar_breach BEGIN SELECT RAISE(ABORT, 'dsar: the register of breaches is only added to'); END;
