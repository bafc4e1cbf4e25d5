package sqlite_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// Who writes all the time does not keep another process from writing: they take turns.
func TestProcessesTakeTurnsToWrite(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	id := tenancy.NewID()
	dbs := []*sqlite.DB{open(t, dir, sqlite.Options{Migrations: notes}), open(t, dir, sqlite.Options{Migrations: notes}), open(t, dir, sqlite.Options{Migrations: notes})}
	provision(t, dbs[0], id)
	var busy atomic.Int64 // what the busy ones wrote
	var stop atomic.Bool
	var wg sync.WaitGroup
	for i := range 8 {
		db := dbs[i%2]
		wg.Go(func() {
			for !stop.Load() {
				if err := db.TenantDB().Tx(in(id), func(ctx context.Context, tx *sqlx.Tx) error {
					time.Sleep(500 * time.Microsecond) // so that the file is hardly ever free
					_, err := tx.ExecContext(ctx, "INSERT INTO note (body) VALUES ('x')")
					return err
				}); err != nil {
					t.Error(err)
					return
				}
				busy.Add(1)
			}
		})
	}
	for busy.Load() < 20 {
		time.Sleep(time.Millisecond)
	}
	const turns = 30
	before := busy.Load()
	for range turns {
		require.NoError(t, exec(dbs[2], id, "INSERT INTO note (body) VALUES ('y')"))
	}
	beside := busy.Load() - before
	stop.Store(true)
	wg.Wait()
	t.Logf("%d turns beside %d of those who write all the time", turns, beside)
	require.Less(t, beside, int64(turns*10), "for each of ours they wrote that many")
}

// Whose context ends while it waits does not take the turn of who comes later.
func TestWhoGivesUpLeavesTheQueue(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	id := tenancy.NewID()
	a, b := open(t, dir, sqlite.Options{Migrations: notes}), open(t, dir, sqlite.Options{Migrations: notes})
	provision(t, a, id)
	require.NoError(t, a.TenantDB().Tx(in(id), func(context.Context, *sqlx.Tx) error {
		ctx, cancel := context.WithTimeout(in(id), 5*time.Millisecond)
		defer cancel()
		err := b.TenantDB().Tx(ctx, func(context.Context, *sqlx.Tx) error { return nil })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		return nil
	}))
	require.NoError(t, exec(b, id, "INSERT INTO note (body) VALUES ('x')"))
	require.NoError(t, exec(a, id, "INSERT INTO note (body) VALUES ('x')"))
}
