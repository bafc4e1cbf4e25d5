package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	osexec "os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

var one, two = [16]byte{15: 1}, [16]byte{15: 2}

func hold(t testing.TB, db *sqlite.DB, id tenancy.ID, key [16]byte) (release func()) {
	t.Helper()
	tdb := db.TenantDB()
	require.NoError(t, tdb.Tx(in(id), func(ctx context.Context, _ *sqlx.Tx) (err error) {
		release, err = tdb.Hold(ctx, key)
		return err
	}))
	return release
}

// drained is the end of a Drain that was begun.
func drained(db *sqlite.DB, id tenancy.ID, keys ...[16]byte) <-chan error {
	out := make(chan error, 1)
	go func() { out <- db.TenantDB().Drain(in(id), keys...) }()
	return out
}

func stillWaits(t testing.TB, out <-chan error) {
	t.Helper()
	select {
	case err := <-out:
		require.Fail(t, "it did not wait", "%v", err)
	case <-time.After(30 * time.Millisecond):
	}
}

func TestDrainWaitsForTheHoldsBeforeItAndForNoOthers(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	db, other := open(t, dir, sqlite.Options{}), open(t, dir, sqlite.Options{})
	id, id2 := tenancy.NewID(), tenancy.NewID()
	provision(t, db, id, id2)
	require.NoError(t, <-drained(db, id, one), "nobody holds it")
	for name, drainer := range map[string]*sqlite.DB{"the same process": db, "another process": other} {
		t.Run(name, func(t *testing.T) {
			first, second := hold(t, db, id, one), hold(t, db, id, one)
			require.NoError(t, <-drained(drainer, id, two), "another key")
			require.NoError(t, <-drained(drainer, id2, one), "another tenant")
			out := drained(drainer, id, two, one)
			stillWaits(t, out)
			first()
			first() // does nothing
			stillWaits(t, out)
			second()
			require.NoError(t, <-out)
			require.NoError(t, <-drained(drainer, id, one))
		})
	}
	t.Run("holds that come later", func(t *testing.T) {
		first := hold(t, db, id, one)
		out := drained(db, id, one)
		stillWaits(t, out)
		second := hold(t, db, id, one)
		first()
		require.NoError(t, <-out)
		elsewhere := drained(other, id, one)
		stillWaits(t, elsewhere)
		second()
		require.NoError(t, <-elsewhere)
	})
	t.Run("both hold and both wait", func(t *testing.T) {
		first, second := hold(t, db, id, one), hold(t, other, id, one)
		a, b := drained(db, id, one), drained(other, id, one)
		stillWaits(t, a)
		stillWaits(t, b)
		first()
		second()
		require.NoError(t, <-a)
		require.NoError(t, <-b)
	})
}

func TestDrainGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	db, other := open(t, dir, sqlite.Options{}), open(t, dir, sqlite.Options{})
	id := tenancy.NewID()
	provision(t, db, id)
	defer hold(t, db, id, one)()
	for _, drainer := range []*sqlite.DB{db, other} {
		ctx, cancel := context.WithTimeout(in(id), 20*time.Millisecond)
		require.ErrorIs(t, drainer.TenantDB().Drain(ctx, one), context.DeadlineExceeded)
		cancel()
	}
	stillWaits(t, drainedOnce(t, db, id)) // who gave up took nobody's hold away
}

func drainedOnce(t *testing.T, db *sqlite.DB, id tenancy.ID) <-chan error {
	ctx, cancel := context.WithCancel(in(id))
	t.Cleanup(cancel)
	out := make(chan error, 1)
	go func() { out <- db.TenantDB().Drain(ctx, one) }()
	return out
}

func TestHoldsNeedATransactionAndDrainsNone(t *testing.T) {
	t.Parallel()
	db := open(t, tempDir(t), sqlite.Options{})
	id := tenancy.NewID()
	provision(t, db, id)
	tdb := db.TenantDB()
	_, err := tdb.Hold(in(id), one)
	require.Error(t, err)
	require.Error(t, tdb.Drain(context.Background(), one))
	require.ErrorIs(t, tdb.Drain(in(tenancy.NewID()), one), tenancy.ErrUnknownTenant)
	require.NoError(t, tdb.Tx(in(id), func(ctx context.Context, _ *sqlx.Tx) error {
		require.Error(t, tdb.Drain(ctx, one))
		return nil
	}))
}

