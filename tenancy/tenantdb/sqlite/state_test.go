package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

func set(tb testing.TB, db *sqlite.DB, s tenancy.State) {
	tb.Helper()
	require.NoError(tb, db.SetState(context.Background(), tenancy.Tenant{ID: acme, State: s, Epoch: 1}))
}

func tries(db *sqlite.DB) (read, write error) {
	return db.TenantDB().Read(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
		var n int
		return tx.GetContext(ctx, &n, "SELECT count(*) FROM note")
	}), exec(db, acme, "INSERT INTO note (body) VALUES ('x')")
}

// The state is enforced by the file: at once, also for another process that has it open and warm. A
// second DB of this process stands for one; it shares nothing with the first but the files.
func TestStatesAreEnforcedAtOnceByEveryProcess(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	db := open(t, dir, sqlite.Options{Migrations: notes})
	other := open(t, dir, sqlite.Options{Migrations: notes})
	provision(t, db, acme)
	for range 2 {
		for _, c := range []struct {
			state       tenancy.State
			read, write error
		}{
			{tenancy.Active, nil, nil},
			{tenancy.Suspended, tenancy.ErrNotActive, tenancy.ErrNotActive},
			{tenancy.Exporting, nil, tenancy.ErrReadOnly},
			{tenancy.Provisioning, tenancy.ErrNotActive, tenancy.ErrNotActive},
			{tenancy.Moving, nil, tenancy.ErrReadOnly},
		} {
			set(t, db, c.state)
			for _, d := range []*sqlite.DB{db, other} {
				read, write := tries(d)
				require.ErrorIs(t, read, c.read, c.state)
				require.ErrorIs(t, write, c.write, c.state)
			}
		}
		db, other = other, db
	}
}

func TestASuspensionStopsReadersAtTheirNextStatement(t *testing.T) {
	t.Parallel()
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes})
	provision(t, db, acme)
	err := db.TenantDB().Read(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
		var n int
		require.NoError(t, tx.GetContext(ctx, &n, "SELECT count(*) FROM note"))
		prepared, err := tx.PreparexContext(ctx, "SELECT count(*) FROM note")
		require.NoError(t, err)
		set(t, db, tenancy.Suspended)
		require.ErrorIs(t, prepared.GetContext(ctx, &n), tenancy.ErrNotActive)
		return tx.GetContext(ctx, &n, "SELECT count(*) FROM note")
	})
	require.ErrorIs(t, err, tenancy.ErrNotActive)
}

func TestASuspensionWaitsForTheWriter(t *testing.T) {
	t.Parallel()
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes})
	provision(t, db, acme)
	writing, finish := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- db.TenantDB().Tx(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
			close(writing)
			<-finish
			_, err := tx.ExecContext(ctx, "INSERT INTO note (body) VALUES ('x')")
			return err
		})
	}()
	<-writing
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, db.SetState(ctx, tenancy.Tenant{ID: acme, State: tenancy.Suspended, Epoch: 1}), tenantdb.ErrPoolFull)
	close(finish)
	require.NoError(t, <-done)
	set(t, db, tenancy.Suspended)
}

func TestAnotherEpochOrRegionIsRefused(t *testing.T) {
	t.Parallel()
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes, Region: "eu"})
	ctx := context.Background()
	require.NoError(t, db.Provision(ctx, tenancy.Tenant{ID: acme, State: tenancy.Active, Region: "eu", Epoch: 2}))
	require.ErrorIs(t, db.Provision(ctx, tenancy.Tenant{ID: globex, State: tenancy.Active, Region: "au", Epoch: 1}), tenancy.ErrWrongRegion)
	for epoch, want := range map[int64]error{0: nil, 1: tenancy.ErrStaleEpoch, 2: nil, 3: tenancy.ErrStaleEpoch} {
		for _, ro := range []bool{true, false} {
			b, err := db.Begin(ctx, tenantdb.Scope{Tenant: acme, Epoch: epoch}, tenantdb.TxOptions{ReadOnly: ro})
			if err == nil {
				require.NoError(t, b.Tx.Rollback())
			}
			require.ErrorIs(t, err, want)
		}
	}
	for _, epoch := range []int64{1, 3} {
		require.ErrorIs(t, db.SetState(ctx, tenancy.Tenant{ID: acme, State: tenancy.Suspended, Epoch: epoch}), tenancy.ErrStaleEpoch)
	}
	require.ErrorIs(t, db.Provision(ctx, tenancy.Tenant{ID: acme, State: tenancy.Active, Region: "eu", Epoch: 1}), tenancy.ErrStaleEpoch)
	require.NoError(t, db.Provision(ctx, tenancy.Tenant{ID: acme, State: tenancy.Active, Region: "eu", Epoch: 3}))
	_, err := db.Begin(ctx, tenantdb.Scope{Tenant: acme, Epoch: 2}, tenantdb.TxOptions{})
	require.ErrorIs(t, err, tenancy.ErrStaleEpoch)
}

func TestALateDecisionDoesNotUndoALaterOne(t *testing.T) {
	t.Parallel()
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes})
	ctx, at := context.Background(), time.Unix(1000, 0)
	require.NoError(t, db.Provision(ctx, tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 1, ChangedAt: at}))
	suspend := tenancy.Tenant{ID: acme, State: tenancy.Suspended, Epoch: 1, ChangedAt: at.Add(2)}
	suspend.ChangedAt = at.Add(2 * time.Microsecond)
	require.NoError(t, db.SetState(ctx, suspend))
	require.NoError(t, db.SetState(ctx, suspend), "again")
	late := tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 1, ChangedAt: at.Add(time.Microsecond)}
	require.ErrorIs(t, db.SetState(ctx, late), tenancy.ErrState)
	require.ErrorIs(t, db.Provision(ctx, late), tenancy.ErrState)
	_, err := db.Purge(ctx, late)
	require.ErrorIs(t, err, tenancy.ErrState)
	read, _ := tries(db)
	require.ErrorIs(t, read, tenancy.ErrNotActive)
	require.ErrorIs(t, db.SetState(ctx, tenancy.Tenant{ID: acme, State: "gone"}), tenancy.ErrState)
	require.ErrorIs(t, db.SetState(ctx, tenancy.Tenant{State: tenancy.Active}), tenancy.ErrNoTenant)
}

// What the file says counts, not what it said when it was opened.
func TestAFileThatChangesUnderAnOpenHandleIsRefused(t *testing.T) {
	t.Parallel()
	for column, want := range map[string]error{
		"tenant = 'globex'":    sqlite.ErrCorrupt,
		"region = 'elsewhere'": tenancy.ErrWrongRegion,
		"state = 'suspended'":  tenancy.ErrNotActive,
		"state = 'nonsense'":   tenancy.ErrNotActive,
		"schema = 'other'":     tenantdb.ErrSchema,
	} {
		dir := tempDir(t)
		db := open(t, dir, sqlite.Options{Migrations: notes, Region: "eu"})
		provision(t, db, acme)
		read, write := tries(db)
		require.NoError(t, errors.Join(read, write))
		outside, err := sql.Open("sqlite", "file:"+only(t, dir))
		require.NoError(t, err)
		_, err = outside.Exec("UPDATE tenancy_file SET version = version + 1, " + column)
		require.NoError(t, err)
		require.NoError(t, outside.Close())
		read, write = tries(db)
		require.ErrorIs(t, read, want, column)
		require.ErrorIs(t, write, want, column)
	}
}
