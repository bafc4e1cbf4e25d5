package retention_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/retention"
)

// Leads go that were won or lost, in region 7: those alone are planned, counted as undated or held, and removed with what belongs to them.
func TestRowsGoThatMeetTheConditionOfTheMap(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		ctx := d.tenant(t)
		d.exec(t, ctx, "INSERT INTO users (id, email) VALUES (1, 'a@example.org'), (2, 'b@example.org')")
		old := ago(1, 5)
		d.exec(t, ctx, "INSERT INTO lead (id, user_id, status, region, changed_at) VALUES (1, 1, 'won', 7, "+old+"), (2, 1, 'lost', 7, "+old+"), (3, 1, 'open', 7, "+old+"), (4, 1, 'won', 8, "+old+"), (5, 1, NULL, 7, "+old+
			"), (6, 1, 'won', 7, "+ago(0, 5)+"), (7, 1, 'won', 7, NULL), (8, 1, 'open', 7, NULL), (9, 2, 'won', 7, "+old+"), (10, 2, 'open', 7, "+old+"), (11, 1, 'Won', 7, "+old+")",
			"INSERT INTO call (id, lead_id) VALUES (1, 1), (2, 2), (3, 3), (4, 1)")
		_, err := d.store.AddHold(ctx, dsar.HoldRow{ID: "h", Ref: dsar.Ref{2}, Basis: "case 17", By: "system"})
		require.NoError(t, err)
		s := d.sweeper(t, func(o *retention.Options) {
			o.People = func(context.Context, []dsar.HoldRow) ([]dsar.Person, error) {
				return []dsar.Person{{Kind: "user", Key: []string{"2"}}}, nil
			}
		})
		p, err := s.Plan(ctx)
		require.NoError(t, err)
		l := due(t, p, "lead")
		require.Equal(t, []int64{2, 3, 11, 1, 1}, []int64{l.Rows, l.With, l.Of, l.Held, l.Undated})
		require.Equal(t, "status is won or lost and region is 7", l.When)

		// What is opened again between the plan and the sweep stays.
		d.exec(t, ctx, "UPDATE lead SET status = 'open' WHERE id = 2")
		r, err := s.Sweep(ctx, retention.Job{ID: "day 1", Plan: p, Confirmed: p.Hash})
		require.NoError(t, err)
		require.Equal(t, []string{"call delete 2", "lead delete 1"}, said(r))
		require.Equal(t, "2 3 4 5 6 7 8 9 10 11", d.ids(t, ctx, "lead"))
		require.Equal(t, "2 3", d.ids(t, ctx, "call"))

		// A condition on a column that the database does not have.
		m := *helpdesk
		m.Tables = slices.Clone(m.Tables)
		lead := &m.Tables[slices.IndexFunc(m.Tables, func(t dsar.Table) bool { return t.Name == "lead" })]
		lead.Plain = append(slices.Clone(lead.Plain), "state text")
		lead.Retention = &dsar.Retention{For: dsar.Period{Years: 1}, Since: "changed_at", When: []dsar.When{{Column: "state", Value: "won"}}}
		d.m = &m
		_, err = d.sweeper(t).Plan(ctx)
		require.ErrorIs(t, err, retention.ErrMap)
		require.ErrorContains(t, err, "lead.state")
	})
}
