package auditsql

import (
	"context"
	"database/sql"
	"errors"
	"math/bits"
	"strings"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/jmoiron/sqlx"
)

// perStatement is how many rows one INSERT has at most: its text must stay short enough to be kept compiled.
const perStatement = 32

// rows returns text with n rows of so many parameters, n being a power of two.
func rowsSQL(text, row string) (out [6]string) {
	for i := range out {
		out[i] = text + strings.Repeat(row+", ", 1<<i-1) + row
	}
	return out
}

var (
	eventRowsSQL = rowsSQL(`INSERT INTO {event} (seq, at, event_id, action, outcome, hash, leaf) VALUES `, `(?, ?, ?, ?, ?, ?, ?)`)
	openRowsSQL  = rowsSQL(`INSERT INTO {open} (place, subject, data) VALUES `, `(?, ?, ?)`)
)

func (t *tree) insertSQLite(ctx context.Context, tx *sqlx.Tx, entries []audit.Entry) (uint64, error) {
	base, at, err := t.next(ctx, tx)
	if err != nil {
		return 0, err
	}
	var args, opens []any
	for i := range entries {
		e := &entries[i]
		seq := base + int64(i)
		args = append(args, seq, at, e.ID[:], e.Action, int64(e.Outcome), e.Hash[:], e.Leaf)
		for j := range e.Open {
			opens = append(opens, seq*perEvent+int64(j), e.Open[j].Subject[:], notNil(e.Open[j].Data))
		}
	}
	if err := t.insertRows(ctx, tx, &eventRowsSQL, 7, args); err != nil {
		return 0, err
	}
	return uint64(base), t.insertRows(ctx, tx, &openRowsSQL, 3, opens)
}

// insertRows inserts rows of width columns by few statements of few different texts.
func (t *tree) insertRows(ctx context.Context, tx *sqlx.Tx, texts *[6]string, width int, args []any) error {
	for len(args) > 0 {
		n := bits.Len(uint(min(len(args)/width, perStatement))) - 1
		if _, err := tx.ExecContext(ctx, t.sql(texts[n]), args[:width<<n]...); err != nil {
			return err
		}
		args = args[width<<n:]
	}
	return nil
}

// next is the next place, and the time of what is recorded now.
func (t *tree) next(ctx context.Context, tx *sqlx.Tx) (seq, at int64, err error) {
	err = tx.QueryRowxContext(ctx, t.sql(`SELECT seq + 1, max(at, bw_now()) FROM {event} ORDER BY seq DESC LIMIT 1`)).Scan(&seq, &at)
	if errors.Is(err, sql.ErrNoRows) {
		err = tx.GetContext(ctx, &at, `SELECT bw_now()`)
	}
	return seq, at, err
}
