package supportgrantsql

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

const grantColumns = `id, version, state, staff, ticket, reason, scope, care, asked, wait, requested, pending_until, life, approved, expires, ended, ended_by, end_reason`

// scanGrant reads first, and then the columns of a grant.
func scanGrant(scan func(...any) error, first ...any) (g supportgrant.GrantRow, err error) {
	var scope []byte
	var asked, wait, requested, pending, life int64
	var approved, expires, ended sql.NullInt64
	err = scan(append(first, &g.ID, &g.Version, &g.State, &g.Staff, &g.Ticket, &g.Reason, &scope, &g.Care, &asked, &wait, &requested, &pending, &life,
		&approved, &expires, &ended, &g.EndedBy, &g.EndReason)...)
	if err != nil {
		return supportgrant.GrantRow{}, err
	}
	g.Asked, g.Wait, g.Life = time.Duration(asked)*time.Second, time.Duration(wait)*time.Second, time.Duration(life)*time.Second
	g.Requested, g.PendingUntil = micro(requested), micro(pending)
	g.Approved, g.Expires, g.Ended = microOr(approved), microOr(expires), microOr(ended)
	g.Scope, err = list(scope)
	return g, err
}

// AddGrant implements [supportgrant.Store].
func (s *Store) AddGrant(ctx context.Context, g supportgrant.GrantRow) (out supportgrant.GrantRow, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		had := func() (err error) {
			out, err = scanGrant(tx.QueryRowxContext(ctx, s.t.SQL(`SELECT `+grantColumns+` FROM supportgrant_grant WHERE id = ?`), g.ID).Scan)
			if err == nil {
				return supportgrant.ErrExists
			}
			return err
		}
		if err := had(); !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err := texts(string(g.Staff), g.Ticket, g.Reason, string(g.State), string(g.EndedBy), g.EndReason); err != nil {
			return err
		}
		if g.Life != 0 || g.EndedBy != "" || g.EndReason != "" || g.ID == uuid.Nil {
			return refused("a grant that does not begin as a request")
		}
		scope, err := listOf(g.Scope)
		if err != nil {
			return err
		}
		asked, err := seconds(g.Asked)
		if err != nil {
			return err
		}
		wait, err := seconds(g.Wait)
		if err != nil {
			return err
		}
		out, err = scanGrant(tx.QueryRowxContext(ctx, s.t.SQL(`WITH n AS MATERIALIZED (SELECT {now} AS now)
			INSERT INTO supportgrant_grant (id, version, state, staff, ticket, reason, scope, care, asked, wait, life, requested, pending_until, ended_by, end_reason)
			VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, 0, (SELECT now FROM n), (SELECT now FROM n) + ?, '', '') ON CONFLICT DO NOTHING RETURNING `+grantColumns),
			g.ID, string(g.State), string(g.Staff), g.Ticket, g.Reason, scope, g.Care, asked, wait, g.Wait.Microseconds()).Scan)
		if errors.Is(err, sql.ErrNoRows) { // somebody was faster
			return had()
		}
		return err
	})
	return out, err
}

// Grant implements [supportgrant.Store]. On SQLite nobody else writes while a transaction is open that writes.
func (s *Store) Grant(ctx context.Context, id supportgrant.GrantID) (g supportgrant.GrantRow, now time.Time, err error) {
	run, text := s.read, `SELECT {now}, `+grantColumns+` FROM supportgrant_grant WHERE id = ?`
	if s.InTx(ctx) {
		run, text = s.write, text+`{lock}`
	}
	err = run(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
		var us int64
		g, err = scanGrant(tx.QueryRowxContext(ctx, s.t.SQL(text), id).Scan, &us)
		now = micro(us)
		return found(err)
	})
	if err != nil {
		now = time.Time{}
	}
	return g, now, err
}

// Grants implements [supportgrant.Store].
func (s *Store) Grants(ctx context.Context, f supportgrant.Find) (out []supportgrant.GrantRow, now time.Time, err error) {
	var where conditions
	if f.Staff != "" {
		where.add(`staff = ?`, string(f.Staff))
	}
	if f.Ticket != "" {
		where.add(`ticket = ?`, f.Ticket)
	}
	if f.States != nil {
		in(&where, `state`, f.States, supportgrant.States())
	}
	if !f.Before.IsZero() {
		where.add(`(requested, id) < (?, ?)`, f.Before.At.UnixMicro(), f.Before.ID)
	}
	text := `SELECT ` + grantColumns + ` FROM supportgrant_grant` + where.text() + ` ORDER BY requested DESC, id DESC`
	if f.Limit > 0 {
		text += ` LIMIT ?`
		where.args = append(where.args, f.Limit)
	}
	err = s.read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		out = nil
		var us int64
		if err := tx.QueryRowxContext(ctx, s.t.SQL(`SELECT {now}`)).Scan(&us); err != nil {
			return err
		}
		now = micro(us)
		rows, err := tx.QueryContext(ctx, s.t.SQL(text), where.args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			g, err := scanGrant(rows.Scan)
			if err != nil {
				return err
			}
			out = append(out, g)
		}
		return rows.Err()
	})
	return out, now, err
}

