package auditsql_test

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/auditsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
)

func TestTablesPassTheLibrarysOwnInspection(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	cfg := rls.Config{AppRole: w.pg.App.Role, SystemRole: w.pg.System.Role,
		Tables: append([]rls.Table{{Name: "note", Privileges: []string{"SELECT", "INSERT", "DELETE"}}}, auditsql.Tables...)}
	rep, err := rls.Inspect(t.Context(), openSQL(t, w.pg.Admin.DSN), cfg)
	require.NoError(t, err)
	require.NoError(t, rep.Err(rls.Warning))
	// Seen to look: without FORCE it says so.
	_, err = openSQL(t, w.pg.Owner.DSN).ExecContext(t.Context(), "ALTER TABLE audit_open NO FORCE ROW LEVEL SECURITY")
	require.NoError(t, err)
	rep, err = rls.Inspect(t.Context(), openSQL(t, w.pg.Admin.DSN), cfg)
	require.NoError(t, err)
	require.ErrorContains(t, rep.Err(rls.Warning), "audit_open")
}

func TestMigrateMayBeRepeatedAndRunByMany(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	errs := make(chan error, 3)
	for range cap(errs) {
		db := openSQL(t, w.pg.Owner.DSN)
		go func() { errs <- auditsql.Migrate(t.Context(), db, w.pg.App.Role, w.pg.System.Role) }()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
	_, err := w.store(t).Append(w.tenant(t), []audit.Entry{entry(1, "after")})
	require.NoError(t, err)
}

func TestNewerTablesAreRefused(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	owner := openSQL(t, w.pg.Owner.DSN)
	_, err := owner.ExecContext(t.Context(), "INSERT INTO audit_heads.goose_db_version (version_id, is_applied) VALUES (99, true)")
	require.NoError(t, err)
	require.ErrorIs(t, auditsql.Migrate(t.Context(), owner, w.pg.App.Role, w.pg.System.Role), audit.ErrSchema)
}

// The tables are those of another release for whoever opens the log: it is refused before anything is recorded.
func TestALogWithoutItsTablesIsRefused(t *testing.T) {
	t.Parallel()
	for name, comment := range map[string]string{"older": `'bailiwick audit 0'`, "newer": `'bailiwick audit 99'`, "missing": `NULL`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := onPostgres(t)
			_, err := openSQL(t, w.pg.Owner.DSN).ExecContext(t.Context(), `COMMENT ON TABLE audit_event IS `+comment)
			require.NoError(t, err)
			refusesEverything(t, w)
		})
	}
	for name, steps := range map[string][]sqlite.Migration{
		"missing": {{ID: "app/1", SQL: `CREATE TABLE note (id TEXT PRIMARY KEY) STRICT`}},
		"newer":   {{ID: "audit/00001_audit", SQL: `SELECT 1`}, {ID: "audit/00001_heads", SQL: `SELECT 1`}, {ID: "audit/99999_more", SQL: `SELECT 1`}},
	} {
		t.Run("sqlite "+name, func(t *testing.T) {
			t.Parallel()
			db, err := sqlite.Open(filepath.Join(t.TempDir(), "data"), sqlite.Options{Migrations: steps, SystemMigrations: steps,
				SystemAudit: func(context.Context, tenancy.Act) error { return nil }})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			refusesEverything(t, &world{host: db, db: db.TenantDB()})
		})
	}
}

func refusesEverything(t *testing.T, w *world) {
	t.Helper()
	ctx := w.tenant(t)
	skey, _, err := note.GenerateKey(rand.Reader, "example.com/audit")
	require.NoError(t, err)
	signer, err := audit.NewSigner(skey)
	require.NoError(t, err)
	key, err := tenancy.NewKey("k1", []byte(strings.Repeat("k1", 16)))
	require.NoError(t, err)
	_, err = audit.Open(t.Context(), w.store(t), audit.Options{Origin: "example.com/audit", Signer: signer, Key: key})
	require.ErrorIs(t, err, audit.ErrSchema)
	s := w.store(t)
	_, err = s.Append(ctx, []audit.Entry{entry(1, "leaf")})
	require.ErrorIs(t, err, audit.ErrSchema)
	require.ErrorIs(t, s.Tx(ctx, func(ctx context.Context) error {
		e := entry(1, "leaf")
		e.New = true
		_, err := s.Park(ctx, []audit.Entry{e})
		return err
	}), audit.ErrSchema)
	_, err = s.Size(ctx)
	require.ErrorIs(t, err, audit.ErrSchema)
	_, err = s.Heads().Size(t.Context())
	require.ErrorIs(t, err, audit.ErrSchema)
}

