package retention_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/retention"
)

// tickets makes so many old ones, from an id on, each with a comment and that with an attachment.
func (d *desk) tickets(t testing.TB, ctx context.Context, from, n int, user int) {
	for i := from; i < from+n; i++ {
		d.exec(t, ctx, fmt.Sprintf("INSERT INTO ticket (id, user_id, closed_at, subject) VALUES (%d, %d, %s, 's')", i, user, ago(2, 5)),
			fmt.Sprintf("INSERT INTO comment (id, ticket_id, body) VALUES (%d, %d, 'b')", i, i), fmt.Sprintf("INSERT INTO attachment (id, comment_id, name) VALUES (%d, %d, 'n')", i, i))
	}
}

func TestRowsGoWhenTheirTimeIsOverWithWhatBelongsToThem(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		ctx, other := d.tenant(t), d.tenant(t)
		for _, c := range []context.Context{ctx, other} {
			if c == other && d.PG != nil { // on Postgres all are in one table
				d.exec(t, c, "INSERT INTO users (id, email) VALUES (101, 'x@example.org')")
				d.tickets(t, c, 101, 7, 101)
				continue
			}
			d.exec(t, c, "INSERT INTO users (id, email) VALUES (1, 'a@example.org')")
			d.tickets(t, c, 1, 7, 1)
		}
		d.exec(t, ctx,
			"INSERT INTO ticket (id, user_id, closed_at) VALUES (20, 1, "+ago(1, 300)+"), (21, 1, NULL), (22, 1, '1970-01-01 00:00:00'), (23, 1, "+ago(3, 0)+"), (24, 1, "+ago(-1, 0)+")",
			"INSERT INTO refund (id, ticket_id, amount) VALUES (1, 23, 5)",
			fmt.Sprintf("INSERT INTO visit (id, user_id, at, ip, agent) VALUES (1, 1, %d, '10.0.0.1', 'a'), (2, 1, %d, '10.0.0.2', 'b'), (3, 1, %d, '10.0.0.3', 'c'), (4, 1, 0, '10.0.0.4', 'd')",
				time.Now().AddDate(0, 0, -31).Unix(), time.Now().AddDate(0, 0, -31).UnixMilli(), time.Now().AddDate(0, 0, -29).UnixMicro()),
			"INSERT INTO invoice (id, user_id, issued_at) VALUES (1, 1, "+ago(11, 0)+"), (2, 1, "+ago(9, 0)+")")
		s := d.sweeper(t)
		p, err := s.Plan(ctx)
		require.NoError(t, err)
		tk := due(t, p, "ticket")
		require.Equal(t, []int64{7, 14, 12, 1, 2}, []int64{tk.Rows, tk.With, tk.Of, tk.Pointed, tk.Undated})
		require.Equal(t, []int64{2, 1}, []int64{due(t, p, "visit").Rows, due(t, p, "visit").Undated})
		require.EqualValues(t, 1, due(t, p, "invoice").Rows)
		require.Equal(t, "1 2 3 4 5 6 7 20 21 22 23 24", d.ids(t, ctx, "ticket"), "a plan changes nothing")

		r, err := s.Sweep(ctx, retention.Job{ID: "day 1"})
		require.NoError(t, err)
		require.Equal(t, []string{"attachment delete 7", "comment delete 7", "invoice delete 1", "ticket delete 7", "visit mask 2"}, said(r))
		require.Equal(t, "20 21 22 23 24", d.ids(t, ctx, "ticket"))
		require.Empty(t, d.ids(t, ctx, "comment"))
		require.Empty(t, d.ids(t, ctx, "attachment"))
		require.Equal(t, "2", d.ids(t, ctx, "invoice"))
		require.Equal(t, "1", d.ids(t, ctx, "users"))
		require.Equal(t, "1 2", d.ids(t, ctx, "visit WHERE ip IS NULL AND agent = 'removed'"))
		require.Equal(t, "3 4", d.ids(t, ctx, "visit WHERE ip IS NOT NULL AND agent <> 'removed'"))
		if d.PG != nil {
			require.Equal(t, "101 102 103 104 105 106 107", d.ids(t, other, "attachment"), "another tenant's rows stay")
		} else {
			require.Equal(t, "1 2 3 4 5 6 7", d.ids(t, other, "attachment"), "another tenant's rows stay")
		}
		again, err := s.Sweep(ctx, retention.Job{ID: "day 1"})
		require.NoError(t, err)
		require.Equal(t, said(r), said(again), "the same job again is the same report")
		r, err = s.Sweep(ctx, retention.Job{ID: "day 2"})
		require.NoError(t, err)
		require.Empty(t, said(r))
		require.Len(t, d.log.events, 4)
		require.Equal(t, []audit.Outcome{audit.Attempted, audit.Success}, []audit.Outcome{d.log.events[0].Outcome, d.log.events[1].Outcome})
		require.EqualValues(t, 24, d.log.events[1].Data["gone"])
	})
}

