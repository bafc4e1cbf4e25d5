package deadline_test

import (
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func asked(c deadline.Cause, from, to time.Time) deadline.Pause {
	return deadline.Pause{Cause: c, Asked: from, Done: to}
}

func TestWhatWaitingDoesIsForTheLawToSay(t *testing.T) {
	t.Parallel()
	received := noon(2026, 3, 2)
	for _, v := range []struct {
		name, law string
		kind      deadline.Kind
		pauses    []deadline.Pause
		start     string
		added     int
		answer    string
		waiting   bool
	}{
		{"nothing asked", "eu-gdpr", deadline.Access, nil, "2026-03-02", 0, "2026-04-02", false},
		{"GDPR stops for identity", "eu-gdpr", deadline.Access, []deadline.Pause{asked(deadline.Identity, noon(2026, 3, 4), noon(2026, 3, 9))}, "2026-03-02", 5, "2026-04-07", false},
		{"two waits at once count once", "eu-gdpr", deadline.Access, []deadline.Pause{
			asked(deadline.Clarification, noon(2026, 3, 6), noon(2026, 3, 11)), asked(deadline.Identity, noon(2026, 3, 4), noon(2026, 3, 9))}, "2026-03-02", 7, "2026-04-09", false},
		{"UK begins with identity", "gb-ukgdpr", deadline.Erasure, []deadline.Pause{asked(deadline.Identity, noon(2026, 3, 4), noon(2026, 3, 9))}, "2026-03-09", 0, "2026-04-09", false},
		{"UK leaves out the days of clarification", "gb-ukgdpr", deadline.Access, []deadline.Pause{asked(deadline.Clarification, noon(2026, 3, 4), noon(2026, 3, 9))}, "2026-03-02", 6, "2026-04-08", false},
		{"but for access only", "gb-ukgdpr", deadline.Erasure, []deadline.Pause{asked(deadline.Clarification, noon(2026, 3, 4), noon(2026, 3, 9))}, "2026-03-02", 0, "2026-04-02", false},
		{"days before the clock began are not left out again", "gb-ukgdpr", deadline.Access, []deadline.Pause{
			asked(deadline.Clarification, noon(2026, 3, 4), noon(2026, 3, 9)), asked(deadline.Identity, noon(2026, 3, 4), noon(2026, 3, 16))}, "2026-03-16", 0, "2026-04-16", false},
		{"an open question shows the earliest", "eu-gdpr", deadline.Access, []deadline.Pause{asked(deadline.Identity, noon(2026, 3, 4), time.Time{})}, "2026-03-02", 0, "2026-04-02", true},
		{"a question that came too late revives nothing", "gb-ukgdpr", deadline.Access, []deadline.Pause{asked(deadline.Identity, noon(2026, 4, 4), noon(2026, 4, 9))}, "2026-03-02", 0, "2026-04-02", false},
		{"Virginia does not stop", "us-va", deadline.Access, []deadline.Pause{asked(deadline.Identity, noon(2026, 3, 4), noon(2026, 3, 9))}, "2026-03-02", 0, "2026-04-16", false},
	} {
		clock := reckon(t, v.law, v.kind, deadline.Facts{Received: received, Pauses: v.pauses}, utc)
		require.Equal(t, v.start, clock.Start.String(), v.name)
		require.Equal(t, v.added, clock.Added, v.name)
		require.Equal(t, v.answer, clock.Answer.Day.String(), v.name)
		require.Equal(t, v.waiting, clock.Waiting, v.name)
	}
}

func TestAnExtensionCountsOnlyIfThePersonWasToldInTime(t *testing.T) {
	t.Parallel()
	f := deadline.Facts{Received: noon(2026, 3, 2)}
	f.Extended = time.Date(2026, 4, 2, 23, 59, 59, 0, time.UTC)
	clock := reckon(t, "eu-gdpr", deadline.Access, f, utc)
	require.Equal(t, clock.Extended, clock.Due)
	require.Equal(t, "2026-06-02", clock.Due.Day.String())
	require.False(t, clock.TooLate)

	f.Extended = f.Extended.Add(time.Second)
	clock = reckon(t, "eu-gdpr", deadline.Access, f, utc)
	require.Equal(t, clock.Answer, clock.Due)
	require.True(t, clock.TooLate)

	clock = reckon(t, "br-lgpd", deadline.Access, f, utc)
	require.Equal(t, clock.Answer, clock.Due, "a law without extensions has none")
	require.True(t, clock.Extended.IsZero())
}

// What is not known makes a deadline earlier, never later.
func TestWhatIsForgottenNeverMakesADeadlineLater(t *testing.T) {
	t.Parallel()
	laws, rules := shipped(t), deadline.Rules()
	rapid.Check(t, func(r *rapid.T) {
		rule := rapid.SampledFrom(rules).Draw(r, "rule")
		kind := rapid.SampledFrom(rule.Kinds).Draw(r, "kind")
		minute := func(name string, most int) time.Duration {
			return time.Duration(rapid.IntRange(0, most).Draw(r, name)) * time.Minute
		}
		f := deadline.Facts{Received: noon(2026, 11, 1).Add(minute("received", 4*365*24*60))}
		c := deadline.Calendar{Zone: time.UTC}
		clock := func() deadline.Clock {
			k, err := laws.Clock(rule.Law, kind, f, c)
			require.NoError(r, err)
			return k
		}
		notLater := func(a, b deadline.Clock) {
			require.LessOrEqual(r, a.Acknowledge.Day.Compare(b.Acknowledge.Day), 0)
			require.LessOrEqual(r, a.Answer.Day.Compare(b.Answer.Day), 0)
			require.LessOrEqual(r, a.Extended.Day.Compare(b.Extended.Day), 0)
			require.LessOrEqual(r, a.Due.Day.Compare(b.Due.Day), 0)
		}
		bare := clock()
		n := rapid.IntRange(2, 9).Draw(r, "holidays")
		c.Holiday = func(d deadline.Date) bool { return (d.Day+int(d.Month))%n == 0 }
		holidays := clock()
		notLater(bare, holidays)

		p := deadline.Pause{Cause: rapid.SampledFrom([]deadline.Cause{deadline.Identity, deadline.Clarification, deadline.Fee}).Draw(r, "cause")}
		p.Asked = f.Received.Add(minute("asked", 200*24*60))
		f.Pauses = []deadline.Pause{p}
		open := clock()
		notLater(holidays, open)
		f.Pauses[0].Done = p.Asked.Add(minute("done", 60*24*60))
		done := clock()
		notLater(open, done)
		f.Pauses[0].Done = f.Pauses[0].Done.Add(minute("later", 60*24*60))
		notLater(done, clock())
	})
}

func TestImpossibleFactsAreRefused(t *testing.T) {
	t.Parallel()
	at := noon(2026, 3, 2)
	for name, f := range map[string]deadline.Facts{
		"no receipt":             {},
		"a receipt of year 1":    {Received: time.Time{}.Add(time.Hour)},
		"asked before receipt":   {Received: at, Pauses: []deadline.Pause{asked(deadline.Fee, at.Add(-1), time.Time{})}},
		"answered before asked":  {Received: at, Pauses: []deadline.Pause{asked(deadline.Fee, at.Add(2), at.Add(1))}},
		"asked for nothing":      {Received: at, Pauses: []deadline.Pause{asked(0, at, at)}},
		"never asked":            {Received: at, Pauses: []deadline.Pause{asked(deadline.Fee, time.Time{}, at)}},
		"extended beforehand":    {Received: at, Extended: at.Add(-1)},
		"extended in year 12026": {Received: at, Extended: at.AddDate(10000, 0, 0)},
	} {
		_, err := shipped(t).Clock("eu-gdpr", deadline.Access, f, utc)
		require.ErrorIs(t, err, deadline.ErrFacts, name)
	}
	f := deadline.Facts{Received: noon(2026, 3, 2)}
	_, err := shipped(t).Clock("eu-gdpr", deadline.Access, f, deadline.Calendar{Zone: time.UTC, Holiday: func(deadline.Date) bool { return true }})
	require.ErrorIs(t, err, deadline.ErrCalendar)
}

func FuzzClock(f *testing.F) {
	f.Add(int64(1772452800), int64(100000), int64(200000), int64(300000), uint8(0), uint8(1), uint8(1), uint16(0))
	laws := shipped(f)
	rules := deadline.Rules()
	f.Fuzz(func(t *testing.T, received, toAsked, toDone, toExtended int64, rule, kind, cause uint8, holidays uint16) {
		at := time.Unix(received, 0)
		facts := deadline.Facts{Received: at}
		if toExtended != 0 {
			facts.Extended = at.Add(time.Duration(toExtended))
		}
		if toAsked != 0 {
			facts.Pauses = []deadline.Pause{{Cause: deadline.Cause(cause), Asked: at.Add(time.Duration(toAsked)), Done: at.Add(time.Duration(toDone))}}
		}
		c := deadline.Calendar{Zone: time.UTC, Holiday: func(d deadline.Date) bool { return holidays>>(d.Day%16)&1 == 1 }}
		law := rules[int(rule)%len(rules)].Law
		k, err := laws.Clock(law, deadline.Kind(kind), facts, c)
		if err != nil {
			require.Zero(t, k)
			return
		}
		first := deadline.DateOf(at, time.UTC)
		for _, due := range []deadline.Due{k.Acknowledge, k.Answer, k.ExtendBy, k.Extended, k.Due} {
			require.True(t, due.IsZero() || due.Day.Compare(first) > 0 && due.Until.After(at) && due.Cite != "")
		}
		require.GreaterOrEqual(t, k.Added, 0)
		require.GreaterOrEqual(t, k.Start.Compare(first), 0)
		if !k.Rule.Extended.Period.IsZero() {
			require.Positive(t, k.Extended.Day.Compare(k.Answer.Day))
		}
	})
}
