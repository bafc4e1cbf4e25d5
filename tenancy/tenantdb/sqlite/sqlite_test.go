package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

var (
	acme   = tenancy.MustParseID("acme")
	globex = tenancy.MustParseID("globex")
	notes  = []sqlite.Migration{{ID: "test/1", SQL: `CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT NOT NULL, at TIMESTAMP NOT NULL DEFAULT (bw_now()))`}}
)

func provision(tb testing.TB, db *sqlite.DB, ids ...tenancy.ID) {
	tb.Helper()
	for _, id := range ids {
		require.NoError(tb, db.Provision(context.Background(), tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}))
	}
}

func in(id tenancy.ID) context.Context { return tenancy.With(context.Background(), id) }

func exec(db *sqlite.DB, id tenancy.ID, query string, args ...any) error {
	return db.TenantDB().Tx(in(id), func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
}

func bodies(tb testing.TB, db *sqlite.DB, id tenancy.ID) (out []string) {
	tb.Helper()
	require.NoError(tb, db.TenantDB().Read(in(id), func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &out, "SELECT body FROM note ORDER BY id")
	}))
	return out
}

// fileOf returns the path of the tenant's database, found by what differs in the folder.
func filesIn(tb testing.TB, dir string) (out []string) {
	tb.Helper()
	require.NoError(tb, filepath.WalkDir(filepath.Join(dir, "tenants"), func(p string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			out = append(out, p)
		}
		return err
	}))
	return out
}

func only(tb testing.TB, dir string) string {
	tb.Helper()
	for _, f := range filesIn(tb, dir) {
		if strings.HasSuffix(f, ".db") {
			return f
		}
	}
	tb.Fatal("no tenant's file")
	return ""
}

func TestEachTenantSeesItsOwnFileOnly(t *testing.T) {
	t.Parallel()
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes})
	provision(t, db, acme, globex)
	require.NoError(t, exec(db, acme, "INSERT INTO note (body) VALUES (?)", "of acme"))
	require.NoError(t, exec(db, globex, "INSERT INTO note (body) VALUES (?)", "of globex"))
	require.Equal(t, []string{"of acme"}, bodies(t, db, acme))
	require.Equal(t, []string{"of globex"}, bodies(t, db, globex))
}

func TestATransactionThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes})
	provision(t, db, acme)
	boom := errors.New("boom")
	err := db.TenantDB().Tx(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO note (body) VALUES ('x')")
		require.NoError(t, err)
		return boom
	})
	require.ErrorIs(t, err, boom)
	require.Empty(t, bodies(t, db, acme))
}

func TestUnknownTenantsAreRefusedAndLeaveNoFile(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	db := open(t, dir, sqlite.Options{Migrations: notes})
	require.ErrorIs(t, exec(db, acme, "SELECT 1"), tenancy.ErrUnknownTenant)
	require.ErrorIs(t, db.SetState(context.Background(), tenancy.Tenant{ID: acme, State: tenancy.Active}), tenancy.ErrUnknownTenant)
	_, err := db.Purge(context.Background(), tenancy.Tenant{ID: acme})
	require.ErrorIs(t, err, tenancy.ErrUnknownTenant)
	require.ErrorIs(t, db.TenantDB().Tx(context.Background(), nil), tenancy.ErrNoTenant)
	_, err = db.Begin(context.Background(), tenantdb.Scope{}, tenantdb.TxOptions{})
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	require.Empty(t, filesIn(t, dir))
	require.Zero(t, db.OpenTenants())
}

func TestTimesAreTheDatabasesClock(t *testing.T) {
	t.Parallel()
	at := time.Date(2031, 2, 3, 4, 5, 6, 789000, time.UTC)
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes, Clock: func() time.Time { return at }})
	provision(t, db, acme)
	require.NoError(t, exec(db, acme, "INSERT INTO note (body) VALUES ('by default')"))
	require.NoError(t, exec(db, acme, "INSERT INTO note (body, at) VALUES ('as a parameter', ?)", at.In(time.FixedZone("", 3600))))
	require.NoError(t, db.TenantDB().Read(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
		var got []time.Time
		require.NoError(t, tx.SelectContext(ctx, &got, "SELECT at FROM note"))
		require.Equal(t, []time.Time{at, at}, got)
		var now int64
		require.NoError(t, tx.GetContext(ctx, &now, "SELECT bw_now()"))
		require.Equal(t, at.UnixMicro(), now)
		return nil
	}))
}

func TestSystemWorkIsAuditedFirstOrRefused(t *testing.T) {
	t.Parallel()
	var reasons []string
	var down error
	steps := []sqlite.Migration{{ID: "sys/1", SQL: "CREATE TABLE plan (name TEXT PRIMARY KEY)"}}
	db := open(t, tempDir(t), sqlite.Options{SystemMigrations: steps, SystemAudit: func(_ context.Context, a tenancy.Act) error {
		reasons = append(reasons, a.Reason)
		return down
	}}).TenantDB()
	add := func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO plan VALUES ('free')")
		return err
	}
	require.NoError(t, db.System(context.Background(), "seed the plans", add))
	require.Equal(t, []string{"seed the plans"}, reasons)
	down = errors.New("audit log is full")
	require.ErrorIs(t, db.System(context.Background(), "again", func(context.Context, *sqlx.Tx) error {
		t.Error("ran without being audited")
		return nil
	}), down)
	without := open(t, tempDir(t), sqlite.Options{}).TenantDB()
	require.ErrorIs(t, without.System(context.Background(), "seed", add), tenantdb.ErrNoSystem)
}