// Pitfall: a retention sweeper deletes held or kept rows.
func TestWhatIsHeldOrKeptStays(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		ctx := d.tenant(t)
		d.exec(t, ctx, "INSERT INTO users (id, email) VALUES (1, 'a@example.org'), (2, 'b@example.org')")
		d.tickets(t, ctx, 1, 2, 1)
		d.tickets(t, ctx, 3, 2, 2)
		sweep := 0
		run := func(s *retention.Sweeper) (*retention.Report, error) {
			sweep++
			return s.Sweep(ctx, retention.Job{ID: fmt.Sprint(sweep)})
		}
		hold := func(h dsar.HoldRow) func() {
			h.ID, h.Basis, h.By = dsar.ID(fmt.Sprint("h", sweep, h.Table)), "case 17", "system"
			_, err := d.store.AddHold(ctx, h)
			require.NoError(t, err)
			return func() {
				_, err := d.store.ReleaseHold(ctx, h.ID, "over")
				require.NoError(t, err)
			}
		}
		for name, h := range map[string]dsar.HoldRow{"the tenant": {}, "the table": {Table: "ticket"}, "what belongs to it": {Table: "attachment"}, "somebody whom nobody knows": {Ref: dsar.Ref{1}}} {
			release := hold(h)
			r, err := run(d.sweeper(t))
			require.NoError(t, err, name)
			require.Empty(t, said(r), name)
			require.Equal(t, "1 2 3 4", d.ids(t, ctx, "ticket"), name)
			release()
		}
		release := hold(dsar.HoldRow{Ref: dsar.Ref{2}})
		down := errors.New("down")
		_, err := run(d.sweeper(t, func(o *retention.Options) {
			o.People = func(context.Context, []dsar.HoldRow) ([]dsar.Person, error) { return nil, down }
		}))
		require.ErrorIs(t, err, down)
		kept := "INSERT INTO dsar_erase_kept (tbl, k1, until, act) VALUES ('%s', %s, %d, 'delete')"
		future, past := time.Now().AddDate(1, 0, 0).UnixMicro(), time.Now().AddDate(0, 0, -1).UnixMicro()
		id := func(n int) string {
			if d.PG != nil {
				return fmt.Sprintf("'%d'", n)
			}
			return fmt.Sprint(n)
		}
		d.exec(t, ctx, fmt.Sprintf(kept, "comment", id(1), future), fmt.Sprintf(kept, "ticket", id(9), future))
		known := d.sweeper(t, func(o *retention.Options) {
			o.People = func(_ context.Context, held []dsar.HoldRow) ([]dsar.Person, error) {
				require.Len(t, held, 1)
				return []dsar.Person{{Kind: "user", Key: []string{"2"}}}, nil
			}
		})
		p, err := known.Plan(ctx)
		require.NoError(t, err)
		tk := due(t, p, "ticket")
		require.Equal(t, []int64{1, 2, 1}, []int64{tk.Rows, tk.Held, tk.Pointed})
		r, err := run(known)
		require.NoError(t, err)
		require.Equal(t, []string{"attachment delete 1", "comment delete 1", "ticket delete 1"}, said(r))
		require.Equal(t, "1 3 4", d.ids(t, ctx, "ticket"), "1 has a comment that is kept, 3 and 4 are of the person who is held")
		release()

		// Kept rows go when their reason ends: really.
		d.exec(t, ctx, "INSERT INTO invoice (id, user_id, issued_at) VALUES (1, NULL, "+ago(1, 0)+"), (2, NULL, "+ago(1, 0)+"), (3, NULL, "+ago(20, 0)+")",
			fmt.Sprintf(kept, "invoice", id(1), past), fmt.Sprintf(kept, "invoice", id(2), future), fmt.Sprintf(kept, "invoice", id(3), future))
		release = hold(dsar.HoldRow{Table: "invoice"})
		_, err = run(d.sweeper(t))
		require.NoError(t, err)
		require.Equal(t, "1 2 3", d.ids(t, ctx, "invoice"), "a hold is on what was kept too")
		release()
		_, err = run(d.sweeper(t))
		require.NoError(t, err)
		require.Equal(t, "2 3", d.ids(t, ctx, "invoice"), "3 is older than the period, and kept")
		require.Equal(t, "1", d.ids(t, ctx, "ticket"), "the hold is released")
	})
}

