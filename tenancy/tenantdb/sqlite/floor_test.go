//go:build unix

package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/stretchr/testify/require"
)

// cpu reports the processor time an operation took, which other work on the machine changes less
// than it changes the time that passed.
func cpu(b *testing.B) func() {
	at := func() time.Duration {
		var ru syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &ru)
		return time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
	}
	start := at()
	return func() { b.ReportMetric(float64((at()-start).Nanoseconds())/float64(b.N), "cpu-ns/op") }
}

// The same read without this package: one statement by itself, compiled each time or once, and in a
// transaction.
func BenchmarkFloor(b *testing.B) {
	const query = "SELECT n FROM docs WHERE id = ?"

	open(b, b.TempDir(), sqlite.Options{}) // the first file of a process is opened by this package
	db := plain(b)
	ctx := context.Background()
	prepared, err := db.Prepare(query)
	require.NoError(b, err)
	defer prepared.Close()
	var n int
	for _, way := range []struct {
		name string
		read func(i int) error
	}{
		{"autocommit", func(i int) error { return db.QueryRowContext(ctx, query, i).Scan(&n) }},
		{"prepared", func(i int) error { return prepared.QueryRowContext(ctx, i).Scan(&n) }},
		{"transaction", func(i int) error {
			tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
			if err != nil {
				return err
			}
			if err := tx.QueryRowContext(ctx, query, i).Scan(&n); err != nil {
				return err
			}
			return tx.Commit()
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			defer cpu(b)()
			i := 0
			for b.Loop() {
				if err := way.read(i % 1000); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

// Opening a file, reading one row and closing it with the driver alone.
func BenchmarkFloorCold(b *testing.B) {
	open(b, b.TempDir(), sqlite.Options{})
	dir := b.TempDir()
	const files = 300
	first := filepath.Join(dir, "0.db")
	db, err := sql.Open("sqlite", "file:"+first+"?_pragma=journal_mode(wal)")
	require.NoError(b, err)
	_, err = db.Exec(docs[0].SQL)
	require.NoError(b, err)
	require.NoError(b, db.Close())
	body, err := os.ReadFile(first)
	require.NoError(b, err)
	for i := range files {
		require.NoError(b, os.WriteFile(filepath.Join(dir, strconv.Itoa(i)+".db"), body, 0o600))
	}
	defer cpu(b)()
	i := 0
	for b.Loop() {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, strconv.Itoa(i%files)+".db")+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)&_pragma=foreign_keys(1)")
		if err != nil {
			b.Fatal(err)
		}
		var n int
		if err := db.QueryRow("SELECT n FROM docs WHERE id = ?", i%1000).Scan(&n); err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// The same step and version over 1,000 files with the driver alone, 4 at a time.
func BenchmarkFloorMigrate(b *testing.B) {
	open(b, b.TempDir(), sqlite.Options{})
	const files = 1000
	dir := b.TempDir()
	name := func(i int) string { return "file:" + filepath.Join(dir, strconv.Itoa(i)+".db") }
	db, err := sql.Open("sqlite", name(0)+"?_pragma=journal_mode(wal)")
	require.NoError(b, err)
	_, err = db.Exec(docs[0].SQL)
	require.NoError(b, err)
	require.NoError(b, db.Close())
	body, err := os.ReadFile(filepath.Join(dir, "0.db"))
	require.NoError(b, err)
	for i := range files {
		require.NoError(b, os.WriteFile(filepath.Join(dir, strconv.Itoa(i)+".db"), body, 0o600))
	}
	b.ResetTimer()
	for v := range b.N {
		var next atomic.Int64
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for i := next.Add(1) - 1; i < files; i = next.Add(1) - 1 {
					db, err := sql.Open("sqlite", name(int(i))+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)&_pragma=synchronous(normal)&_pragma=foreign_keys(1)&_txlock=immediate")
					if err == nil {
						db.SetMaxOpenConns(1)
						_, err = db.Exec(fmt.Sprintf("BEGIN IMMEDIATE; ALTER TABLE ev ADD COLUMN c%d TEXT; CREATE INDEX ev_c%d ON ev (c%d); PRAGMA user_version = %d; COMMIT", v, v, v, v))
						db.Close()
					}
					if err != nil {
						b.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
	b.ReportMetric(float64(files*b.N)/b.Elapsed().Seconds(), "files/s")
}

// 16 writers of 64 tenants in one file for all, with the driver alone: one connection, which is the
// fastest way, and each row a transaction by itself or one that is begun and committed.
func BenchmarkFloorWriters(b *testing.B) {
	open(b, b.TempDir(), sqlite.Options{})
	const query = "INSERT INTO shared (tenant, v) VALUES (?, ?)"
	for _, way := range []struct {
		name  string
		write func(db *sql.DB, tenant int) error
	}{
		{"autocommit", func(db *sql.DB, tenant int) error {
			_, err := db.Exec(query, tenant, "some text of a row")
			return err
		}},
		{"transaction", func(db *sql.DB, tenant int) error {
			tx, err := db.Begin()
			if err != nil {
				return err
			}
			if _, err := tx.Exec(query, tenant, "some text of a row"); err != nil {
				return err
			}
			return tx.Commit()
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			db := plain(b)
			_, err := db.Exec("PRAGMA synchronous = normal; CREATE TABLE shared (tenant INT NOT NULL, id INTEGER PRIMARY KEY, v TEXT); CREATE INDEX shared_t ON shared (tenant, id)")
			require.NoError(b, err)
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			defer cpu(b)()
			for range 16 {
				wg.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						if err := way.write(db, rand.IntN(64)); err != nil {
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
