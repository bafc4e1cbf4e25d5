package rbactest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

var transactionTests = []storeTest{
	{"a transaction is in force together or not at all", txTogether},
	{"a transaction sees what it did, and nobody else does before it has committed", txSees},
	{"a transaction joins the one that ctx carries", txJoins},
	{"an error in a transaction that joined undoes the whole", txDooms},
	{"a panic undoes the transaction", txPanics},
	{"ErrNotFound does not undo the transaction it is given in", txAnswers},
	{"what was committed is told once, and what was not, never", txCommitted},
	{"whoever advances waits for who did before", txSerial},
	{"who waits for a transaction that is undone goes on without it", txUndone},
	{"what two decide by what they read after they advanced holds", txOwners},
	{"the tenants of one store do not wait for each other", txApart},
	{"who waits gives up with ctx", txGivesUp},
	{"a transaction that has ended is not joined", txEnded},
}

var errUndo = errors.New("undo")

// everything puts one of each kind.
func (h *house) everything(ctx context.Context, t require.TestingT) int64 {
	v, _, err := h.Advance(ctx)
	require.NoError(t, err)
	require.NoError(t, h.PutRole(ctx, newRole(v, "r1")))
	require.NoError(t, h.PutMember(ctx, newMember(v, rbac.User("ann"))))
	require.NoError(t, h.PutToken(ctx, newToken(v, "t1")))
	require.NoError(t, h.Saw(ctx, []rbac.Use{{Kind: rbac.UseOfPerson, ID: "ann", At: moment}}))
	require.NoError(t, h.PutInvitation(ctx, newInvitation("i1")))
	require.NoError(t, h.PutReview(ctx, newReview("q1")))
	require.NoError(t, h.PutItems(ctx, []rbac.ItemRow{newItem("q1", "k1")}))
	return v
}

// counts says how many there are of each kind.
func (h *house) counts(ctx context.Context, t require.TestingT, s rbac.Store) [8]int {
	c, err := s.Changes(ctx, 0)
	require.NoError(t, err)
	uses, err := s.Uses(ctx)
	require.NoError(t, err)
	invitations, err := s.Invitations(ctx)
	require.NoError(t, err)
	reviews, err := s.Reviews(ctx)
	require.NoError(t, err)
	items, err := s.Items(ctx, "q1", "", 0)
	require.NoError(t, err)
	return [8]int{int(c.Version), len(c.Roles), len(c.Members), len(c.Tokens), len(uses), len(invitations), len(reviews), len(items)}
}

var (
	nothing   = [8]int{}
	oneOfEach = [8]int{1, 1, 1, 1, 1, 1, 1, 1}
)

func txTogether(t *testing.T, h *house) {
	require.False(t, h.InTx(h.ctx))
	require.ErrorIs(t, h.Tx(h.ctx, func(ctx context.Context) error {
		require.True(t, h.InTx(ctx))
		h.everything(ctx, t)
		return errUndo
	}), errUndo)
	require.Equal(t, nothing, h.counts(h.ctx, t, h.other()))
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error { h.everything(ctx, t); return nil }))
	require.Equal(t, oneOfEach, h.counts(h.ctx, t, h.other()))
	require.ErrorIs(t, h.Tx(h.ctx, func(ctx context.Context) error { // also what is changed is as it was
		v, _, err := h.Advance(ctx)
		require.NoError(t, err)
		gone := newMember(v, rbac.User("ann"))
		gone.Status = rbac.Removed
		require.NoError(t, h.PutMember(ctx, gone))
		taken := newInvitation("i1")
		taken.State = rbac.Accepted
		require.NoError(t, h.PutInvitation(ctx, taken))
		return errUndo
	}), errUndo)
	require.Equal(t, oneOfEach, h.counts(h.ctx, t, h.other()))
	is(t, h.since(t, 0), 1, []rbac.RoleRow{newRole(1, "r1")}, []rbac.MemberRow{newMember(1, rbac.User("ann"))}, h.since(t, 0).Tokens)
}

