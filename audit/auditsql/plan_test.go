package auditsql_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// large are the tables that grow with a log. What waits in the outbox is gone soon.
var large = map[string]bool{"audit_event": true, "audit_open": true, "audit_tile": true, "audit_checkpoint": true}

// used makes a log, and calls all of the store that reads it, so that each statement has run once.
func used(t *testing.T, ctx context.Context, s *auditsql.Store) {
	t.Helper()
	const events = 2048
	for i := range 2 {
		batch := make([]audit.Entry, events)
		for j := range batch {
			batch[j] = entry(2, fmt.Sprint(i, j))
			batch[j].Open[0].Subject = audit.Pseudonym{9, byte(j), byte(j >> 8)}
		}
		_, err := s.Append(ctx, batch)
		require.NoError(t, err)
		var tiles []audit.Tile
		for n := i * 8; n < i*8+8; n++ {
			tiles = append(tiles, audit.Tile{TileID: audit.TileID{Level: 0, Index: uint64(n)}, Data: make([]byte, 8192)})
		}
		require.NoError(t, s.Grow(ctx, uint64(i*events), uint64((i+1)*events), nil, tiles))
	}
	for size := range uint64(20) {
		require.NoError(t, s.Sign(ctx, audit.Signed{Size: size, Note: []byte("note"), HeadsIndex: -1}))
	}
	who := audit.Pseudonym{9, 7}
	fine := func(audit.Stored) error { return nil }
	now := time.Now()
	for _, q := range []audit.Find{{}, {Desc: true}, {From: 3, To: 9}, {Actions: []string{"test.done"}}, {Outcomes: []audit.Outcome{audit.Denied}}, {Subject: &who},
		{Subject: &who, Desc: true}, {Subject: &who, Actions: []string{"a.b", "c.d"}}, {Since: now.Add(-time.Hour), Until: now}} {
		q.Limit = 3
		require.NoError(t, s.Find(ctx, q, fine))
	}
	one := entry(1, "one more")
	calls := []func(ctx context.Context) error{
		func(ctx context.Context) error { _, err := s.Append(ctx, []audit.Entry{one}); return err },
		func(ctx context.Context) error { _, err := s.Append(ctx, []audit.Entry{one}); return err },
		func(ctx context.Context) error { return s.Leaves(ctx, 5, 7, fine) },
		func(ctx context.Context) error { _, err := s.Hashes(ctx, 5, 7); return err },
		func(ctx context.Context) error { _, err := s.ByID(ctx, one.ID); return err },
		func(ctx context.Context) error {
			return s.Subjects(ctx, who, func(uint64, []byte) error { return nil })
		},
		func(ctx context.Context) error {
			return s.Reopen(ctx, who, []audit.Reopening{{Seq: 7, Data: []byte{1}}})
		},
		func(ctx context.Context) error { return s.Reopen(ctx, who, []audit.Reopening{{Seq: 7}}) },
		func(ctx context.Context) error { _, err := s.Tiles(ctx, []audit.TileID{{}}); return err },
		func(ctx context.Context) error { _, _, err := s.SignedTile(ctx, audit.TileID{}); return err },
		func(ctx context.Context) error { return s.Signed(ctx, 9, func(audit.Signed) error { return nil }) },
		func(ctx context.Context) error { _, err := s.Newest(ctx); return err },
		func(ctx context.Context) error { return s.Indexed(ctx, 9, 1) },
		func(ctx context.Context) error {
			_, err := s.Park(ctx, []audit.Entry{entry(1, "parked"), one})
			return err
		},
		func(ctx context.Context) error { _, err := s.Drain(ctx, 10); return err },
		func(ctx context.Context) error { _, err := s.PrunedTo(ctx); return err },
	}
	for i, call := range calls {
		require.NoError(t, call(ctx), i)
	}
	pruned := entry(0, `{"data":{"to":256}}`)
	pruned.Action = "audit.pruned"
	placed, err := s.Append(ctx, []audit.Entry{pruned})
	require.NoError(t, err)
	require.NoError(t, s.Prune(ctx, 256, placed[0].Seq))
}

// scans returns what statements do that reads all of a log, and how many it has seen reach into one.
func (w *world) scans(t *testing.T, ctx context.Context, s *auditsql.Store) (found []string, reached int) {
	t.Helper()
	look := scansSQLite
	if w.pg != nil {
		look = scansPostgres
	}
	for _, text := range s.Statements() {
		err := w.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			bad, n, err := look(ctx, tx, text)
			for _, b := range bad {
				found = append(found, b+" in "+text)
			}
			reached += n
			return err
		})
		require.NoError(t, err, text)
	}
	return found, reached
}

var (
	sqliteScan = regexp.MustCompile(`^SCAN (\w+)`)
	sqliteName = regexp.MustCompile(`(?:FROM|JOIN|UPDATE) (audit_\w+)(?: ([a-z])\b)?`)
	// Who reads in the order of the key and stops soon reads no more than that.
	sqliteFirst = regexp.MustCompile(`(?:FROM \w+|FROM \w+ c) ORDER BY [\w.]+( DESC)? LIMIT (1|\?)$`)
)

