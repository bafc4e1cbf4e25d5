package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgranttest"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

var serviceTests = []test{
	{"a grant is asked for, approved, read under and withdrawn, and the customer sees all of it", func(t *testing.T, h *house) {
		d := h.desk(t, 0, nil)
		h.fill(t, "one", "two")
		g := d.ask(t, nil)
		_, err := d.look(g)
		require.ErrorIs(t, err, supportgrant.ErrNotGranted)
		p, err := d.BeginApproval(d.ctx, g.ID, "olga", "test", 10*time.Minute)
		require.NoError(t, err)
		require.Equal(t, supportgrant.Intent{Grant: g.ID, Tenant: h.tenant, Staff: "sam", Approver: "olga", Ticket: g.Ticket, Reason: g.Reason, Scope: g.Scope, Life: 10 * time.Minute, Nonce: p.Intent.Nonce}, p.Intent)
		_, err = d.look(g)
		require.ErrorIs(t, err, supportgrant.ErrNotGranted)
		g, err = d.Approve(d.ctx, g.ID, "olga", supportgranttest.Answer(p))
		require.NoError(t, err)
		require.Equal(t, supportgrant.Approved, g.State)
		require.Equal(t, 10*time.Minute, g.Life)
		require.Equal(t, g.Approved.Add(10*time.Minute), g.Expires)
		require.Equal(t, g, d.now(t, g))
		rows, err := d.look(g)
		require.NoError(t, err)
		require.Len(t, rows, 2)
		require.Equal(t, "one", *rows[0].Title)
		rows, err = d.again(t, 1).look(g)
		require.NoError(t, err)
		require.Len(t, rows, 2)
		all, err := d.Approvals(d.ctx, g.ID)
		require.NoError(t, err)
		require.Len(t, all, 1)
		require.Equal(t, p.Intent, all[0].Intent)
		require.Equal(t, p.Digest, all[0].Intent.Digest())
		require.Equal(t, supportgrant.Evidence{Method: "test", Digest: p.Digest, Proof: p.Digest[:]}, all[0].Evidence)
		ended, err := d.Withdraw(d.ctx, g.ID, "olga", "enough")
		require.NoError(t, err)
		require.Equal(t, supportgrant.Withdrawn, ended.State)
		for i := range d.Stores {
			_, err = d.again(t, i).look(g)
			require.ErrorIs(t, err, supportgrant.ErrNotGranted)
		}
		kinds := d.steps(t, g)
		require.Equal(t, []supportgrant.Kind{"requested", "refused", "refused", "approved", "read", "withdrawn", "refused"}, kinds[:7])
		for _, e := range d.log(t, supportgrant.Look{}) {
			require.Equal(t, "T-17", e.Ticket)
			if e.Kind == supportgrant.KindRead {
				require.Equal(t, []string{"id", "title"}, e.Columns)
				require.Equal(t, "posts", e.Resource)
				require.EqualValues(t, "sam", e.By)
			}
		}
		require.GreaterOrEqual(t, d.recorder.count("supportgrant.read", audit.Success), 2)
		require.Equal(t, 2+len(d.Stores), d.recorder.count("supportgrant.refused", audit.Denied))
		told := map[supportgrant.NoticeKind]int{}
		for _, n := range d.notices(t) {
			told[n.Kind]++
		}
		require.Equal(t, map[supportgrant.NoticeKind]int{"requested": 1, "approved": 1, "first_read": 1, "ended": 1}, told)
		require.Empty(t, d.notices(t))
	}},
	{"only active staff asks, in words that say something", func(t *testing.T, h *house) {
		d := h.desk(t, 0, nil)
		for _, who := range []supportgrant.Person{"olga", "eve", "Sam"} {
			r := request()
			r.Staff = who
			_, err := d.Request(d.ctx, r)
			require.ErrorIs(t, err, supportgrant.ErrNotAllowed, who)
		}
		d.people.Dismiss("sam")
		_, err := d.Request(d.ctx, request())
		require.ErrorIs(t, err, supportgrant.ErrNotAllowed)
		d.people.Hire("sam")
		require.Equal(t, 4, d.recorder.count("supportgrant.refused", audit.Denied))
		r := request()
		r.Ticket, r.Reason = "  <b>T-1</b>\t", "\n <script>alert(1)</script>: why?\r\nsecond line "
		g, err := d.Request(d.ctx, r)
		require.NoError(t, err)
		require.Equal(t, "<b>T-1</b>", g.Ticket, "kept plain: it is escaped where it is shown")
		require.Equal(t, "<script>alert(1)</script>: why?\nsecond line", d.now(t, g).Reason)
	}},
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
		require.True(t, ptr(d.now(t, g)).Live())
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
	{"what cannot be recorded does not happen", func(t *testing.T, h *house) {
		d := h.desk(t, 0, nil)
		h.fill(t, "one")
		d.recorder.failAt("supportgrant.requested")
		_, err := d.Request(d.ctx, request())
		require.ErrorIs(t, err, supportgrant.ErrUnavailable)
		all, err := d.Service.Grants(d.ctx, supportgrant.Find{})
		require.NoError(t, err)
		require.Empty(t, all)
		d.recorder.failAt("")
		g := d.ask(t, func(r *supportgrant.NewRequest) { r.Care = true })
		for i, by := range []supportgrant.Person{"olga", "otto"} {
			p := d.begin(t, g, by)
			d.recorder.failAt([]string{"supportgrant.confirmed", "supportgrant.approved"}[i])
			_, err = d.Approve(d.ctx, g.ID, by, supportgranttest.Answer(p))
			require.ErrorIs(t, err, supportgrant.ErrUnavailable)
			require.Equal(t, supportgrant.Requested, d.now(t, g).State)
			d.recorder.failAt("")
			_, err = d.Approve(d.ctx, g.ID, by, supportgranttest.Answer(d.begin(t, g, by)))
			require.NoError(t, err)
		}
		d.recorder.failAt("supportgrant.read")
		_, err = d.look(g)
		require.ErrorIs(t, err, supportgrant.ErrUnavailable)
		require.Empty(t, d.log(t, supportgrant.Look{Kinds: []supportgrant.Kind{supportgrant.KindRead}}))
		d.recorder.failAt("supportgrant.withdrawn")
		_, err = d.Withdraw(d.ctx, g.ID, "olga", "")
		require.ErrorIs(t, err, supportgrant.ErrUnavailable)
		d.recorder.failAt("")
		_, err = d.look(g)
		require.NoError(t, err)
		d.recorder.failAt("supportgrant.refused")
		_, err = d.look(supportgrant.Grant{ID: uuid.New(), Staff: "sam"})
		require.ErrorIs(t, err, supportgrant.ErrNotGranted)
		require.ErrorIs(t, err, errOops)
	}},
	{"a request is made once under its id", func(t *testing.T, h *house) {
		d := h.desk(t, 0, nil)
		r := request()
		r.ID = uuid.New()
		together(8, func(i int) {
			g, err := d.Request(d.ctx, r)
			require.NoError(t, err)
			require.Equal(t, r.ID, g.ID)
		})
		require.Equal(t, []supportgrant.Kind{"requested"}, d.steps(t, supportgrant.Grant{ID: r.ID}))
		for _, change := range []func(*supportgrant.NewRequest){
			func(r *supportgrant.NewRequest) { r.Staff = "sue" },
			func(r *supportgrant.NewRequest) { r.Ticket = "T-18" },
			func(r *supportgrant.NewRequest) { r.Reason += "!" },
			func(r *supportgrant.NewRequest) {
				r.Scope = supportgrant.ScopeOf(supportgrant.Posts, supportgrant.Account)
			},
			func(r *supportgrant.NewRequest) { r.Life += time.Second },
			func(r *supportgrant.NewRequest) { r.Care = true },
		} {
			other := r
			change(&other)
			_, err := d.Request(d.ctx, other)
			require.ErrorIs(t, err, supportgrant.ErrExists)
		}
	}},
	{"reads, answers and ends are refused in a transaction of the caller's, and a request joins it", func(t *testing.T, h *house) {
		d := h.desk(t, 0, nil)
		h.fill(t, "one")
		g := d.grant(t, nil)
		asked := d.ask(t, nil)
		p := d.begin(t, asked, "olga")
		for what, f := range map[string]func(ctx context.Context) error{
			"read": func(ctx context.Context) error {
				_, err := supportgrant.Read[post](ctx, d.Service, posts(g))
				return err
			},
			"approve": func(ctx context.Context) error {
				_, err := d.Approve(ctx, asked.ID, "olga", supportgranttest.Answer(p))
				return err
			},
			"withdraw": func(ctx context.Context) error { _, err := d.Withdraw(ctx, g.ID, "olga", ""); return err },
			"deny":     func(ctx context.Context) error { _, err := d.Deny(ctx, g.ID, "olga", ""); return err },
			"ticket":   func(ctx context.Context) error { _, err := d.WithdrawTicket(ctx, "T-17", ""); return err },
			"deliver": func(ctx context.Context) error {
				_, err := d.Deliver(ctx, func(context.Context, supportgrant.Notice) error { return nil })
				return err
			},
		} {
			require.ErrorIs(t, h.within(f), supportgrant.ErrInTransaction, what)
		}
		_, err := d.Approve(d.ctx, asked.ID, "olga", supportgranttest.Answer(p))
		require.NoError(t, err, "and the challenge was not burned")
		var id supportgrant.GrantID
		require.ErrorIs(t, h.within(func(ctx context.Context) error {
			g, err := d.Request(ctx, request())
			require.NoError(t, err)
			id = g.ID
			return errOops
		}), errOops)
		_, err = d.Service.Grant(d.ctx, id)
		require.ErrorIs(t, err, supportgrant.ErrNotFound)
	}},
	{"what a read does with its ctx does not wait for the read", func(t *testing.T, h *house) {
		d := h.desk(t, 0, nil)
		h.fill(t, "one")
		g := d.grant(t, nil)
		require.NoError(t, patiently(func() error {
			return supportgrant.Use(d.ctx, d.Service, posts(g), func(ctx context.Context, _ supportgrant.Page[post]) error {
				_, err := d.Withdraw(ctx, g.ID, "olga", "")
				require.ErrorIs(t, err, supportgrant.ErrInTransaction)
				_, err = d.WithdrawTicket(ctx, g.Ticket, "")
				require.ErrorIs(t, err, supportgrant.ErrInTransaction)
				_, err = supportgrant.Read[post](ctx, d.Service, posts(g))
				require.ErrorIs(t, err, supportgrant.ErrInTransaction)
				return nil
			})
		}))
		_, err := d.Withdraw(d.ctx, g.ID, "olga", "")
		require.NoError(t, err)
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
	{"a query that cannot be is refused before anything is read, and recorded", func(t *testing.T, h *house) {
		d := h.desk(t, 0, nil)
		h.fill(t, "one")
		g := d.grant(t, nil)
		n := 0
		for what, change := range map[string]func(*supportgrant.Access){
			"no resource":   func(a *supportgrant.Access) { a.Resource = "users" },
			"too many rows": func(a *supportgrant.Access) { a.Limit = supportgrant.MaxPage + 1 },
			"negative":      func(a *supportgrant.Access) { a.Limit = -1 },
			"a hidden column": func(a *supportgrant.Access) {
				a.Match = []supportgrant.Condition{supportgrant.Is("secret_token", "t0p-secret")}
			},
			"no column":        func(a *supportgrant.Access) { a.Match = []supportgrant.Condition{supportgrant.Is("1=1 OR id", 1)} },
			"NULL":             func(a *supportgrant.Access) { a.Match = []supportgrant.Condition{supportgrant.IsNull("title")} },
			"a strange value":  func(a *supportgrant.Access) { a.Match = []supportgrant.Condition{supportgrant.Is("id", []int{1})} },
			"many conditions":  func(a *supportgrant.Access) { a.Match = make([]supportgrant.Condition, 17) },
			"a foreign cursor": func(a *supportgrant.Access) { a.After = "x" },
			"nobody":           func(a *supportgrant.Access) { a.Staff = "" },
		} {
			a := posts(g)
			change(&a)
			_, err := supportgrant.Read[post](d.ctx, d.Service, a)
			require.ErrorIs(t, err, supportgrant.ErrInvalid, what)
			n++
			require.Equal(t, n, d.recorder.count("supportgrant.refused", audit.Denied), what)
		}
		_, err := supportgrant.Read[struct{ SecretToken string }](d.ctx, d.Service, posts(g))
		require.ErrorIs(t, err, supportgrant.ErrInvalid)
		require.Empty(t, d.log(t, supportgrant.Look{Kinds: []supportgrant.Kind{supportgrant.KindRead}}))
	}},
	{"what is at a path is matched by its text", func(t *testing.T, h *house) {
		d := h.desk(t, 0, nil)
		for id, city := range []string{`42`, `"42"`, `true`, `1.5`, `"Bern"`} {
			h.Fill(t, h.tenant, supportgrant.Row{"id": id, "title": city, "profile": `{"city": ` + city + `}`, "hidden": false, "careful": false})
		}
		g := d.grant(t, nil)
		for _, c := range []struct {
			value any
			rows  int
		}{{42, 2}, {"42", 2}, {true, 1}, {1.5, 1}, {"Bern", 1}, {43, 0}} {
			a := posts(g)
			a.Match = []supportgrant.Condition{supportgrant.Is("profile.city", c.value)}
			page, err := supportgrant.Read[post](d.ctx, d.Service, a)
			require.NoError(t, err)
			require.Len(t, page.Rows, c.rows, "%v", c.value)
		}
	}},
	{"the budget of a grant is for all processes together", func(t *testing.T, h *house) {
		d := h.desk(t, 0, func(o *supportgrant.Options) { o.Budget = 50 })
		h.fill(t, "one")
		g := d.grant(t, nil)
		other := d.again(t, 1)
		other.open(t, 1, func(o *supportgrant.Options) { o.Budget = 50 })
		var read, refused atomic.Int64
		together(8, func(i int) {
			for range 20 {
				_, err := []*desk{d, other}[i%2].look(g)
				if err == nil {
					read.Add(1)
				} else {
					require.ErrorIs(t, err, supportgrant.ErrTooMany)
					refused.Add(1)
				}
			}
		})
		require.LessOrEqual(t, read.Load(), int64(50))
		require.Positive(t, read.Load())
		entries := len(d.log(t, supportgrant.Look{Kinds: []supportgrant.Kind{supportgrant.KindRead}}))
		require.GreaterOrEqual(t, entries, int(read.Load()))
		require.LessOrEqual(t, entries, 50)
	}},
	{"a grant is read at a rate", func(t *testing.T, h *house) {
		d := h.desk(t, 0, func(o *supportgrant.Options) { o.Rate = 1 })
		h.fill(t, "one")
		g := d.grant(t, nil)
		refused := 0
		for range 10 {
			if _, err := d.look(g); err != nil {
				require.ErrorIs(t, err, supportgrant.ErrTooMany)
				refused++
			}
		}
		require.Positive(t, refused)
	}},
	{"a registry that is not as the tables are keeps reads from beginning", func(t *testing.T, h *house) {
		for what, change := range map[string]func(*supportgrant.Resource){
			"SGR001": func(r *supportgrant.Resource) { r.Table = "sgt_missing" },
			"SGR002": func(r *supportgrant.Resource) { r.Columns = append(r.Columns, "missing") },
			"SGR003": func(r *supportgrant.Resource) { r.Columns = append(r.Columns, "profile") },
			"SGR004": func(r *supportgrant.Resource) { r.Columns = append(r.Columns, "body.part") },
		} {
			d := h.desk(t, 0, func(o *supportgrant.Options) { change(&o.Registry[2]) })
			g := d.grant(t, nil)
			_, err := d.look(g)
			require.ErrorIs(t, err, supportgrant.ErrSchema, what)
			rep, err := d.Inspect(d.ctx)
			require.NoError(t, err)
			require.ErrorContains(t, rep.Err(3), what)
		}
	}},
	{"pages are guarded reads of their own", func(t *testing.T, h *house) {
		d := h.desk(t, 0, nil)
		for id := range 25 {
			h.Fill(t, h.tenant, supportgrant.Row{"id": id, "title": fmt.Sprint(id), "hidden": false, "careful": false})
		}
		g := d.grant(t, nil)
		a := posts(g)
		a.Limit = 10
		var ids []int64
		require.NoError(t, patiently(func() error {
			ids = nil
			for page, err := range supportgrant.Pages[post](d.ctx, d.Service, a) {
				if err != nil {
					return err
				}
				for _, p := range page.Rows {
					ids = append(ids, p.ID)
				}
			}
			return nil
		}))
		require.Len(t, ids, 25)
		require.GreaterOrEqual(t, len(d.log(t, supportgrant.Look{Kinds: []supportgrant.Kind{supportgrant.KindRead}})), 3)
		seen := 0
		for page, err := range supportgrant.Pages[post](d.ctx, d.Service, a) {
			if seen++; seen == 1 {
				if errors.Is(err, supportgrant.ErrTooSlow) {
					t.Skip("the machine is too busy")
				}
				require.NoError(t, err)
				require.Len(t, page.Rows, 10)
				h.move(t, h.row(t, g), supportgrant.Withdrawn)
				continue
			}
			require.ErrorIs(t, err, supportgrant.ErrNotGranted)
			require.Empty(t, page.Rows)
		}
		require.Equal(t, 2, seen)
	}},
}

func (h *house) row(t require.TestingT, g supportgrant.Grant) supportgrant.GrantRow {
	row, _, err := h.Store.Grant(h.ctx, g.ID)
	require.NoError(t, err)
	return row
}

func ptr[T any](v T) *T { return &v }
