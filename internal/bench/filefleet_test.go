package bench

import (
	"container/list"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
)

var fleetFiles = flag.Int("files", 2000, "tenant files of the workloads over a fleet of them")

// Workload L, skewed access: many tenants' files, a tenth of which may be open, one read per access, the
// tenants drawn from a Zipf distribution (s = 1.1), by 2 workers.
func BenchmarkFileZipf(b *testing.B) { compare(b, fileZipf(*fleetFiles), nil) }

// Workload M, migration: one column, one index and the version, in one transaction a file, over the fleet's
// files. One operation is the whole fleet.
func BenchmarkFileMigrate(b *testing.B) { compare(b, fileMigrations(*fleetFiles/4), nil) }

func TestEveryFilerServesAFleet(t *testing.T) {
	checkWays(t, fileZipf(30))
	checkWays(t, fileMigrations(2))
}

func fileZipf(files int) []way {
	const workers = 2
	pick := func() func() int {
		var mu sync.Mutex
		z := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.1, 1, uint64(files-1))
		return func() int {
			mu.Lock()
			defer mu.Unlock()
			return int(z.Uint64())
		}
	}
	var ways []way
	for _, f := range filers {
		ways = append(ways, way{name: f.name + "_lru", open: func(tb testing.TB) func(int) error {
			paths, tenant := plainFiles(tb, files), pick()
			c := &plainLRU{max: files / 10, m: map[int]*list.Element{}, open: func(i int) *sql.DB { return f.one(tb, paths[i], "normal") }}
			tb.Cleanup(c.close)
			return shared(workers, func() error {
				return c.use(tenant(), func(db *sql.DB) error { return readPlain(db, rand.IntN(1000)) })
			})
		}})
	}
	return append(ways, way{name: "ours", vs: []string{"plain_modernc_lru"}, open: func(tb testing.TB) func(int) error {
		o := sqlite.Options{MaxOpen: files / 10, Sync: sqlite.SyncNormal}
		dir, ctxs := ourFiles(tb, files, o)
		open, tenant := openFiles(tb, dir, o), pick()
		tb.Cleanup(func() { open.Close() })
		db := open.TenantDB()
		return shared(workers, func() error { return readOurs(ctxs[tenant()], db, rand.IntN(1000)) })
	}})
}

// plainLRU is what one writes in an afternoon: it opens files under its lock, and never closes one in use.
type plainLRU struct {
	mu   sync.Mutex
	max  int
	open func(int) *sql.DB
	m    map[int]*list.Element
	l    list.List
}

type plainEntry struct {
	id, uses int
	db       *sql.DB
}

func (c *plainLRU) use(id int, f func(*sql.DB) error) error {
	c.mu.Lock()
	el := c.m[id]
	if el == nil {
		for x := c.l.Back(); x != nil && c.l.Len() >= c.max; {
			old := x
			x = x.Prev()
			if e := old.Value.(*plainEntry); e.uses == 0 {
				c.l.Remove(old)
				delete(c.m, e.id)
				e.db.Close()
			}
		}
		el = c.l.PushFront(&plainEntry{id: id, db: c.open(id)})
		c.m[id] = el
	}
	c.l.MoveToFront(el)
	e := el.Value.(*plainEntry)
	e.uses++
	c.mu.Unlock()
	err := f(e.db)
	c.mu.Lock()
	e.uses--
	c.mu.Unlock()
	return err
}

func (c *plainLRU) close() {
	for x := c.l.Front(); x != nil; x = x.Next() {
		x.Value.(*plainEntry).db.Close()
	}
}

func fileMigrations(files int) []way {
	step := func(v int) string {
		return fmt.Sprintf("ALTER TABLE ev ADD COLUMN c%d TEXT; CREATE INDEX ev_c%d ON ev (c%d)", v, v, v)
	}
	perSecond := func(ns float64) (string, float64) { return "files/s", float64(files) / ns * 1e9 }
	var ways []way
	for _, f := range filers {
		ways = append(ways, way{name: f.name, also: perSecond, open: func(tb testing.TB) func(int) error {
			paths, v := plainFiles(tb, files), 0
			return shared(1, func() error {
				v++
				var mu sync.Mutex
				next := -1
				return shared(4, func() error {
					mu.Lock()
					next++
					path := paths[next]
					mu.Unlock()
					db := f.one(tb, path, "normal")
					_, err := db.Exec(fmt.Sprintf("BEGIN IMMEDIATE; %s; PRAGMA user_version = %d; COMMIT", step(v), v))
					if cerr := db.Close(); err == nil {
						err = cerr
					}
					return err
				})(files)
			})
		}})
	}
	for _, sync := range []sqlite.Sync{sqlite.SyncNormal, sqlite.SyncFull} {
		name := "ours"
		if sync == sqlite.SyncFull {
			name = "ours_full_sync"
		}
		ways = append(ways, way{name: name, vs: []string{"plain_modernc"}, also: perSecond, open: func(tb testing.TB) func(int) error {
			dir, _ := ourFiles(tb, files, sqlite.Options{Sync: sync})
			var steps []sqlite.Migration
			return shared(1, func() error {
				v := len(steps) + 1
				steps = append(steps, sqlite.Migration{ID: fmt.Sprintf("bench/%04d", v+1), SQL: step(v)})
				db := openFiles(tb, dir, sqlite.Options{Sync: sync, Migrations: steps})
				defer db.Close()
				return db.Migrate(context.Background(), 4, nil)
			})
		}})
	}
	return ways
}
