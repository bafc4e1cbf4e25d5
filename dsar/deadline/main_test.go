package deadline_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func shipped(t testing.TB) *deadline.Laws {
	t.Helper()
	laws, err := deadline.Compile(deadline.Rules()...)
	require.NoError(t, err)
	return laws
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

func date(y int, m time.Month, d int) deadline.Date { return deadline.Date{Year: y, Month: m, Day: d} }

// noon of a day in UTC.
func noon(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 12, 0, 0, 0, time.UTC) }

var utc = deadline.Calendar{Zone: time.UTC}

func reckon(t testing.TB, law string, k deadline.Kind, f deadline.Facts, c deadline.Calendar) deadline.Clock {
	t.Helper()
	clock, err := shipped(t).Clock(law, k, f, c)
	require.NoError(t, err)
	return clock
}