// A hold that is placed while a sweep runs wins at the next batch.
func TestAHoldThatIsPlacedMeanwhileWins(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		ctx := d.tenant(t)
		d.exec(t, ctx, "INSERT INTO users (id, email) VALUES (1, 'a@example.org')")
		d.tickets(t, ctx, 1, 8, 1)
		placed := false
		r, err := d.sweeper(t).Sweep(ctx, retention.Job{ID: "1", Progress: func(dsar.Progress) {
			if !placed {
				placed = true
				_, err := d.store.AddHold(ctx, dsar.HoldRow{ID: "h", Basis: "case", By: "system", Table: "ticket"})
				require.NoError(t, err)
			}
		}})
		require.NoError(t, err)
		require.Equal(t, []string{"attachment delete 3", "comment delete 3", "ticket delete 3"}, said(r))
	})
}

// Pitfall: one wrong period, or a clock, empties a table.
func TestASweepThatWouldRemoveTooMuchWaitsForAConfirmedPlan(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		ctx := d.tenant(t)
		d.exec(t, ctx, "INSERT INTO users (id, email) VALUES (1, 'a@example.org')")
		d.tickets(t, ctx, 1, 6, 1)
		d.exec(t, ctx, "INSERT INTO ticket (id, user_id, closed_at) VALUES (20, 1, "+ago(0, 1)+"), (21, 1, "+ago(0, 1)+"), (22, 1, "+ago(0, 1)+"), (23, 1, "+ago(0, 1)+")")
		for name, limit := range map[string]func(*retention.Options){
			"a share":                 func(o *retention.Options) { o.Share, o.Small = 0.5, 5 },
			"rows":                    func(o *retention.Options) { o.Rows = 17 },
			"the default, of a share": func(o *retention.Options) { o.Share, o.Small = 0, 1 },
		} {
			s := d.sweeper(t, limit)
			_, err := s.Sweep(ctx, retention.Job{ID: "1"})
			var mass *retention.MassError
			require.ErrorAs(t, err, &mass, name)
			require.ErrorIs(t, err, retention.ErrMass)
			require.True(t, due(t, mass.Plan, "ticket").Mass)
			require.Equal(t, "1 2 3 4 5 6 20 21 22 23", d.ids(t, ctx, "ticket"))
		}
		s := d.sweeper(t, func(o *retention.Options) { o.Rows = 17 })
		require.False(t, func() bool {
			p, err := d.sweeper(t, func(o *retention.Options) { o.Rows = 18 }).Plan(ctx)
			require.NoError(t, err)
			return p.Mass()
		}())
		p, err := s.Plan(ctx)
		require.NoError(t, err)
		forged := *p
		forged.Tables = append([]retention.Due{}, p.Tables...)
		forged.Tables[0].Rows = 1000
		old := *p
		old.At = p.At.AddDate(0, 0, -2)
		for name, j := range map[string]retention.Job{"no hash": {ID: "1", Plan: p}, "another": {ID: "1", Plan: p, Confirmed: "sha256:00"}, "forged": {ID: "1", Plan: &forged, Confirmed: p.Hash}, "old": {ID: "1", Plan: &old, Confirmed: old.Hash}} {
			_, err := s.Sweep(ctx, j)
			require.ErrorIs(t, err, retention.ErrPlan, name)
		}
		d.tickets(t, ctx, 50, 1, 1) // more than was looked at
		_, err = s.Sweep(ctx, retention.Job{ID: "1", Plan: p, Confirmed: p.Hash})
		require.ErrorIs(t, err, retention.ErrPlan)
		require.Empty(t, d.log.events)
		p, err = s.Plan(ctx)
		require.NoError(t, err)
		r, err := s.Sweep(ctx, retention.Job{ID: "1", Plan: p, Confirmed: p.Hash})
		require.NoError(t, err)
		require.Equal(t, "20 21 22 23", d.ids(t, ctx, "ticket"))
		require.Equal(t, p.Hash, r.Plan)
	})
}

