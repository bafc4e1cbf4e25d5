package dsarsql

import (
	"context"
	"database/sql"
	"errors"
	"math"

	"github.com/bailiwick-dev/bailiwick/dsar/tombstone"
	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// Mark is a [tombstone.Mark]. It is safe for concurrent use by many processes.
type Mark struct{ t *tables.Tables }

var _ tombstone.Mark = (*Mark)(nil)

// NewMark returns the places in the log of tombstones that tenants' rows in db are at, as [NewBreaches] does the registers of breaches.
func NewMark(db *tenantdb.DB) (*Mark, error) {
	t, err := open(db)
	if err != nil {
		return nil, err
	}
	return &Mark{t}, nil
}

const readMark = `SELECT seq, hash FROM dsar_tombstone`

// Mark implements [tombstone.Mark].
func (m *Mark) Mark(ctx context.Context) (h tombstone.Head, err error) {
	var seq int64
	var hash []byte
	err = m.t.Look(ctx, readMark, nil, []any{&seq, &hash})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return tombstone.Head{}, nil
	case err != nil:
		return tombstone.Head{}, err
	}
	h.Seq = uint64(seq)
	copy(h.Hash[:], hash)
	return h, nil
}

// Advance implements [tombstone.Mark].
func (m *Mark) Advance(ctx context.Context, h tombstone.Head) error {
	if h.Seq == 0 || h.Seq > math.MaxInt64 {
		return refused("a place that is none")
	}
	columns, values, key := `seq, hash`, `?, ?`, `tenant_id`
	if !m.t.PG {
		columns, values, key = `one, `+columns, `1, `+values, `one`
	}
	advance := `INSERT INTO dsar_tombstone (` + columns + `) SELECT ` + values + ` WHERE NOT EXISTS (SELECT 1 FROM dsar_tombstone WHERE seq >= ?)
		ON CONFLICT (` + key + `) DO UPDATE SET seq = excluded.seq, hash = excluded.hash WHERE excluded.seq > dsar_tombstone.seq`
	return m.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, m.t.SQL(advance), int64(h.Seq), h.Hash[:], int64(h.Seq))
		return err
	})
}
