//go:build unix

package sqlite_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

func fleet(tb testing.TB, opts sqlite.Options, tenants int) (*sqlite.DB, []context.Context) {
	tb.Helper()
	opts.Migrations = docs
	db := open(tb, tb.TempDir(), opts)
	ctxs := make([]context.Context, tenants)
	for i := range ctxs {
		id := tenancy.MustParseID(fmt.Sprintf("t%05d", i))
		require.NoError(tb, db.Provision(context.Background(), tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}))
		ctxs[i] = tenancy.With(context.Background(), id)
	}
	return db, ctxs
}

func readOne(ctx context.Context, db *tenantdb.DB, i int) error {
	return db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT n FROM docs WHERE id = ?", i).Scan(&n); err != nil {
			return err
		}
		if n != i%97 {
			return fmt.Errorf("row %d: n=%d", i, n)
		}
		return nil
	})
}

// A read transaction on a tenant that is open.
func BenchmarkReadWarm(b *testing.B) {
	db, ctxs := fleet(b, sqlite.Options{}, 1)
	tdb := db.TenantDB()
	cancelable, cancel := context.WithCancel(ctxs[0])
	defer cancel()
	for name, ctx := range map[string]context.Context{"background": ctxs[0], "cancelable": cancelable} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			defer cpu(b)()
			i := 0
			for b.Loop() {
				if err := readOne(ctx, tdb, i%1000); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

// Opening a tenant, one read, and closing it for the next one: there is room for one handle.
func BenchmarkReadCold(b *testing.B) {
	db, ctxs := fleet(b, sqlite.Options{MaxOpen: 1}, 300)
	tdb := db.TenantDB()
	b.ReportAllocs()
	defer cpu(b)()
	i := 0
	for b.Loop() {
		if err := readOne(ctxs[i%len(ctxs)], tdb, i%1000); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func rss() int64 {
	b, _ := os.ReadFile("/proc/self/statm")
	f := strings.Fields(string(b))
	if len(f) < 2 {
		return 0
	}
	n, _ := strconv.ParseInt(f[1], 10, 64)
	return n * int64(os.Getpagesize())
}

func fds() int {
	e, _ := os.ReadDir("/proc/self/fd")
	return len(e)
}

// Resident memory and descriptors of an open tenant after a read, a write and a scan.
func BenchmarkHandles(b *testing.B) {
	const n = 400
	dir := b.TempDir()
	opts := sqlite.Options{Migrations: docs, MaxOpen: n, IdleClose: time.Hour, Sync: sqlite.SyncNormal}
	setup := open(b, dir, opts)
	for i := range n {
		require.NoError(b, setup.Provision(context.Background(), tenancy.Tenant{ID: tenancy.MustParseID(fmt.Sprintf("t%05d", i)), State: tenancy.Active, Epoch: 1}))
	}
	for b.Loop() {
		db, err := sqlite.Open(dir, opts)
		require.NoError(b, err)
		tdb := db.TenantDB()
		runtime.GC()
		m0, f0 := rss(), fds()
		for i := range n {
			ctx := tenancy.With(context.Background(), tenancy.MustParseID(fmt.Sprintf("t%05d", i)))
			require.NoError(b, readOne(ctx, tdb, i%1000))
			require.NoError(b, tdb.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
				_, err := tx.ExecContext(ctx, "INSERT INTO ev (at, v) VALUES ('a', 'b')")
				return err
			}))
			require.NoError(b, tdb.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
				var sum int
				return tx.GetContext(ctx, &sum, "SELECT sum(length(body)) FROM docs")
			}))
		}
		runtime.GC()
		b.ReportMetric(float64(rss()-m0)/n/1024, "KiB/handle")
		b.ReportMetric(float64(fds()-f0)/n, "fd/handle")
		require.NoError(b, db.Close())
	}
}

// One step and a version, in a transaction of its own for each of 1,000 files.
func BenchmarkMigrate(b *testing.B) {
	for name, s := range map[string]sqlite.Sync{"normal": sqlite.SyncNormal, "full": sqlite.SyncFull} {
		b.Run("sync="+name, func(b *testing.B) {
			const files = 1000
			dir := b.TempDir()
			db := open(b, dir, sqlite.Options{Migrations: docs, Sync: s})
			for i := range files {
				require.NoError(b, db.Provision(context.Background(), tenancy.Tenant{ID: tenancy.MustParseID(fmt.Sprintf("t%05d", i)), State: tenancy.Active, Epoch: 1}))
			}
			list := docs
			b.ResetTimer()
			for i := range b.N {
				list = append(list[:len(list):len(list)], sqlite.Migration{ID: fmt.Sprintf("m/%d", i),
					SQL: fmt.Sprintf("ALTER TABLE ev ADD COLUMN c%d TEXT; CREATE INDEX ev_c%d ON ev (c%d)", i, i, i)})
				db := open(b, dir, sqlite.Options{Migrations: list, Sync: s})
				require.NoError(b, db.Migrate(context.Background(), 4, nil))
			}
			b.ReportMetric(float64(files*b.N)/b.Elapsed().Seconds(), "files/s")
		})
	}
}

// Single-row transactions of 1, 4 and 16 writers to random tenants of 64: a file a tenant against one
// file for all.
func BenchmarkWriters(b *testing.B) {
	for _, s := range []struct {
		name string
		sync sqlite.Sync
	}{{"normal", sqlite.SyncNormal}, {"full", sqlite.SyncFull}} {
		for _, files := range []int{1, 64} {
			for _, writers := range []int{1, 16} {
				b.Run(fmt.Sprintf("sync=%s/files=%d/writers=%d", s.name, files, writers), func(b *testing.B) {
					db, ctxs := fleet(b, sqlite.Options{Sync: s.sync}, files)
					tdb := db.TenantDB()
					var next atomic.Int64
					var wg sync.WaitGroup
					for _, ctx := range ctxs {
						require.NoError(b, readOne(ctx, tdb, 1))
					}
					b.ResetTimer()
					defer cpu(b)()
					for range writers {
						wg.Go(func() {
							for next.Add(1) <= int64(b.N) {
								err := tdb.Tx(ctxs[rand.IntN(files)], func(ctx context.Context, tx *sqlx.Tx) error {
									_, err := tx.ExecContext(ctx, "INSERT INTO ev (v) VALUES (?)", "some text of a row")
									return err
								})
								if err != nil {
									b.Error(err)
									return
								}
							}
						})
					}
					wg.Wait()
				})
			}
		}
	}
}
