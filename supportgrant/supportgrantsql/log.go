package supportgrantsql

import (
	"context"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

var kinds = []supportgrant.Kind{supportgrant.KindRequested, supportgrant.KindConfirmed, supportgrant.KindApproved, supportgrant.KindDenied, supportgrant.KindCancelled,
	supportgrant.KindLapsed, supportgrant.KindWithdrawn, supportgrant.KindExpired, supportgrant.KindRead, supportgrant.KindRefused}

// insertEntry is an entry at a time that comes last.
const insertEntry = `INSERT INTO supportgrant_entry (id, grant_id, kind, acted_by, category, resource, columns_read, matched, keys_asked, after_key, most_rows, why, at)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, `

// entryArgs are an entry's values for insertEntry, but the time.
func entryArgs(e *supportgrant.Entry) ([]any, error) {
	if err := texts(string(e.Kind), string(e.By), e.Category, e.Resource, e.Why); err != nil {
		return nil, err
	}
	out := append(make([]any, 0, 16), e.ID, e.Grant, string(e.Kind), string(e.By), e.Category, e.Resource, nil, nil, nil, nil, e.Limit, e.Why)
	for i, l := range [...][]string{e.Columns, e.Matched, e.Keys, e.After} {
		text, err := listOf(l)
		if err != nil {
			return nil, err
		}
		out[6+i] = text
	}
	return out, nil
}

// Append implements [supportgrant.Store].
func (s *Store) Append(ctx context.Context, e supportgrant.Entry) error {
	args, err := entryArgs(&e)
	return s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err != nil {
			return err
		}
		if ok, err := s.already(ctx, tx, `SELECT 1 FROM supportgrant_entry WHERE id = ?`, e.ID); ok || err != nil {
			return err
		}
		return s.t.DB.Defer(ctx, s.t.SQL(insertEntry+`{now}) ON CONFLICT DO NOTHING`), args...)
	})
}

// Log implements [supportgrant.Store].
func (s *Store) Log(ctx context.Context, f supportgrant.Look, before supportgrant.Place, limit int) (out []supportgrant.Entry, err error) {
	var where conditions
	if f.Grant != uuid.Nil {
		where.add(`e.grant_id = ?`, f.Grant)
	}
	if f.Staff != "" {
		where.add(`g.staff = ?`, string(f.Staff))
	}
	if f.Kinds != nil {
		in(&where, `e.kind`, f.Kinds, kinds)
	}
	if !before.IsZero() {
		where.add(`(e.at, e.id) < (?, ?)`, before.At.UnixMicro(), before.ID)
	}
	text := `SELECT e.id, e.at, e.kind, e.grant_id, COALESCE(g.ticket, ''), e.acted_by, e.category, e.resource, e.columns_read, e.matched, e.keys_asked, e.after_key, e.most_rows, e.why
		FROM supportgrant_entry e LEFT JOIN supportgrant_grant g ON g.id = e.grant_id` + where.text() + ` ORDER BY e.at DESC, e.id DESC LIMIT ?`
	if err := s.t.DB.Flush(ctx); err != nil {
		return nil, s.t.Named(err)
	}
	err = s.t.All(ctx, text, append(where.args, limit), func() { out = nil }, func(scan func(...any) error) error {
		var e supportgrant.Entry
		var at int64
		var columns, matched, keys, after []byte
		if err := scan(&e.ID, &at, &e.Kind, &e.Grant, &e.Ticket, &e.By, &e.Category, &e.Resource, &columns, &matched, &keys, &after, &e.Limit, &e.Why); err != nil {
			return err
		}
		e.At = micro(at)
		for _, l := range [...]struct {
			to   *[]string
			text []byte
		}{{&e.Columns, columns}, {&e.Matched, matched}, {&e.Keys, keys}, {&e.After, after}} {
			if *l.to, err = list(l.text); err != nil {
				return err
			}
		}
		out = append(out, e)
		return nil
	})
	return out, err
}
