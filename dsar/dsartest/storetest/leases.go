package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/stretchr/testify/require"
)

type ctx = context.Context

func claiming(lease string, limit int) dsar.Claiming {
	return dsar.Claiming{Lease: lease, For: time.Hour, Limit: limit}
}

var leaseTests = []test{
	{"what is due is claimed, what is due first first, and once", func(t *testing.T, h *house) {
		now, err := h.Now(h.ctx)
		require.NoError(t, err)
		next := func(d time.Duration) func(*dsar.RequestRow) {
			return func(r *dsar.RequestRow) { r.Next = now.Add(d) }
		}
		second, first := h.add(t, dsar.Access, next(-time.Hour)), h.add(t, dsar.Access, next(-2*time.Hour))
		later := h.add(t, dsar.Access, next(time.Hour))
		never := h.add(t, dsar.Access, func(r *dsar.RequestRow) { r.Next = time.Time{} })
		got, err := h.Claim(h.ctx, claiming("a", 1))
		require.NoError(t, err)
		require.Len(t, got, 1)
		require.Equal(t, first.ID, got[0].ID)
		require.Equal(t, "a", got[0].Lease)
		require.True(t, got[0].Leased.After(now))
		require.Equal(t, first.Version, got[0].Version, "a lease is no change")
		first.Lease, first.Leased = got[0].Lease, got[0].Leased
		require.Equal(t, first, got[0])
		got, err = h.other().Claim(h.ctx, claiming("b", 9))
		require.NoError(t, err)
		require.Len(t, got, 1)
		require.Equal(t, second.ID, got[0].ID)
		for _, c := range []dsar.Claiming{claiming("c", 9), {ID: first.ID, Lease: "c", For: time.Hour, Limit: 1}, claiming("a", 9), claiming("d", 0)} {
			got, err = h.Claim(h.ctx, c)
			require.NoError(t, err)
			require.Empty(t, got)
		}
		for _, r := range []dsar.RequestRow{later, never} {
			got, err = h.Claim(h.ctx, dsar.Claiming{ID: r.ID, Lease: "d", For: time.Hour, Limit: 1})
			require.NoError(t, err)
			require.Len(t, got, 1, "by its id whether or not it is due")
		}
		for _, c := range []dsar.Claiming{{For: time.Hour, Limit: 1}, {Lease: "x", Limit: 1}, {Lease: "x", For: -1, Limit: 1}} {
			_, err = h.Claim(h.ctx, c)
			require.ErrorIs(t, err, dsar.ErrRefused)
		}
	}},
	{"a lease is renewed and given back by who has it", func(t *testing.T, h *house) {
		r := h.add(t, dsar.Access, nil)
		require.ErrorIs(t, h.Renew(h.ctx, r.ID, "a", time.Hour), dsar.ErrLease)
		require.ErrorIs(t, h.Renew(h.ctx, r.ID, "", time.Hour), dsar.ErrLease)
		got, err := h.Claim(h.ctx, claiming("a", 9))
		require.NoError(t, err)
		require.Len(t, got, 1)
		require.ErrorIs(t, h.Renew(h.ctx, r.ID, "b", time.Hour), dsar.ErrLease)
		require.ErrorIs(t, h.Renew(h.ctx, newID(), "a", time.Hour), dsar.ErrLease)
		require.NoError(t, h.other().Renew(h.ctx, r.ID, "a", 2*time.Hour))
		again, err := h.Request(h.ctx, r.ID)
		require.NoError(t, err)
		require.True(t, again.Leased.After(got[0].Leased))
		again.Method, again.Lease, again.Leased = "x", "", time.Time{}
		kept := h.update(t, again)
		require.Equal(t, "a", kept.Lease, "a change leaves the lease as it is")
		require.NoError(t, h.Free(h.ctx, r.ID, "b"))
		got, err = h.Claim(h.ctx, claiming("c", 9))
		require.NoError(t, err)
		require.Empty(t, got)
		require.NoError(t, h.Free(h.ctx, r.ID, "a"))
		require.NoError(t, h.Free(h.ctx, newID(), "a"))
		got, err = h.Claim(h.ctx, claiming("c", 9))
		require.NoError(t, err)
		require.Len(t, got, 1)
		require.ErrorIs(t, h.Renew(h.ctx, r.ID, "a", time.Hour), dsar.ErrLease)
	}},
	{"of many who claim at once each gets others", func(t *testing.T, h *house) {
		const n = 60
		for range n {
			h.add(t, dsar.Access, nil)
		}
		var mu sync.Mutex
		seen := map[dsar.ID]string{}
		together(12, func(i int) {
			for j := 0; ; j++ {
				lease := fmt.Sprint(i, "-", j)
				got, err := h.process(i).Claim(h.ctx, claiming(lease, 3))
				require.NoError(t, err)
				mu.Lock()
				for _, r := range got {
					require.Empty(t, seen[r.ID], "it is leased twice")
					seen[r.ID] = lease
				}
				all := len(seen)
				mu.Unlock()
				if len(got) == 0 && (all == n || j > 500) {
					return
				}
			}
		})
		require.Len(t, seen, n)
	}},
}

// clockTests move the clock of a store that is theirs.
var clockTests = []test{
	{"a lease ends by the store's clock, and then it is another's", func(t *testing.T, h *house) {
		r := h.add(t, dsar.Access, nil)
		c := claiming("a", 1)
		c.For = time.Second
		got, err := h.Claim(h.ctx, c)
		require.NoError(t, err)
		require.Len(t, got, 1)
		h.pass(t, time.Second+time.Millisecond)
		require.ErrorIs(t, h.Renew(h.ctx, r.ID, "a", time.Hour), dsar.ErrLease, "it has ended")
		got, err = h.other().Claim(h.ctx, claiming("b", 1))
		require.NoError(t, err)
		require.Len(t, got, 1)
		require.NoError(t, h.Free(h.ctx, r.ID, "a"))
		require.NoError(t, h.Renew(h.ctx, r.ID, "b", time.Hour))
	}},
	{"a request is due when its time has come", func(t *testing.T, h *house) {
		now, err := h.Now(h.ctx)
		require.NoError(t, err)
		h.add(t, dsar.Access, func(r *dsar.RequestRow) { r.Next = now.Add(time.Second) })
		got, err := h.Claim(h.ctx, claiming("a", 1))
		require.NoError(t, err)
		require.Empty(t, got)
		h.pass(t, time.Second+time.Millisecond)
		got, err = h.Claim(h.ctx, claiming("a", 1))
		require.NoError(t, err)
		require.Len(t, got, 1)
	}},
	{"a hold ends when its time has come, and a clock that goes back ends nothing", func(t *testing.T, h *house) {
		now, err := h.Now(h.ctx)
		require.NoError(t, err)
		_, err = h.AddHold(h.ctx, dsar.HoldRow{ID: "h", Basis: "b", Until: now.Add(time.Second)})
		require.NoError(t, err)
		holds, err := h.Holds(h.ctx, false)
		require.NoError(t, err)
		require.Len(t, holds, 1)
		h.pass(t, time.Second+time.Millisecond)
		holds, err = h.Holds(h.ctx, false)
		require.NoError(t, err)
		require.Empty(t, holds)
		holds, err = h.Holds(h.ctx, true)
		require.NoError(t, err)
		require.Len(t, holds, 1)
	}},
}
