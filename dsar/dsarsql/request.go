package dsarsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
	"github.com/bailiwick-dev/bailiwick/internal/tables"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// The columns of a request; of those that Update writes, in the order of [written].
const (
	requestColumns = `id, version, lease, leased, kind, subject, ref, law, received, ` + writtenColumns
	writtenColumns = `state, since, map, acknowledged, verified, method, approved, plan, until, extended, pauses, ended, closed, ack_by, extend_by, due, outcome, ground, joined,
		purposes, sealed, next, tries`
)

// never is the column due of a request without one: it is behind all others.
const never = math.MaxInt64

// scanRequest reads a request.
func scanRequest(scan func(...any) error) (r dsar.RequestRow, err error) {
	var kind string
	var ref, pauses, purposes []byte
	var received, since, due int64
	var times [11]sql.NullInt64
	if err := scan(&r.ID, &r.Version, &r.Lease, &times[0], &kind, &r.Subject, &ref, &r.Law, &received, &r.State, &since, &r.Map, &times[1], &times[2], &r.Method, &times[3], &r.Plan,
		&times[4], &times[5], &pauses, &times[6], &times[7], &times[8], &times[9], &due, &r.Outcome, &r.Ground, &r.Into, &purposes, &r.Sealed, &times[10], &r.Tries); err != nil {
		return dsar.RequestRow{}, err
	}
	r.Received, r.Since = tables.Micro(received), tables.Micro(since)
	for i, t := range []*time.Time{&r.Leased, &r.Acknowledged, &r.Verified, &r.Approved, &r.Until, &r.Extended, &r.Ended, &r.Closed, &r.AckBy, &r.ExtendBy, &r.Next} {
		*t = tables.MicroOr(times[i])
	}
	if due != never {
		r.Due = tables.Micro(due)
	}
	if len(r.Sealed) == 0 {
		r.Sealed = nil
	}
	if r.Kind, err = kindOf(kind); err == nil {
		r.Ref, err = refOf(ref)
	}
	if err == nil {
		err = errors.Join(listOf(pauses, &r.Pauses), listOf(purposes, &r.Purposes))
	}
	return r, err
}

func listOf[T any](text []byte, out *[]T) error {
	if string(text) == "[]" {
		return nil
	}
	return json.Unmarshal(text, out)
}

// written are what Update writes.
func written(r *dsar.RequestRow) ([]any, error) {
	pauses := slices.Clone(r.Pauses)
	for i := range pauses {
		p := &pauses[i]
		*p = deadline.Pause{Cause: p.Cause, Asked: tables.MicroOr(tables.MicroOf(p.Asked)), Done: tables.MicroOr(tables.MicroOf(p.Done))}
	}
	pausesText, err := listText(pauses)
	if err != nil {
		return nil, err
	}
	purposes, err := listText(r.Purposes)
	if err != nil {
		return nil, err
	}
	due := int64(never)
	if !r.Due.IsZero() {
		due = r.Due.UnixMicro()
	}
	var sealed []byte // NULL
	if len(r.Sealed) > 0 {
		sealed = r.Sealed
	}
	of := tables.MicroOf
	return []any{string(r.State), r.Since.UnixMicro(), r.Map, of(r.Acknowledged), of(r.Verified), r.Method, of(r.Approved), r.Plan, of(r.Until), of(r.Extended), pausesText, of(r.Ended), of(r.Closed),
		of(r.AckBy), of(r.ExtendBy), due, string(r.Outcome), string(r.Ground), string(r.Into), purposes, sealed, of(r.Next), r.Tries}, nil
}

func listText[T any](list []T) (string, error) {
	if len(list) == 0 {
		return "[]", nil
	}
	b, err := json.Marshal(list)
	return string(b), err
}

// begun are what a request has from the beginning: id, kind, subject, ref, law and received.
func begun(r *dsar.RequestRow) []any {
	return []any{string(r.ID), r.Kind.String(), r.Subject, r.Ref[:], r.Law, r.Received.UnixMicro()}
}

