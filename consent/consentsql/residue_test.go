package consentsql_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/consent/consentsql"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// files reads all files of a database.
func files(t *testing.T, w *door.World) (all []byte) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(w.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all = append(all, b...)
		return err
	}))
	return all
}

// links counts the states whose name, or whose secret, is in the files next to the subject: the link is what is forgotten. The subject itself is
// in the entries.
func links(t *testing.T, w *door.World, ss []consent.State) (n int) {
	all := files(t, w)
	for i := range ss {
		s := &ss[i]
		if bytes.Contains(all, s.Secret[:]) || bytes.Contains(all, append(bytes.Clone(s.Who[:]), append([]byte{1}, s.Subject[:]...)...)) {
			n++
		}
	}
	return n
}

func TestNothingForgottenIsLeftInAnySQLiteFile(t *testing.T) {
	t.Parallel()
	w := tables.OnSQLite(t)
	ctx, s := w.Tenant(t), storeIn(t, w)
	var kept, gone []consent.State
	for range 4 {
		_, ss := filled(t, ctx, s, 250)
		kept = append(kept, ss...)
	}
	// They are written over many times, at random, as users answer.
	for round := range 5 {
		var es []consent.Entry
		var again []consent.State
		for i := range kept {
			if i%7 == round {
				kept[i].Policy++
				again = append(again, kept[i])
			}
		}
		require.NoError(t, s.Write(ctx, es, again, nil))
	}
	require.Equal(t, len(kept), links(t, w, kept), "seen to look")
	for i := 0; i < len(kept); i += 9 {
		require.NoError(t, s.Forget(ctx, kept[i].Who))
		gone = append(gone, kept[i])
		kept[i] = kept[len(kept)-1]
		kept = kept[:len(kept)-1]
	}
	require.Zero(t, links(t, w, gone))
	require.Equal(t, len(kept), links(t, w, kept))
	// In a transaction of the application's it is so once that has committed, and not if it does not.
	require.ErrorIs(t, w.DB.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error {
		require.NoError(t, s.Forget(ctx, kept[0].Who))
		return errUndo
	}), errUndo)
	require.Equal(t, 1, links(t, w, kept[:1]))
	require.NoError(t, w.DB.Tx(ctx, func(ctx context.Context, _ *sqlx.Tx) error { return s.Forget(ctx, kept[0].Who) }))
	require.Zero(t, links(t, w, kept[:1]))
	// Who comes again is written elsewhere, and what there was does not come back.
	again := stateOf(entry(1))
	again.Who = gone[0].Who
	require.NoError(t, s.Write(ctx, nil, []consent.State{again}, nil))
	require.Zero(t, links(t, w, gone))
	require.Equal(t, 1, links(t, w, []consent.State{again}))
}

func TestAReaderDelaysWhatForgettingRemovesAndNoLonger(t *testing.T) {
	t.Parallel()
	w := tables.OnSQLite(t)
	ctx, s := w.Tenant(t), storeIn(t, w)
	_, ss := filled(t, ctx, s, 2)
	id, err := tenancy.From(ctx)
	require.NoError(t, err)
	require.NoError(t, w.DB.Read(ctx, func(within context.Context, tx *sqlx.Tx) error {
		var n int
		require.NoError(t, tx.GetContext(within, &n, `SELECT count(*) FROM consent_state`))
		require.NoError(t, s.Forget(tenancy.With(context.Background(), id), ss[0].Who))
		require.Equal(t, 1, links(t, w, ss[:1]))
		return nil
	}))
	require.Zero(t, links(t, w, ss[:1]), "gone with the reader")
	require.Equal(t, 1, links(t, w, ss[1:]))
}

// Whom a manager forgets, no byte of any file leads to, nor to the keys of their entries.
func TestWhomAManagerForgetsNoFileLeadsTo(t *testing.T) {
	t.Parallel()
	w := tables.OnSQLite(t)
	ctx, s := w.Tenant(t), storeIn(t, w)
	spy := &noted{Store: s}
	m := managerOver(t, spy)
	_, err := m.OptOutFor(ctx, "ann@example.com")
	require.NoError(t, err)
	require.Len(t, spy.states, 1)
	require.Equal(t, 1, links(t, w, spy.states))
	found, err := m.Forget(ctx, "ann@example.com")
	require.NoError(t, err)
	require.True(t, found)
	require.Zero(t, links(t, w, spy.states))
	require.NotContains(t, string(files(t, w)), "ann@")
}

// noted is a store that keeps the states it was last given.
type noted struct {
	*consentsql.Store
	states []consent.State
}

func (n *noted) Write(ctx context.Context, es []consent.Entry, ss []consent.State, ds []consent.Document) error {
	if len(ss) > 0 {
		n.states = ss
	}
	return n.Store.Write(ctx, es, ss, ds)
}
