package auditsql_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var fileOpened = audit.Define("attack.file_opened", audit.Read)

// victim is a tenant's log of 600 events under a checkpoint, and who can do anything in its database.
type victim struct {
	*audit.Log
	ctx    context.Context
	signed audit.Checkpoint
	key    audit.Signer
	raw    *sql.DB
	tenant string // "" on SQLite, where the file is the tenant's
}

func newVictim(t *testing.T, w *world) *victim {
	t.Helper()
	before := tenantFiles(t, w)
	v := &victim{ctx: w.tenant(t)}
	if w.signer == nil { // one key for all victims: they have a log of heads in common
		secret, _, err := note.GenerateKey(rand.Reader, "example.com/audit")
		require.NoError(t, err)
		w.signer, err = audit.NewSigner(secret)
		require.NoError(t, err)
	}
	v.key = w.signer
	key, err := tenancy.NewKey("k1", []byte(strings.Repeat("k", 32)))
	require.NoError(t, err)
	v.Log, err = audit.Open(t.Context(), w.store(t), audit.Options{Origin: "example.com/audit", Signer: v.key, Key: key})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Close(context.Background())) })
	events := make([]audit.Event, 300)
	for i := range events {
		events[i] = audit.Event{Action: fileOpened, Actor: audit.Party{Type: "user", ID: fmt.Sprint(i % 5), Name: "Ada", Person: true},
			Targets: []audit.Party{{Type: "user", ID: "9", Person: true}}}
	}
	for range 2 {
		_, err = v.Append(v.ctx, events...)
		require.NoError(t, err)
		v.signed, err = v.Checkpoint(v.ctx)
		require.NoError(t, err)
	}
	if w.pg != nil {
		id, err := tenancy.From(v.ctx)
		require.NoError(t, err)
		v.tenant, v.raw = id.String(), openSQL(t, w.pg.Admin.DSN)
		for _, table := range []string{"event", "open", "tile", "tree", "head", "checkpoint"} {
			_, err := v.raw.ExecContext(t.Context(), `ALTER TABLE audit_`+table+` DISABLE TRIGGER ALL`)
			require.NoError(t, err)
		}
		return v
	}
	files := slices.DeleteFunc(tenantFiles(t, w), func(f string) bool { return slices.Contains(before, f) })
	require.Len(t, files, 1)
	v.raw, err = sql.Open("sqlite", files[0])
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.raw.Close()) })
	var triggers []string
	require.NoError(t, sqlx.NewDb(v.raw, "sqlite").Select(&triggers, `SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'audit_%'`))
	for _, name := range triggers {
		_, err := v.raw.ExecContext(t.Context(), `DROP TRIGGER `+name)
		require.NoError(t, err)
	}
	return v
}

func tenantFiles(t *testing.T, w *world) (files []string) {
	t.Helper()
	if w.dir == "" {
		return nil
	}
	require.NoError(t, filepath.WalkDir(filepath.Join(w.dir, "tenants"), func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".db") {
			files = append(files, path)
		}
		return err
	}))
	return files
}

// do runs a statement that ends with a condition. It must change n rows.
func (v *victim) do(t *testing.T, n int, text string, args ...any) {
	t.Helper()
	if v.tenant != "" {
		text, args = text+` AND tenant_id = ?`, append(args, v.tenant)
		text = sqlx.Rebind(sqlx.DOLLAR, text)
	}
	res, err := v.raw.ExecContext(t.Context(), text, args...)
	require.NoError(t, err)
	changed, err := res.RowsAffected()
	require.NoError(t, err)
	require.EqualValues(t, n, changed, text)
}

// get is the value of one column of one row.
func (v *victim) get(t *testing.T, text string, args ...any) (b []byte) {
	t.Helper()
	if v.tenant != "" {
		text, args = text+` AND tenant_id = ?`, append(args, v.tenant)
		text = sqlx.Rebind(sqlx.DOLLAR, text)
	}
	require.NoError(t, v.raw.QueryRowContext(t.Context(), text, args...).Scan(&b))
	return b
}

func (v *victim) leaf(t *testing.T, seq int) []byte {
	t.Helper()
	return v.get(t, `SELECT leaf FROM audit_event WHERE seq = ?`, seq)
}

// put puts a leaf with its hash in the place of another.
func (v *victim) put(t *testing.T, seq int, leaf []byte) [32]byte {
	t.Helper()
	hash := [32]byte(tlog.RecordHash(leaf))
	v.do(t, 1, `UPDATE audit_event SET leaf = ?, hash = ? WHERE seq = ?`, leaf, hash[:], seq)
	return hash
}