// Of several shards one may have been forgotten.
func TestAMissingTableIsAWrongSchemaToo(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	ctx, s := w.tenant(t), w.store(t)
	_, err := s.Append(ctx, []audit.Entry{entry(1, "leaf")})
	require.NoError(t, err)
	_, err = openSQL(t, w.pg.Owner.DSN).ExecContext(t.Context(), `ALTER TABLE audit_event RENAME TO gone; ALTER TABLE audit_hold RENAME COLUMN placed TO gone`)
	require.NoError(t, err)
	_, err = s.Append(ctx, []audit.Entry{entry(1, "leaf")})
	require.ErrorIs(t, err, audit.ErrSchema)
	_, err = s.Holds(ctx)
	require.ErrorIs(t, err, audit.ErrSchema)
}

func TestMigrateNeedsARole(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	require.Error(t, auditsql.Migrate(t.Context(), openSQL(t, w.pg.Owner.DSN), "", ""))
}

func TestNewNeedsADatabase(t *testing.T) {
	t.Parallel()
	_, err := auditsql.New(nil)
	require.Error(t, err)
}

func TestNothingOfTheLogRefersToOtherTables(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	var n int
	require.NoError(t, openSQL(t, w.pg.Admin.DSN).QueryRowContext(t.Context(), `SELECT count(*) FROM pg_constraint
		WHERE contype = 'f' AND (conrelid::regclass::text ~ '^audit_' OR confrelid::regclass::text ~ '^audit_')`).Scan(&n))
	require.Zero(t, n)
	for _, dir := range []string{"sqlite", "system"} {
		for _, step := range auditsql.Steps(dir) {
			require.NotContains(t, strings.ToUpper(step), "REFERENCES")
		}
	}
}

func TestAPurgedTenantsLogGoesWithIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s, ctx, other := w.store(t), w.tenant(t), w.tenant(t)
		filled(t, ctx, s)
		filled(t, other, s)
		id, err := tenancy.From(ctx)
		require.NoError(t, err)
		r, err := w.host.Purge(context.Background(), tenancy.Tenant{ID: id, State: tenancy.Purging, Epoch: 1})
		require.NoError(t, err)
		require.Zero(t, r.Left)
		_, err = s.Size(ctx)
		require.ErrorIs(t, err, tenancy.ErrPurged)
		require.NotEmpty(t, stored(t, other, s))
	})
}

// filled makes a log with something in each table, and returns its size.
func filled(t *testing.T, ctx context.Context, s *auditsql.Store) uint64 {
	t.Helper()
	batch := make([]audit.Entry, 300)
	for i := range batch {
		batch[i] = entry(2, "event")
	}
	prune := entry(0, `{"data":{"to":256}}`)
	prune.Action = "audit.pruned"
	_, err := s.Append(ctx, append(batch, prune))
	require.NoError(t, err)
	require.NoError(t, s.Grow(ctx, 0, 300, []byte("frontier"), []audit.Tile{{TileID: audit.TileID{Level: 0, Index: 0}, Data: make([]byte, 8192)}}))
	require.NoError(t, s.Sign(ctx, audit.Signed{Size: 300, Note: []byte("note"), HeadsIndex: -1}))
	require.NoError(t, s.Prune(ctx, 256, 300))
	require.NoError(t, s.Hold(ctx, audit.Hold{ID: "matter 1", Subject: &audit.Pseudonym{2}}))
	_, err = s.Park(ctx, []audit.Entry{entry(1, "parked")})
	require.NoError(t, err)
	size, err := s.Size(ctx)
	require.NoError(t, err)
	return size
}
