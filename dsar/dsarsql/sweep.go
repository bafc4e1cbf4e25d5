package dsarsql

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/retention"
	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// Sweeps are [retention.Marks]. They are safe for concurrent use by many processes.
type Sweeps struct{ t *tables.Tables }

var _ retention.Marks = (*Sweeps)(nil)

// NewSweeps returns when the tenants in db were swept last, as [NewBreaches] does the registers of breaches.
func NewSweeps(db *tenantdb.DB) (*Sweeps, error) {
	t, err := open(db)
	if err != nil {
		return nil, err
	}
	return &Sweeps{t}, nil
}

const readSweep = `SELECT at FROM dsar_sweep_mark`

// Mark implements [retention.Marks].
func (s *Sweeps) Mark(ctx context.Context) (time.Time, error) {
	var at int64
	switch err := s.t.Look(ctx, readSweep, nil, []any{&at}); {
	case errors.Is(err, sql.ErrNoRows):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, err
	}
	return tables.Micro(at), nil
}

// Put implements [retention.Marks].
func (s *Sweeps) Put(ctx context.Context, t time.Time) error {
	put := `INSERT INTO dsar_sweep_mark (at) VALUES (?) ON CONFLICT (tenant_id) DO UPDATE SET at = excluded.at`
	if !s.t.PG {
		put = `INSERT INTO dsar_sweep_mark (one, at) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET at = excluded.at`
	}
	return s.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, s.t.SQL(put), t.UnixMicro())
		return err
	})
}
