package supportgrantsql_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

type traceKey struct{}

// Reads that enter in one transaction are each on its own: what undoes one undoes no other, and each has its own context.
func TestReadsThatEnterTogetherStandOrFallAlone(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	fill(t, s.db, s.id, supportgrant.Row{"id": 1, "title": "one", "hidden": false})
	g := live(t, s.ctx, s, asked(time.Hour))
	broken := errors.New("broken")
	const reads = 12
	results, panics := make([]error, reads), make([]any, reads)
	shown := make([]bool, reads)
	readings := make([]supportgrant.Reading, reads)
	gone, cancel := context.WithCancel(s.ctx)
	var wg sync.WaitGroup
	require.NoError(t, s.db.Tx(s.ctx, func(context.Context, *sqlx.Tx) error { // nobody else writes meanwhile
		for i := range reads {
			readings[i] = page(g.ID)
			ctx := context.WithValue(s.ctx, traceKey{}, i)
			if i%4 == 3 {
				ctx = gone
			}
			readings[i].Record = func(ctx context.Context, _ time.Time) error {
				if !s.InTx(ctx) || ctx.Value(traceKey{}) != i {
					return errors.New("not its own context")
				}
				if err := raw(ctx, s.db, `INSERT INTO sgt_post (id, hidden) VALUES (?, 1)`, 100+i); err != nil {
					return err
				}
				switch i % 4 {
				case 1:
					return broken
				case 2:
					panic("boom")
				}
				return nil
			}
			wg.Go(func() {
				defer func() { panics[i] = recover() }()
				results[i] = s.Read(ctx, readings[i], func(context.Context, supportgrant.Rows) error { shown[i] = true; return nil })
			})
			time.Sleep(2 * time.Millisecond)
		}
		cancel()
		return nil
	}))
	wg.Wait()
	entries, err := s.Log(s.ctx, supportgrant.Look{Grant: g.ID, Kinds: []supportgrant.Kind{supportgrant.KindRead}}, supportgrant.Place{}, 100)
	require.NoError(t, err)
	audited := map[supportgrant.GrantID]bool{}
	for _, e := range entries {
		audited[e.ID] = true
	}
	var recorded []int
	require.NoError(t, s.db.Read(s.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &recorded, `SELECT id - 100 FROM sgt_post WHERE id >= 100`)
	}))
	for i := range reads {
		what := fmt.Sprint(i, results[i])
		require.Equal(t, i%4 == 0, shown[i], what)
		require.Equal(t, i%4 == 0, audited[readings[i].Entry.ID], what)
		if i%4 == 0 {
			require.Contains(t, recorded, i)
		} else {
			require.NotContains(t, recorded, i)
		}
		switch i % 4 {
		case 0:
			require.NoError(t, results[i])
		case 1:
			require.ErrorIs(t, results[i], broken)
		case 2:
			require.Equal(t, "boom", panics[i])
		case 3:
			require.ErrorIs(t, results[i], context.Canceled)
		}
	}
	require.NoError(t, s.Drain(s.ctx, g.ID), "no hold is left")
}

// Whenever a reader gives up, nothing is shown, nothing is left behind, and others go on.
func TestAReaderMayGiveUpAtAnyMomentOnSQLite(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	fill(t, s.db, s.id, supportgrant.Row{"id": 1, "title": "one", "hidden": false})
	g := live(t, s.ctx, s, asked(time.Hour))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 25 {
				ctx, cancel := context.WithTimeout(s.ctx, time.Duration((i*25+n)%40)*50*time.Microsecond)
				r, shown := page(g.ID), false
				err := s.Read(ctx, r, func(ctx context.Context, _ supportgrant.Rows) error { shown = true; return ctx.Err() })
				if err == nil && !shown || err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("shown %t: %v", shown, err)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	ctx, cancel := context.WithTimeout(s.ctx, 30*time.Second)
	defer cancel()
	require.NoError(t, s.Drain(ctx, g.ID), "no hold is left")
	require.NoError(t, s.Read(ctx, page(g.ID), func(context.Context, supportgrant.Rows) error { return nil }))
}

// A withdrawal does not wait for readers that come all the time, and never fails because the file is busy, nor do readers.
func TestWithdrawalsAreNeverBusyOnSQLite(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	fill(t, s.db, s.id, supportgrant.Row{"id": 1, "title": "one", "hidden": false})
	for range 5 {
		g := live(t, s.ctx, s, asked(time.Hour))
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				for {
					err := s.Read(s.ctx, page(g.ID), func(context.Context, supportgrant.Rows) error { return nil })
					if errors.Is(err, supportgrant.ErrNotGranted) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		time.Sleep(10 * time.Millisecond)
		_, err := s.Move(s.ctx, supportgrant.Move{ID: g.ID, Version: g.Version, From: supportgrant.Approved, To: supportgrant.Withdrawn})
		require.NoError(t, err)
		require.NoError(t, s.Drain(s.ctx, g.ID))
		wg.Wait()
	}
}

func TestTablesOfAnotherReleaseAreRefusedOnSQLite(t *testing.T) {
	t.Parallel()
	for name, steps := range map[string][]sqlite.Migration{
		"missing": {{ID: "app/1", SQL: posts}},
		"newer":   {{ID: "supportgrant/00001_supportgrant", SQL: `SELECT 1`}, {ID: "supportgrant/99999_more", SQL: `SELECT 1`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := sqlite.Open(filepath.Join(t.TempDir(), "data"), sqlite.Options{Migrations: steps})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			s, ctx := newStore(t, db), tenancy.With(t.Context(), newTenant(t, db))
			_, err = s.AddGrant(ctx, asked(time.Hour))
			require.ErrorIs(t, err, supportgrant.ErrSchema)
			_, _, err = s.Grants(ctx, supportgrant.Find{})
			require.ErrorIs(t, err, supportgrant.ErrSchema)
			require.ErrorIs(t, s.Read(ctx, page(supportgrant.GrantID{1}), nil), supportgrant.ErrSchema)
			_, err = s.Catalogue(ctx, nil)
			require.ErrorIs(t, err, supportgrant.ErrSchema)
			codes, err := supportgrantsql.NewTOTP(db.TenantDB())
			require.NoError(t, err)
			_, err = codes.Attempt(ctx, "a")
			require.ErrorIs(t, err, supportgrant.ErrSchema)
		})
	}
	_, err := supportgrantsql.New(nil)
	require.Error(t, err)
	_, err = supportgrantsql.NewTOTP(nil)
	require.Error(t, err)
}

func TestAPurgedTenantsGrantsGoWithIt(t *testing.T) {
	onPostgres.OnBoth(t, func(t *testing.T, w *door.World) {
		s, ctx, other := storeIn(t, w), w.Tenant(t), w.Tenant(t)
		live(t, ctx, s, asked(time.Hour))
		kept := live(t, other, s, asked(time.Hour))
		id, err := tenancy.From(ctx)
		require.NoError(t, err)
		r, err := w.Host.Purge(context.Background(), tenancy.Tenant{ID: id, State: tenancy.Purging, Epoch: 1})
		require.NoError(t, err)
		require.Zero(t, r.Left)
		_, _, err = s.Grants(ctx, supportgrant.Find{})
		require.ErrorIs(t, err, tenancy.ErrPurged)
		got, _, err := s.Grant(other, kept.ID)
		require.NoError(t, err)
		require.Equal(t, kept, got)
	})
}
