package ipallowsql_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow/ipallowsql"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow/ipallowtest"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The throwaway server outlives the test that started it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/bailiwick-dev/bailiwick/internal/pgserver.Start.func1"))
}

// world is one database of each kind with tenants of its own for each test.
type world struct {
	db        *tenantdb.DB
	provision func(tenancy.Tenant) error
	setState  func(tenancy.Tenant) error
	pg        *dbtest.PG // nil on SQLite
	dir       string     // "" on Postgres
}

func (w *world) tenant(t *testing.T) tenancy.ID {
	t.Helper()
	id := tenancy.NewID()
	require.NoError(t, w.provision(tenancy.Tenant{ID: id, State: tenancy.Active, Region: "eu", Epoch: 1}))
	return id
}

func (w *world) store(t *testing.T, portal string) *ipallowsql.Store {
	t.Helper()
	s, err := ipallowsql.New(w.db, portal)
	require.NoError(t, err)
	return s
}

func onSQLite(t *testing.T) *world {
	t.Helper()
	steps, err := sqlite.ReadMigrations("ipallow", ipallowsql.SQLite())
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "data")
	db, err := sqlite.Open(dir, sqlite.Options{Migrations: steps, Region: "eu"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return &world{db: db.TenantDB(), dir: dir,
		provision: func(x tenancy.Tenant) error { return db.Provision(context.Background(), x) },
		setState:  func(x tenancy.Tenant) error { return db.SetState(context.Background(), x) }}
}

func onPostgres(t *testing.T) *world {
	t.Helper()
	pg := dbtest.Postgres(t)
	key, err := tenancy.NewKey("k1", []byte(strings.Repeat("k1", 16)))
	require.NoError(t, err)
	keys := tenancy.Keys{Current: key}
	conn, err := pgx.Connect(t.Context(), pg.Owner.DSN)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.NoError(t, postgres.Setup(t.Context(), conn, postgres.SetupOptions{
		AppRole: pg.App.Role, SystemRole: pg.System.Role, Keys: keys, Shard: "main", Region: "eu"}))
	migrate(t, pg)
	sys, err := postgres.OpenSystem(t.Context(), pg.System.DSN, postgres.SystemOptions{
		Audit: func(context.Context, tenancy.Act) error { return nil }, AllowOldServer: true})
	require.NoError(t, err)
	t.Cleanup(sys.Close)
	db, err := postgres.Open(t.Context(), pg.App.DSN, keys, postgres.AllowOldServer(), postgres.WithSystem(sys))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return &world{db: db.TenantDB(), pg: pg,
		provision: func(x tenancy.Tenant) error { return sys.Provision(context.Background(), x) },
		setState:  func(x tenancy.Tenant) error { return sys.SetState(context.Background(), x) }}
}

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

func migrate(t *testing.T, pg *dbtest.PG) {
	t.Helper()
	require.NoError(t, ipallowsql.Migrate(t.Context(), open(t, pg.Owner.DSN), pg.App.Role, pg.System.Role))
}

// onBoth runs f on SQLite and on Postgres.
func onBoth(t *testing.T, f func(*testing.T, *world)) {
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); f(t, onSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); f(t, onPostgres(t)) })
}

func TestStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		ipallowtest.Store(t, func(t *testing.T) (ipallow.Store, tenancy.ID, tenancy.ID) {
			return w.store(t, "admin"), w.tenant(t), w.tenant(t)
		})
	})
}

var (
	inside  = netip.MustParseAddr("10.1.2.3")
	outside = netip.MustParseAddr("203.0.113.7")
)

func policy(t *testing.T, text string) ipallow.Policy {
	t.Helper()
	l, err := ipallow.ParseList(text)
	require.NoError(t, err)
	return ipallow.Policy{List: l}
}

func newGuard(t *testing.T, s ipallow.Store) *ipallow.Guard {
	t.Helper()
	g, err := ipallow.NewGuard(s, ipallow.Options{TTL: -1, OpenByDefault: true})
	require.NoError(t, err)
	return g
}

func TestPortalsHavePoliciesOfTheirOwn(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		id := w.tenant(t)
		admin, shop := newGuard(t, w.store(t, "admin")), newGuard(t, w.store(t, "shop"))
		_, err := admin.Replace(t.Context(), id, ipallow.Change{Policy: policy(t, "10.0.0.0/8"), Actor: inside})
		require.NoError(t, err)
		require.False(t, admin.Decide(t.Context(), id, outside).Allowed)
		require.True(t, shop.Decide(t.Context(), id, outside).Allowed)
		_, err = w.store(t, "shop").Get(t.Context(), id)
		require.ErrorIs(t, err, ipallow.ErrNoPolicy)
	})
}

