package dsar

import (
	"context"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// SetRetention sets the tenant's own period for a category of the map's [Retention]; a zero one goes back to the map's.
func (s *Service) SetRetention(ctx context.Context, category string, p Period, by audit.Party) error {
	if !slices.Contains(s.m.categories(), category) {
		return &InvalidError{"category", "no table of the map has it"}
	}
	if p.Years < 0 || p.Months < 0 || p.Days < 0 {
		return &InvalidError{"period", "it is less than no time"}
	}
	who, err := s.by(ctx, by)
	if err != nil {
		return err
	}
	return s.tx(ctx, func(ctx context.Context, _ time.Time) error {
		if err := s.store.SetRetention(ctx, RetentionRow{Category: category, For: p, By: who}); err != nil {
			return err
		}
		return s.record(ctx, audit.Event{Action: actionRetention, Actor: by, Data: map[string]any{"category": category, "period": p.String()}})
	})
}

// Retentions returns the tenant's own periods.
func (s *Service) Retentions(ctx context.Context) ([]RetentionRow, error) {
	return s.store.Retentions(ctx)
}

// categories are those of the map's retentions.
func (c *Compiled) categories() (out []string) {
	for i := range c.m.Tables {
		if t := &c.m.Tables[i]; t.Retention != nil {
			name := t.Retention.Category
			orElse(&name, t.Name)
			out = append(out, name)
		}
	}
	return out
}

// Sweep removes requests that were closed longer ago than Options.Keep, at most a thousand of them, with all that is known of them but what
// the audit log has. It returns how many. [Service.Run] calls it.
func (s *Service) Sweep(ctx context.Context) (n int, err error) {
	err = s.tx(ctx, func(ctx context.Context, now time.Time) error {
		k := s.o.Keep
		if n, err = s.store.Purge(ctx, now.AddDate(-k.Years, -k.Months, -k.Days), 1000); err != nil || n == 0 {
			return err
		}
		return s.record(ctx, audit.Event{Action: actionPurged, Data: map[string]any{"requests": n, "kept": k.String()}})
	})
	return n, err
}
