package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	_ "modernc.org/sqlite"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		child(dir) // see crash_test.go
	}
	goleak.VerifyTestMain(m)
}

func open(tb testing.TB, dir string, opts sqlite.Options) *sqlite.DB {
	tb.Helper()
	db, err := sqlite.Open(dir, opts)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, db.Close()) })
	return db
}

// tempDir is a folder in memory where there is one: most tests are about what is kept, few about
// whether the disk keeps it, and syncing takes most of their time.
func tempDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "bailiwick-*")
	if err != nil {
		return tb.TempDir()
	}
	tb.Cleanup(func() { require.NoError(tb, os.RemoveAll(dir)) })
	return dir
}

// plain is the driver as anybody uses it: one file, no isolation.
func plain(tb testing.TB) *sql.DB {
	tb.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(tb.TempDir(), "plain.db")+"?_pragma=journal_mode(wal)&_pragma=foreign_keys(1)&_busy_timeout=5000")
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, db.Close()) })
	db.SetMaxOpenConns(1)
	_, err = db.Exec(docs[0].SQL)
	require.NoError(tb, err)
	return db
}

// docs is a schema with something in it: about 165 KB a tenant.
var docs = []sqlite.Migration{{ID: "docs/1", SQL: `
	CREATE TABLE docs (id INTEGER PRIMARY KEY, body TEXT NOT NULL, n INT NOT NULL);
	CREATE INDEX docs_n ON docs (n);
	CREATE TABLE ev (id INTEGER PRIMARY KEY, at TEXT, v TEXT);
	WITH RECURSIVE s(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i < 999) INSERT INTO docs SELECT i, printf('%.100c', 'x'), i % 97 FROM s;`}}
