package sqlite_test

import (
	"os"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
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
