package dsarsql_test

import (
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/stretchr/testify/require"
)

func TestAnotherTenantReachesNothing(t *testing.T) { kept.AttackAcross(t) }

// What follows is tried with the rights of the application, by somebody who has its connection and its tenant.

func TestTheDatabaseItselfKeepsRequests(t *testing.T) {
	kept.OnBoth(t, func(t *testing.T, w *door.World) {
		ctx, s := w.Tenant(t), storeIn(t, w)
		fillRequests(t, ctx, w.DB)
		for _, kind := range []dsar.Kind{dsar.Erasure, dsar.Access} {
			for _, to := range []dsar.State{dsar.Open, dsar.Verified} {
				r := requestRow(dsar.ID(kind.String() + "-" + string(to)))
				r.Kind = kind
				r, err := s.Add(ctx, r)
				require.NoError(t, err)
				if to == dsar.Verified {
					_, err = s.Update(ctx, moved(r, to))
					require.NoError(t, err)
				}
			}
		}
		// set changes rows of a state and kind by a version.
		set := func(state, to string) string {
			state, kind, _ := strings.Cut(state, " ")
			if kind == "" {
				kind = "erasure"
			}
			return `UPDATE dsar_request SET version = version + 1, ` + to + ` WHERE state = '` + state + `' AND kind = '` + kind + `'`
		}
		verified, ended := `, verified = 1, method = 'session'`, `, ended = 1, outcome = 'done'`
		tries := []string{
			// A verified state that nobody reached.
			set("open", `state = 'verified'`), set("open", `state = 'working'`+verified), set("open", `state = 'approved', plan = 'p', approved = 1`+verified),
			set("open access", `state = 'working'`+verified), set("open access", `state = 'working'`), set("open", `state = 'closed', closed = 1, sealed = NULL`+ended),
			set("verified", `state = 'working', plan = 'p', approved = 1`), set("verified", `state = 'approved'`), set("verified", `state = 'approved', plan = 'p'`),
			set("verified", `state = 'approved', approved = 1`), set("verified", `verified = verified + 1`), set("verified", `verified = NULL`), set("verified", `state = 'open'`),
			set("verified access", `state = 'approved', plan = 'p', approved = 1`), set("verified", `state = 'done'`), set("verified", `approved = 1`),
			set("working", `plan = ''`), set("working", `approved = approved + 1`), set("working", `approved = NULL`), set("working", `verified = verified - 1`),
			set("working", `state = 'approved'`), set("working", `state = 'closed', closed = 1, sealed = NULL`+ended), set("working", `state = 'ending'`),
			set("working", `state = 'ending', outcome = 'done'`), set("working", `state = 'ending', ended = 1`), set("working", `outcome = 'done'`), set("working", `ended = 1`),
			set("working", `state = 'ending', ended = 1, outcome = 'refused'`), set("working", `state = 'ending', ended = 1, outcome = 'joined'`),
			set("working", `state = 'ending', ended = 1, outcome = 'done', ground = 'erased'`), set("working", `state = 'ending', ended = 1, outcome = 'done', joined = 'x'`),
			set("working", `state = 'ending', ended = 1, outcome = 'gone'`), set("working", `state = 'ending', ended = 1, outcome = 'refused', ground = 'no'`),
			set("working", `sealed = NULL`), set("working", `closed = 1`),
			// What it was received as.
			set("open", `kind = 'access'`), set("open", `subject = 'staff'`), set("open", `law = 'us-ca'`), set("open", `received = received - 1, since = since - 1`), set("open", `id = 'other'`),
			set("open", `ref = {other}`), set("open", `since = received + 1`), set("open", `since = since + 1`), set("open", `law = ''`), set("open", `pauses = '{}'`), set("open", `purposes = 'ads'`),
			// Versions, and what is closed.
			`UPDATE dsar_request SET tries = 7`, `UPDATE dsar_request SET next = NULL WHERE state = 'open'`, `UPDATE dsar_request SET version = version + 2, tries = 7 WHERE state = 'open'`,
			`UPDATE dsar_request SET version = version - 1 WHERE state = 'working'`, `UPDATE dsar_request SET leased = 1 WHERE state = 'open'`, `UPDATE dsar_request SET lease = 'x' WHERE state = 'open'`,
			set("closed", `tries = 7`), set("closed", `outcome = 'nobody'`), set("closed", `sealed = {other}`), set("closed", `state = 'ending'`), set("closed", `next = 1`), set("closed", `law = law`),
			`DELETE FROM dsar_request`, `DELETE FROM dsar_request WHERE state = 'working'`, `DELETE FROM dsar_request WHERE state = 'open'`,
			// One that begins as another.
			beginning(`state`, `'verified'`), beginning(`state, verified`, `'verified', 1`), beginning(`version`, `2`), beginning(`lease, leased`, `'l', 1`), beginning(`id`, `''`),
			beginning(`kind`, `'gossip'`), beginning(`ref`, `{zeros}`), beginning(`outcome`, `'done'`), beginning(`sealed`, `NULL`), beginning(`id`, `'erasure-open'`),
			// A second one of the person that goes on.
			beginning(`id`, `'second'`) + `; UPDATE dsar_request SET version = 2, state = 'verified', verified = 1 WHERE id = 'second'`,
			// Steps and events.
			`UPDATE dsar_step SET why = 'x'`, `UPDATE dsar_step SET done = NULL WHERE name = 'hide'`, `UPDATE dsar_step SET name = 'other' WHERE name = 'erase'`,
			`UPDATE dsar_step SET request = 'erasure-open'`, `DELETE FROM dsar_step`, `DELETE FROM dsar_step WHERE name = 'erase'`,
			`INSERT INTO dsar_step (request, name, tries, begun, why) VALUES ('none', 'hide', 0, 1, '')`,
			`UPDATE dsar_event SET what = 'x'`, `UPDATE dsar_event SET seq = seq + 100`, `DELETE FROM dsar_event`, `DELETE FROM dsar_event WHERE seq = 2`, event(`'none'`, `1`), event(`request`, `9`),
			event(`request`, `2`), event(`request`, `0`), event(`request`, `NULL`),
			// Holds, restraints and periods.
			`UPDATE dsar_hold SET basis = 'x'`, `UPDATE dsar_hold SET until = 1`, `UPDATE dsar_hold SET ref = NULL`, `UPDATE dsar_hold SET tbl = 'other'`, `UPDATE dsar_hold SET placed = 1`,
			`UPDATE dsar_hold SET released = released + 1 WHERE released IS NOT NULL`, `UPDATE dsar_hold SET released = NULL WHERE released IS NOT NULL`, `UPDATE dsar_hold SET why = 'x'`,
			`DELETE FROM dsar_hold WHERE released IS NULL`, `INSERT INTO dsar_hold (id, tbl, basis, placed_by, placed, released, why) VALUES ('h', '', 'case', '', 1, 2, '')`,
			`INSERT INTO dsar_hold (id, tbl, basis, placed_by, placed, why) VALUES ('h', '', '', '', 1, '')`,
			`UPDATE dsar_restraint SET purpose = ''`, `UPDATE dsar_restraint SET since = 1`, `UPDATE dsar_restraint SET kind = 'restriction'`, `DELETE FROM dsar_restraint`,
			`INSERT INTO dsar_restraint (ref, kind, purpose, since, request) SELECT ref, kind, purpose, since + 1, request FROM dsar_restraint`,
			`INSERT INTO dsar_restraint (ref, kind, purpose, since, request) SELECT ref, 'erasure', purpose, since, request FROM dsar_restraint`,
			`UPDATE dsar_retention SET days = -1`, `UPDATE dsar_retention SET years = 0`, `INSERT INTO dsar_retention (category, years, months, days, set_by, set_at) VALUES ('', 1, 0, 0, '', 1)`,
		}
		if w.PG != nil {
			for _, table := range kept.Tables {
				tries = append(tries, `TRUNCATE `+table.Name+` CASCADE`, `ALTER TABLE `+table.Name+` DISABLE TRIGGER ALL`)
			}
			tries = append(tries, `SET session_replication_role = replica`, `UPDATE dsar_request SET tenant_id = 'x'`, `DELETE FROM dsar_hold`, `DELETE FROM dsar_restraint`,
				`INSERT INTO dsar_step SELECT * FROM dsar_step ON CONFLICT (tenant_id, request, name) DO UPDATE SET done = 1, why = 'x'`,
				beginning(`id`, `'erasure-open'`)+` ON CONFLICT (tenant_id, id) DO UPDATE SET state = 'verified', verified = 1`)
		} else {
			tries = append(tries, strings.Replace(beginning(`id`, `'erasure-open'`), `INSERT`, `REPLACE`, 1), strings.Replace(event(`request`, `2`), `INSERT`, `INSERT OR REPLACE`, 1),
				`REPLACE INTO dsar_step (request, name, tries, begun, done, why) SELECT request, name, 7, 1, 1, '' FROM dsar_step WHERE name = 'hide'`,
				`REPLACE INTO dsar_hold SELECT id, NULL, '', 'x', '', 1, 2, NULL, '' FROM dsar_hold`, `UPDATE OR REPLACE dsar_request SET id = 'access-open' WHERE id = 'access-verified'`,
				`REPLACE INTO dsar_restraint (ref, kind, purpose, since, request) SELECT ref, kind, purpose, since, 'x' FROM dsar_restraint`,
				beginning(`id`, `'second'`)+`; UPDATE OR REPLACE dsar_request SET version = 2, state = 'verified', verified = 1 WHERE id = 'second'`,
				`DROP TRIGGER dsar_request_moves`, `DROP TABLE dsar_hold`, `PRAGMA writable_schema = 1`, `PRAGMA recursive_triggers = 0`)
		}
		words := strings.NewReplacer("{other}", "randomblob(32)", "{zeros}", "zeroblob(32)")
		if w.PG != nil {
			words = strings.NewReplacer("{other}", "sha256('x')", "{zeros}", `decode(repeat('00', 32), 'hex')`)
		}
		for i := range tries {
			tries[i] = words.Replace(tries[i])
		}
		kept.Attack(t, ctx, w, tries...)
		// Seen to try: what may be is let in.
		for _, may := range []string{set("open", `state = 'verified'`+verified), set("verified access", `state = 'working'`), set("working", `tries = 7`), `UPDATE dsar_request SET lease = '', leased = NULL`,
			beginning(`id`, `'fresh'`), event(`request`, `1 + (SELECT max(e.seq) FROM dsar_event e WHERE e.request = r.id)`), `UPDATE dsar_hold SET released = 1, why = 'over' WHERE released IS NULL`,
			`UPDATE dsar_restraint SET lifted = 1`, `UPDATE dsar_retention SET years = 6`, `UPDATE dsar_step SET done = 1 WHERE name = 'erase'`} {
			require.NoError(t, w.Exec(ctx, words.Replace(may)), may)
		}
	})
}