// Pitfall: a bad clock, of the year 1970 or 2100, deletes all.
func TestAClockThatIsWrongDeletesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		ctx := d.tenant(t)
		d.exec(t, ctx, "INSERT INTO users (id, email) VALUES (1, 'a@example.org')")
		d.exec(t, ctx, "INSERT INTO ticket (id, user_id, closed_at) VALUES (1, 1, "+ago(0, 1)+"), (2, 1, "+ago(3, 0)+")")
		refused := func(s *retention.Sweeper, what string) {
			t.Helper()
			_, err := s.Sweep(ctx, retention.Job{ID: what})
			require.ErrorIs(t, err, retention.ErrClock, what)
			_, err = s.Plan(ctx)
			require.ErrorIs(t, err, retention.ErrClock, what)
			require.Equal(t, "1 2", d.ids(t, ctx, "ticket"), what)
		}
		for _, year := range []int{1970, 2025, 2100} {
			refused(d.sweeper(t, func(o *retention.Options) {
				o.Clock = func() time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }
			}), fmt.Sprint("this machine is in ", year))
		}
		if d.clock != nil {
			for _, year := range []int{1970, 2100} {
				off := time.Until(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC))
				d.clock.set(off)
				refused(d.sweeper(t), fmt.Sprint("the database is in ", year))
				d.clock.set(0)
			}
			// Both are wrong, as one virtual machine's are.
			require.NoError(t, d.marks.Put(ctx, time.Now()))
			for _, off := range []time.Duration{-time.Hour, -56 * 365 * 24 * time.Hour, 61 * 24 * time.Hour, 74 * 365 * 24 * time.Hour} {
				d.clock.set(off)
				refused(d.sweeper(t, func(o *retention.Options) { o.Clock = d.clock.now }), fmt.Sprint("both by ", off))
				d.clock.set(0)
			}
		}
		s := d.sweeper(t)
		for _, mark := range []time.Time{time.Now().Add(time.Hour), time.Now().AddDate(0, 0, -61), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)} {
			require.NoError(t, d.marks.Put(ctx, mark))
			refused(s, mark.String())
		}
		require.ErrorIs(t, s.Trust(ctx, time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)), retention.ErrClock)
		require.NoError(t, s.Trust(ctx, time.Now()))
		_, err := s.Sweep(ctx, retention.Job{ID: "right"})
		require.NoError(t, err)
		require.Equal(t, "1", d.ids(t, ctx, "ticket"))
	})
}

