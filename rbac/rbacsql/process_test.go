package rbacsql_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/rbacsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

var errUndo = errors.New("undo")

// A part of the application's transaction that is undone takes its version with it, and the rest goes on.
func TestASavepointThatIsUndoneTakesItsVersionWithIt(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		ctx, s := w.Tenant(t), storeIn(t, w)
		told := []string{}
		require.NoError(t, w.DB.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
			for want := range int64(2) {
				v, _, err := s.Advance(ctx)
				require.NoError(t, err)
				require.Equal(t, want+1, v)
				require.ErrorIs(t, w.DB.Savepoint(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
					inner, _, err := s.Advance(ctx)
					require.NoError(t, err)
					require.Equal(t, v+1, inner)
					require.NoError(t, s.PutMember(ctx, member(inner, "eve", rbac.Active)))
					s.Committed(ctx, func() { told = append(told, "eve") })
					return errUndo
				}), errUndo)
				// What the store refuses is undone with it too, on Postgres as well, where an error ends a transaction.
				require.ErrorIs(t, w.DB.Savepoint(ctx, func(ctx context.Context, _ *sqlx.Tx) error { return s.PutMember(ctx, member(99, "eve", rbac.Active)) }), rbac.ErrRefused)
				require.NoError(t, s.PutMember(ctx, member(v, "ann", rbac.Active)))
				s.Committed(ctx, func() { told = append(told, "ann") })
			}
			return nil
		}))
		require.Equal(t, []string{"ann", "ann"}, told)
		c, err := s.Changes(ctx, 0)
		require.NoError(t, err)
		require.Equal(t, int64(2), c.Version)
		require.Equal(t, []rbac.MemberRow{member(2, "ann", rbac.Active)}, c.Members)
	})
}

// The rules commit with the application's own rows or not at all.
func TestRulesCommitWithTheApplicationsTransaction(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		ctx, s := w.Tenant(t), storeIn(t, w)
		require.ErrorIs(t, w.DB.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
			require.True(t, s.InTx(ctx))
			filled(t, ctx, s)
			return errUndo
		}), errUndo)
		require.Empty(t, kept.Dump(t, ctx, w.DB))
		require.NoError(t, w.DB.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error { filled(t, ctx, s); return nil }))
		require.NotEmpty(t, kept.Dump(t, ctx, w.DB))
	})
}

// In a transaction of the strictest kind it is the same.
func TestAdvanceWaitsAtEveryIsolation(t *testing.T) {
	t.Parallel()
	w := tables.OnPostgres(t)
	ctx := w.Tenant(t)
	const each = 8
	stores := []*rbacsql.Store{storeIn(t, w), storeIn(t, w.Process(t))}
	worlds := []*door.World{w, w.Process(t)}
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() {
			s := storeIn(t, worlds[i%2])
			for range each {
				err := worlds[i%2].DB.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error { _, err := changeAll(ctx, s); return err },
					tenantdb.Isolation([]sql.IsolationLevel{sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable}[i%3]), tenantdb.Retry(1000))
				errs[i] = errors.Join(errs[i], err)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	c := copied{members: map[string]rbac.MemberRow{}}
	require.NoError(t, c.follow(ctx, stores[0]))
	require.Equal(t, int64(len(errs)*each), c.version)
}

func TestATenantTheDatabaseRefusesHasNoRules(t *testing.T) {
	tables.OnBoth(t, func(t *testing.T, w *door.World) {
		s, ctx := storeIn(t, w), tenancy.With(t.Context(), tenancy.NewID())
		_, err := s.Changes(ctx, 0)
		require.ErrorIs(t, err, tenancy.ErrUnknownTenant)
		_, err = changeAll(ctx, s)
		require.ErrorIs(t, err, tenancy.ErrUnknownTenant)
	})
}

func TestADatabaseThatCannotBeReachedIsNotAvailable(t *testing.T) {
	t.Parallel()
	w := tables.OnPostgres(t)
	s, ctx := storeIn(t, w), w.Tenant(t)
	filled(t, ctx, s)
	admin := door.OpenSQL(t, w.PG.Admin.DSN)
	for _, cut := range []string{`ALTER ROLE ` + w.PG.App.Role + ` CONNECTION LIMIT 0`, `ALTER ROLE ` + w.PG.System.Role + ` CONNECTION LIMIT 0`,
		`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN ('` + w.PG.App.Role + `', '` + w.PG.System.Role + `')`} {
		_, err := admin.ExecContext(t.Context(), cut)
		require.NoError(t, err)
	}
	_, err := s.Changes(ctx, 0)
	require.ErrorIs(t, err, rbac.ErrUnavailable)
	_, _, err = s.Version(ctx)
	require.ErrorIs(t, err, rbac.ErrUnavailable)
	_, err = changeAll(ctx, s)
	require.ErrorIs(t, err, rbac.ErrUnavailable)
	_, err = s.Homes(ctx, rbac.HomeOfPerson, "ann")
	require.ErrorIs(t, err, rbac.ErrUnavailable)
}

// Listeners hear of a change when it has been committed, and of nothing else, and not whose it is.
func TestAChangeIsHintedWithItsCommit(t *testing.T) {
	t.Parallel()
	w := tables.OnPostgres(t)
	ctx, s := w.Tenant(t), storeIn(t, w)
	id, err := tenancy.From(ctx)
	require.NoError(t, err)
	require.NotContains(t, rbac.Hint(id), id.String())
	require.Len(t, rbac.Hint(id), 16)
	listening, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	heard, ended := make(chan string, 1000), make(chan error, 1)
	go func() {
		ended <- rbacsql.Hints(w.Host.(*postgres.System))(listening, func(hint string) { heard <- hint })
	}()
	first := w.Tenant(t)
	require.Eventually(t, func() bool { _, err := changeAll(first, s); return err == nil && len(heard) > 0 }, 30*time.Second, 5*time.Millisecond)
	firstID, err := tenancy.From(first)
	require.NoError(t, err)
	require.ErrorIs(t, s.Tx(ctx, func(ctx context.Context) error {
		_, _, err := s.Advance(ctx)
		return errors.Join(err, errUndo)
	}), errUndo)
	require.NoError(t, s.Saw(ctx, []rbac.Use{{Kind: rbac.UseOfPerson, ID: "ann", At: long}}))
	end := w.Tenant(t)
	endID, err := tenancy.From(end)
	require.NoError(t, err)
	require.NoError(t, s.Tx(end, func(ctx context.Context) error { // several are one
		for range 3 {
			if _, _, err := s.Advance(ctx); err != nil {
				return err
			}
		}
		require.Never(t, func() bool { return len(heard) > 0 && <-heard == rbac.Hint(endID) }, 50*time.Millisecond, 5*time.Millisecond, "not before the commit")
		return nil
	}))
	for hint := range heard {
		if hint == rbac.Hint(endID) {
			break
		}
		require.Equal(t, rbac.Hint(firstID), hint)
	}
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	require.Empty(t, heard)
}
