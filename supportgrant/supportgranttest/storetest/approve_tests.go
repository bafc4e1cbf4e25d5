package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgranttest"
	"github.com/stretchr/testify/require"
)

// Who may ask and approve, and with what.
var approveTests = []test{
	{"nobody of the staff approves, owner or not, and nobody who is no owner", func(t *testing.T, h *house) {
		d := h.desk(t, 0, nil)
		g := d.ask(t, nil)
		own := d.ask(t, func(r *supportgrant.NewRequest) { r.Staff = "dora" })
		for who, want := range map[supportgrant.Person]error{"sam": supportgrant.ErrSelfApproval, "sue": supportgrant.ErrSelfApproval,
			"dora": supportgrant.ErrSelfApproval, "eve": supportgrant.ErrNotAllowed} {
			for _, g := range []supportgrant.Grant{g, own} {
				_, err := d.BeginApproval(d.ctx, g.ID, who, "test", 0)
				require.ErrorIs(t, err, want, who)
			}
		}
		d.people.Dismiss("dora") // who asked before
		_, err := d.BeginApproval(d.ctx, own.ID, "dora", "test", 0)
		require.ErrorIs(t, err, supportgrant.ErrSelfApproval)
		require.Equal(t, 9, d.recorder.count("supportgrant.refused", audit.Denied))
		require.Zero(t, d.factor.Verified.Load())
		require.Equal(t, supportgrant.Requested, d.now(t, g).State)
	}},
	{"who may approve is asked again in the transaction that approves", func(t *testing.T, h *house) {
		d := h.desk(t, 0, nil)
		for what, c := range map[string]struct {
			lose func()
			want error
			back func()
		}{
			"the approver is demoted":    {func() { d.people.Demote("olga") }, supportgrant.ErrNotAllowed, func() { d.people.Appoint("olga") }},
			"the approver is hired":      {func() { d.people.Hire("olga") }, supportgrant.ErrSelfApproval, func() { d.people.Dismiss("olga") }},
			"the requester is dismissed": {func() { d.people.Dismiss("sam") }, supportgrant.ErrNotAllowed, func() { d.people.Hire("sam") }},
			"the directory is down":      {func() { d.people.Fail(true) }, supportgrant.ErrUnavailable, func() { d.people.Fail(false) }},
		} {
			g := d.ask(t, nil)
			p := d.begin(t, g, "olga")
			c.lose()
			_, err := d.Approve(d.ctx, g.ID, "olga", supportgranttest.Answer(p))
			require.ErrorIs(t, err, c.want, what)
			c.back()
			require.Equal(t, supportgrant.Requested, d.now(t, g).State, what)
			_, err = d.Approve(d.ctx, g.ID, "olga", supportgranttest.Answer(p))
			require.ErrorIs(t, err, supportgrant.ErrStale, "a challenge is answered once: %s", what)
		}
	}},
	{"an answer is good for one challenge of one person for one grant, once", func(t *testing.T, h *house) {
		d := h.desk(t, 0, nil)
		g, other := d.ask(t, nil), d.ask(t, nil)
		p := d.begin(t, g, "olga")
		try := func(g supportgrant.Grant, by supportgrant.Person, a supportgrant.Answer, want error) {
			t.Helper()
			_, err := d.Approve(d.ctx, g.ID, by, a)
			require.ErrorIs(t, err, want)
			require.Equal(t, supportgrant.Requested, d.now(t, g).State)
		}
		try(other, "olga", supportgranttest.Answer(p), supportgrant.ErrStale)
		try(g, "olga", supportgranttest.Answer(p), supportgrant.ErrStale) // it was burned for the other
		p = d.begin(t, g, "olga")
		try(g, "otto", supportgranttest.Answer(p), supportgrant.ErrStale)
		p = d.begin(t, g, "olga")
		try(g, "olga", supportgrant.Answer{Digest: p.Digest, Response: []byte("wrong")}, supportgrant.ErrMFA)
		try(g, "olga", supportgranttest.Answer(p), supportgrant.ErrStale)
		try(g, "olga", supportgrant.Answer{Response: p.Options}, supportgrant.ErrStale)
		n := h.neighbour(t).desk(t, 0, nil)
		foreign := n.ask(t, nil)
		p = d.begin(t, g, "olga")
		_, err := n.Approve(n.ctx, foreign.ID, "olga", supportgranttest.Answer(p))
		require.ErrorIs(t, err, supportgrant.ErrStale)
		_, err = n.Approve(n.ctx, g.ID, "olga", supportgranttest.Answer(p))
		require.ErrorIs(t, err, supportgrant.ErrStale)
		got, err := d.Approve(d.ctx, g.ID, "olga", supportgranttest.Answer(p))
		require.NoError(t, err)
		again, err := d.Approve(d.ctx, g.ID, "olga", supportgranttest.Answer(p))
		require.NoError(t, err, "repeated, it tells what came of it")
		require.Equal(t, got, again)
		_, err = d.Approve(d.ctx, g.ID, "otto", supportgranttest.Answer(p))
		require.ErrorIs(t, err, supportgrant.ErrStale)
		require.Equal(t, []supportgrant.Kind{"requested", "approved"}, without(d.steps(t, g), "refused"))
	}},
	{"of many who answer a challenge at once one approves", func(t *testing.T, h *house) {
		d := h.desk(t, 0, nil)
		other := d.again(t, 1)
		for range soak(2, 200) {
			g := d.ask(t, nil)
			p := d.begin(t, g, "olga")
			before := d.factor.Verified.Load()
			together(32, func(i int) {
				s := []*desk{d, other}[i%2]
				_, err := s.Approve(s.ctx, g.ID, "olga", supportgranttest.Answer(p))
				if err != nil {
					require.ErrorIs(t, err, supportgrant.ErrStale)
				}
			})
			require.EqualValues(t, 1, d.factor.Verified.Load()-before)
			require.Equal(t, []supportgrant.Kind{"requested", "approved"}, without(d.steps(t, g), "refused"))
		}
	}},
	{"of an approval, a denial and a cancellation at once the customer's last word holds", func(t *testing.T, h *house) {
		d := h.desk(t, 0, nil)
		other := d.again(t, 1)
		for range soak(3, 300) {
			g := d.ask(t, nil)
			p := d.begin(t, g, "olga")
			together(4, func(i int) {
				s := []*desk{d, other}[i%2]
				var err error
				switch i {
				case 0:
					_, err = s.Approve(s.ctx, g.ID, "olga", supportgranttest.Answer(p))
				case 1:
					_, err = s.Deny(s.ctx, g.ID, "otto", "")
				case 2:
					_, err = s.Cancel(s.ctx, g.ID, "sam", "")
				case 3:
					_, err = s.Withdraw(s.ctx, g.ID, "otto", "")
				}
				if err != nil {
					require.ErrorIs(t, err, supportgrant.ErrStale)
				}
			})
			end := d.now(t, g)
			require.True(t, end.State.Ended(), end.State)
			kinds := without(d.steps(t, g), "refused")
			if end.State == supportgrant.Withdrawn {
				require.Equal(t, []supportgrant.Kind{"requested", "approved", "withdrawn"}, kinds)
			} else {
				require.Equal(t, []supportgrant.Kind{"requested", supportgrant.Kind(end.State)}, kinds)
			}
			_, err := d.look(g)
			require.ErrorIs(t, err, supportgrant.ErrNotGranted)
		}
	}},
	{"rows to be handled with care need two people, and the shorter life of the two", func(t *testing.T, h *house) {
		d := h.desk(t, 0, nil)
		h.Fill(t, h.tenant, supportgrant.Row{"id": 1, "title": "a", "hidden": false, "careful": false}, supportgrant.Row{"id": 2, "title": "b", "hidden": false, "careful": true})
		g := d.ask(t, func(r *supportgrant.NewRequest) { r.Care = true })
		first, err := d.Approve(d.ctx, g.ID, "olga", supportgranttest.Answer(d.begin(t, g, "olga")))
		require.NoError(t, err)
		require.Equal(t, supportgrant.Requested, first.State)
		_, err = d.look(g)
		require.ErrorIs(t, err, supportgrant.ErrNotGranted)
		_, err = d.BeginApproval(d.ctx, g.ID, "olga", "test", 0)
		require.ErrorIs(t, err, supportgrant.ErrNotAllowed, "the same person")
		p, err := d.BeginApproval(d.ctx, g.ID, "otto", "test", time.Minute)
		require.NoError(t, err)
		d.people.Demote("olga")
		_, err = d.Approve(d.ctx, g.ID, "otto", supportgranttest.Answer(p))
		require.ErrorIs(t, err, supportgrant.ErrNotAllowed, "the first has lost the role")
		d.people.Appoint("olga")
		p, err = d.BeginApproval(d.ctx, g.ID, "otto", "test", time.Minute)
		require.NoError(t, err)
		got, err := d.Approve(d.ctx, g.ID, "otto", supportgranttest.Answer(p))
		require.NoError(t, err)
		require.Equal(t, time.Minute, got.Life)
		other := d.ask(t, func(r *supportgrant.NewRequest) { r.Care = true })
		p, err = d.BeginApproval(d.ctx, other.ID, "otto", "test", time.Minute)
		require.NoError(t, err)
		_, err = d.Approve(d.ctx, other.ID, "otto", supportgranttest.Answer(p))
		require.NoError(t, err)
		other, err = d.Approve(d.ctx, other.ID, "olga", supportgranttest.Answer(d.begin(t, other, "olga")))
		require.NoError(t, err)
		require.Equal(t, time.Minute, other.Life, "whoever said it")
		rows, err := d.look(got)
		require.NoError(t, err)
		require.Len(t, rows, 2)
		rows, err = d.look(d.grant(t, nil))
		require.NoError(t, err)
		require.Len(t, rows, 1)
		require.Equal(t, []supportgrant.Kind{"requested", "refused", "refused", "refused", "confirmed", "approved", "read"}, sorted(d.steps(t, g)))
	}},
	{"a tenant can demand approval by what cannot be phished", func(t *testing.T, h *house) {
		demands, down := true, false
		d := h.desk(t, 0, func(o *supportgrant.Options) {
			o.PhishingResistant = func(context.Context) (bool, error) {
				if down {
					return false, errOops
				}
				return demands, nil
			}
		})
		approve := func() error {
			g := d.ask(t, nil)
			_, err := d.Approve(d.ctx, g.ID, "olga", supportgranttest.Answer(d.begin(t, g, "olga")))
			return err
		}
		require.ErrorIs(t, approve(), supportgrant.ErrMFA)
		down = true
		require.ErrorIs(t, approve(), supportgrant.ErrUnavailable)
		demands, down = false, false
		require.NoError(t, approve())
		demands, d.factor.Resistant = true, true
		require.NoError(t, approve())
	}},
}
