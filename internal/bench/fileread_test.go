package bench

import (
	"database/sql"
	"math/rand/v2"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
)

// Workload O, opening: open a tenant's file that is not open, read one row by key, close it. The page
// cache holds the file, or it has been taken out of the cache before.
//
// Workload R, reading: one row by key of an open file. A transaction with one statement, for ours.

const openFilesCount = 300

func BenchmarkFileOpen(b *testing.B) {
	b.Run("in_page_cache", func(b *testing.B) { compare(b, fileOpens(openFilesCount, false), nil) })
	b.Run("out_of_page_cache", func(b *testing.B) { compare(b, fileOpens(openFilesCount, true), nil) })
}

func BenchmarkFileRead(b *testing.B) { compare(b, fileReads(), nil) }

func TestEveryFilerReadsTheTenantsRow(t *testing.T) {
	checkWays(t, fileOpens(5, true))
	checkWays(t, fileReads())
}

func fileOpens(files int, cold bool) []way {
	var ways []way
	for _, f := range filers {
		var paths []string
		i := 0
		ways = append(ways, way{name: f.name, open: func(tb testing.TB) func(int) error {
			paths = plainFiles(tb, files)
			return func(n int) error {
				for range n {
					i++
					db := f.one(tb, paths[i%files], "normal")
					if err := readPlain(db, i%1000); err != nil {
						return err
					}
					if err := db.Close(); err != nil {
						return err
					}
				}
				return nil
			}
		}, prep: func(n int) {
			for k := range min(n, files) {
				if cold {
					evict(paths[(i+1+k)%files])
				}
			}
		}})
	}
	var paths []string
	i := 0
	// At most one tenant is open, so that each read opens one file and closes another.
	ours := way{name: "ours", vs: []string{filers[0].name}, open: func(tb testing.TB) func(int) error {
		o := sqlite.Options{MaxOpen: 1, Sync: sqlite.SyncNormal}
		dir, ctxs := ourFiles(tb, files, o)
		paths = tenantFilesIn(tb, dir)
		open := openFiles(tb, dir, o)
		tb.Cleanup(func() { open.Close() })
		db := open.TenantDB()
		return func(n int) error {
			for range n {
				i++
				if err := readOurs(ctxs[i%files], db, i%1000); err != nil {
					return err
				}
			}
			return nil
		}
	}, prep: func(int) {
		for _, p := range paths {
			if cold {
				evict(p)
			}
		}
	}}
	return append(ways, ours)
}

func fileReads() []way {
	var ways []way
	for _, f := range filers {
		open := func(tb testing.TB) *sql.DB {
			db := f.one(tb, plainFiles(tb, 1)[0], "normal")
			tb.Cleanup(func() { db.Close() })
			return db
		}
		ways = append(ways,
			way{name: f.name, open: func(tb testing.TB) func(int) error {
				db := open(tb)
				return shared(1, func() error { return readPlain(db, rand.IntN(1000)) })
			}},
			way{name: f.name + "_tx", open: func(tb testing.TB) func(int) error {
				db := open(tb)
				return shared(1, func() error {
					tx, err := db.Begin()
					if err != nil {
						return err
					}
					id, n := rand.IntN(1000), 0
					if err := checkDoc(id, &n, tx.QueryRow(selectDoc, id).Scan(&n)); err != nil {
						return err
					}
					return tx.Commit()
				})
			}},
			// The floor: the statement is compiled once, and there is no transaction.
			way{name: f.name + "_prepared", open: func(tb testing.TB) func(int) error {
				s, err := open(tb).Prepare(selectDoc)
				if err != nil {
					tb.Fatal(err)
				}
				return shared(1, func() error {
					id, n := rand.IntN(1000), 0
					return checkDoc(id, &n, s.QueryRow(id).Scan(&n))
				})
			}})
	}
	return append(ways, way{name: "ours", vs: []string{"plain_modernc", "plain_modernc_tx", "plain_modernc_prepared"}, open: func(tb testing.TB) func(int) error {
		dir, ctxs := ourFiles(tb, 1, sqlite.Options{})
		open := openFiles(tb, dir, sqlite.Options{})
		tb.Cleanup(func() { open.Close() })
		db := open.TenantDB()
		return shared(1, func() error { return readOurs(ctxs[0], db, rand.IntN(1000)) })
	}})
}
