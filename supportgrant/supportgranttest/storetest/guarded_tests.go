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
	"github.com/stretchr/testify/require"
)

// Reads through the service.
var guardedTests = []test{
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
	{"a read that is too slow hands nothing over", func(t *testing.T, h *house) {
		d := h.desk(t, 0, func(o *supportgrant.Options) { o.Hold = time.Nanosecond })
		h.fill(t, "one")
		g := d.grant(t, nil)
		err := supportgrant.Use(d.ctx, d.Service, posts(g), func(context.Context, supportgrant.Page[post]) error { t.Error("used"); return nil })
		require.ErrorIs(t, err, supportgrant.ErrTooSlow)
	}},
	{"a read that runs out of time says so, whenever that is", func(t *testing.T, h *house) {
		h.fill(t, "one")
		g := h.approved(t, nil)
		for i := range 20 {
			r := h.reading(g)
			r.Hold = time.Duration(i) * 100 * time.Microsecond
			err := h.Read(h.ctx, r, func(ctx context.Context, rows supportgrant.Rows) error {
				if _, err := titles(rows); err != nil && ctx.Err() == nil {
					return fmt.Errorf("the rows ended before the hold: %w", err)
				}
				return nil
			})
			if err != nil {
				require.ErrorIs(t, err, supportgrant.ErrTooSlow)
			}
		}
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