func TestATenantsPeriodIsNeitherShorterThanTheLawNorLongerThanTheReasonToKeep(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		ctx := d.tenant(t)
		d.exec(t, ctx, "INSERT INTO users (id, email) VALUES (1, 'a@example.org')",
			"INSERT INTO ticket (id, user_id, closed_at) VALUES (1, 1, "+ago(0, 40)+"), (2, 1, "+ago(1, 5)+"), (3, 1, "+ago(2, 5)+")",
			"INSERT INTO invoice (id, user_id, issued_at) VALUES (1, 1, "+ago(11, 0)+"), (2, 1, "+ago(9, 0)+")")
		s := d.sweeper(t, func(o *retention.Options) { o.Least = map[string]dsar.Period{"tickets": {Years: 1}} })
		require.ErrorIs(t, s.Set(ctx, "tickets", dsar.Period{Months: 11}, "user 1"), retention.ErrPeriod)
		require.ErrorIs(t, s.Set(ctx, "invoices", dsar.Period{Years: 10, Days: 1}, "user 1"), retention.ErrPeriod)
		require.ErrorIs(t, s.Set(ctx, "nothing", dsar.Period{Years: 1}, "user 1"), retention.ErrPeriod)
		require.ErrorIs(t, s.Set(ctx, "tickets", dsar.Period{Years: -1}, "user 1"), retention.ErrPeriod)
		rows, err := d.store.Retentions(ctx)
		require.NoError(t, err)
		require.Empty(t, rows)
		require.NoError(t, s.Set(ctx, "tickets", dsar.Period{Years: 1}, "user 1"))
		_, err = s.Sweep(ctx, retention.Job{ID: "1"})
		require.NoError(t, err)
		require.Equal(t, "1", d.ids(t, ctx, "ticket"))
		require.Equal(t, "2", d.ids(t, ctx, "invoice"))

		// Whatever somebody writes into the settings.
		for category, p := range map[string]dsar.Period{"tickets": {Days: 1}, "invoices": {Years: 90}} {
			require.NoError(t, d.store.SetRetention(ctx, dsar.RetentionRow{Category: category, For: p, By: "user 2"}))
		}
		d.exec(t, ctx, "INSERT INTO invoice (id, user_id, issued_at) VALUES (3, 1, "+ago(11, 0)+")")
		_, err = s.Sweep(ctx, retention.Job{ID: "2"})
		require.NoError(t, err)
		require.Equal(t, "1", d.ids(t, ctx, "ticket"))
		require.Equal(t, "2", d.ids(t, ctx, "invoice"))
		require.NoError(t, s.Set(ctx, "tickets", dsar.Period{}, "user 1"), "the map's period holds again")
		d.log.fails = errors.New("full")
		require.ErrorIs(t, s.Set(ctx, "tickets", dsar.Period{Years: 3}, "user 1"), d.log.fails)
		_, err = s.Sweep(ctx, retention.Job{ID: "3"})
		require.ErrorIs(t, err, d.log.fails, "what cannot be recorded does not begin")
	})
}

// A sweep that was cut short goes on, and counts each row once.
func TestASweepThatWasCutShortGoesOnAndCountsOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		ctx := d.tenant(t)
		d.exec(t, ctx, "INSERT INTO users (id, email) VALUES (1, 'a@example.org')")
		d.tickets(t, ctx, 1, 10, 1)
		for cut := 1; ; cut++ {
			require.Less(t, cut, 10)
			cancelled, cancel := context.WithCancel(ctx)
			r, err := d.sweeper(t).Sweep(cancelled, retention.Job{ID: "1", Progress: func(dsar.Progress) { cancel() }})
			cancel()
			if err == nil {
				require.Greater(t, cut, 3)
				require.Equal(t, []string{"attachment delete 10", "comment delete 10", "ticket delete 10"}, said(r))
				break
			}
			require.ErrorIs(t, err, context.Canceled)
		}
		require.Empty(t, d.ids(t, ctx, "ticket"))
		require.Equal(t, "0", d.ids(t, ctx, "(SELECT count(*) AS id FROM dsar_erase_key) x"), "no keys are left")
	})
}

