package erase_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/dsar/erase"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// The store refuses to be asked for holds by a transaction that would not see the latest ones. Both ways of erasing ask where it answers.
func TestHoldsAreAskedForWhereTheStoreAnswers(t *testing.T) {
	m := cascading()
	onBoth(t, cascadingDDL, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers, `INSERT INTO post (id, user_id, title) VALUES (1, 1, 'x'), (2, 2, 'y')`, `INSERT INTO bill (id, user_id, body) VALUES (1, 2, 'x')`)
		c, err := m.Compile()
		require.NoError(t, err)
		store, err := dsarsql.New(a.DB)
		require.NoError(t, err)
		key, err := tenancy.NewKey("k1", make([]byte, 32))
		require.NoError(t, err)
		e := a.eraser(t, m, erase.Options{Held: dsar.Held(store, c, key)})
		_, err = store.AddHold(ctx, dsar.HoldRow{ID: "h", Table: "post", Basis: "a case"})
		require.NoError(t, err)
		for _, id := range []int{1, 2} { // by cascade, and leaves first
			plan, err := e.Plan(ctx, person(id))
			require.NoError(t, err)
			_, err = e.Erase(ctx, dsar.Job{ID: plan.Hash[7:20], Person: person(id), Approved: plan.Hash})
			require.ErrorIs(t, err, dsar.ErrHeld)
		}
		require.Len(t, a.read(t, ctx, `SELECT id FROM post`), 2)
		_, err = store.ReleaseHold(ctx, "h", "settled")
		require.NoError(t, err)
		for _, id := range []int{1, 2} {
			plan, err := e.Plan(ctx, person(id))
			require.NoError(t, err)
			_, err = e.Erase(ctx, dsar.Job{ID: plan.Hash[7:20], Person: person(id), Approved: plan.Hash})
			require.NoError(t, err)
		}
		require.Empty(t, a.read(t, ctx, `SELECT id FROM users`))
	})
}