// Move implements [supportgrant.Store].
func (s *Store) Move(ctx context.Context, m supportgrant.Move) (out supportgrant.GrantRow, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		missing := func(what error) error { // what, or that there is no such grant
			if ok, err := s.there(ctx, tx, `SELECT 1 FROM supportgrant_grant WHERE id = ?`, m.ID); ok || err != nil {
				return cmp.Or(err, what)
			}
			return supportgrant.ErrNotFound
		}
		if !m.From.May(m.To) {
			return missing(refused("a move that no grant makes"))
		}
		if err := texts(string(m.By), m.Why); err != nil {
			return err
		}
		text, args := `ended = {now}, ended_by = ?, end_reason = ?`, []any{string(m.By), m.Why}
		if m.To == supportgrant.Approved {
			life, err := seconds(m.Life)
			if err != nil {
				return err
			}
			text, args = `life = ?, approved = (SELECT now FROM n), expires = (SELECT now FROM n) + ?`, []any{life, m.Life.Microseconds()}
		}
		args = append(append([]any{string(m.To)}, args...), m.ID, string(m.From), m.Version)
		if m.From == supportgrant.Approved {
			out, err = s.ending(ctx, tx, m.ID, text, args)
		} else {
			out, err = scanGrant(tx.QueryRowxContext(ctx, s.t.SQL(moveText(`WITH n AS MATERIALIZED (SELECT {now} AS now)`, text, ``)), args...).Scan)
		}
		if errors.Is(err, sql.ErrNoRows) {
			return missing(supportgrant.ErrConflict)
		}
		return err
	})
	return out, err
}

// moveText is the statement of a move.
func moveText(with, set, from string) string {
	return with + ` UPDATE supportgrant_grant SET state = ?, version = version + 1, ` + set + from + ` WHERE id = ? AND state = ? AND version = ? RETURNING ` + grantColumns
}

// Reserve implements [supportgrant.Store].
func (s *Store) Reserve(ctx context.Context, id supportgrant.GrantID, n, most int64) (got int64, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		// The lock first, and the budget in a statement that sees what was committed while it was waited for.
		if ok, err := s.there(ctx, tx, `SELECT 1 FROM supportgrant_grant WHERE id = ?{lock}`, id); err != nil {
			return err
		} else if !ok {
			return supportgrant.ErrNotFound
		}
		var taken sql.NullInt64
		if err := tx.QueryRowxContext(ctx, s.t.SQL(`SELECT (SELECT taken FROM supportgrant_budget WHERE grant_id = ?)`), id).Scan(&taken); err != nil {
			return err
		}
		if got = max(0, min(n, most-taken.Int64)); got == 0 {
			return nil
		}
		text := `UPDATE supportgrant_budget SET taken = taken + ? WHERE grant_id = ?`
		if !taken.Valid {
			text = `INSERT INTO supportgrant_budget (taken, grant_id) VALUES (?, ?)`
		}
		_, err := tx.ExecContext(ctx, s.t.SQL(text), got, id)
		return err
	})
	if err != nil {
		got = 0
	}
	return got, err
}

// conditions are those of a WHERE.
type conditions struct {
	all  []string
	args []any
}

func (c *conditions) add(text string, args ...any) {
	c.all, c.args = append(c.all, text), append(c.args, args...)
}

func (c *conditions) text() string {
	if len(c.all) == 0 {
		return ""
	}
	return ` WHERE ` + strings.Join(c.all, ` AND `)
}

// in adds that a column is one of those of list that are known. There are few texts of it, as they are kept.
func in[T ~string](c *conditions, column string, list, known []T) {
	var args []any
	for _, k := range known {
		for _, l := range list {
			if l == k {
				args = append(args, string(k))
				break
			}
		}
	}
	if len(args) == 0 {
		c.add(`1 = 0`)
		return
	}
	c.add(column+` IN (?`+strings.Repeat(`, ?`, len(args)-1)+`)`, args...)
}
