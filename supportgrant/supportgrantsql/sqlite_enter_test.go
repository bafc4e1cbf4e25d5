package supportgrantsql_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
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
