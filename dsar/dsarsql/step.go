package dsarsql

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/jmoiron/sqlx"
)

// Whoever writes of a request does it one after the other.
const (
	holdRequest = `SELECT id FROM dsar_request WHERE id = ?{lock}`
	changeStep  = `UPDATE dsar_step SET tries = ?, begun = ?, done = ?, why = ?, result = ? WHERE request = ? AND name = ?`
	addStep     = `INSERT INTO dsar_step (tries, begun, done, why, result, request, name) VALUES (?, ?, ?, ?, ?, ?, ?)`
	readSteps   = `SELECT name, tries, begun, done, why, result FROM dsar_step WHERE request = ?`
	addEvent    = `INSERT INTO dsar_event (request, seq, at, kind, said_by, what)
		VALUES (?, (SELECT coalesce(max(seq), 0) + 1 FROM dsar_event WHERE request = ?), {now}, ?, ?, ?) RETURNING seq, at`
	readEvents = `SELECT seq, at, kind, said_by, what FROM dsar_event WHERE request = ? ORDER BY seq`
)

// PutStep implements [dsar.Store].
func (s *Store) PutStep(ctx context.Context, p dsar.StepRow) error {
	return s.ofRequest(ctx, p.Request, func(ctx context.Context, tx *sqlx.Tx) error {
		if p.Begun.IsZero() {
			return refused("a step without a beginning")
		}
		if err := texts(p.Name, p.Why, string(p.Result)); err != nil {
			return err
		}
		args := []any{p.Tries, p.Begun.UnixMicro(), tables.MicroOf(p.Done), p.Why, sql.NullString{String: string(p.Result), Valid: len(p.Result) > 0}, string(p.Request), p.Name}
		n, err := s.exec(ctx, tx, changeStep, args...)
		if err == nil && n == 0 {
			_, err = s.exec(ctx, tx, addStep, args...)
		}
		return err
	})
}

// ofRequest runs f while nobody else writes of the request.
func (s *Store) ofRequest(ctx context.Context, id dsar.ID, f func(context.Context, *sqlx.Tx) error) error {
	return s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		var is string
		if err := tx.QueryRowxContext(ctx, s.t.SQL(holdRequest), string(id)).Scan(&is); err != nil {
			return found(err)
		}
		return f(ctx, tx)
	})
}

// Steps implements [dsar.Store].
func (s *Store) Steps(ctx context.Context, id dsar.ID) (out []dsar.StepRow, err error) {
	err = s.t.All(ctx, readSteps, []any{string(id)}, func() { out = nil }, func(scan func(...any) error) error {
		p := dsar.StepRow{Request: id}
		var begun int64
		var done sql.NullInt64
		var result sql.NullString
		if err := scan(&p.Name, &p.Tries, &begun, &done, &p.Why, &result); err != nil {
			return err
		}
		p.Begun, p.Done = tables.Micro(begun), tables.MicroOr(done)
		if result.Valid {
			p.Result = []byte(result.String)
		}
		out = append(out, p)
		return nil
	})
	slices.SortFunc(out, func(a, b dsar.StepRow) int { return cmp.Or(a.Begun.Compare(b.Begun), cmp.Compare(a.Name, b.Name)) })
	return out, err
}

// Append implements [dsar.Store].
func (s *Store) Append(ctx context.Context, e dsar.EventRow) (dsar.EventRow, error) {
	err := s.ofRequest(ctx, e.Request, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := texts(e.Kind, e.By, e.What); err != nil {
			return err
		}
		var at int64
		err := tx.QueryRowxContext(ctx, s.t.SQL(addEvent), string(e.Request), string(e.Request), e.Kind, e.By, e.What).Scan(&e.Seq, &at)
		e.At = tables.Micro(at)
		return err
	})
	if err != nil {
		return dsar.EventRow{}, err
	}
	return e, nil
}

// Events implements [dsar.Store].
func (s *Store) Events(ctx context.Context, id dsar.ID) (out []dsar.EventRow, err error) {
	err = s.t.All(ctx, readEvents, []any{string(id)}, func() { out = nil }, func(scan func(...any) error) error {
		e := dsar.EventRow{Request: id}
		var at int64
		if err := scan(&e.Seq, &at, &e.Kind, &e.By, &e.What); err != nil {
			return err
		}
		e.At = tables.Micro(at)
		out = append(out, e)
		return nil
	})
	return out, err
}
