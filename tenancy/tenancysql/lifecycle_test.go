package tenancysql_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenancysql"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

var acme = tenancy.MustParseID("acme")

func TestATenantLivesItsLifeInRealDatabases(t *testing.T) {
	t.Parallel()
	for name, open := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			p := open(t)
			s, host := p.store, p.host
			l := &tenancy.Lifecycle{Store: s, Shards: []tenancy.Shard{{Name: "s1", Region: "eu", Host: host}}}
			is := func(want tenancy.State) func(tenancy.Tenant, error) {
				return func(e tenancy.Tenant, err error) {
					t.Helper()
					require.NoError(t, err)
					require.Equal(t, want, e.State)
					got, err := s.Lookup(ctx, acme)
					require.NoError(t, err)
					require.Equal(t, e, got)
					_, err = write(ctx, p.db)
					require.ErrorIs(t, err, want.CanWrite(), "the database says so too")
				}
			}
			for range 2 {
				is(tenancy.Active)(l.Provision(ctx, acme, "eu"))
			}
			for range 2 {
				is(tenancy.Suspended)(l.Suspend(ctx, acme))
			}
			is(tenancy.Exporting)(l.BeginExport(ctx, acme))
			is(tenancy.Suspended)(l.EndExport(ctx, acme))
			is(tenancy.Active)(l.Resume(ctx, acme))
			n, err := write(ctx, p.db)
			require.NoError(t, err)
			require.Equal(t, int64(3), n, "written while it was active, twice provisioned and once resumed")
			_, err = l.Purge(ctx, acme)
			require.ErrorIs(t, err, tenancy.ErrState)
			is(tenancy.Exporting)(l.BeginExport(ctx, acme))
			crash := errors.New("crash")
			l.BeforePurge = func(context.Context, tenancy.Tenant) error { return crash }
			_, err = l.Purge(ctx, acme)
			require.ErrorIs(t, err, crash)
			l.BeforePurge = nil
			first, err := l.Purge(ctx, acme)
			require.NoError(t, err)
			require.Equal(t, acme, first.Tenant)
			_, err = write(ctx, p.db)
			require.ErrorIs(t, err, tenancy.ErrPurged)
			again, err := l.Purge(ctx, acme)
			require.NoError(t, err)
			require.WithinDuration(t, first.PurgedAt, again.PurgedAt, 0)
			_, err = l.Provision(ctx, acme, "eu")
			require.ErrorIs(t, err, tenancy.ErrPurged)
			require.ErrorIs(t, host.Provision(ctx, tenancy.Tenant{ID: acme, State: tenancy.Active, Region: "eu", Epoch: 9,
				ChangedAt: time.Now().Add(time.Hour)}), tenancy.ErrPurged, "the host knows it too")
		})
	}
}

func TestAStoreJoinsTheSystemTransactionOfItsContext(t *testing.T) {
	t.Parallel()
	db := tenantdb.New(openSQLite(t, t.TempDir(), sqlite.Options{SystemMigrations: directoryMigrations(t)}))
	s, err := tenancysql.Open(t.Context(), db)
	require.NoError(t, err)
	oops := errors.New("oops")
	err = db.System(t.Context(), "test", func(ctx context.Context, _ *sqlx.Tx) error {
		e, err := s.Create(ctx, tenancy.Tenant{ID: acme})
		require.NoError(t, err)
		_, err = s.Transition(ctx, e, tenancy.Active)
		require.NoError(t, err)
		_, err = s.Lookup(ctx, acme)
		require.NoError(t, err)
		return oops
	})
	require.ErrorIs(t, err, oops)
	_, err = s.Lookup(t.Context(), acme)
	require.ErrorIs(t, err, tenancy.ErrUnknownTenant)
}

func TestAHostRefusesADecisionOlderThanTheOneItHolds(t *testing.T) {
	t.Parallel()
	for name, open := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refusesAnOlderDecision(t, open(t))
		})
	}
}

func refusesAnOlderDecision(t *testing.T, p place) {
	ctx := t.Context()
	e, err := p.store.Create(ctx, tenancy.Tenant{ID: acme, Region: "eu", Shard: "s1"})
	require.NoError(t, err)
	require.NoError(t, p.host.Provision(ctx, e))
	old, err := p.store.Transition(ctx, e, tenancy.Active)
	require.NoError(t, err)
	now, err := p.store.Transition(ctx, old, tenancy.Suspended)
	require.NoError(t, err)
	require.NoError(t, p.host.SetState(ctx, now))
	require.ErrorIs(t, p.host.SetState(ctx, old), tenancy.ErrState)
	require.ErrorIs(t, p.host.Provision(ctx, old), tenancy.ErrState)
	_, err = write(ctx, p.db)
	require.ErrorIs(t, err, tenancy.ErrNotActive)
	require.NoError(t, p.host.SetState(ctx, now), "and takes the same one again")
}

// write adds a row of acme's.
func write(ctx context.Context, db *tenantdb.DB) (n int64, err error) {
	err = db.Tx(tenancy.With(ctx, acme), func(ctx context.Context, tx *sqlx.Tx) error {
		if err := tx.GetContext(ctx, &n, `SELECT count(*) FROM note`); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, tx.Rebind(`INSERT INTO note (id) VALUES (?)`), n)
		return err
	})
	return n, err
}

// A wall clock that goes back, or stands still, does not make a later decision look like an earlier one.
func TestDecisionsStayInOrderWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	db := openSQLite(t, t.TempDir(), sqlite.Options{SystemMigrations: directoryMigrations(t), Clock: func() time.Time { return now }})
	s, err := tenancysql.Open(t.Context(), tenantdb.New(db))
	require.NoError(t, err)
	e, err := s.Create(t.Context(), tenancy.Tenant{ID: acme})
	require.NoError(t, err)
	require.Equal(t, now, e.CreatedAt)
	for i := range 3 {
		now = now.Add(-time.Hour)
		e, err = s.Claim(t.Context(), e)
		require.NoError(t, err)
		require.Equal(t, e.CreatedAt.Add(time.Duration(i+1)*time.Microsecond), e.ChangedAt)
	}
	now = now.Add(24 * time.Hour)
	e, err = s.Claim(t.Context(), e)
	require.NoError(t, err)
	require.Equal(t, now, e.ChangedAt)
}

func TestARefusalDoesNotDoomTheTransactionThatItJoined(t *testing.T) {
	t.Parallel()
	for name, open := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, ctx, id := open(t), t.Context(), tenancy.MustParseID("a")
			require.NoError(t, p.db.System(ctx, "find or make", func(ctx context.Context, _ *sqlx.Tx) error {
				_, err := p.store.Lookup(ctx, id)
				require.ErrorIs(t, err, tenancy.ErrUnknownTenant)
				made, err := p.store.Create(ctx, tenancy.Tenant{ID: id})
				require.NoError(t, err)
				_, err = p.store.Create(ctx, tenancy.Tenant{ID: id})
				require.ErrorIs(t, err, tenancy.ErrExists)
				_, err = p.store.Transition(ctx, made, tenancy.Purged)
				require.ErrorIs(t, err, tenancy.ErrState)
				return nil
			}))
			_, err := p.store.Lookup(ctx, id)
			require.NoError(t, err)
		})
	}
}
