package auditsql_test

import (
	"context"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// other is another event under e's id.
func other(e audit.Entry) audit.Entry {
	o := entry(1, "another")
	o.ID, o.Action = e.ID, "test.undone"
	return o
}

func TestAnIDThatWaitsForItsPlaceIsNotGivenToAnotherEvent(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx, s := w.tenant(t), w.store(t)
		park := func(entries ...audit.Entry) (placed []audit.Placed, err error) {
			err = s.Tx(ctx, func(ctx context.Context) error {
				for _, e := range entries {
					if placed, err = s.Park(ctx, []audit.Entry{e}); err != nil {
						return err
					}
				}
				return nil
			})
			return placed, err
		}
		made, given := entry(1, "made"), entry(1, "given")
		made.New = true
		for _, e := range []audit.Entry{made, given} {
			_, err := park(e)
			require.NoError(t, err)
			_, err = park(other(e))
			require.ErrorIs(t, err, audit.ErrIDReused)
			e.New = false
			placed, err := park(e)
			require.NoError(t, err)
			require.True(t, placed[0].Again)
		}
		mine := entry(1, "mine")
		_, err := park(mine, other(mine))
		require.ErrorIs(t, err, audit.ErrIDReused, "in one transaction")
		drained(t, ctx, s)
		require.Len(t, stored(t, ctx, s), 2)
	})
}

// Nobody can see what is not committed. Of two events under one id the log has the first; the other one is not thrown away, and
// nothing waits for it.
func TestAnEventWhoseIDWasTakenBeforeItsCommitStaysInTheOutbox(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	ctx, s := w.tenant(t), w.store(t)
	first, after, twin := entry(1, "first"), entry(1, "after"), entry(1, "twin")
	require.NoError(t, s.Tx(ctx, func(in context.Context) error {
		if _, err := s.Park(in, []audit.Entry{other(first)}); err != nil {
			return err
		}
		_, err := s.Append(ctx, []audit.Entry{first})
		return err
	}))
	require.NoError(t, s.Tx(ctx, func(ctx context.Context) error {
		_, err := s.Park(ctx, []audit.Entry{after})
		return err
	}))
	n, err := s.Drain(ctx, 1)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.NoError(t, s.Tx(ctx, func(in context.Context) error { // two that neither could see of the other
		if _, err := s.Park(in, []audit.Entry{other(twin)}); err != nil {
			return err
		}
		return s.Tx(ctx, func(ctx context.Context) error {
			_, err := s.Park(ctx, []audit.Entry{twin})
			return err
		})
	}))
	n, err = s.Drain(ctx, 1)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	for range 2 {
		_, err = s.Drain(ctx, 100)
		require.ErrorIs(t, err, audit.ErrIDReused, "what has no place is told of")
	}
	all := stored(t, ctx, s)
	require.Len(t, all, 3)
	require.Equal(t, []audit.Entry{first, after, twin}, []audit.Entry{all[0].Entry, all[1].Entry, all[2].Entry})
	require.NoError(t, w.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var actions []string
		require.NoError(t, tx.SelectContext(ctx, &actions, `SELECT action FROM audit_outbox`))
		require.Equal(t, []string{"test.undone", "test.undone"}, actions)
		return nil
	}))
}