// beginning inserts a request as good as any but for some columns.
func beginning(columns, values string) string {
	all := []string{"id", "version", "state", "kind", "subject", "ref", "law", "map", "received", "since", "method", "verified", "plan", "pauses", "due", "outcome", "ground", "joined", "purposes", "sealed", "tries", "lease", "leased"}
	with := map[string]string{"id": "'begins'", "version": "1", "state": "'open'", "outcome": "''", "verified": "NULL", "lease": "''", "leased": "NULL"}
	for i, c := range strings.Split(columns, ", ") {
		with[c] = strings.Split(values, ", ")[i]
	}
	var out []string
	for _, c := range all {
		if v, ok := with[c]; ok {
			out = append(out, v)
		} else {
			out = append(out, c)
		}
	}
	return `INSERT INTO dsar_request (` + strings.Join(all, ", ") + `) SELECT ` + strings.Join(out, ", ") + ` FROM dsar_request WHERE id = 'erasure-verified'`
}

// event inserts one of every request that has some, but for the request and number.
func event(request, seq string) string {
	return `INSERT INTO dsar_event (request, seq, at, kind, said_by, what) SELECT ` + strings.Replace(request, "request", "r.id", 1) + `, ` + seq +
		`, 1, 'dsar.seen', '', '' FROM dsar_request r WHERE r.state = 'working' AND r.kind = 'erasure'`
}

