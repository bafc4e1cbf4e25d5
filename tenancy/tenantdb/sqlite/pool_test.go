package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

func TestAHandleInUseIsNeverClosedAndAFullPoolSaysSo(t *testing.T) {
	t.Parallel()
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes, MaxOpen: 1})
	provision(t, db, acme, globex)
	tdb := db.TenantDB()
	err := tdb.Tx(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
		short, cancel := context.WithTimeout(tenancy.Switch(context.Background(), globex), 30*time.Millisecond)
		defer cancel()
		err := tdb.Read(short, func(context.Context, *sqlx.Tx) error { return nil })
		require.ErrorIs(t, err, tenantdb.ErrPoolFull)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = tx.ExecContext(ctx, "INSERT INTO note (body) VALUES ('still open')")
		return err
	})
	require.NoError(t, err)
	require.Empty(t, bodies(t, db, globex))
	require.Equal(t, []string{"still open"}, bodies(t, db, acme))
	require.Equal(t, 1, db.OpenTenants())
}

func TestOneWriterAndReadersWorkOnATenantAtOnce(t *testing.T) {
	t.Parallel()
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes, Readers: 2})
	provision(t, db, acme)
	tdb := db.TenantDB()
	short := func() (context.Context, context.CancelFunc) {
		return context.WithTimeout(in(acme), 30*time.Millisecond)
	}
	nothing := func(context.Context, *sqlx.Tx) error { return nil }
	require.NoError(t, tdb.Tx(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO note (body) VALUES ('not yet')")
		require.NoError(t, err)
		require.Empty(t, bodies(t, db, acme), "a reader sees what is not committed")
		ctx2, cancel := short()
		defer cancel()
		waited := make(chan error)
		go func() { waited <- tdb.Tx(ctx2, nothing) }()
		require.ErrorIs(t, <-waited, tenantdb.ErrPoolFull)
		return nil
	}))
	require.NoError(t, tdb.Read(in(acme), func(context.Context, *sqlx.Tx) error {
		return tdb.Read(in(acme), func(context.Context, *sqlx.Tx) error {
			ctx, cancel := short()
			defer cancel()
			require.ErrorIs(t, tdb.Read(ctx, nothing), tenantdb.ErrPoolFull)
			return tdb.Tx(in(acme), nothing)
		})
	}))
}

func TestIdleTenantsAreClosed(t *testing.T) {
	t.Parallel()
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes, IdleClose: 20 * time.Millisecond})
	provision(t, db, acme, globex)
	require.NoError(t, exec(db, acme, "INSERT INTO note (body) VALUES ('x')"))
	require.Eventually(t, func() bool { return db.OpenTenants() == 0 }, 5*time.Second, 5*time.Millisecond)
	require.Equal(t, []string{"x"}, bodies(t, db, acme))
}

func TestCloseWaitsForTransactionsAndRefusesNewOnes(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(tempDir(t), sqlite.Options{Migrations: notes, SystemAudit: func(context.Context, tenancy.Act) error { return nil }})
	require.NoError(t, err)
	provision(t, db, acme)
	begun, finish := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- db.TenantDB().Tx(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
			close(begun)
			<-finish
			_, err := tx.ExecContext(ctx, "INSERT INTO note (body) VALUES ('x')")
			return err
		})
	}()
	<-begun
	closed := make(chan error, 1)
	go func() { closed <- db.Close() }()
	require.Eventually(t, func() bool {
		return exec(db, globex, "SELECT 1") != nil && !errors.Is(exec(db, globex, "SELECT 1"), tenancy.ErrUnknownTenant)
	}, 5*time.Second, time.Millisecond)
	select {
	case <-closed:
		t.Fatal("closed under a transaction")
	default:
	}
	close(finish)
	require.NoError(t, <-done)
	require.NoError(t, <-closed)
	require.NoError(t, db.Close())
	require.ErrorIs(t, exec(db, acme, "SELECT 1"), tenantdb.ErrUnavailable)
	require.ErrorIs(t, db.TenantDB().System(context.Background(), "x", nil), tenantdb.ErrUnavailable)
	_, err = db.Purge(context.Background(), tenancy.Tenant{ID: acme, Epoch: 1})
	require.ErrorIs(t, err, tenantdb.ErrUnavailable)
}