func txSees(t *testing.T, h *house) {
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error {
		h.everything(ctx, t)
		require.Equal(t, oneOfEach, h.counts(ctx, t, h.Store))
		require.Equal(t, nothing, h.counts(h.ctx, t, h.other()))
		c, err := h.Changes(ctx, 1)
		require.NoError(t, err)
		is(t, c, 1, nil, nil, nil)
		_, err = h.Invitation(ctx, "i1")
		require.NoError(t, err)
		_, err = h.Item(ctx, "q1", "k1")
		require.NoError(t, err)
		v, _, err := h.Advance(ctx)
		require.NoError(t, err)
		again := newMember(v, rbac.User("ann"))
		again.Status = rbac.Suspended
		require.NoError(t, h.PutMember(ctx, again))
		c, err = h.Changes(ctx, 1)
		require.NoError(t, err)
		is(t, c, 2, nil, []rbac.MemberRow{again}, nil)
		return nil
	}))
	require.Equal(t, int64(2), h.versionNow(t))
}

func txJoins(t *testing.T, h *house) {
	require.ErrorIs(t, h.Tx(h.ctx, func(ctx context.Context) error {
		require.NoError(t, h.Tx(ctx, func(ctx context.Context) error { h.everything(ctx, t); return nil }))
		require.Equal(t, oneOfEach, h.counts(ctx, t, h.Store))
		return errUndo
	}), errUndo)
	require.Equal(t, nothing, h.counts(h.ctx, t, h.Store))
}

func txDooms(t *testing.T, h *house) {
	require.ErrorIs(t, h.Tx(h.ctx, func(ctx context.Context) error {
		h.everything(ctx, t)
		_ = h.Tx(ctx, func(context.Context) error { return errUndo })
		return nil
	}), errUndo)
	require.Equal(t, nothing, h.counts(h.ctx, t, h.Store))
	require.ErrorIs(t, h.Tx(h.ctx, func(ctx context.Context) error {
		h.everything(ctx, t)
		_ = h.PutRole(ctx, newRole(99, "r2"))
		return nil
	}), rbac.ErrRefused)
	require.Equal(t, nothing, h.counts(h.ctx, t, h.Store))
}

func txPanics(t *testing.T, h *house) {
	require.PanicsWithValue(t, "help", func() {
		_ = h.Tx(h.ctx, func(ctx context.Context) error {
			h.everything(ctx, t)
			panic("help")
		})
	})
	require.Equal(t, nothing, h.counts(h.ctx, t, h.Store))
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error { h.everything(ctx, t); return nil }), "nobody waits for it")
}

func txAnswers(t *testing.T, h *house) {
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error {
		_, err := h.Invitation(ctx, "none")
		require.ErrorIs(t, err, rbac.ErrNotFound)
		_, err = h.Item(ctx, "none", "none")
		require.ErrorIs(t, err, rbac.ErrNotFound)
		h.everything(ctx, t)
		return nil
	}))
	require.Equal(t, oneOfEach, h.counts(h.ctx, t, h.Store))
}

func txCommitted(t *testing.T, h *house) {
	told := 0
	tell := func() { told++ }
	h.Committed(h.ctx, tell)
	require.Equal(t, 1, told, "at once without a transaction")
	require.ErrorIs(t, h.Tx(h.ctx, func(ctx context.Context) error { h.Committed(ctx, tell); return errUndo }), errUndo)
	require.Equal(t, 1, told)
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error {
		require.NoError(t, h.Tx(ctx, func(ctx context.Context) error { h.Committed(ctx, tell); return nil }))
		require.Equal(t, 1, told, "not before the outer one has")
		return nil
	}))
	require.Equal(t, 2, told)
	h.change(t, func(ctx context.Context, v int64, _ time.Time) {
		h.Committed(ctx, func() { require.Equal(t, v, h.versionNow(t), "it is in force when it is told") })
	})
}

// The one who advances second learns what the first one did, and its version.
func txSerial(t *testing.T, h *house) {
	advanced, second := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(second)
		<-advanced
		other := *h
		other.Store = h.other()
		require.Equal(t, int64(2), other.change(t, func(ctx context.Context, v int64, _ time.Time) {
			c, err := other.Changes(ctx, 0)
			require.NoError(t, err)
			require.Len(t, c.Members, 1, "committed before")
		}))
	}()
	h.change(t, func(ctx context.Context, v int64, _ time.Time) {
		close(advanced)
		select {
		case <-second:
			t.Error("the second one did not wait")
		case <-time.After(50 * time.Millisecond): // for it to come and wait
		}
		require.NoError(t, h.PutMember(ctx, newMember(v, rbac.User("ann"))))
	})
	<-second
}

