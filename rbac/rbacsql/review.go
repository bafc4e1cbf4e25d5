package rbacsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/jmoiron/sqlx"
)

// PutReview implements [rbac.Store].
func (s *Store) PutReview(ctx context.Context, r rbac.ReviewRow) error {
	return s.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := texts(r.ID, r.OpenedBy, r.ClosedBy, string(r.Overdue), string(r.Summary)); err != nil {
			return err
		}
		return s.put(ctx, tx, reviews, r.ID, r.OpenedBy, microOf(r.Opened), microOf(r.Due), microOf(r.Closed), r.ClosedBy,
			string(r.Overdue), r.Applied, r.Reminded, string(r.Summary))
	})
}

// Reviews implements [rbac.Store].
func (s *Store) Reviews(ctx context.Context) (out []rbac.ReviewRow, err error) {
	err = s.t.All(ctx, `SELECT id, opened_by, opened, due, closed, closed_by, overdue, applied, reminded, summary FROM rbac_review ORDER BY opened DESC, id DESC`, nil,
		func() { out = nil }, func(scan func(...any) error) error {
			var r rbac.ReviewRow
			var opened, due int64
			var closed sql.NullInt64
			if err := scan(&r.ID, &r.OpenedBy, &opened, &due, &closed, &r.ClosedBy, &r.Overdue, &r.Applied, &r.Reminded, &r.Summary); err != nil {
				return err
			}
			r.Opened, r.Due, r.Closed, r.Summary = micro(opened), micro(due), microOr(closed), some(r.Summary)
			out = append(out, r)
			return nil
		})
	return out, err
}

// line is an item as the statement of PutItems reads it.
type line struct {
	Review   string `json:"review"`
	Key      string `json:"key"`
	Kind     string `json:"kind"`
	ID       string `json:"id"`
	Snapshot string `json:"snapshot"`
	Decision string `json:"decision"`
	Note     string `json:"note"`
	By       string `json:"decided_by"`
	At       *int64 `json:"decided"`
	Outcome  string `json:"outcome"`
}

// batch is how many items are put by one statement.
const batch = 500

// PutItems implements [rbac.Store].
func (s *Store) PutItems(ctx context.Context, items []rbac.ItemRow) error {
	return s.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		list, has := []line{}, map[[2]string]bool{}
		for _, i := range items {
			if err := texts(i.Review, i.Key, string(i.Kind), i.ID, string(i.Snapshot), string(i.Decision), i.Note, i.By, string(i.Outcome)); err != nil {
				return err
			}
			at := [2]string{i.Review, i.Key}
			if has[at] || len(list) == batch { // one statement puts a row once
				if err := s.putLines(ctx, tx, list); err != nil {
					return err
				}
				list = list[:0]
				clear(has)
			}
			has[at] = true
			list = append(list, line{i.Review, i.Key, string(i.Kind), i.ID, string(i.Snapshot), string(i.Decision), i.Note, i.By, microOf(i.At), string(i.Outcome)})
		}
		if len(list) == 0 {
			return nil
		}
		return s.putLines(ctx, tx, list)
	})
}

func (s *Store) putLines(ctx context.Context, tx *sqlx.Tx, list []line) error {
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	const into = `INSERT INTO rbac_item (review, key, kind, id, snapshot, decision, note, decided_by, decided, outcome) `
	const set = ` DO UPDATE SET kind = excluded.kind, id = excluded.id, snapshot = excluded.snapshot, decision = excluded.decision, note = excluded.note,
		decided_by = excluded.decided_by, decided = excluded.decided, outcome = excluded.outcome`
	if s.t.PG {
		_, err = tx.ExecContext(ctx, s.t.SQL(into+`SELECT i.review, i.key, i.kind, i.id, i.snapshot, i.decision, i.note, i.decided_by, i.decided, i.outcome
			FROM json_to_recordset(?::json) AS i (review text, key text, kind text, id text, snapshot text, decision text, note text, decided_by text, decided bigint, outcome text)
			ON CONFLICT (tenant_id, review, key)`+set), string(text))
		return err
	}
	_, err = tx.ExecContext(ctx, into+`SELECT value ->> 'review', value ->> 'key', value ->> 'kind', value ->> 'id', value ->> 'snapshot', value ->> 'decision',
		value ->> 'note', value ->> 'decided_by', value ->> 'decided', value ->> 'outcome' FROM json_each(?) WHERE true ON CONFLICT (review, key)`+set, string(text))
	return err
}

// some is b, or nil if there is nothing in it.
func some(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

const item = `SELECT review, key, kind, id, snapshot, decision, note, decided_by, decided, outcome FROM rbac_item WHERE review = ? AND key `

func scanItem(scan func(...any) error) (i rbac.ItemRow, err error) {
	var at sql.NullInt64
	err = scan(&i.Review, &i.Key, &i.Kind, &i.ID, &i.Snapshot, &i.Decision, &i.Note, &i.By, &at, &i.Outcome)
	i.At, i.Outcome = microOr(at), some(i.Outcome)
	return i, err
}

// Items implements [rbac.Store].
func (s *Store) Items(ctx context.Context, review, after string, limit int) (out []rbac.ItemRow, err error) {
	if limit <= 0 {
		limit = math.MaxInt32
	}
	if texts(review, after) != nil {
		return nil, errText
	}
	err = s.t.All(ctx, item+`> ? ORDER BY key LIMIT ?`, []any{review, after, limit}, func() { out = nil }, func(scan func(...any) error) error {
		i, err := scanItem(scan)
		out = append(out, i)
		return err
	})
	return out, err
}

// Item implements [rbac.Store].
func (s *Store) Item(ctx context.Context, review, key string) (out rbac.ItemRow, err error) {
	found := false
	if texts(review, key) != nil {
		return out, rbac.ErrNotFound
	}
	err = s.t.All(ctx, item+`= ?`, []any{review, key}, func() { found = false }, func(scan func(...any) error) (err error) {
		out, err = scanItem(scan)
		found = true
		return err
	})
	if err == nil && !found {
		err = rbac.ErrNotFound
	}
	return out, err
}
