package dsar_test

import (
	"context"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
	"github.com/stretchr/testify/require"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

func TestARequestIsDueByTheCalendar(t *testing.T) {
	t.Parallel()
	sydney, err := time.LoadLocation("Australia/Sydney")
	require.NoError(t, err)
	for what, c := range map[string]struct {
		law      string
		received string
		zone     *time.Location
		weekend  []time.Weekday
		due      string
		extended string
	}{
		"31 January, then the last of February": {"eu-gdpr", "2026-01-31T10:00:00Z", time.UTC, []time.Weekday{}, "2026-02-28", "2026-04-30"},
		"in a leap year too":                    {"eu-gdpr", "2028-01-31T10:00:00Z", time.UTC, []time.Weekday{}, "2028-02-29", "2028-04-30"},
		"a Saturday is no end":                  {"eu-gdpr", "2026-01-31T10:00:00Z", time.UTC, nil, "2026-03-02", "2026-04-30"},
		"an extension counts from receipt":      {"eu-gdpr", "2026-03-28T10:00:00Z", time.UTC, nil, "2026-04-28", "2026-06-29"},
		"23:30 in London is tomorrow in Sydney": {"au-agency", "2026-03-02T23:30:00Z", sydney, nil, "2026-04-02", ""},
		"45 days, and 90, of California":        {"us-ca", "2026-03-02T10:00:00Z", time.UTC, nil, "2026-04-16", "2026-05-31"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			d := newOffice(t, func(o *dsar.Options) { o.Law, o.Calendar = c.law, deadline.Calendar{Zone: c.zone, Weekend: c.weekend} })
			d.at = at(c.received)
			r := d.receive(t, dsar.Access, nil)
			require.Equal(t, c.due, r.Clock.Due.Day.String())
			require.NotEmpty(t, r.Clock.Due.Cite)
			row, err := d.store.Request(d.ctx, r.ID)
			require.NoError(t, err)
			require.Equal(t, r.Clock.Due.Until.UTC(), row.Due)
			if c.extended == "" {
				_, err = d.Extend(d.ctx, r.ID, "It is a lot.", officer)
				require.ErrorIs(t, err, dsar.ErrTooLate)
				return
			}
			d.pass(10 * 24 * time.Hour)
			r, err = d.Extend(d.ctx, r.ID, "It is a lot.", officer)
			require.NoError(t, err)
			require.Equal(t, c.extended, r.Clock.Due.Day.String())
			told := d.app.Told()
			require.Equal(t, dsar.NoticeExtended, told[len(told)-1].Kind)
			require.Equal(t, "It is a lot.", told[len(told)-1].Text)
			again, err := d.Extend(d.ctx, r.ID, "Still.", officer)
			require.NoError(t, err)
			require.Equal(t, r.Extended, again.Extended)
			require.Len(t, d.app.Told(), len(told), "once")
		})
	}
}

func TestAnExtensionOfWhichThePersonWasNotToldInTimeCountsForNothing(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	r := d.receive(t, dsar.Access, nil)
	d.pass(40 * 24 * time.Hour)
	_, err := d.Extend(d.ctx, r.ID, "It is a lot.", officer)
	require.ErrorIs(t, err, dsar.ErrTooLate)
	require.True(t, d.now(t, r.ID).Extended.IsZero())

	r = d.receive(t, dsar.Portability, nil)
	d.app.Change(func() {
		d.app.Fault = func(call string) error { return map[string]error{"tell extended": errOops}[call] }
	})
	_, err = d.Extend(d.ctx, r.ID, "It is a lot.", officer)
	require.ErrorIs(t, err, errOops)
	require.True(t, d.now(t, r.ID).Extended.IsZero(), "the person was not told")
}

func TestWaitingForThePersonStopsTheClockWhereTheLawSaysSo(t *testing.T) {
	t.Parallel()
	for law, stops := range map[string]bool{"eu-gdpr": true, "us-ca": false} {
		d := newOffice(t, func(o *dsar.Options) { o.Law = law })
		r := d.receive(t, dsar.Access, nil)
		due := r.Clock.Due.Day
		d.pass(24 * time.Hour)
		_, err := d.Ask(d.ctx, r.ID, deadline.Identity, officer)
		require.NoError(t, err)
		_, err = d.Ask(d.ctx, r.ID, deadline.Identity, officer)
		require.NoError(t, err)
		d.pass(5 * 24 * time.Hour)
		require.Equal(t, stops, d.now(t, r.ID).Clock.Waiting)
		got, err := d.Verified(d.ctx, r.ID, shown(r.ID))
		require.NoError(t, err)
		require.Len(t, got.Pauses, 1)
		want := due
		if stops {
			want = due.AddDays(5)
		}
		require.Equal(t, want, got.Clock.Due.Day, law)
		_, err = d.Ask(d.ctx, r.ID, deadline.Clarification, officer)
		require.NoError(t, err)
		d.pass(24 * time.Hour)
		got, err = d.Answered(d.ctx, r.ID, deadline.Clarification, officer)
		require.NoError(t, err)
		if stops {
			want = want.AddDays(1)
		}
		require.Equal(t, want, got.Clock.Due.Day, law)
	}
}