func TestTheDatabaseItselfKeepsTheRegisterOfBreaches(t *testing.T) {
	kept.OnBoth(t, func(t *testing.T, w *door.World) {
		ctx := w.Tenant(t)
		fillBreaches(t, ctx, w.DB)
		add := func(seq, key, prev string) string {
			return `INSERT INTO dsar_breach (breach, seq, key, prev, hash, entry) SELECT breach, ` + seq + `, ` + key + `, ` + prev + `, hash, entry FROM dsar_breach WHERE seq = 5`
		}
		tries := []string{`DELETE FROM dsar_breach`, `DELETE FROM dsar_breach WHERE seq = 5`, `UPDATE dsar_breach SET entry = entry`, `UPDATE dsar_breach SET seq = 6 WHERE seq = 5`,
			`UPDATE dsar_breach SET hash = prev`, add("7", "'n'", "hash"), add("6", "'n'", "prev"), add("6", "'k2'", "hash"), add("5", "'n'", "prev"), add("0", "'n'", "hash"), add("-1", "'n'", "hash"),
			add("6", "NULL", "hash"), add("9223372036854775807", "'n'", "hash"), `INSERT INTO dsar_breach (breach, seq, key, prev, hash, entry) SELECT 'new', 1, 'n', prev, hash, entry FROM dsar_breach WHERE seq = 5`}
		if w.PG != nil {
			tries = append(tries, `TRUNCATE dsar_breach`, add("5", "'n'", "hash")+` ON CONFLICT (tenant_id, breach, seq) DO UPDATE SET entry = '{}'`)
		} else {
			tries = append(tries, strings.Replace(add("5", "'n'", "prev"), `INSERT`, `REPLACE`, 1), strings.Replace(add("6", "'k2'", "hash"), `INSERT`, `INSERT OR REPLACE`, 1),
				`UPDATE OR REPLACE dsar_breach SET seq = 4 WHERE seq = 5`)
		}
		kept.Attack(t, ctx, w, tries...)
		require.NoError(t, w.Exec(ctx, add("6", "'n'", "hash")), "seen to try: what follows is let in")
	})
}