// What is held keeps its file open, and a purge waits for it.
func TestAHoldKeepsItsFile(t *testing.T) {
	t.Parallel()
	db := open(t, tempDir(t), sqlite.Options{IdleClose: 2 * time.Millisecond, MaxOpen: 2})
	id := tenancy.NewID()
	provision(t, db, id)
	release := hold(t, db, id, one)
	require.Never(t, func() bool { return db.OpenTenants() == 0 }, 30*time.Millisecond, 5*time.Millisecond)
	purged := make(chan error, 1)
	go func() {
		_, err := db.Purge(context.Background(), tenancy.Tenant{ID: id, State: tenancy.Purging, Epoch: 1})
		purged <- err
	}()
	stillWaits(t, purged)
	release()
	require.NoError(t, <-purged)
}

// Nothing is shown after a withdrawal and its drain, whoever shows and whoever withdraws.
func TestNothingIsHeldAfterWhatForbadeItAndItsDrain(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	opts := sqlite.Options{Migrations: []sqlite.Migration{{ID: "gate/1", SQL: `CREATE TABLE gate (id INTEGER PRIMARY KEY, open INT) STRICT`}}}
	dbs := []*sqlite.DB{open(t, dir, opts), open(t, dir, opts)}
	id := tenancy.NewID()
	provision(t, dbs[0], id)
	var shown atomic.Int64
	for round := range 30 {
		require.NoError(t, exec(dbs[0], id, `INSERT INTO gate VALUES (?, 1)`, round))
		var forbidden atomic.Bool
		var late atomic.Int64
		var wg sync.WaitGroup
		for i := range 4 {
			tdb := dbs[i%2].TenantDB()
			wg.Go(func() {
				for {
					var release func()
					may := false
					err := tdb.Tx(in(id), func(ctx context.Context, tx *sqlx.Tx) (err error) {
						if err := tx.QueryRowxContext(ctx, `SELECT open FROM gate WHERE id = ?`, round).Scan(&may); err != nil || !may {
							return err
						}
						release, err = tdb.Hold(ctx, one)
						return err
					})
					if err != nil {
						t.Error(err)
					}
					if !may {
						return
					}
					time.Sleep(time.Duration(i) * 100 * time.Microsecond)
					if shown.Add(1); forbidden.Load() {
						late.Add(1)
					}
					release()
				}
			})
		}
		time.Sleep(5 * time.Millisecond)
		by := dbs[round%2]
		require.NoError(t, exec(by, id, `UPDATE gate SET open = 0 WHERE id = ?`, round))
		require.NoError(t, by.TenantDB().Drain(in(id), one))
		forbidden.Store(true)
		wg.Wait()
		require.Zero(t, late.Load())
	}
	require.NotZero(t, shown.Load())
}

const holdEnv = "BAILIWICK_TEST_HOLD"

// TestHoldUntilKilled is what the test below starts.
func TestHoldUntilKilled(t *testing.T) {
	dir, of, ok := strings.Cut(os.Getenv(holdEnv), " ")
	if !ok {
		return
	}
	hold(t, open(t, dir, sqlite.Options{}), tenancy.MustParseID(of), one)
	fmt.Println("holding")
	time.Sleep(time.Hour)
}

func TestAHoldEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	db := open(t, dir, sqlite.Options{})
	id := tenancy.NewID()
	provision(t, db, id)
	cmd := osexec.Command(os.Args[0], "-test.run=^TestHoldUntilKilled$")
	cmd.Env = append(os.Environ(), holdEnv+"="+dir+" "+id.String())
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	said := bufio.NewScanner(out)
	for said.Scan() && said.Text() != "holding" {
	}
	ended := drained(db, id, one)
	stillWaits(t, ended)
	require.NoError(t, cmd.Process.Kill())
	require.NoError(t, <-ended)
}
