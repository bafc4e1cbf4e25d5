package dsarsql

import (
	"context"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/jmoiron/sqlx"
)

const (
	setRetention = `INSERT INTO dsar_retention (category, years, months, days, set_by, set_at) VALUES (?, ?, ?, ?, ?, {now})
		ON CONFLICT ({tenant}category) DO UPDATE SET years = excluded.years, months = excluded.months, days = excluded.days, set_by = excluded.set_by, set_at = excluded.set_at`
	removeRetention = `DELETE FROM dsar_retention WHERE category = ?`
	readRetentions  = `SELECT category, years, months, days, set_by, set_at FROM dsar_retention ORDER BY category`
)

// SetRetention implements [dsar.Store].
func (s *Store) SetRetention(ctx context.Context, r dsar.RetentionRow) error {
	return s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if r.Category == "" {
			return refused("a period of no category")
		}
		if err := texts(r.Category, r.By); err != nil {
			return err
		}
		var err error
		if r.For.IsZero() {
			_, err = s.exec(ctx, tx, removeRetention, r.Category)
		} else {
			_, err = s.exec(ctx, tx, setRetention, r.Category, r.For.Years, r.For.Months, r.For.Days, r.By)
		}
		return err
	})
}

// Retentions implements [dsar.Store].
func (s *Store) Retentions(ctx context.Context) (out []dsar.RetentionRow, err error) {
	err = s.t.All(ctx, readRetentions, nil, func() { out = nil }, func(scan func(...any) error) error {
		var r dsar.RetentionRow
		var at int64
		if err := scan(&r.Category, &r.For.Years, &r.For.Months, &r.For.Days, &r.By, &at); err != nil {
			return err
		}
		r.Set = tables.Micro(at)
		out = append(out, r)
		return nil
	})
	return out, err
}
