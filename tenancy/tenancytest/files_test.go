package tenancytest

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow/ipallowsql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
)

const shop = `CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, plan TEXT NOT NULL CHECK (plan IN ('free', 'paid')));
CREATE TABLE bill (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer (id), total REAL NOT NULL, sent TIMESTAMP);`

func TestFilesOfTheAdapterCannotBeLeft(t *testing.T) {
	t.Parallel()
	library, err := sqlite.ReadMigrations("ipallow", ipallowsql.SQLite())
	require.NoError(t, err)
	db, err := sqlite.Open(t.TempDir(), sqlite.Options{Migrations: append(library, sqlite.Migration{ID: "shop", SQL: shop})})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	target := Target{DB: db.TenantDB(), A: tenancy.MustParseID("acme"), B: tenancy.MustParseID("bell")}
	for _, id := range []tenancy.ID{target.A, target.B} {
		require.NoError(t, db.Provision(t.Context(), tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}))
	}
	r := Attack(t, target)
	require.Equal(t, map[string]int{Session: 9, "customer": 1, "bill": 1, "ipallow_policy": 1}, r.Ran)
}

// naive is a file per tenant, or one for all, through the driver as it comes.
type naive struct {
	dir  string
	one  bool
	mu   sync.Mutex
	open map[string]*sqlx.DB
}

func (n *naive) Dialect() tenantdb.Dialect   { return tenantdb.SQLite }
func (n *naive) Translate(err error) error   { return err }
func (n *naive) CommitError(err error) error { return err }
func (n *naive) BeginSystem(context.Context, string, tenantdb.TxOptions) (tenantdb.Begun, error) {
	return tenantdb.Begun{}, tenantdb.ErrNoSystem
}

func (n *naive) Begin(ctx context.Context, s tenantdb.Scope, _ tenantdb.TxOptions) (tenantdb.Begun, error) {
	name := s.Tenant.String()
	if n.one {
		name = "everyone"
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	db := n.open[name]
	if db == nil {
		var err error
		if db, err = sqlx.Open("sqlite", filepath.Join(n.dir, name)); err != nil {
			return tenantdb.Begun{}, err
		}
		db.SetMaxOpenConns(1)
		if _, err := db.ExecContext(ctx, shop); err != nil {
			return tenantdb.Begun{}, errors.Join(err, db.Close())
		}
		n.open[name] = db
	}
	tx, err := db.BeginTxx(ctx, nil)
	return tenantdb.Begun{Tx: tx}, err
}

func (n *naive) Close() (err error) {
	for _, db := range n.open {
		err = errors.Join(err, db.Close())
	}
	return err
}

func TestWaysOutOfAPlainFileAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		one  bool
		want []string
	}{
		{false, []string{"file.attach", "file.vacuum", "file.path", "file.pragma", "file.pages", "file.temp", "file.transaction"}},
		{true, []string{"file.scan", "file.residue"}},
	} {
		n := &naive{dir: t.TempDir(), one: c.one, open: map[string]*sqlx.DB{}}
		t.Cleanup(func() { require.NoError(t, n.Close()) })
		rec := &recorder{ctx: t.Context()}
		r := Attack(rec, Target{DB: tenantdb.New(n), A: tenancy.MustParseID("acme"), B: tenancy.MustParseID("bell")})
		var got []string
		for _, f := range r.Findings {
			got = append(got, f.Rule)
		}
		for _, w := range c.want {
			require.Contains(t, got, w)
		}
		require.Equal(t, !c.one, !slices.Contains(got, "file.scan"))
	}
}