const (
	addRequest = `INSERT INTO dsar_request (id, kind, subject, ref, law, received, ` + writtenColumns + `, version, lease)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, '') ON CONFLICT DO NOTHING RETURNING ` + requestColumns
	readRequest = `SELECT ` + requestColumns + ` FROM dsar_request WHERE id = ?`
)

// Add implements [dsar.Store].
func (s *Store) Add(ctx context.Context, r dsar.RequestRow) (out dsar.RequestRow, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		had := func() (err error) {
			out, err = scanRequest(tx.QueryRowxContext(ctx, s.t.SQL(readRequest), string(r.ID)).Scan)
			if err == nil {
				return dsar.ErrExists
			}
			return err
		}
		if err := had(); !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err := r.Check(nil); err != nil {
			return err
		}
		more, err := written(&r)
		if err != nil {
			return err
		}
		out, err = scanRequest(tx.QueryRowxContext(ctx, s.t.SQL(addRequest), append(begun(&r), more...)...).Scan)
		if errors.Is(err, sql.ErrNoRows) { // somebody was faster
			return had()
		}
		return err
	})
	return out, err
}

// Request implements [dsar.Store]. On SQLite nobody else writes while a transaction is open that writes.
func (s *Store) Request(ctx context.Context, id dsar.ID) (r dsar.RequestRow, err error) {
	run, text := s.t.Read, readRequest
	if s.InTx(ctx) {
		run, text = s.t.Write, readRequest+`{lock}`
	}
	err = tables.Answering(func(f tenantdb.Func) error { return run(ctx, f) }, isAnswer, func(ctx context.Context, tx *sqlx.Tx) (err error) {
		r, err = scanRequest(tx.QueryRowxContext(ctx, s.t.SQL(text), string(id)).Scan)
		return found(err)
	})
	return r, err
}

func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return dsar.ErrNotFound
	}
	return err
}

const (
	activeRequest = `SELECT count(*) FROM dsar_request WHERE ref = ? AND kind = ? AND state IN ('verified', 'approved', 'working') AND id <> ?`
	updateRequest = `UPDATE dsar_request SET kind = ?, subject = ?, ref = ?, law = ?, received = ?, state = ?, since = ?, map = ?, acknowledged = ?, verified = ?, method = ?, approved = ?,
		plan = ?, until = ?, extended = ?, pauses = ?, ended = ?, closed = ?, ack_by = ?, extend_by = ?, due = ?, outcome = ?, ground = ?, joined = ?, purposes = ?, sealed = ?,
		next = ?, tries = ?, version = version + 1 WHERE id = ? RETURNING ` + requestColumns
)

// Update implements [dsar.Store].
func (s *Store) Update(ctx context.Context, r dsar.RequestRow) (out dsar.RequestRow, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		old, err := scanRequest(tx.QueryRowxContext(ctx, s.t.SQL(readRequest+`{lock}`), string(r.ID)).Scan)
		if err != nil {
			return found(err)
		}
		if old.Version != r.Version {
			return dsar.ErrConflict
		}
		if err := r.Check(&old); err != nil {
			return err
		}
		more, err := written(&r)
		if err != nil {
			return err
		}
		args := append(append(begun(&r)[1:], more...), string(r.ID))
		update := func(ctx context.Context, tx *sqlx.Tx) (err error) {
			out, err = scanRequest(tx.QueryRowxContext(ctx, s.t.SQL(updateRequest), args...).Scan)
			return err
		}
		if active(old.State) || !active(r.State) {
			return update(ctx, tx)
		}
		var others int
		if err := tx.QueryRowxContext(ctx, s.t.SQL(activeRequest), r.Ref[:], r.Kind.String(), string(r.ID)).Scan(&others); err != nil {
			return err
		}
		if others > 0 {
			return dsar.ErrExists
		}
		// One that comes there at the same time is seen by nothing but the index.
		err = s.t.DB.Savepoint(ctx, update)
		if errors.Is(err, tenantdb.ErrUnique) {
			return dsar.ErrExists
		}
		return err
	})
	return out, err
}

// active reports whether a person has at most one request of a kind in that state.
func active(s dsar.State) bool { return s == dsar.Verified || s == dsar.Approved || s == dsar.Working }
