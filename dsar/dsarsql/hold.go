package dsarsql

import (
	"context"
	"database/sql"
	"errors"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/jmoiron/sqlx"
)

const (
	holdColumns = `id, ref, tbl, basis, placed_by, placed, until, released, why`
	addHold     = `INSERT INTO dsar_hold (id, ref, tbl, basis, placed_by, placed, until, why) VALUES (?, ?, ?, ?, ?, {now}, ?, '') ON CONFLICT DO NOTHING RETURNING ` + holdColumns
	readHold    = `SELECT ` + holdColumns + ` FROM dsar_hold WHERE id = ?`
	releaseHold = `UPDATE dsar_hold SET released = {now}, why = ? WHERE id = ? AND released IS NULL`
	allHolds    = `SELECT ` + holdColumns + ` FROM dsar_hold ORDER BY placed, id`
	// Those that end by themselves are few.
	holdsInForce = `WITH n AS MATERIALIZED (SELECT {now} AS now)
		SELECT ` + holdColumns + ` FROM dsar_hold WHERE released IS NULL AND (until IS NULL OR until > (SELECT now FROM n)) ORDER BY placed, id`
)

func scanHold(scan func(...any) error) (h dsar.HoldRow, err error) {
	var ref []byte
	var placed int64
	var until, released sql.NullInt64
	if err := scan(&h.ID, &ref, &h.Table, &h.Basis, &h.By, &placed, &until, &released, &h.Why); err != nil {
		return dsar.HoldRow{}, err
	}
	h.Placed, h.Until, h.Released = tables.Micro(placed), tables.MicroOr(until), tables.MicroOr(released)
	if ref != nil {
		h.Ref, err = refOf(ref)
	}
	return h, err
}

// AddHold implements [dsar.Store].
func (s *Store) AddHold(ctx context.Context, h dsar.HoldRow) (out dsar.HoldRow, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		had := func() (err error) {
			out, err = scanHold(tx.QueryRowxContext(ctx, s.t.SQL(readHold), string(h.ID)).Scan)
			if err == nil {
				return dsar.ErrExists
			}
			return err
		}
		if err := had(); !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if !isID(h.ID) {
			return refused("a hold without an id")
		}
		if err := texts(h.Table, h.Basis, h.By); err != nil {
			return err
		}
		var ref []byte // NULL
		if !h.Ref.IsZero() {
			ref = h.Ref[:]
		}
		var err error
		out, err = scanHold(tx.QueryRowxContext(ctx, s.t.SQL(addHold), string(h.ID), ref, h.Table, h.Basis, h.By, tables.MicroOf(h.Until)).Scan)
		if errors.Is(err, sql.ErrNoRows) { // somebody was faster
			return had()
		}
		return err
	})
	return out, err
}

// ReleaseHold implements [dsar.Store].
func (s *Store) ReleaseHold(ctx context.Context, id dsar.ID, why string) (out dsar.HoldRow, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := texts(why); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, releaseHold, why, string(id)); err != nil {
			return err
		}
		var err error
		out, err = scanHold(tx.QueryRowxContext(ctx, s.t.SQL(readHold), string(id)).Scan)
		return found(err)
	})
	return out, err
}

// Holds implements [dsar.Store]. In a transaction on SQLite that only reads it is an error, as in one on Postgres that stays at an earlier
// moment: neither sees holds that were placed since.
func (s *Store) Holds(ctx context.Context, ended bool) (out []dsar.HoldRow, err error) {
	text := holdsInForce
	if ended {
		text = allHolds
	}
	run := s.t.Read
	if s.InTx(ctx) {
		run = s.t.Write
	}
	err = run(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		out = nil
		if s.t.PG && s.InTx(ctx) {
			var level string
			if err := tx.QueryRowxContext(ctx, `SHOW transaction_isolation`).Scan(&level); err != nil {
				return err
			}
			if level != "read committed" {
				return refused("holds are asked for in a transaction that does not see those placed since it began")
			}
		}
		rows, err := tx.QueryContext(ctx, s.t.SQL(text))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			h, err := scanHold(rows.Scan)
			if err != nil {
				return err
			}
			out = append(out, h)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
