package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgranttest"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// The service as a whole, over the store.
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
}

func (h *house) row(t require.TestingT, g supportgrant.Grant) supportgrant.GrantRow {
	row, _, err := h.Store.Grant(h.ctx, g.ID)
	require.NoError(t, err)
	return row
}