func changed(leaf []byte) []byte { return bytes.Replace(leaf, []byte("success"), []byte("failure"), 1) }

// tampering is what somebody does who has the database, the rules of which one must be found, and where.
type tampering struct {
	do       func(t *testing.T, v *victim)
	rules    []string
	from, to uint64 // to 0: anywhere
}

var tamperings = map[string]tampering{
	"an event is edited": {func(t *testing.T, v *victim) {
		v.do(t, 1, `UPDATE audit_event SET leaf = ? WHERE seq = 300`, changed(v.leaf(t, 300)))
	}, []string{audit.RuleEdited}, 300, 301},
	"an event and its hash are edited": {func(t *testing.T, v *victim) {
		v.put(t, 300, changed(v.leaf(t, 300)))
	}, []string{audit.RuleEdited}, 300, 301},
	"an event, its hash and its tile are edited": {func(t *testing.T, v *victim) {
		hash := v.put(t, 300, changed(v.leaf(t, 300)))
		tile := v.get(t, `SELECT data FROM audit_tile WHERE level = 0 AND idx = 1`)
		copy(tile[44*32:], hash[:])
		v.do(t, 1, `UPDATE audit_tile SET data = ? WHERE level = 0 AND idx = 1`, tile)
	}, []string{audit.RuleRoot}, 300, 301},
	"an event of the tile that is not full is edited with its hash": {func(t *testing.T, v *victim) {
		v.put(t, 550, changed(v.leaf(t, 550)))
	}, []string{audit.RuleRoot}, 550, 551},
	"two events change places": {func(t *testing.T, v *victim) {
		a, b := v.leaf(t, 300), v.leaf(t, 310)
		v.do(t, 1, `UPDATE audit_event SET leaf = ? WHERE seq = 300`, b)
		v.do(t, 1, `UPDATE audit_event SET leaf = ? WHERE seq = 310`, a)
	}, []string{audit.RuleMoved}, 300, 311},
	"an event is deleted": {func(t *testing.T, v *victim) {
		v.do(t, 1, `DELETE FROM audit_event WHERE seq = 300`)
	}, []string{audit.RuleMissing}, 300, 301},
	"the oldest events are deleted": {func(t *testing.T, v *victim) {
		v.do(t, 256, `DELETE FROM audit_event WHERE seq < 256`)
		v.do(t, 512, `DELETE FROM audit_open WHERE place < 32768`)
	}, []string{audit.RulePruned}, 0, 256},
	"the newest events are deleted, with what was signed over them": {func(t *testing.T, v *victim) {
		v.cut(t)
	}, []string{audit.RuleRollback}, 301, 600},
	"a tile is edited": {func(t *testing.T, v *victim) {
		tile := v.get(t, `SELECT data FROM audit_tile WHERE level = 0 AND idx = 0`)
		tile[7*32] ^= 1
		v.do(t, 1, `UPDATE audit_tile SET data = ? WHERE level = 0 AND idx = 0`, tile)
	}, []string{audit.RuleTile}, 7, 8},
	"a tile is deleted": {func(t *testing.T, v *victim) {
		v.do(t, 1, `DELETE FROM audit_tile WHERE level = 0 AND idx = 0`)
	}, []string{audit.RuleIncomplete, audit.RuleMalformed, audit.RuleTile}, 0, 256},
	"a checkpoint is edited": {func(t *testing.T, v *victim) {
		raw := v.get(t, `SELECT note FROM audit_checkpoint WHERE size = 300`)
		root := bytes.Split(raw, []byte("\n"))[2]
		root[0] ^= 1
		v.do(t, 1, `UPDATE audit_checkpoint SET note = ? WHERE size = 300`, raw)
	}, []string{audit.RuleSignature}, 299, 300},
	"a value is edited": {func(t *testing.T, v *victim) {
		data := v.get(t, `SELECT data FROM audit_open WHERE place = 38400`)
		data[len(data)-1] ^= 1
		v.do(t, 1, `UPDATE audit_open SET data = ? WHERE place = 38400`, data)
	}, []string{audit.RuleCommitment}, 300, 301},
	"a value is deleted": {func(t *testing.T, v *victim) {
		v.do(t, 1, `DELETE FROM audit_open WHERE place = 38400`)
	}, []string{audit.RuleErasure}, 300, 301},
	"a value is emptied": {func(t *testing.T, v *victim) {
		v.do(t, 1, `UPDATE audit_open SET data = ? WHERE place = 38400`, []byte{})
	}, []string{audit.RuleErasure}, 300, 301},
	"a value of another event is put there": {func(t *testing.T, v *victim) {
		v.do(t, 1, `UPDATE audit_open SET data = ? WHERE place = 38400`, v.get(t, `SELECT data FROM audit_open WHERE place = 39040`))
	}, []string{audit.RuleCommitment}, 300, 301},
	"what is no event is put in a place": {func(t *testing.T, v *victim) {
		v.put(t, 590, []byte(`{"approved":true}`))
	}, []string{audit.RuleBadLeaf}, 590, 591},
}

