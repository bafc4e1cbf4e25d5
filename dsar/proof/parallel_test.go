package proof

import (
	"context"
	"database/sql"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

func TestASecondConnectionReadsWhatTheFirstSeesOrNothing(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	w.exec("INSERT INTO old (tenant_id, id, t) VALUES (tenancy.claimed(), 1, 'jane.roe@example.test')")
	old := reading{table{name: "old", sql: "ONLY public.old", kind: "r"}, []string{"t"}, []string{"t"}}
	far := old
	far.kind = "f"
	// second returns how many rows a second connection has looked at beside one that has just begun, and what it has found and left.
	second := func(meanwhile func()) (l *look, r *readings) {
		require.NoError(t, w.db.Read(w.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			l = w.prover().newLook(Values("jane.roe@example.test"))
			r = &readings{l: l, known: make(chan struct{})}
			r.begin([]reading{old, far, old})
			var seen string
			require.NoError(t, tx.GetContext(ctx, &seen, snapshot))
			meanwhile()
			r.second(w.ctx, seen)
			return nil
		}, tenantdb.Isolation(sql.LevelRepeatableRead)))
		return l, r
	}
	joined := false
	for !joined { // other tests write to the same server
		l, r := second(func() {})
		if joined = r.joined; joined {
			require.NoError(t, r.err)
			require.EqualValues(t, 2, l.proof.Rows)
			require.EqualValues(t, 2, l.tally[place{"old", "t", "as is"}])
			require.Len(t, r.left, 1, "the foreign table is for the first")
		}
	}
	l, r := second(func() { w.exec("UPDATE old SET t = 'it was moved elsewhere'") })
	require.False(t, r.joined)
	require.Zero(t, l.proof.Rows)
	require.Len(t, r.left, 3)
}

func TestAProofEndsWhereThereIsNoSecondConnection(t *testing.T) {
	t.Parallel()
	w := onPostgres(t)
	l := w.prover().newLook(Values("jane.roe@example.test"))
	r := &readings{l: l, known: make(chan struct{})}
	ctx, cancel := context.WithCancel(w.ctx)
	cancel() // as if no connection were to be had
	require.NoError(t, r.beside(ctx, "1:1:", func() error { return nil }))
	require.ErrorIs(t, (&readings{l: l, known: make(chan struct{})}).beside(w.ctx, "1:1:", func() error { return context.DeadlineExceeded }), context.DeadlineExceeded)
}
