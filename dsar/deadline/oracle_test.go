package deadline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
	"github.com/stretchr/testify/require"
)

// The oracle knows nothing of package time's dates: it counts days one by one from a Wednesday, with a table of months, and finds ends of
// periods by walking there. What the laws say is written down here a second time, as one reads it in them.
type day struct {
	y, m, d int
	weekday int // 0 is Sunday
}

func (x day) next() day {
	length := [...]int{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[x.m]
	if x.m == 2 && (x.y%4 == 0 && x.y%100 != 0 || x.y%400 == 0) {
		length = 29
	}
	x.weekday = (x.weekday + 1) % 7
	if x.d++; x.d > length {
		x.d = 1
		if x.m++; x.m > 12 {
			x.m, x.y = 1, x.y+1
		}
	}
	return x
}

func (x day) date() deadline.Date { return date(x.y, time.Month(x.m), x.d) }

func (x day) String() string { return fmt.Sprintf("%04d-%02d-%02d", x.y, x.m, x.d) }

// walk is the days from one on, and whether one works on them.
type walk struct {
	days  []day
	works []bool
}

func (w walk) afterDays(n int) int { return n }

func (w walk) afterWorking(n int) int {
	at := 0
	for n > 0 {
		if at++; w.works[at] {
			n--
		}
	}
	return at
}

func (w walk) afterMonths(n int) int {
	passed := 0
	for at := 1; ; at++ {
		if w.days[at].d == 1 {
			passed++
		}
		if passed == n && (w.days[at].d == w.days[0].d || w.days[at+1].d == 1) {
			return at
		}
	}
}

func (w walk) roll(at int) int {
	for !w.works[at] {
		at++
	}
	return at
}

type promise struct {
	law  string
	kind deadline.Kind
	from string // "" for all days
	// the index of the day, or -1 for none
	acknowledge, answer, extended func(walk) int
}

func never(walk) int { return -1 }

func plain(n int) func(walk) int   { return func(w walk) int { return w.afterDays(n) } }
func working(n int) func(walk) int { return func(w walk) int { return w.afterWorking(n) } }
func months(n int) func(walk) int  { return func(w walk) int { return w.roll(w.afterMonths(n)) } }

var promises = []promise{
	{"eu-gdpr", deadline.Access, "", never, months(1), months(3)},
	{"eu-gdpr", deadline.Erasure, "", never, months(1), months(3)},
	{"eu-gdpr", deadline.ConsentWithdrawal, "", never, never, never},
	{"gb-ukgdpr", deadline.Access, "", never, months(1), months(3)},
	{"gb-ukgdpr", deadline.Objection, "", never, months(1), months(3)},
	{"us-ca", deadline.Erasure, "", func(w walk) int {
		if w.days[0].y == 2020 && (w.days[0].m < 8 || w.days[0].m == 8 && w.days[0].d < 14) {
			return -1
		}
		return w.afterWorking(10)
	}, plain(45), plain(90)},
	{"us-ca", deadline.Rectification, "2023-01-01", working(10), plain(45), plain(90)},
	{"us-ca", deadline.OptOutSale, "2020-08-14", never, working(15), never},
	{"us-ca", deadline.Restriction, "2023-01-01", never, working(15), never},
	{"us-va", deadline.Portability, "2023-01-01", never, plain(45), plain(90)},
	{"us-co", deadline.Rectification, "2023-07-01", never, plain(45), plain(90)},
	{"us-ct", deadline.OptOutSale, "2023-07-01", never, plain(45), plain(90)},
	{"us-ut", deadline.Access, "2023-12-31", never, plain(45), plain(90)},
	{"us-tx", deadline.Access, "2024-07-01", never, plain(45), plain(90)},
	{"us-or", deadline.Access, "2024-07-01", never, plain(45), plain(90)},
	{"au-agency", deadline.Access, "", never, plain(30), never},
	{"au-organisation", deadline.Rectification, "", never, plain(30), never},
	{"br-lgpd", deadline.Access, "2020-09-18", never, plain(15), never},
	{"ca-qc", deadline.Rectification, "", never, plain(30), never},
	{"ca-qc", deadline.Portability, "2024-09-22", never, plain(30), never},
	{"ca-pipeda", deadline.Access, "", never, plain(30), plain(60)},
	{"ch-dsg", deadline.Access, "2023-09-01", never, plain(30), never},
	{"kr-pipa", deadline.Erasure, "", never, plain(10), never},
	{"tw-pdpa", deadline.Access, "", never, plain(15), plain(30)},
	{"tw-pdpa", deadline.Rectification, "", never, plain(30), plain(60)},
	{"nz-privacy", deadline.Access, "2020-12-01", never, working(20), never},
}

func TestEveryDayFrom2020To2035AgreesWithAnotherReckoning(t *testing.T) {
	t.Parallel()
	laws := shipped(t)
	for _, c := range []struct {
		name, zone string
		weekend    []time.Weekday
		holiday    func(m, d, weekday int) bool
	}{
		{"weekends only", "UTC", nil, nil},
		{"Brussels", "Europe/Brussels", nil, func(m, d, _ int) bool {
			return m == 12 && d >= 24 || m == 1 && d <= 2 || m == 5 && (d == 1 || d == 9) || m == 8 && d == 15 || m == 11 && d <= 2
		}},
		{"Sydney", "Australia/Sydney", nil, func(m, d, _ int) bool {
			return m == 1 && (d == 1 || d == 26) || m == 4 && d == 25 || m == 12 && (d == 25 || d == 26)
		}},
		{"Friday and Saturday", "Asia/Kuwait", []time.Weekday{time.Friday, time.Saturday}, func(m, d, _ int) bool { return m == 2 && (d == 25 || d == 26) }},
		{"every second Monday a holiday, no weekend", "America/Los_Angeles", []time.Weekday{}, func(_, d, weekday int) bool { return weekday == 1 && d%2 == 0 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			calendar := deadline.Calendar{Zone: zone(t, c.zone), Weekend: c.weekend}
			rest := map[int]bool{0: true, 6: true}
			if c.weekend != nil {
				clear(rest)
				for _, w := range c.weekend {
					rest[int(w)] = true
				}
			}
			w := walk{days: []day{{2020, 1, 1, 3}}}
			for len(w.days) < 5844+140 { // 16 years, and as long as anything takes
				w.days = append(w.days, w.days[len(w.days)-1].next())
			}
			var holidays []deadline.Date
			for _, d := range w.days {
				off := c.holiday != nil && c.holiday(d.m, d.d, d.weekday)
				if off {
					holidays = append(holidays, d.date())
				}
				w.works = append(w.works, !off && !rest[d.weekday])
			}
			if c.holiday != nil {
				calendar.Holiday = deadline.Holidays(holidays...)
			}
			require.Equal(t, "2035-12-31", w.days[5843].String())
			for i, d := range w.days[:5844] {
				name := d.String()
				received := time.Date(d.y, time.Month(d.m), d.d, i%24, 59, 59, 999, calendar.Zone)
				for _, p := range promises {
					clock, err := laws.Clock(p.law, p.kind, deadline.Facts{Received: received}, calendar)
					if name < p.from {
						if err == nil {
							t.Fatalf("%s %s has a rule on %s", p.law, p.kind, d)
						}
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
					rest := walk{w.days[i:], w.works[i:]}
					for _, x := range []struct {
						what string
						want func(walk) int
						got  deadline.Due
					}{{"acknowledge", p.acknowledge, clock.Acknowledge}, {"answer", p.answer, clock.Answer}, {"extended", p.extended, clock.Extended}} {
						var want deadline.Date
						if at := x.want(rest); at >= 0 {
							want = rest.days[at].date()
						}
						if x.got.Day != want || want.IsZero() != x.got.IsZero() || want.IsZero() != (x.got.Cite == "") {
							t.Fatalf("%s %s received %s: %s by %q and not %q", p.law, p.kind, d, x.what, x.got.Day, want)
						}
						if !x.got.IsZero() && (deadline.DateOf(x.got.Until.Add(-1), calendar.Zone) != x.got.Day || deadline.DateOf(x.got.Until, calendar.Zone) == x.got.Day) {
							t.Fatalf("%s does not end at %s", x.got.Day, x.got.Until)
						}
					}
				}
			}
		})
	}
}

// Each law that ships is among those that are reckoned twice.
func TestNoLawIsReckonedOnceOnly(t *testing.T) {
	t.Parallel()
	twice := map[string]bool{}
	for _, p := range promises {
		twice[p.law] = true
	}
	for _, r := range deadline.Rules() {
		require.True(t, twice[r.Law], r.Law)
	}
}
