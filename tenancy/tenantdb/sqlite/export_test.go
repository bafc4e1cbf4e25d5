package sqlite_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// Each transaction writes a pair of rows; a snapshot taken while it runs must hold whole pairs.
func TestAnExportIsOneMomentWhileWritersRun(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	db := open(t, dir, sqlite.Options{Migrations: notes, Sync: sqlite.SyncNormal})
	provision(t, db, acme)
	tdb := db.TenantDB()
	var stop atomic.Bool
	done := make(chan error, 1)
	written := make(chan struct{}, 1)
	go func() {
		for i := 0; !stop.Load(); i++ {
			err := tdb.Tx(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
				for _, half := range []string{"left", "right"} {
					if _, err := tx.ExecContext(ctx, "INSERT INTO note (body) VALUES (printf('%s %d %.2000c', ?, ?, 'x'))", half, i); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				done <- err
				return
			}
			select {
			case written <- struct{}{}:
			default:
			}
		}
		done <- nil
	}()
	last := -1
	for range 5 {
		<-written
		<-written
		var buf bytes.Buffer
		s, err := db.Export(context.Background(), acme, &buf)
		require.NoError(t, err)
		require.Equal(t, acme, s.Tenant)
		require.EqualValues(t, 1, s.Epoch)
		require.EqualValues(t, buf.Len(), s.Bytes)
		sum := sha256.Sum256(buf.Bytes())
		require.Equal(t, hex.EncodeToString(sum[:]), s.SHA256)
		all, odd := pairs(t, buf.Bytes())
		require.Zero(t, odd, "half a transaction is in the snapshot")
		require.Greater(t, all, last)
		last = all
	}
	stop.Store(true)
	require.NoError(t, <-done)
	for _, f := range filesIn(t, dir) {
		require.NotEqual(t, ".tmp", filepath.Ext(f), "an export left its copy behind")
	}
}

// pairs reads a snapshot with a plain driver: how many rows it has, and how many lack their half.
func pairs(t *testing.T, snapshot []byte) (all, odd int) {
	t.Helper()
	f := filepath.Join(tempDir(t), "s.db")
	require.NoError(t, os.WriteFile(f, snapshot, 0o600))
	db, err := sql.Open("sqlite", "file:"+f+"?mode=ro&immutable=1")
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.QueryRow("SELECT count(*), sum(body LIKE 'left%') <> sum(body LIKE 'right%') FROM note").Scan(&all, &odd))
	return all, odd
}

func export(t *testing.T, db *sqlite.DB, id tenancy.ID) []byte {
	t.Helper()
	var buf bytes.Buffer
	_, err := db.Export(context.Background(), id, &buf)
	require.NoError(t, err)
	return buf.Bytes()
}

func TestAnExportHoldsNothingThatWasDeleted(t *testing.T) {
	t.Parallel()
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes})
	provision(t, db, acme)
	require.NoError(t, exec(db, acme, "INSERT INTO note (body) VALUES (?), ('stays'), (?)", canary, canary))
	require.Contains(t, string(export(t, db, acme)), canary)
	require.NoError(t, exec(db, acme, "DELETE FROM note WHERE id = 1; UPDATE note SET body = 'changed' WHERE id = 3"))
	require.NotContains(t, string(export(t, db, acme)), canary)
}

func TestRestorePutsASnapshotBackWhole(t *testing.T) {
	t.Parallel()
	dir, ctx := tempDir(t), context.Background()
	db := open(t, dir, sqlite.Options{Migrations: notes})
	warm := open(t, dir, sqlite.Options{Migrations: notes}) // another process, which has the file open
	provision(t, db, acme, globex)
	require.NoError(t, exec(db, acme, "INSERT INTO note (body) VALUES ('before')"))
	snapshot := export(t, db, acme)
	require.NoError(t, exec(db, acme, "DELETE FROM note; INSERT INTO note (body) VALUES ('after')"))
	require.Equal(t, []string{"after"}, bodies(t, warm, acme))

	active := tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 1}
	require.ErrorIs(t, db.Restore(ctx, active, bytes.NewReader(snapshot)), tenancy.ErrState, "in use")
	set(t, db, tenancy.Suspended)
	require.NoError(t, db.Restore(ctx, active, bytes.NewReader(snapshot)))
	require.Equal(t, []string{"before"}, bodies(t, db, acme))
	require.Equal(t, []string{"before"}, bodies(t, warm, acme))
	require.NoError(t, exec(warm, acme, "INSERT INTO note (body) VALUES ('and on')"))
	require.Equal(t, []string{"before", "and on"}, bodies(t, db, acme))

	// To a machine where the tenant does not live yet, and which is a migration ahead.
	elsewhere := open(t, tempDir(t), sqlite.Options{Region: "eu", Migrations: append(notes[:1:1], sqlite.Migration{ID: "test/2", SQL: "ALTER TABLE note ADD COLUMN more TEXT"})})
	require.NoError(t, elsewhere.Restore(ctx, tenancy.Tenant{ID: acme, State: tenancy.Active, Region: "eu", Epoch: 7}, bytes.NewReader(snapshot)))
	require.NoError(t, exec(elsewhere, acme, "UPDATE note SET more = 'x'"))
	_, err := elsewhere.Begin(ctx, tenantdb.Scope{Tenant: acme, Epoch: 6}, tenantdb.TxOptions{})
	require.ErrorIs(t, err, tenancy.ErrStaleEpoch)
}