func TestAPeriodEndsOnTheSameDayOrTheLastOfTheMonthAndNeverEarly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(1_000_000_000, 4_000_000_000).Draw(t, "now"), 0).UTC()
		p := dsar.Period{Years: rapid.IntRange(0, 12).Draw(t, "y"), Months: rapid.IntRange(0, 30).Draw(t, "m"), Days: rapid.IntRange(0, 400).Draw(t, "d")}
		cutoff := retention.Back(now, p)
		// The sum of the calendar, from the anchor on: months first, to the last day of a shorter one, then days.
		y, m, day := cutoff.Date()
		first := time.Date(y+p.Years, m+time.Month(p.Months), 1, cutoff.Hour(), cutoff.Minute(), cutoff.Second(), 0, time.UTC)
		end := first.AddDate(0, 0, min(day, first.AddDate(0, 1, -1).Day())-1+p.Days)
		require.False(t, end.After(now.AddDate(0, 0, 3)))
		if p.Days == 0 {
			require.False(t, end.After(now), "nothing goes before its time")
		}
		require.False(t, end.Before(now.AddDate(0, 0, -6)))
	})
	for _, c := range []struct{ now, want string }{{"2026-03-31", "2026-02-28"}, {"2024-03-30", "2024-02-29"}, {"2026-05-31", "2026-04-30"}, {"2026-02-28", "2026-01-28"}} {
		now, err := time.Parse(time.DateOnly, c.now)
		require.NoError(t, err)
		require.Equal(t, c.want, retention.Back(now, dsar.Period{Months: 1}).Format(time.DateOnly))
	}
}

// A worker that comes by every minute does not count everything every minute while nobody has confirmed it.
func TestAPlanThatWaitsIsNotMadeAnewBeforeItCouldBeAnother(t *testing.T) {
	onBoth(t, func(t *testing.T, d *desk) {
		ctx := d.tenant(t)
		d.exec(t, ctx, "INSERT INTO users (id, email) VALUES (1, 'a@example.org')")
		d.tickets(t, ctx, 1, 6, 1)
		s := d.sweeper(t, func(o *retention.Options) { o.Rows = 5 })
		waits := func(job string) (*retention.Plan, error) {
			_, err := s.Sweep(ctx, retention.Job{ID: job})
			if mass := new(retention.MassError); errors.As(err, &mass) {
				return mass.Plan, nil
			}
			return nil, err
		}
		first, err := waits("1")
		require.NoError(t, err)
		require.NotNil(t, first)
		d.tickets(t, ctx, 50, 1, 1)
		again, err := waits("1")
		require.NoError(t, err)
		require.Same(t, first, again)
		next, err := waits("2") // the next day's
		require.NoError(t, err)
		require.Equal(t, due(t, first, "ticket").Rows+1, due(t, next, "ticket").Rows)
		require.NoError(t, s.Set(ctx, due(t, next, "ticket").Category, dsar.Period{Years: 30}, "officer"))
		none, err := waits("2")
		require.NoError(t, err)
		require.Nil(t, none, "under the tenant's own period nothing is due, and the sweep is done")
		other := d.tenant(t)
		_, err = s.Sweep(other, retention.Job{ID: "1"})
		require.NoError(t, err, "another tenant waits for nobody")
		if d.clock == nil {
			return
		}
		require.NoError(t, s.Set(ctx, due(t, next, "ticket").Category, dsar.Period{}, "officer"))
		third, err := waits("3")
		require.NoError(t, err)
		d.clock.set(time.Hour)
		late, err := waits("3")
		require.NoError(t, err)
		require.NotSame(t, third, late)
	})
}
