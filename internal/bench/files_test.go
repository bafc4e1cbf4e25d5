package bench

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"golang.org/x/sys/unix"
	modernc "modernc.org/sqlite"
)

// The workloads over SQLite files give each tenant one file of about 165 KB: 1,000 rows docs(id, body, n)
// with n = id % 97, and an empty table ev.
const (
	filesSchema = `CREATE TABLE docs (id INTEGER PRIMARY KEY, body TEXT NOT NULL, n INT NOT NULL);
CREATE INDEX docs_n ON docs (n);
CREATE TABLE ev (id INTEGER PRIMARY KEY, at TEXT, v TEXT);
WITH RECURSIVE s (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i < 999)
INSERT INTO docs SELECT i, printf('%.100c', 'x'), i % 97 FROM s;`
	selectDoc = "SELECT n FROM docs WHERE id = ?"
)

// A filer is a peer: a driver and how its users open a file. One connection a file.
type filer struct {
	name string
	open func(path, sync string) (*sql.DB, error)
}

// filers are the peers; with the tag peers, mattn/go-sqlite3 is one.
var filers = []filer{{"plain_modernc", func(path, sync string) (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(wal)&_pragma=synchronous("+sync+")&_pragma=foreign_keys(1)&_txlock=immediate")
}}}

// The driver decides once for the whole process how it locks files, before the first is opened, and ours wants
// locks that outlive a close by other code.
func init() {
	if _, err := modernc.OFDLocking(true); err != nil {
		panic(err)
	}
}

func (f filer) one(tb testing.TB, path, sync string) *sql.DB {
	tb.Helper()
	db, err := f.open(path, sync)
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	return db
}

// folder is a temporary folder without the name of the test in its path, which may hold what a DSN cannot.
func folder(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "bailiwick-bench-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// plainFiles makes n files of the same content and returns their paths.
func plainFiles(tb testing.TB, n int) []string {
	tb.Helper()
	dir := folder(tb)
	first := filepath.Join(dir, "first.db")
	db := filers[0].one(tb, first, "off")
	for _, q := range []string{filesSchema, "PRAGMA wal_checkpoint(truncate)"} {
		if _, err := db.Exec(q); err != nil {
			tb.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
	content, err := os.ReadFile(first)
	if err != nil {
		tb.Fatal(err)
	}
	paths := make([]string, n)
	for i := range paths {
		paths[i] = filepath.Join(dir, fmt.Sprintf("%02x", i%256), fmt.Sprintf("t%06d.db", i))
		if err := os.MkdirAll(filepath.Dir(paths[i]), 0o700); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(paths[i], content, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return paths
}

// ourFiles makes the folder of n tenants and returns it with their contexts.
func ourFiles(tb testing.TB, n int, o sqlite.Options) (dir string, ctxs []context.Context) {
	tb.Helper()
	dir, ctxs = folder(tb), tenantContexts(n)
	db := openFiles(tb, dir, o)
	defer db.Close()
	// Making a file waits for the disk several times.
	err := shared(16, func() func() error {
		var mu sync.Mutex
		next := -1
		return func() error {
			mu.Lock()
			next++
			id, err := tenancy.From(ctxs[next])
			mu.Unlock()
			if err != nil {
				return err
			}
			return db.Provision(context.Background(), tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1})
		}
	}())(n)
	if err != nil {
		tb.Fatal(err)
	}
	return dir, ctxs
}

var filesMigration = sqlite.Migration{ID: "bench/0001", SQL: filesSchema}

func openFiles(tb testing.TB, dir string, o sqlite.Options) *sqlite.DB {
	tb.Helper()
	o.Migrations = append([]sqlite.Migration{filesMigration}, o.Migrations...)
	db, err := sqlite.Open(dir, o)
	if err != nil {
		tb.Fatal(err)
	}
	return db
}

// readPlain and readOurs read one row and check it.
func readPlain(db *sql.DB, id int) error {
	var n int
	return checkDoc(id, &n, db.QueryRow(selectDoc, id).Scan(&n))
}

func checkDoc(id int, n *int, err error) error {
	if err == nil && *n != id%97 {
		err = fmt.Errorf("row %d: n = %d", id, *n)
	}
	return err
}

func readOurs(ctx context.Context, db *tenantdb.DB, id int) error {
	return db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var n int
		return checkDoc(id, &n, tx.QueryRowContext(ctx, selectDoc, id).Scan(&n))
	})
}

// evict takes a file out of the page cache.
func evict(path string) {
	if f, err := os.Open(path); err == nil {
		_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
		f.Close()
	}
}

// tenantFilesIn lists the database files below dir.
func tenantFilesIn(tb testing.TB, dir string) (paths []string) {
	tb.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "tenants", "*", "*.db"))
	if err != nil || len(paths) == 0 {
		tb.Fatal("no files of tenants", err)
	}
	return paths
}