func scansSQLite(ctx context.Context, tx *sqlx.Tx, text string) (bad []string, reached int, err error) {
	names := map[string]string{}
	for _, m := range sqliteName.FindAllStringSubmatch(text, -1) {
		names[m[1]] = m[1]
		names[m[2]] = m[1]
	}
	var steps []struct {
		ID, Parent, Notused int
		Detail              string
	}
	if err := tx.SelectContext(ctx, &steps, "EXPLAIN QUERY PLAN "+text, make([]any, strings.Count(text, "?"))...); err != nil {
		return nil, 0, err
	}
	for _, s := range steps {
		if m := sqliteScan.FindStringSubmatch(s.Detail); m != nil && large[names[m[1]]] && !sqliteFirst.MatchString(text) {
			bad = append(bad, s.Detail)
		}
		if word := strings.Fields(s.Detail); word[0] == "SEARCH" && large[names[word[1]]] {
			reached++
		}
	}
	return bad, reached, nil
}

// pgNode is a step of a plan of Postgres.
type pgNode struct {
	Type     string   `json:"Node Type"`
	Relation string   `json:"Relation Name"`
	Index    string   `json:"Index Name"`
	Cond     string   `json:"Index Cond"`
	Plans    []pgNode `json:"Plans"`
}

// beyondTenant finds a column other than that which row-level security compares.
var beyondTenant = regexp.MustCompile(`\((?:\w+\.)?(?:seq|place|event_id|action|at|stretch|subject|level|idx|size|id)\b`)

func (n pgNode) scans(limited bool) (bad []string, reached int) {
	if n.Cond != "" && strings.HasPrefix(n.Type, "Bitmap Index") {
		n.Relation = "audit_event" // it says none; all have the tenant first
	}
	if large[n.Relation] && strings.HasSuffix(n.Type, "Scan") && n.Type != "Bitmap Heap Scan" {
		switch {
		case beyondTenant.MatchString(n.Cond):
			reached++
		case limited && strings.HasPrefix(n.Type, "Index"):
		default:
			bad = append(bad, n.Type+" of "+n.Relation+" "+n.Cond)
		}
	}
	for _, p := range n.Plans {
		b, r := p.scans(n.Type == "Limit" || limited && n.Type == "LockRows")
		bad, reached = append(bad, b...), reached+r
	}
	return bad, reached
}

func scansPostgres(ctx context.Context, tx *sqlx.Tx, text string) (bad []string, reached int, err error) {
	// The plan for any arguments, of a table that is large: this one is not.
	for _, set := range []string{"SET LOCAL plan_cache_mode = force_generic_plan", "SET LOCAL enable_seqscan = off", "DEALLOCATE ALL", "PREPARE looked_at AS " + text} {
		if _, err := tx.ExecContext(ctx, set); err != nil {
			return nil, 0, err
		}
	}
	var n int
	if err := tx.GetContext(ctx, &n, `SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'looked_at'`); err != nil {
		return nil, 0, err
	}
	args := ""
	if n > 0 {
		args = "(NULL" + strings.Repeat(", NULL", n-1) + ")"
	}
	var out []byte
	if err := tx.GetContext(ctx, &out, "EXPLAIN (FORMAT JSON) EXECUTE looked_at"+args); err != nil {
		return nil, 0, err
	}
	var plans []struct {
		Plan pgNode
		JIT  any
	}
	if err := json.Unmarshal(out, &plans); err != nil {
		return nil, 0, err
	}
	bad, reached = plans[0].Plan.scans(false)
	if plans[0].JIT != nil {
		bad = append(bad, "compiling")
	}
	return bad, reached, nil
}

// However long a log is, no statement reads all of it.
func TestNoStatementReadsAWholeLog(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s, ctx := w.store(t), w.tenant(t)
		used(t, ctx, s)
		exec := w.owner(t)
		if w.pg != nil {
			exec("ANALYZE")
		}
		found, reached := w.scans(t, ctx, s)
		require.Empty(t, found)
		require.Greater(t, reached, 12)
		for _, index := range []string{"audit_event_once", "audit_open_subject"} { // the test can fail
			if w.pg != nil && index == "audit_event_once" {
				exec("ALTER TABLE audit_event DROP CONSTRAINT " + index)
			} else {
				exec("DROP INDEX " + index)
			}
			now, _ := w.scans(t, ctx, s)
			require.Greater(t, len(now), len(found), index)
			found = now
		}
	})
}

// owner returns who can change the tables of w, which has one tenant.
func (w *world) owner(t *testing.T) (exec func(text string)) {
	t.Helper()
	var db *sql.DB
	if w.pg != nil {
		db = openSQL(t, w.pg.Admin.DSN)
	} else {
		files := tenantFiles(t, w)
		require.Len(t, files, 1, filepath.Dir(w.dir))
		var err error
		db, err = sql.Open("sqlite", files[0])
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
	}
	return func(text string) {
		_, err := db.ExecContext(t.Context(), text)
		require.NoError(t, err, text)
	}
}