func txUndone(t *testing.T, h *house) {
	advanced, undone := make(chan struct{}), make(chan error, 1)
	go func() {
		undone <- h.Tx(h.ctx, func(ctx context.Context) error {
			h.everything(ctx, t)
			close(advanced)
			time.Sleep(30 * time.Millisecond) // for the other one to come and wait
			return errUndo
		})
	}()
	<-advanced
	other := *h
	other.Store = h.other()
	require.Equal(t, int64(1), other.change(t, func(ctx context.Context, v int64, _ time.Time) {
		require.NoError(t, other.PutMember(ctx, newMember(v, rbac.User("bob"))))
	}))
	require.ErrorIs(t, <-undone, errUndo)
	is(t, h.since(t, 0), 1, nil, []rbac.MemberRow{newMember(1, rbac.User("bob"))}, nil)
}

// Two owners leave at once, each if somebody else stays: one does.
func txOwners(t *testing.T, h *house) {
	owners := []rbac.Subject{rbac.User("ann"), rbac.User("bob")}
	for range 10 {
		h.change(t, func(ctx context.Context, v int64, _ time.Time) {
			for _, who := range owners {
				require.NoError(t, h.PutMember(ctx, newMember(v, who)))
			}
		})
		together(2, func(i int) {
			s := h.process(i)
			require.NoError(t, s.Tx(h.ctx, func(ctx context.Context) error {
				v, _, err := s.Advance(ctx)
				if err != nil {
					return err
				}
				c, err := s.Changes(ctx, 0)
				if err != nil {
					return err
				}
				for _, m := range c.Members {
					if m.Status == rbac.Active && m.Subject != owners[i] {
						gone := newMember(v, owners[i])
						gone.Status = rbac.Removed
						return s.PutMember(ctx, gone)
					}
				}
				return nil
			}))
		})
		active := 0
		for _, m := range h.since(t, 0).Members {
			if m.Status == rbac.Active {
				active++
			}
		}
		require.Equal(t, 1, active)
	}
}

func txApart(t *testing.T, h *house) {
	other := newHouse(t, h.Harness)
	h.change(t, func(context.Context, int64, time.Time) {
		other.change(t, func(ctx context.Context, v int64, _ time.Time) { require.Equal(t, int64(1), v) })
	})
}

func txGivesUp(t *testing.T, h *house) {
	h.change(t, func(context.Context, int64, time.Time) {
		ctx, cancel := context.WithTimeout(h.ctx, 30*time.Millisecond)
		defer cancel()
		done := make(chan error, 1)
		go func() {
			done <- h.other().Tx(ctx, func(ctx context.Context) error {
				_, _, err := h.other().Advance(ctx)
				return err
			})
		}()
		require.Error(t, <-done)
	})
	require.Equal(t, int64(1), h.versionNow(t))
}

func txEnded(t *testing.T, h *house) {
	var kept context.Context
	require.NoError(t, h.Tx(h.ctx, func(ctx context.Context) error { kept = ctx; return nil }))
	require.False(t, h.InTx(kept))
	_, _, err := h.Advance(kept)
	require.Error(t, err)
	require.Error(t, h.Saw(kept, []rbac.Use{{Kind: rbac.UseOfToken, ID: "t", At: moment}}))
	require.Error(t, h.Tx(kept, func(context.Context) error { return nil }))
	// Nor is one of another tenant.
	other := newHouse(t, h.Harness)
	id, err := tenancy.From(other.ctx)
	require.NoError(t, err)
	require.Error(t, h.Tx(h.ctx, func(ctx context.Context) error {
		in := tenancy.Switch(ctx, id)
		require.False(t, h.InTx(in))
		_, _, err := h.Version(in)
		require.Error(t, err)
		_, _, err = h.Advance(in)
		require.Error(t, err)
		return h.Tx(in, func(context.Context) error { return nil })
	}))
	require.Zero(t, h.versionNow(t))
	require.Zero(t, other.versionNow(t))
}