func TestRestoreRefusesWhatIsNotTheTenantsSnapshot(t *testing.T) {
	t.Parallel()
	dir, ctx := tempDir(t), context.Background()
	db := open(t, dir, sqlite.Options{Migrations: notes})
	provision(t, db, acme, globex)
	require.NoError(t, exec(db, acme, "INSERT INTO note (body) VALUES ('stays')"))
	good := export(t, db, acme)
	boom := errors.New("boom")
	newer := open(t, tempDir(t), sqlite.Options{Migrations: append(notes[:1:1], sqlite.Migration{ID: "test/2", SQL: "CREATE TABLE x (a)"})})
	provision(t, newer, acme)
	for name, c := range map[string]struct {
		snapshot []byte
		want     error
	}{
		"another tenant's":    {export(t, db, globex), sqlite.ErrCorrupt},
		"nothing":             {nil, sqlite.ErrCorrupt},
		"not a database":      {bytes.Repeat([]byte("x"), 10000), sqlite.ErrCorrupt},
		"cut short":           {good[:8192], sqlite.ErrCorrupt},
		"another program's":   {foreign(t), sqlite.ErrCorrupt},
		"of a newer program":  {export(t, newer, acme), tenantdb.ErrSchema},
		"with a trigger":      {altered(t, good, "CREATE TRIGGER g AFTER UPDATE ON tenancy_file BEGIN UPDATE tenancy_file SET state = 'active'; END"), sqlite.ErrCorrupt},
		"with a view instead": {altered(t, good, "ALTER TABLE tenancy_file RENAME TO f; CREATE VIEW tenancy_file AS SELECT * FROM f"), sqlite.ErrCorrupt},
		"bad index":           {altered(t, good, "CREATE INDEX i ON note (body); PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON note (id)' WHERE name = 'i'"), sqlite.ErrCorrupt},
	} {
		for _, dst := range []*sqlite.DB{db, open(t, tempDir(t), sqlite.Options{Migrations: notes})} {
			if dst == db {
				set(t, db, tenancy.Suspended)
			}
			err := dst.Restore(ctx, tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 1}, bytes.NewReader(c.snapshot))
			require.ErrorIs(t, err, c.want, name)
			if dst == db {
				set(t, db, tenancy.Active)
				require.Equal(t, []string{"stays"}, bodies(t, db, acme), name)
			}
		}
	}
	set(t, db, tenancy.Suspended)
	require.ErrorIs(t, db.Restore(ctx, tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 1}, failing{boom}), boom)
	for _, f := range filesIn(t, dir) {
		require.NotEqual(t, ".tmp", filepath.Ext(f), "a failed restore left its copy behind")
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// altered runs statements on a snapshot with a plain driver.
func altered(t *testing.T, snapshot []byte, query string) []byte {
	t.Helper()
	f := filepath.Join(tempDir(t), "s.db")
	require.NoError(t, os.WriteFile(f, snapshot, 0o600))
	db, err := sql.Open("sqlite", "file:"+f)
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	_, err = db.Exec(query)
	require.NoError(t, err, query)
	require.NoError(t, db.Close())
	b, err := os.ReadFile(f)
	require.NoError(t, err)
	return b
}

func TestAnExportStopsWithItsContext(t *testing.T) {
	t.Parallel()
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes})
	provision(t, db, acme)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := db.Export(ctx, acme, &bytes.Buffer{})
	require.ErrorIs(t, err, context.Canceled)
	_, err = db.Export(context.Background(), acme, writerFunc(func([]byte) (int, error) { return 0, fmt.Errorf("disk is full") }))
	require.ErrorContains(t, err, "disk is full")
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestATenantBeingPurgedIsNeitherExportedNorRestored(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes})
	provision(t, db, acme)
	snapshot := export(t, db, acme)
	set(t, db, tenancy.Purging) // as Lifecycle.Purge does, well before it calls Purge
	var out bytes.Buffer
	_, err := db.Export(ctx, acme, &out)
	require.ErrorIs(t, err, tenancy.ErrPurged)
	require.Zero(t, out.Len())
	later := tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 2, ChangedAt: time.Now().Add(time.Hour)}
	require.ErrorIs(t, db.Restore(ctx, later, bytes.NewReader(snapshot)), tenancy.ErrPurged)
	read, _ := tries(db)
	require.ErrorIs(t, read, tenancy.ErrPurged)
}

// A decision that is newer than the restore's holds, whichever of the two comes first.
func TestARestoreDoesNotUndoALaterDecision(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), tempDir(t)
	here := open(t, dir, sqlite.Options{Migrations: notes})
	elsewhere := open(t, dir, sqlite.Options{Migrations: notes}) // another process
	provision(t, here, acme)
	snapshot := export(t, here, acme)
	at := func(state tenancy.State, n int) tenancy.Tenant {
		return tenancy.Tenant{ID: acme, State: state, Epoch: 1, ChangedAt: time.UnixMicro(int64(n))}
	}
	for i := range 30 {
		n := 1000 + 10*i
		require.NoError(t, here.SetState(ctx, at(tenancy.Suspended, n)))
		decider := []*sqlite.DB{here, elsewhere}[i%2]
		restored := make(chan error, 1)
		go func() { restored <- here.Restore(ctx, at(tenancy.Suspended, n+1), bytes.NewReader(snapshot)) }()
		err := tenancy.ErrNotActive // what a tenant that is being restored answers
		for errors.Is(err, tenancy.ErrNotActive) || errors.Is(err, tenantdb.ErrConflict) {
			err = decider.SetState(ctx, at(tenancy.Active, n+2))
		}
		require.NoError(t, err)
		if err := <-restored; err != nil {
			require.True(t, errors.Is(err, tenancy.ErrState) || errors.Is(err, tenantdb.ErrConflict), err)
		}
		require.NoError(t, exec(elsewhere, acme, "DELETE FROM note"), "the tenant was opened after it was restored")
	}
}
