package retention

import (
	"cmp"
	"context"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
)

// back returns the time a period before t: on the same day of the month, or the last of a shorter one.
func back(t time.Time, p dsar.Period) time.Time {
	t = t.UTC()
	y, m, d := t.Date()
	first := time.Date(y-p.Years, m-time.Month(p.Months), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(d, last)-1-p.Days)
}

// shorter reports whether p ends before q, both from now back.
func shorter(p, q dsar.Period, now time.Time) bool { return back(now, p).After(back(now, q)) }

func categoryOf(t *dsar.Mapped) string { return cmp.Or(t.Retention.Category, t.Name) }

// bounded returns p, no shorter than a law allows and no longer than the map keeps the table's rows.
func (s *Sweeper) bounded(t *dsar.Mapped, p dsar.Period, now time.Time) dsar.Period {
	if r, keeps := t.Erase.Reason(); keeps && r.Since == t.Retention.Since && !r.For.IsZero() && shorter(r.For, p, now) {
		p = r.For
	}
	if least, ok := s.o.Least[categoryOf(t)]; ok && shorter(p, least, now) {
		p = least
	}
	return p
}

// periods returns the tenant's own, by category.
func (s *Sweeper) periods(ctx context.Context) (map[string]dsar.Period, error) {
	all, err := s.store.Retentions(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]dsar.Period{}
	for _, r := range all {
		out[r.Category] = r.For
	}
	return out, nil
}

// period returns the table's: the tenant's own, or the map's.
func (s *Sweeper) period(t *dsar.Mapped, own map[string]dsar.Period, now time.Time) dsar.Period {
	p, ok := own[categoryOf(t)]
	if !ok || p.IsZero() || p.Years < 0 || p.Months < 0 || p.Days < 0 {
		p = t.Retention.For
	}
	return s.bounded(t, p, now)
}
