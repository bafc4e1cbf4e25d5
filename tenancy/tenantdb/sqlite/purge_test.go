package sqlite_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

const canary = "canary-5f1c"

func TestPurgeLeavesNothingAndNeverLetsTheTenantBack(t *testing.T) {
	t.Parallel()
	dir, ctx := tempDir(t), context.Background()
	db := open(t, dir, sqlite.Options{Migrations: notes, Shard: "s1"})
	provision(t, db, acme)
	file := only(t, dir)
	provision(t, db, globex)
	require.NoError(t, exec(db, acme, "INSERT INTO note (body) VALUES (?)", canary))
	require.NoError(t, exec(db, globex, "INSERT INTO note (body) VALUES ('stays')"))
	require.NoError(t, os.WriteFile(file+".123.tmp", []byte(canary), 0o600)) // as a crashed export leaves it
	copied, err := os.ReadFile(file)
	require.NoError(t, err)
	wal, err := os.ReadFile(file + "-wal")
	require.NoError(t, err)
	require.Contains(t, string(copied)+string(wal), canary)
	kept, err := os.Open(file) // a descriptor that somebody forgot
	require.NoError(t, err)
	defer kept.Close()

	gone := tenancy.Tenant{ID: acme, State: tenancy.Purging, Epoch: 1}
	_, err = db.Purge(ctx, tenancy.Tenant{ID: acme, Epoch: 2})
	require.ErrorIs(t, err, tenancy.ErrStaleEpoch)
	receipt, err := db.Purge(ctx, gone)
	require.NoError(t, err)
	require.Equal(t, acme, receipt.Tenant)
	require.Equal(t, "s1", receipt.Shard)
	require.Zero(t, receipt.Left)
	require.NotEmpty(t, receipt.Proof)
	require.Positive(t, receipt.Erased[".db"])
	require.Contains(t, receipt.Erased, ".db-wal")

	require.NoError(t, filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		require.NoError(t, err)
		require.False(t, strings.HasPrefix(p, file), p)
		if !e.IsDir() {
			b, err := os.ReadFile(p)
			require.NoError(t, err)
			require.NotContains(t, string(b), canary, p)
		}
		return nil
	}))
	b := make([]byte, len(copied))
	_, err = kept.ReadAt(b, 0)
	require.NoError(t, err)
	require.Equal(t, string(make([]byte, len(copied))), string(b), "an open descriptor still reads the data")

	refused := func(db *sqlite.DB) {
		t.Helper()
		read, write := tries(db)
		require.ErrorIs(t, read, tenancy.ErrPurged)
		require.ErrorIs(t, write, tenancy.ErrPurged)
		require.ErrorIs(t, db.Provision(ctx, tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 2}), tenancy.ErrPurged)
		require.ErrorIs(t, db.SetState(ctx, tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 1}), tenancy.ErrPurged)
		require.ErrorIs(t, db.Restore(ctx, tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 1}, strings.NewReader(string(copied))), tenancy.ErrPurged)
		_, err := db.Export(ctx, acme, nil)
		require.ErrorIs(t, err, tenancy.ErrPurged)
	}
	refused(db)
	again, err := db.Purge(ctx, gone)
	require.NoError(t, err)
	require.Equal(t, receipt, again)
	reopened := open(t, dir, sqlite.Options{Migrations: notes})
	refused(reopened)

	// Somebody puts the file back from a backup.
	require.NoError(t, os.WriteFile(file, copied, 0o600))
	refused(db)
	refused(open(t, dir, sqlite.Options{Migrations: notes}))
	_, err = db.Purge(ctx, gone)
	require.NoError(t, err)
	require.NoFileExists(t, file)
	require.Equal(t, []string{"stays"}, bodies(t, db, globex))
}

func TestPurgeWaitsForTransactionsHereAndElsewhere(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	db := open(t, dir, sqlite.Options{Migrations: notes})
	other := open(t, dir, sqlite.Options{Migrations: notes, IdleClose: 50 * time.Millisecond})
	provision(t, db, acme)
	file := only(t, dir)
	gone := tenancy.Tenant{ID: acme, Epoch: 1}
	finish := map[*sqlite.DB]chan struct{}{db: make(chan struct{}), other: make(chan struct{})}
	done := map[*sqlite.DB]chan error{db: make(chan error, 1), other: make(chan error, 1)}
	for user := range finish {
		reading := make(chan struct{})
		go func() {
			done[user] <- user.TenantDB().Read(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
				var n int
				err := tx.GetContext(ctx, &n, "SELECT count(*) FROM note")
				close(reading)
				<-finish[user]
				return err
			})
		}()
		<-reading
	}
	for _, user := range []*sqlite.DB{db, other} {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		_, err := db.Purge(ctx, gone)
		cancel()
		require.Error(t, err)
		require.True(t, isAny(err, tenantdb.ErrPoolFull, tenantdb.ErrConflict), err)
		require.FileExists(t, file)
		for _, d := range []*sqlite.DB{db, other} {
			read, _ := tries(d)
			require.ErrorIs(t, read, tenancy.ErrPurged, "new work goes on while a purge waits")
		}
		close(finish[user])
		require.NoError(t, <-done[user])
	}
	_, err := db.Purge(context.Background(), gone)
	require.NoError(t, err)
	require.NoFileExists(t, file)
}

func isAny(err error, targets ...error) bool {
	for _, t := range targets {
		if strings.Contains(err.Error(), t.Error()) {
			return true
		}
	}
	return false
}