func TestTenantTheDatabaseRefusesIsRefused(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		g := newGuard(t, w.store(t, "admin")) // open by default, which must not help
		d := g.Decide(t.Context(), tenancy.NewID(), inside)
		require.Equal(t, ipallow.PolicyUnknown, d.Reason)
		require.ErrorIs(t, d.Err, tenancy.ErrUnknownTenant)

		id := w.tenant(t)
		require.True(t, g.Decide(t.Context(), id, inside).Allowed)
		require.NoError(t, w.setState(tenancy.Tenant{ID: id, State: tenancy.Suspended, Region: "eu", Epoch: 1}))
		d = g.Decide(t.Context(), id, inside)
		require.Equal(t, ipallow.PolicyUnknown, d.Reason)
		require.ErrorIs(t, d.Err, tenancy.ErrNotActive)
	})
}

func TestChangeCommitsWithTheTransactionAroundIt(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		id, s := w.tenant(t), w.store(t, "admin")
		g := newGuard(t, s)
		ctx := tenancy.With(t.Context(), id)
		boom := errors.New("audit log is full")
		change := ipallow.Change{Policy: policy(t, "10.0.0.0/8"), Actor: inside}
		for _, want := range []error{boom, nil} {
			err := w.db.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
				// Neither "no policy" nor a refused change dooms what is around it.
				_, err := s.Get(ctx, id)
				require.ErrorIs(t, err, ipallow.ErrNoPolicy)
				_, err = g.Replace(ctx, id, ipallow.Change{Base: 7, Policy: ipallow.Policy{Open: true}})
				require.ErrorIs(t, err, ipallow.ErrVersion)
				_, err = g.Replace(ctx, id, change)
				require.NoError(t, err)
				return want
			})
			require.ErrorIs(t, err, want)
			_, err = s.Get(ctx, id)
			if want != nil {
				require.ErrorIs(t, err, ipallow.ErrNoPolicy, "rolled back")
			} else {
				require.NoError(t, err)
			}
		}
		// The context of another tenant is no way in.
		_, err := s.Get(ctx, w.tenant(t))
		require.ErrorIs(t, err, tenancy.ErrConflict)
	})
}

func TestStoredListThatDoesNotParseRefuses(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		for _, column := range []string{"list", "trial_list"} {
			for _, text := range []string{"10.0.0.1/8", "everyone", "0.0.0.0/0"} {
				id, s := w.tenant(t), w.store(t, "admin")
				ctx := tenancy.With(t.Context(), id)
				open := ipallow.Policy{Open: true}
				_, err := s.Put(ctx, id, 0, ipallow.Write{Key: "k", Policy: open, Trial: &open, Duration: 1e12})
				require.NoError(t, err)
				require.NoError(t, w.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
					_, err := tx.ExecContext(ctx, tx.Rebind(fmt.Sprintf("UPDATE ipallow_policy SET %s = ?", column)), text)
					return err
				}))
				_, err = s.Get(ctx, id)
				require.ErrorIs(t, err, ipallow.ErrList)
				require.NotContains(t, err.Error(), text)
				require.Equal(t, ipallow.PolicyUnknown, newGuard(t, s).Decide(ctx, id, inside).Reason)
			}
		}
	})
}

func TestStoreThatIsDownRefuses(t *testing.T) {
	t.Parallel()
	w := onSQLite(t)
	id := w.tenant(t)
	g := newGuard(t, w.store(t, "admin"))
	require.True(t, g.Decide(t.Context(), id, inside).Allowed)
	require.NoError(t, w.db.Close())
	require.Equal(t, ipallow.PolicyUnknown, g.Decide(t.Context(), id, inside).Reason)
}

func TestPortalsNameIsChecked(t *testing.T) {
	t.Parallel()
	w := onSQLite(t)
	for _, name := range []string{"", "Admin", "a b", "a'b", "é", strings.Repeat("a", 64)} {
		_, err := ipallowsql.New(w.db, name)
		require.Error(t, err, name)
	}
	_, err := ipallowsql.New(nil, "admin")
	require.Error(t, err)
}
