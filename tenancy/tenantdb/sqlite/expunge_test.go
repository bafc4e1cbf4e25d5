package sqlite_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// canaries counts the canaries in all files below dir.
func canaries(t *testing.T, dir string) (n int) {
	t.Helper()
	for _, f := range filesIn(t, dir) {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		n += bytes.Count(b, []byte(canary))
	}
	return n
}

// erased returns an open folder in which a row of acme's has been written and removed again.
func erased(t *testing.T, dir string) *sqlite.DB {
	t.Helper()
	db := open(t, dir, sqlite.Options{Migrations: notes})
	provision(t, db, acme)
	require.NoError(t, exec(db, acme, "INSERT INTO note (body) VALUES (?)", canary))
	require.NoError(t, exec(db, acme, "DELETE FROM note"))
	require.NotZero(t, canaries(t, dir), "seen to look")
	return db
}

func TestWhatWasRemovedIsInNoFileOnceExpunged(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	db := erased(t, dir)
	require.NoError(t, db.TenantDB().Expunge(in(acme)))
	require.Zero(t, canaries(t, dir))
	require.NoError(t, exec(db, acme, "INSERT INTO note (body) VALUES ('after')"))
	require.NoError(t, db.TenantDB().Expunge(in(acme)))
	require.Equal(t, []string{"after"}, bodies(t, db, acme))
}

func TestClosingTheLastProcessEmptiesTheLog(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	db := erased(t, dir)
	require.NoError(t, db.Close())
	require.Zero(t, canaries(t, dir))
	for _, f := range filesIn(t, dir) {
		if strings.HasSuffix(f, "-wal") {
			fi, err := os.Stat(f)
			require.NoError(t, err)
			require.Zero(t, fi.Size())
		}
	}
}

func TestExpungingIsDoneWhenTheReaderInItsWayHasEnded(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	db := open(t, dir, sqlite.Options{Migrations: notes})
	provision(t, db, acme)
	require.NoError(t, exec(db, acme, "INSERT INTO note (body) VALUES (?)", canary))
	require.NoError(t, db.TenantDB().Read(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
		var body string
		require.NoError(t, tx.GetContext(ctx, &body, "SELECT body FROM note"))
		require.NoError(t, exec(db, acme, "DELETE FROM note"))
		require.ErrorIs(t, db.TenantDB().Expunge(in(acme)), tenantdb.ErrConflict)
		require.NotZero(t, canaries(t, dir))
		require.NoError(t, tx.GetContext(ctx, &body, "SELECT body FROM note"))
		require.Equal(t, canary, body, "its snapshot is whole")
		return nil
	}))
	require.Zero(t, canaries(t, dir))
}

func TestOpeningAFileExpungesWhatACrashLeft(t *testing.T) {
	t.Parallel()
	dir, copied := tempDir(t), tempDir(t)
	db := erased(t, dir)
	require.NoError(t, os.CopyFS(filepath.Join(copied, "data"), os.DirFS(dir))) // as it was when a crash would have come
	require.NoError(t, db.Close())
	again := filepath.Join(copied, "data")
	require.NoError(t, filepath.WalkDir(again, func(p string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.Chmod(p, 0o700)
		}
		return os.Chmod(p, 0o600)
	}))
	require.NotZero(t, canaries(t, again))
	db = open(t, again, sqlite.Options{Migrations: notes})
	require.Empty(t, bodies(t, db, acme))
	require.Zero(t, canaries(t, again))
}

func TestExpungeWaitsForNoTransactionItIsMadeIn(t *testing.T) {
	t.Parallel()
	db := erased(t, tempDir(t))
	require.NoError(t, db.TenantDB().Tx(in(acme), func(ctx context.Context, _ *sqlx.Tx) error {
		require.ErrorIs(t, db.TenantDB().Expunge(ctx), tenantdb.ErrSelfWait)
		return nil
	}))
	require.Error(t, db.TenantDB().Expunge(context.Background()), "no tenant")
	require.Error(t, db.TenantDB().Expunge(in(globex)), "not provisioned")
}