// cut leaves the log as it was when it had 300 events.
func (v *victim) cut(t *testing.T) {
	t.Helper()
	v.do(t, 300, `DELETE FROM audit_event WHERE seq >= 300`)
	v.do(t, 600, `DELETE FROM audit_open WHERE place >= 38400`)
	v.do(t, 1, `DELETE FROM audit_checkpoint WHERE size > 300`)
	v.do(t, 1, `DELETE FROM audit_tile WHERE idx > 0`)
	v.do(t, 1, `UPDATE audit_tree SET size = 300, frontier = substr(frontier, 1, 32) WHERE size = 600`)
}

func TestWhatIsDoneToTheDatabaseItselfIsReportedWhereItIs(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		report := func(v *victim) *audit.Report {
			var b bytes.Buffer
			_, err := v.Bundle(v.ctx, &b, audit.Bundling{By: audit.Party{Type: "auditor", ID: "1"}, Reason: "yearly"})
			require.NoError(t, err)
			r, err := audit.Verify(t.Context(), &b, audit.Policy{Keys: []audit.Key{{Verifier: v.key}}, Trusted: [][]byte{v.signed.Note}})
			require.NoError(t, err)
			return r
		}
		honest := report(newVictim(t, w))
		require.Empty(t, honest.Findings, honest)
		require.EqualValues(t, 601, honest.Size)
		require.Equal(t, honest.Fields, honest.Opened)
		for name, x := range tamperings {
			v := newVictim(t, w)
			x.do(t, v)
			r := report(v)
			require.Equal(t, audit.Tampered, r.Verdict, "%s: %s", name, r)
			require.True(t, slices.ContainsFunc(r.Findings, func(f audit.Finding) bool {
				return slices.Contains(x.rules, f.Rule) && (x.to == 0 || f.To != 0 && f.Seq < x.to && x.from < f.To)
			}), "%s: %s", name, r)
		}
	})
}

// Who cuts a log off, or puts an old copy of it back, must not get it signed as if nothing had been: neither by the process
// that signed the rest nor by one that was started since.
func TestALogThatWasCutOffIsNotSignedAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		v := newVictim(t, w)
		v.cut(t)
		key, err := tenancy.NewKey("k1", []byte(strings.Repeat("k", 32)))
		require.NoError(t, err)
		fresh, err := audit.Open(t.Context(), w.store(t), audit.Options{Origin: "example.com/audit", Signer: v.key, Key: key})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, fresh.Close(context.Background())) })
		for _, l := range []*audit.Log{v.Log, fresh} {
			_, err := l.Append(v.ctx, audit.Event{Action: fileOpened})
			require.NoError(t, err)
			_, err = l.Checkpoint(v.ctx)
			require.ErrorIs(t, err, audit.ErrBackwards)
		}
		// Nor as if nothing had been if somebody says that it is in order.
		_, err = fresh.AcceptRestore(v.ctx, audit.Restoring{Reason: "the disk failed", By: audit.Party{Type: "user", ID: "7"}})
		require.NoError(t, err)
		_, err = v.Checkpoint(v.ctx)
		require.ErrorIs(t, err, audit.ErrBackwards, "a process that saw what was lost")
		var bundle bytes.Buffer
		_, err = fresh.Bundle(v.ctx, &bundle, audit.Bundling{By: audit.Party{Type: "auditor", ID: "1"}, Reason: "yearly"})
		require.NoError(t, err)
		p := audit.Policy{Keys: []audit.Key{{Verifier: v.key}}, Trusted: [][]byte{v.signed.Note}}
		r, err := audit.Verify(t.Context(), bytes.NewReader(bundle.Bytes()), p)
		require.NoError(t, err)
		require.Equal(t, map[string]int{audit.RuleRestored: 1, audit.RuleRollback: 1}, r.Count, r)
		for e, err := range fresh.Events(v.ctx, audit.Query{Limit: 10}) {
			require.NoError(t, err)
			if e.Action == audit.Restored {
				p.Restored = append(p.Restored, e.Hash)
			}
		}
		r, err = audit.Verify(t.Context(), bytes.NewReader(bundle.Bytes()), p)
		require.NoError(t, err)
		require.Equal(t, map[string]int{audit.RuleRestoreNamed: 1}, r.Count, r)
	})
}