func TestTheDatabaseItselfKeepsTheMarkOfTombstones(t *testing.T) {
	kept.OnBoth(t, func(t *testing.T, w *door.World) {
		ctx := w.Tenant(t)
		for range 3 {
			fillMark(t, ctx, w.DB)
		}
		tries := []string{`UPDATE dsar_tombstone SET seq = 1`, `UPDATE dsar_tombstone SET hash = hash`, `DELETE FROM dsar_tombstone`}
		if w.PG == nil {
			tries = append(tries, `REPLACE INTO dsar_tombstone SELECT one, 2, hash FROM dsar_tombstone`)
		}
		kept.Attack(t, ctx, w, tries...)
	})
}

func TestWhoMayMoreThanTheApplicationChangesNothingThatStays(t *testing.T) {
	kept.AttackAbove(t, "BWD01", `DELETE FROM dsar_breach`, `UPDATE dsar_breach SET entry = '{}'`, `TRUNCATE dsar_breach`, `TRUNCATE dsar_request CASCADE`, `DELETE FROM dsar_request`,
		`UPDATE dsar_request SET law = 'x'`, `UPDATE dsar_request SET tries = 7`, `DELETE FROM dsar_event`, `UPDATE dsar_event SET what = 'x'`, `DELETE FROM dsar_hold`, `UPDATE dsar_hold SET basis = 'x'`,
		`DELETE FROM dsar_restraint`, `UPDATE dsar_step SET why = 'x'`, `DELETE FROM dsar_step`, `DELETE FROM dsar_tombstone`, `UPDATE dsar_tombstone SET seq = seq`)
}
