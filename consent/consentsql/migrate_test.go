package consentsql_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/consent/consentsql"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/stretchr/testify/require"
)

func TestTablesPassTheLibrarysOwnInspection(t *testing.T) {
	t.Parallel()
	w := tables.OnPostgres(t)
	cfg := rls.Config{AppRole: w.PG.App.Role, SystemRole: w.PG.System.Role, Tables: consentsql.Tables}
	rep, err := rls.Inspect(t.Context(), door.OpenSQL(t, w.PG.Admin.DSN), cfg)
	require.NoError(t, err)
	require.NoError(t, rep.Err(rls.Warning))
	// Seen to look: without FORCE it says so.
	_, err = door.OpenSQL(t, w.PG.Owner.DSN).ExecContext(t.Context(), "ALTER TABLE consent_state NO FORCE ROW LEVEL SECURITY")
	require.NoError(t, err)
	rep, err = rls.Inspect(t.Context(), door.OpenSQL(t, w.PG.Admin.DSN), cfg)
	require.NoError(t, err)
	require.ErrorContains(t, rep.Err(rls.Warning), "consent_state")
}

func TestMigrateMayBeRepeatedAndRunByMany(t *testing.T) {
	t.Parallel()
	w := tables.OnPostgres(t)
	errs := make(chan error, 3)
	for range cap(errs) {
		db := door.OpenSQL(t, w.PG.Owner.DSN)
		go func() { errs <- consentsql.Migrate(t.Context(), db, w.PG.App.Role, w.PG.System.Role) }()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
	filled(t, w.Tenant(t), storeIn(t, w), 1)
	require.Error(t, consentsql.Migrate(t.Context(), door.OpenSQL(t, w.PG.Owner.DSN), "", ""), "it needs a role")
}

func TestNewerTablesAreRefused(t *testing.T) {
	t.Parallel()
	w := tables.OnPostgres(t)
	owner := door.OpenSQL(t, w.PG.Owner.DSN)
	_, err := owner.ExecContext(t.Context(), "INSERT INTO consent_version (version_id, is_applied) VALUES (99, true)")
	require.NoError(t, err)
	require.ErrorIs(t, consentsql.Migrate(t.Context(), owner, w.PG.App.Role, w.PG.System.Role), consent.ErrSchema)
}

// The tables are those of another release for whoever opens them: they are refused before anything is read or written.
func TestTablesOfAnotherReleaseAreRefused(t *testing.T) {
	t.Parallel()
	for name, comment := range map[string]string{"older": `'bailiwick consent 0'`, "newer": `'bailiwick consent 99'`, "missing": `NULL`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := tables.OnPostgres(t)
			_, err := door.OpenSQL(t, w.PG.Owner.DSN).ExecContext(t.Context(), `COMMENT ON TABLE consent_entry IS `+comment)
			require.NoError(t, err)
			refusesEverything(t, w)
		})
	}
	for name, steps := range map[string][]sqlite.Migration{
		"missing": {{ID: "app/1", SQL: `CREATE TABLE note (id TEXT PRIMARY KEY) STRICT`}},
		"newer":   {{ID: "consent/00001_consent", SQL: `SELECT 1`}, {ID: "consent/99999_more", SQL: `SELECT 1`}},
	} {
		t.Run("sqlite "+name, func(t *testing.T) {
			t.Parallel()
			db, err := sqlite.Open(filepath.Join(t.TempDir(), "data"), sqlite.Options{Migrations: steps})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			refusesEverything(t, &door.World{Host: db, DB: db.TenantDB()})
		})
	}
}

func refusesEverything(t *testing.T, w *door.World) {
	t.Helper()
	ctx, s := w.Tenant(t), storeIn(t, w)
	for name, call := range map[string]func() error{
		"Head": func() error {
			return s.Tx(ctx, func(ctx context.Context) error { _, err := s.Head(ctx); return err })
		},
		"Write":    func() error { return s.Write(ctx, nil, nil, []consent.Document{document}) },
		"Keyed":    func() error { _, err := s.Keyed(ctx, []consent.Key{{1}}); return err },
		"State":    func() error { _, err := s.State(ctx, consent.Who{1}); return err },
		"States":   func() error { _, err := s.States(ctx, nil); return err },
		"Forget":   func() error { return s.Forget(ctx, consent.Who{1}) },
		"History":  func() error { _, err := s.History(ctx, consent.Subject{1}, 0, 1); return err },
		"Ledger":   func() error { _, err := s.Ledger(ctx, 0, 1); return err },
		"Document": func() error { _, err := s.Document(ctx, consent.Hash{1}); return err },
	} {
		require.ErrorIs(t, call(), consent.ErrSchema, name)
	}
}

// Of several shards one may have been forgotten.
func TestAMissingTableIsAWrongSchemaToo(t *testing.T) {
	t.Parallel()
	w := tables.OnPostgres(t)
	ctx, s := w.Tenant(t), storeIn(t, w)
	filled(t, ctx, s, 1)
	_, err := door.OpenSQL(t, w.PG.Owner.DSN).ExecContext(t.Context(), `ALTER TABLE consent_state RENAME TO gone; ALTER TABLE consent_entry RENAME COLUMN given TO gone`)
	require.NoError(t, err)
	_, err = s.Ledger(ctx, 0, 1)
	require.ErrorIs(t, err, consent.ErrSchema)
	_, err = s.State(ctx, consent.Who{1})
	require.ErrorIs(t, err, consent.ErrSchema)
}