func TestTheMostUrgentDutyComesFirst(t *testing.T) {
	t.Parallel()
	d := newOffice(t, func(o *dsar.Options) {
		o.Calendar.Weekend = nil
		o.Tell = func(ctx context.Context, n dsar.Notice) error { return nil }
	})
	d.app.Change(func() {})
	old := d.receive(t, dsar.Access, func(in *dsar.Intake) { in.Received = d.at.AddDate(0, 0, -40); in.ID = "old" })
	require.Equal(t, dsar.Open, old.State)
	_ = d.receive(t, dsar.Portability, func(in *dsar.Intake) { in.Law = "us-ca"; in.ID = "california" })
	_ = d.receive(t, dsar.ConsentWithdrawal, func(in *dsar.Intake) { in.ID = "no-figure" })
	type duty struct {
		id   dsar.ID
		what dsar.DutyKind
		late bool
	}
	list := func(within time.Duration) (out []duty) {
		all, err := d.Duties(d.ctx, within)
		require.NoError(t, err)
		for _, x := range all {
			require.NotEmpty(t, x.By.Cite)
			out = append(out, duty{x.Request.ID, x.What, x.Late})
		}
		return out
	}
	require.Equal(t, []duty{{"old", "answer", true}}, list(24*time.Hour))
	require.Equal(t, []duty{{"old", "answer", true}, {"california", "acknowledge", false}}, list(20*24*time.Hour))
	require.Equal(t, []duty{{"old", "answer", true}, {"california", "acknowledge", false}, {"california", "answer", false}, {"california", "extend", false}}, list(60*24*time.Hour))
	d.step(t) // which acknowledges
	require.Equal(t, []duty{{"old", "answer", true}, {"california", "answer", false}, {"california", "extend", false}}, list(60*24*time.Hour))
	_, err := d.Extend(d.ctx, "california", "It is a lot.", officer)
	require.NoError(t, err)
	require.Equal(t, []duty{{"old", "answer", true}}, list(60*24*time.Hour))
	require.Equal(t, []duty{{"old", "answer", true}, {"california", "answer", false}}, list(100*24*time.Hour))
	_, err = d.Withdraw(d.ctx, "old", officer)
	require.NoError(t, err)
	require.Equal(t, dsar.Withdrawn, d.settle(t, "old").Outcome)
	require.Empty(t, list(60*24*time.Hour))
}

func TestARequestThatNoRuleIsForIsTakenAllTheSame(t *testing.T) {
	t.Parallel()
	d := newOffice(t, nil)
	r := d.verified(t, dsar.OptOutSale, nil) // the GDPR does not know it
	require.Empty(t, r.Clock.Rule.ID)
	require.Equal(t, dsar.Done, d.settle(t, r.ID).Outcome)
	_, err := d.Open(d.ctx, dsar.Intake{Kind: dsar.Access, Person: shown("").Person, Law: "atlantis"})
	require.ErrorIs(t, err, dsar.ErrInvalid)
	_, err = d.Open(d.ctx, dsar.Intake{Kind: dsar.Access, Person: shown("").Person, Received: d.at.Add(time.Hour)})
	require.ErrorIs(t, err, dsar.ErrInvalid)
}

func TestARuleThatIsReplacedHolds(t *testing.T) {
	t.Parallel()
	rows := deadline.Rules()
	for i := range rows {
		if rows[i].ID == "eu-gdpr" {
			rows[i].Answer = deadline.Term{Period: deadline.Period{N: 2, Unit: deadline.Months}, Cite: "a treaty"}
		}
	}
	laws, err := deadline.Compile(rows...)
	require.NoError(t, err)
	d := newOffice(t, func(o *dsar.Options) { o.Laws = laws })
	r := d.receive(t, dsar.Access, nil)
	require.Equal(t, "2026-05-02", r.Clock.Due.Day.String())
	require.Equal(t, "a treaty", r.Clock.Due.Cite)
	other := d.receive(t, dsar.Access, func(in *dsar.Intake) { in.Law = "br-lgpd" })
	require.Equal(t, "2026-03-17", other.Clock.Due.Day.String())
}
