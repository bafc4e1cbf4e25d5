package storetest

import (
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// How grants end.
var endTests = []test{
	{"what has ended stays as it ended, and is told once", func(t *testing.T, h *house) {
		d := h.desk(t, 0, nil)
		for range 2 {
			g := d.ask(t, nil)
			live := d.grant(t, nil)
			for range 2 {
				end, err := d.Deny(d.ctx, g.ID, "olga", "no")
				require.NoError(t, err)
				require.Equal(t, supportgrant.Denied, end.State)
				end, err = d.Cancel(d.ctx, g.ID, "sam", "")
				require.NoError(t, err)
				require.Equal(t, supportgrant.Denied, end.State)
				end, err = d.Deny(d.ctx, live.ID, "otto", "") // of what was approved
				require.NoError(t, err)
				require.Equal(t, supportgrant.Withdrawn, end.State)
				end, err = d.Withdraw(d.ctx, live.ID, "sam", "")
				require.NoError(t, err)
				require.Equal(t, supportgrant.Withdrawn, end.State)
				require.EqualValues(t, "otto", end.EndedBy)
			}
			require.Equal(t, []supportgrant.Kind{"requested", "denied"}, d.steps(t, g))
			require.Equal(t, []supportgrant.Kind{"requested", "approved", "withdrawn"}, d.steps(t, live))
			_, err := d.BeginApproval(d.ctx, g.ID, "olga", "test", 0)
			require.ErrorIs(t, err, supportgrant.ErrStale)
		}
	}},
	{"only who may ends a grant, and the attempt is recorded", func(t *testing.T, h *house) {
		d := h.desk(t, 0, nil)
		g := d.grant(t, nil)
		for _, by := range []supportgrant.Person{"sue", "eve"} {
			_, err := d.Withdraw(d.ctx, g.ID, by, "")
			require.ErrorIs(t, err, supportgrant.ErrNotAllowed)
			_, err = d.Cancel(d.ctx, g.ID, by, "")
			require.ErrorIs(t, err, supportgrant.ErrNotAllowed)
		}
		_, err := d.Deny(d.ctx, g.ID, "sam", "")
		require.ErrorIs(t, err, supportgrant.ErrNotAllowed)
		_, err = d.Withdraw(d.ctx, uuid.New(), "olga", "")
		require.ErrorIs(t, err, supportgrant.ErrNotFound)
		require.Equal(t, 5, d.recorder.count("supportgrant.refused", audit.Denied))
		require.True(t, d.now(t, g).Live())
		_, err = d.Withdraw(d.ctx, g.ID, "sam", "done")
		require.NoError(t, err)
	}},
	{"a closed ticket ends all of its grants, and no other", func(t *testing.T, h *house) {
		d := h.desk(t, 0, nil)
		h.fill(t, "one")
		a, b := d.grant(t, nil), d.grant(t, nil)
		pending := d.ask(t, nil)
		other := d.grant(t, func(r *supportgrant.NewRequest) { r.Ticket, r.Staff = "T-18", "sue" })
		_, err := d.Withdraw(d.ctx, a.ID, "olga", "")
		require.NoError(t, err)
		_, err = d.look(a)
		require.ErrorIs(t, err, supportgrant.ErrNotGranted)
		_, err = d.look(b)
		require.NoError(t, err, "one grant's end is not another's")
		n, err := d.WithdrawTicket(d.ctx, " T-17 ", "closed")
		require.NoError(t, err)
		require.Equal(t, 2, n)
		_, err = d.look(b)
		require.ErrorIs(t, err, supportgrant.ErrNotGranted)
		require.Equal(t, supportgrant.Cancelled, d.now(t, pending).State)
		_, err = d.look(other)
		require.NoError(t, err)
		n, err = d.WithdrawTicket(d.ctx, "T-17", "closed")
		require.NoError(t, err)
		require.Zero(t, n)
		n, err = d.WithdrawStaff(d.ctx, "sue", "left")
		require.NoError(t, err)
		require.Equal(t, 1, n)
		_, err = d.look(other)
		require.ErrorIs(t, err, supportgrant.ErrNotGranted)
	}},
	{"a read that finds a role lost ends the grant, and the role does not bring it back", func(t *testing.T, h *house) {
		for what, c := range map[string]struct{ lose, back func(*desk) }{
			"staff":    {func(d *desk) { d.people.Dismiss("sam") }, func(d *desk) { d.people.Hire("sam") }},
			"approver": {func(d *desk) { d.people.Demote("olga") }, func(d *desk) { d.people.Appoint("olga") }},
			"second":   {func(d *desk) { d.people.Demote("otto") }, func(d *desk) { d.people.Appoint("otto") }},
		} {
			d := h.desk(t, 0, nil)
			g := d.grant(t, func(r *supportgrant.NewRequest) { r.Care = true })
			_, err := d.look(g)
			require.NoError(t, err)
			c.lose(d)
			_, err = d.look(g)
			require.ErrorIs(t, err, supportgrant.ErrNotGranted, what)
			c.back(d)
			_, err = d.look(g)
			require.ErrorIs(t, err, supportgrant.ErrNotGranted, what)
			require.Equal(t, supportgrant.Withdrawn, d.now(t, g).State)
		}
		d := h.desk(t, 0, nil)
		g := d.grant(t, nil)
		d.people.Fail(true)
		_, err := d.look(g)
		require.ErrorIs(t, err, supportgrant.ErrUnavailable, "a directory that does not answer is no end, and no read")
		d.people.Fail(false)
		_, err = d.look(g)
		require.NoError(t, err)
	}},
}