// A context that ends at any point leaves the connection, the handle and the pool fit for the next.
func TestCancelledWorkLeavesThePoolWhole(t *testing.T) {
	t.Parallel()
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes, MaxOpen: 1, Readers: 1, Sync: sqlite.SyncNormal})
	provision(t, db, acme)
	tdb := db.TenantDB()
	committed := 0
	for i := range 150 {
		ctx, cancel := context.WithTimeout(in(acme), time.Duration(rand.IntN(3000))*time.Microsecond)
		run := tdb.Tx
		query := "INSERT INTO note (body) WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 3000) SELECT max(i) FROM s"
		if i%3 == 0 {
			run, query = tdb.Read, "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 3000) SELECT max(i) FROM s"
		}
		err := run(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, query)
			return err
		})
		if err == nil && i%3 != 0 {
			committed++
		}
		if errors.Is(err, tenantdb.ErrOutcomeUnknown) { // the context ended while database/sql committed
			committed = len(bodies(t, db, acme))
		}
		cancel()
	}
	require.Len(t, bodies(t, db, acme), committed)
	require.NoError(t, exec(db, acme, "DELETE FROM note"))
}

// Tenants are opened, evicted, suspended, resumed, exported and purged while others work. Every
// answer must be one the tenant's life allows, and every row must be its own tenant's.
func TestLifeAndWorkAtOnce(t *testing.T) {
	t.Parallel()
	rounds := 40
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		rounds = 5000
	}
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes, MaxOpen: 3, IdleClose: 5 * time.Millisecond, Sync: sqlite.SyncNormal})
	tdb := db.TenantDB()
	var wg sync.WaitGroup
	ids := make([]tenancy.ID, 12)
	for i := range ids {
		ids[i] = tenancy.MustParseID(fmt.Sprintf("t%d", i))
		provision(t, db, ids[i])
	}
	expected := []error{tenancy.ErrNotActive, tenancy.ErrPurged, tenancy.ErrReadOnly, tenancy.ErrUnknownTenant, tenancy.ErrState}
	ok := func(err error) {
		for _, e := range expected {
			if errors.Is(err, e) {
				return
			}
		}
		if err != nil {
			t.Errorf("unexpected: %v", err)
		}
	}
	for w := range 6 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 1))
			for range rounds {
				id := ids[r.IntN(len(ids))]
				ok(tdb.Tx(in(id), func(ctx context.Context, tx *sqlx.Tx) error {
					_, err := tx.ExecContext(ctx, "INSERT INTO note (body) VALUES (?)", id)
					return err
				}))
				ok(tdb.Read(in(id), func(ctx context.Context, tx *sqlx.Tx) error {
					var alien int
					err := tx.GetContext(ctx, &alien, "SELECT count(*) FROM note WHERE body <> ?", id)
					if alien > 0 {
						t.Errorf("%s sees %d rows of others", id, alien)
					}
					return err
				}))
			}
		})
	}
	wg.Go(func() {
		r := rand.New(rand.NewPCG(99, 1))
		ctx := context.Background()
		for i := range rounds {
			id := ids[r.IntN(len(ids))]
			switch i % 5 {
			case 0, 1:
				ok(db.SetState(ctx, tenancy.Tenant{ID: id, State: tenancy.Suspended, Epoch: 1}))
			case 2:
				ok(db.SetState(ctx, tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}))
			case 3:
				_, err := db.Export(ctx, id, discardWriter{})
				ok(err)
			case 4:
				if r.IntN(10) == 0 {
					_, err := db.Purge(ctx, tenancy.Tenant{ID: id, Epoch: 1})
					ok(err)
				}
			}
		}
	})
	wg.Wait()
	require.LessOrEqual(t, db.OpenTenants(), 3)
}

type discardWriter struct{}

func (discardWriter) Write(b []byte) (int, error) { return len(b), nil }
