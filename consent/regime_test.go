package consent

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func laws(t testing.TB) *Laws {
	t.Helper()
	l, err := CompileRegimes(Regimes()...)
	require.NoError(t, err)
	return l
}

// Each row, the day before it begins, the day it does, and the day after.
func TestALawCountsFromItsDay(t *testing.T) {
	t.Parallel()
	for _, r := range Regimes() {
		l, err := CompileRegimes(r)
		require.NoError(t, err)
		for _, p := range r.Where {
			require.Empty(t, l.Regimes(p, r.Effective.AddDate(0, 0, -1)), r.ID)
			require.Empty(t, l.Regimes(p, r.Effective.Add(-time.Second)), r.ID)
			for _, at := range []time.Time{r.Effective, r.Effective.AddDate(0, 0, 1)} {
				require.Len(t, l.Regimes(p, at), 1, r.ID)
				require.Equal(t, r.Duties, l.Duties(p, at), r.ID)
			}
		}
	}
}

func TestWhatTheLawsAskFor(t *testing.T) {
	t.Parallel()
	l := laws(t)
	today := day(2026, 11, 22)
	signal := OptOutRight | OptOutSignal
	for _, c := range []struct {
		place string
		at    time.Time
		want  Duty
	}{
		{"DE", today, PriorConsent}, {"FR", today, PriorConsent}, {"NO", today, PriorConsent}, {"GB", today, PriorConsent},
		{"DE-BY", today, PriorConsent}, {"GB-SCT", today, PriorConsent}, {"CH", today, OptOutRight}, {"BR", today, PriorConsent},
		{"CA-QC", today, PriorConsent},
		{"US-CA", today, signal | ShowSignal}, {"US-CA", day(2025, 12, 31), signal}, {"US-CA", day(2026, 1, 1), signal | ShowSignal},
		{"US-CO", day(2024, 6, 30), OptOutRight}, {"US-CO", day(2024, 7, 1), signal},
		{"US-NE", today, signal}, {"US-NE", day(2025, 1, 1), signal}, {"US-TX", day(2024, 12, 31), OptOutRight}, {"US-TX", today, signal},
		{"US-CT", today, signal}, {"US-DE", day(2025, 12, 31), OptOutRight}, {"US-DE", today, signal}, {"US-OR", today, signal},
		{"US-MD", today, signal}, {"US-MN", today, signal}, {"US-MT", today, signal}, {"US-NH", today, signal}, {"US-NJ", today, signal},
		{"US-VA", today, OptOutRight}, {"US-UT", today, OptOutRight}, {"US-FL", today, OptOutRight},
		{"US-OK", day(2027, 1, 1), OptOutRight}, {"US-LA", day(2027, 1, 1), OptOutRight}, {"US-AL", day(2027, 5, 1), OptOutRight},
		{"US-VT", day(2028, 1, 1), signal}, {"US-VT", day(2028, 1, 2), signal},
		// Before they have a law of their own, and where nobody knows which one holds: all that any asks for.
		{"US-OK", day(2026, 12, 31), allDuties}, {"US-LA", day(2026, 12, 31), allDuties}, {"US-AL", day(2027, 4, 30), allDuties},
		{"US-VT", day(2027, 12, 31), allDuties}, {"US", today, allDuties}, {"US-WY", today, allDuties}, {"CA", today, allDuties},
		{"CA-ON", today, allDuties}, {"JP", today, allDuties}, {"XX", today, allDuties}, {"", today, allDuties},
	} {
		var p Place
		if c.place != "" {
			p = PlaceOf(c.place)
		}
		require.Equal(t, c.want.String(), l.Duties(p, c.at).String(), "%s %s", c.place, c.at.Format(time.DateOnly))
	}
	binding := 0
	for _, r := range Regimes() {
		if r.Duties&OptOutSignal != 0 && !r.Effective.After(today) {
			binding++
		}
	}
	require.Equal(t, 12, binding, "states where the signal binds today")
	require.Equal(t, allDuties, (*Laws)(nil).Duties(PlaceOf("DE"), today))
}

func TestARowWithoutDateOrSourceIsRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*Regime){
		"no id":          func(r *Regime) { r.ID = "" },
		"no statute":     func(r *Regime) { r.Statute = "" },
		"no source":      func(r *Regime) { r.Source = "" },
		"not read":       func(r *Regime) { r.AsOf = time.Time{} },
		"no day":         func(r *Regime) { r.Effective = time.Time{} },
		"ends too early": func(r *Regime) { r.Until = r.Effective },
		"no duties":      func(r *Regime) { r.Duties = 0 },
		"unknown duties": func(r *Regime) { r.Duties = 1 << 7 },
		"nowhere":        func(r *Regime) { r.Where = nil },
		"unknown place":  func(r *Regime) { r.Where = append(r.Where, Place{}) },
	} {
		r := Regimes()[0]
		spoil(&r)
		_, err := CompileRegimes(r)
		require.Error(t, err, name)
	}
	_, err := CompileRegimes(Regimes()[0], Regimes()[0])
	require.ErrorContains(t, err, "there twice")
}

func TestRowsAreAddedEndedAndCorrected(t *testing.T) {
	t.Parallel()
	rows := Regimes()
	for i := range rows {
		if rows[i].ID == "us-tx-signal" {
			rows[i].Until = day(2030, 1, 1)
		}
	}
	rows = append(rows, row("us-wy-right", "US-WY", OptOutRight, day(2029, 1, 1), "a law of Wyoming", "our counsel"),
		row("us-federal", "US", OptOutSignal, day(2031, 1, 1), "a law of the Union", "our counsel"))
	l, err := CompileRegimes(rows...)
	require.NoError(t, err)
	tx, wy := PlaceOf("US-TX"), PlaceOf("us-wy")
	require.Equal(t, OptOutRight|OptOutSignal, l.Duties(tx, day(2029, 12, 31)))
	require.Equal(t, OptOutRight, l.Duties(tx, day(2030, 1, 1)))
	require.Equal(t, OptOutRight, l.Duties(wy, day(2029, 1, 1)))
	require.Equal(t, OptOutRight|OptOutSignal, l.Duties(wy, day(2031, 1, 1)), "a country's row holds in all its parts")
	require.Equal(t, OptOutSignal, l.Duties(PlaceOf("US-ND"), day(2031, 1, 1)))
	got := l.Regimes(tx, day(2026, 1, 1))
	require.Len(t, got, 2)
	got[0].Where[0] = Place{}
	require.Len(t, l.Regimes(tx, day(2026, 1, 1)), 2, "what is returned is a copy")
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "D", "DEU", "D1", "T1", "DE-", "DE-BAYR", "DE_BY", "US-C A", "ÄÖ", "US-CA-1"} {
		p, err := ParsePlace(s)
		require.Error(t, err, s)
		require.True(t, p.IsZero())
	}
	for in, want := range map[string]string{"de": "DE", "us-ca": "US-CA", "FR-75C": "FR-75C", "JP-1": "JP-1"} {
		p, err := ParsePlace(in)
		require.NoError(t, err)
		require.Equal(t, want, p.String())
	}
	require.Panics(t, func() { PlaceOf("Germany") })
}
