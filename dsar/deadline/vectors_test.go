package deadline_test

import (
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
	"github.com/stretchr/testify/require"
)

// Vectors that were worked out by hand from the texts.
func TestMonthsEndOnTheSameDateOrTheLastOfTheMonth(t *testing.T) {
	t.Parallel()
	for _, v := range []struct{ received, answer, extended string }{
		{"2024-01-31", "2024-02-29", "2024-04-30"}, // leap year
		{"2023-01-31", "2023-02-28", "2023-05-02"}, // 30 April is a Sunday, 1 May a holiday
		{"2024-03-05", "2024-04-05", "2024-06-05"},
		{"2023-08-31", "2023-10-02", "2023-11-30"}, // 30 September is a Saturday; the extension does not count from 2 October
		{"2023-11-25", "2023-12-27", "2024-02-26"}, // Christmas, the day after it, and a Sunday
		{"2023-11-30", "2024-01-02", "2024-02-29"}, // 30 December is a Saturday
		{"2024-02-29", "2024-03-29", "2024-05-29"},
	} {
		received, err := time.Parse(time.DateOnly, v.received)
		require.NoError(t, err)
		c := deadline.Calendar{Zone: time.UTC, Holiday: func(d deadline.Date) bool {
			switch d.String()[5:] {
			case "01-01", "05-01", "12-25", "12-26":
				return true
			}
			return false
		}}
		clock := reckon(t, "eu-gdpr", deadline.Access, deadline.Facts{Received: received}, c)
		require.Equal(t, v.answer, clock.Answer.Day.String(), v.received)
		require.Equal(t, clock.Answer.Day, clock.ExtendBy.Day, v.received)
		require.Equal(t, v.extended, clock.Extended.Day.String(), v.received)
	}
}

func TestTheZoneDecidesWhichDayItIs(t *testing.T) {
	t.Parallel()
	received := time.Date(2026, 3, 4, 23, 30, 0, 0, time.UTC)
	for name, want := range map[string]string{"UTC": "2026-04-03", "Australia/Sydney": "2026-04-04", "America/Los_Angeles": "2026-04-03"} {
		clock := reckon(t, "au-agency", deadline.Access, deadline.Facts{Received: received}, deadline.Calendar{Zone: zone(t, name)})
		require.Equal(t, want, clock.Answer.Day.String(), name)
		require.Equal(t, want, deadline.DateOf(clock.Answer.Until.Add(-1), zone(t, name)).String())
	}
	_, err := shipped(t).Clock("au-agency", deadline.Access, deadline.Facts{Received: received}, deadline.Calendar{})
	require.ErrorIs(t, err, deadline.ErrCalendar)
}

// In Havana clocks go from 1:00 back to 0:00, in Beirut from 0:00 to 1:00: a midnight happens twice, or never.
func TestADayEndsWhenTheNextBeginsWhateverIsDoneToClocks(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"America/Havana", "Asia/Beirut", "America/Asuncion", "Atlantic/Azores", "Australia/Lord_Howe", "Africa/Cairo", "America/Scoresbysund", "Asia/Gaza"} {
		z := zone(t, name)
		for d := date(2020, 1, 1); d.Year < 2028; d = d.AddDays(1) {
			due, err := deadline.Calendar{Zone: z}.After(time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, z), deadline.Period{N: 1, Unit: deadline.Days}, false)
			require.NoError(t, err)
			require.Equal(t, d.AddDays(1), due.Day, name)
			require.Equal(t, due.Day, deadline.DateOf(due.Until.Add(-1), z), "%s %s", name, d)
			require.Equal(t, due.Day.AddDays(1), deadline.DateOf(due.Until, z), "%s %s", name, d)
		}
	}
}

func TestHoursPassWhateverIsDoneToClocks(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/Berlin")
	aware := time.Date(2026, 3, 27, 18, 0, 0, 0, z) // clocks go forward on the 29th, a Sunday
	due, err := deadline.Calendar{Zone: z}.After(aware, deadline.Period{N: 72, Unit: deadline.Hours}, true)
	require.NoError(t, err)
	require.Equal(t, 72*time.Hour, due.Until.Sub(aware))
	require.Equal(t, "2026-03-30", due.Day.String())
	require.Equal(t, 19, due.Until.In(z).Hour())
	require.False(t, due.Late(due.Until.Add(-1)))
	require.True(t, due.Late(due.Until))
	require.False(t, deadline.Due{}.Late(aware))
}

func TestCaliforniaCountsBusinessDaysAndStopsForNothing(t *testing.T) {
	t.Parallel()
	c := deadline.Calendar{Zone: zone(t, "America/Los_Angeles"), Holiday: deadline.Holidays(date(2026, 11, 26), date(2026, 11, 27))}
	f := deadline.Facts{Received: noon(2026, 11, 20)}
	clock := reckon(t, "us-ca", deadline.Erasure, f, c)
	require.Equal(t, "2026-12-08", clock.Acknowledge.Day.String())
	require.Equal(t, "2027-01-04", clock.Answer.Day.String())
	require.Equal(t, "2027-02-18", clock.Extended.Day.String())
	require.Equal(t, "11 CCR 7021(a)", clock.Acknowledge.Cite)
	f.Pauses = []deadline.Pause{{Cause: deadline.Identity, Asked: noon(2026, 11, 21), Done: noon(2026, 12, 20)}, {Cause: deadline.Clarification, Asked: noon(2026, 12, 21)}}
	require.Equal(t, clock, reckon(t, "us-ca", deadline.Erasure, f, c))
	require.Equal(t, "2026-12-15", reckon(t, "us-ca", deadline.OptOutSale, f, c).Answer.Day.String())
}