func TestADatabaseThatCannotBeReachedIsNotAvailable(t *testing.T) {
	t.Parallel()
	w := tables.OnPostgres(t)
	s, ctx := storeIn(t, w), w.Tenant(t)
	filled(t, ctx, s, 1)
	admin := door.OpenSQL(t, w.PG.Admin.DSN)
	for _, cut := range []string{`ALTER ROLE ` + w.PG.App.Role + ` CONNECTION LIMIT 0`,
		`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '` + w.PG.App.Role + `'`} {
		_, err := admin.ExecContext(t.Context(), cut)
		require.NoError(t, err)
	}
	_, err := s.State(ctx, consent.Who{1})
	require.ErrorIs(t, err, consent.ErrUnavailable)
	_, err = s.Ledger(ctx, 0, 1)
	require.ErrorIs(t, err, consent.ErrUnavailable)
	err = s.Forget(ctx, consent.Who{1})
	require.True(t, errors.Is(err, consent.ErrUnavailable) || errors.Is(err, consent.ErrUnknown), err) // a connection may break with the commit
}

// rowsOf counts a tenant's rows in all tables, as a superuser.
func rowsOf(t *testing.T, w *door.World, id tenancy.ID) (n int) {
	t.Helper()
	admin := door.OpenSQL(t, w.PG.Admin.DSN)
	for _, table := range consentsql.Tables {
		var here int
		require.NoError(t, admin.QueryRowContext(t.Context(), `SELECT count(*) FROM `+table.Name+` WHERE tenant_id = $1`, id.String()).Scan(&here))
		n += here
	}
	return n
}

func TestAPurgedTenantsLedgerGoesWithIt(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		s, ctx, other := storeIn(t, w), w.Tenant(t), w.Tenant(t)
		filled(t, ctx, s, 3)
		filled(t, other, s, 3)
		before := dump(t, other, w)
		id, err := tenancy.From(ctx)
		require.NoError(t, err)
		r, err := w.Host.Purge(context.Background(), tenancy.Tenant{ID: id, State: tenancy.Purging, Epoch: 1})
		require.NoError(t, err)
		require.Zero(t, r.Left)
		if w.PG != nil {
			require.Zero(t, rowsOf(t, w, id))
		}
		_, err = s.Ledger(ctx, 0, 1)
		require.ErrorIs(t, err, tenancy.ErrPurged)
		require.Equal(t, before, dump(t, other, w))
	})
}

// What triggers refuse to everybody else they let pass of a tenant that arrives or leaves.
func TestATenantsLedgerMovesWithIt(t *testing.T) {
	t.Parallel()
	from, to := tables.OnShard(t, "one"), tables.OnShard(t, "two")
	dir := tenancy.NewMemory()
	id := tenancy.NewID()
	made, err := dir.Create(t.Context(), tenancy.Tenant{ID: id, Shard: "one"})
	require.NoError(t, err)
	require.NoError(t, from.Host.Provision(t.Context(), tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: made.Epoch}))
	_, err = dir.Transition(t.Context(), made, tenancy.Active)
	require.NoError(t, err)
	var shards []tenantdb.Shard
	for name, w := range map[string]*door.World{"one": from, "two": to} {
		db, err := postgres.Open(t.Context(), w.PG.App.DSN, door.Keys(t), postgres.AllowOldServer())
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		shards = append(shards, tenantdb.Shard{Name: name, Backend: db})
	}
	routed, err := tenantdb.Route(dir, time.Hour, nil, shards...)
	require.NoError(t, err)
	s, err := consentsql.New(routed)
	require.NoError(t, err)
	ctx, m := tenancy.With(t.Context(), id), managerOver(t, s)
	for _, user := range []string{"ann", "bob", "ann"} {
		_, err := m.OptOutFor(ctx, user)
		require.NoError(t, err)
	}
	before, err := s.Ledger(ctx, 0, 100)
	require.NoError(t, err)
	rows := rowsOf(t, from, id)
	require.NotZero(t, rows)
	_, err = postgres.Move(t.Context(), dir, id, from.Host.(*postgres.System), to.Host.(*postgres.System), postgres.MoveOptions{})
	require.NoError(t, err)
	require.Equal(t, []int{0, rows}, []int{rowsOf(t, from, id), rowsOf(t, to, id)})
	after, err := s.Ledger(ctx, 0, 100)
	require.NoError(t, err)
	require.Equal(t, before, after)
	// There it goes on.
	e, err := m.WithdrawFor(ctx, "ann")
	require.NoError(t, err)
	require.Equal(t, before[len(before)-1].Seq+1, e.Seq)
	rep, err := m.Verify(ctx)
	require.NoError(t, err)
	require.True(t, rep.OK())
}
