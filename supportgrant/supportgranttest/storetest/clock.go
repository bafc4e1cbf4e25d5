package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgranttest"
	"github.com/stretchr/testify/require"
)

func without(kinds []supportgrant.Kind, kind supportgrant.Kind) []supportgrant.Kind {
	return slices.DeleteFunc(slices.Clone(kinds), func(k supportgrant.Kind) bool { return k == kind })
}

// sorted puts refusals before the confirmations that they came between, so that only what was done is in order.
func sorted(kinds []supportgrant.Kind) []supportgrant.Kind {
	refused := slices.DeleteFunc(slices.Clone(kinds), func(k supportgrant.Kind) bool { return k != supportgrant.KindRefused })
	rest := without(kinds, supportgrant.KindRefused)
	return slices.Concat(rest[:1], refused, rest[1:])
}

// clockTests move the clock of a store that is theirs.
var clockTests = []test{
	{"a grant expires by the store's clock, whether or not anybody sweeps", func(t *testing.T, h *house) {
		d := h.desk(t, 0, nil)
		h.fill(t, "one")
		g := d.grant(t, func(r *supportgrant.NewRequest) { r.Life = 2 * time.Second })
		_, err := d.look(g)
		require.NoError(t, err)
		_, err = h.Move(h.ctx, moving(h.row(t, g), supportgrant.Expired))
		require.ErrorIs(t, err, supportgrant.ErrRefused, "before its time")
		h.pass(t, 2*time.Second)
		_, err = d.look(g)
		require.ErrorIs(t, err, supportgrant.ErrNotGranted)
		require.Equal(t, supportgrant.Approved, h.row(t, g).State, "nobody has swept")
		require.Equal(t, supportgrant.Expired, d.now(t, g).State)
		require.ErrorIs(t, h.Read(h.ctx, h.reading(h.row(t, g)), never(t)), supportgrant.ErrNotGranted)
		end, err := d.Withdraw(d.ctx, g.ID, "olga", "")
		require.NoError(t, err)
		require.Equal(t, supportgrant.Expired, end.State)
		require.Equal(t, []supportgrant.Kind{"requested", "approved", "read", "expired"}, without(d.steps(t, g), "refused"))
	}},
	{"a request lapses", func(t *testing.T, h *house) {
		d := h.desk(t, 0, func(o *supportgrant.Options) { o.Wait = 2 * time.Second })
		g, swept := d.ask(t, nil), d.ask(t, nil)
		p := d.begin(t, g, "olga")
		_, err := h.Move(h.ctx, moving(h.row(t, g), supportgrant.Lapsed))
		require.ErrorIs(t, err, supportgrant.ErrRefused, "before its time")
		h.prove(t, h.row(t, g), "otto", g.Asked)
		h.pass(t, 2*time.Second)
		_, err = h.Move(h.ctx, moving(h.row(t, g), supportgrant.Approved))
		require.ErrorIs(t, err, supportgrant.ErrRefused, "after it")
		_, err = d.Approve(d.ctx, g.ID, "olga", supportgranttest.Answer(p))
		require.ErrorIs(t, err, supportgrant.ErrStale)
		require.Equal(t, supportgrant.Lapsed, d.now(t, g).State)
		end, err := d.Deny(d.ctx, g.ID, "olga", "")
		require.NoError(t, err)
		require.Equal(t, supportgrant.Lapsed, end.State)
		n, err := d.Sweep(d.ctx)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		n, err = d.Sweep(d.ctx)
		require.NoError(t, err)
		require.Zero(t, n)
		require.Equal(t, supportgrant.Lapsed, h.row(t, swept).State)
		require.Equal(t, []supportgrant.Kind{"requested", "lapsed"}, d.steps(t, swept))
	}},
	{"a challenge can be answered for a while", func(t *testing.T, h *house) {
		d := h.desk(t, 0, func(o *supportgrant.Options) { o.Challenge = time.Second })
		g := d.ask(t, nil)
		p := d.begin(t, g, "olga")
		h.pass(t, time.Second)
		_, err := d.Approve(d.ctx, g.ID, "olga", supportgranttest.Answer(p))
		require.ErrorIs(t, err, supportgrant.ErrStale)
		_, err = d.Approve(d.ctx, g.ID, "olga", supportgranttest.Answer(d.begin(t, g, "olga")))
		require.NoError(t, err)
	}},
	{"a clock that goes back opens nothing", func(t *testing.T, h *house) {
		if h.Advance == nil {
			t.Skip("the store's clock cannot be moved")
		}
		h.fill(t, "one")
		bare := h.approved(t, nil) // with nothing in the log
		h.Advance(-time.Minute)
		require.ErrorIs(t, h.Read(h.ctx, h.reading(bare), never(t)), supportgrant.ErrNotGranted, "before it was approved")
		h.Advance(time.Minute)
		d := h.desk(t, 0, nil)
		g := d.grant(t, nil)
		h.Advance(-time.Minute)
		_, err := d.look(g)
		require.ErrorIs(t, err, supportgrant.ErrNotGranted, "before it was approved")
		h.Advance(50 * time.Minute)
		_, err = d.look(g)
		require.NoError(t, err)
		h.Advance(-30 * time.Minute)
		_, err = d.look(g)
		require.ErrorIs(t, err, supportgrant.ErrNotGranted, "before it was last read")
		h.Advance(30 * time.Minute)
		_, err = d.look(g)
		require.NoError(t, err)
		h.Advance(11 * time.Minute)
		_, err = d.look(g)
		require.ErrorIs(t, err, supportgrant.ErrNotGranted)
		h.Advance(-11 * time.Minute)
		_, err = d.look(g)
		require.ErrorIs(t, err, supportgrant.ErrNotGranted, "the refusal was later")
	}},
	{"a day's reads are told of when the day is over", func(t *testing.T, h *house) {
		if h.Advance == nil {
			t.Skip("the store's clock cannot be moved")
		}
		d := h.desk(t, 0, nil)
		h.fill(t, "one")
		g := d.grant(t, func(r *supportgrant.NewRequest) { r.Life = 48 * time.Hour })
		for range 3 {
			_, err := d.look(g)
			require.NoError(t, err)
		}
		for _, n := range d.notices(t) {
			require.NotEqual(t, supportgrant.NoticeDigest, n.Kind)
		}
		h.Advance(24 * time.Hour)
		var digests []supportgrant.Notice
		_, err := d.Deliver(d.ctx, func(context.Context, supportgrant.Notice) error { return errOops })
		require.ErrorIs(t, err, errOops)
		require.Empty(t, d.notices(t), "it is kept from others for a minute")
		h.Advance(time.Minute)
		for _, n := range d.notices(t) {
			if n.Kind == supportgrant.NoticeDigest {
				digests = append(digests, n)
			}
		}
		require.Len(t, digests, 1)
		require.GreaterOrEqual(t, digests[0].Reads["posts"], 3)
		require.Len(t, d.log(t, supportgrant.Look{Kinds: []supportgrant.Kind{supportgrant.KindRead}}), digests[0].Reads["posts"])
		require.Equal(t, digests[0].At.Format(time.DateOnly), digests[0].Day)
		h.Advance(48 * time.Hour)
		kinds := []supportgrant.NoticeKind{}
		for _, n := range d.notices(t) {
			kinds = append(kinds, n.Kind)
		}
		require.Equal(t, []supportgrant.NoticeKind{"ended"}, kinds)
	}},
}
