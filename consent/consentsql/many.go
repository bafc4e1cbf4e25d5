package consentsql

import (
	"bytes"
	"context"
	"math/bits"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
)

// On SQLite a statement on several rows has a power of two of them, so that there are few texts, each of them short enough to be kept
// compiled.
const texts = 6

// rows returns text with so many rows of n parameters.
func rows(text string, n int, end string) (out [texts]string) {
	row := "(?" + strings.Repeat(", ?", n-1) + ")"
	for i := range out {
		out[i] = text + strings.Repeat(row+", ", 1<<i-1) + row + end
	}
	return out
}

// in returns text with a list of so many keys; the last one is Postgres's, with an array.
func in(text string) (out [texts + 1]string) {
	for i := range texts {
		out[i] = text + "IN (" + strings.Repeat("?, ", 1<<i-1) + "?)"
	}
	out[texts] = text + "= ANY (?::bytea[])"
	return out
}

// most is the index of the text for as many as there can be of n.
func most(n int) int { return bits.Len(uint(min(n, 1<<(texts-1)))) - 1 }

// keysOf returns keys as parameters, each once and in order, which is how they are next to each other in an index.
func keysOf[T any](list []T, key func(*T) []byte) [][]byte {
	out := make([][]byte, len(list))
	for i := range list {
		out[i] = key(&list[i])
	}
	slices.SortFunc(out, bytes.Compare)
	return slices.CompactFunc(out, bytes.Equal)
}

// eachOf gives f the rows that have one of keys. It may begin again, with begin.
func (s *Store) eachOf(ctx context.Context, text *[texts + 1]string, keys [][]byte, begin func(), f func(scan func(...any) error) error) error {
	return s.t.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		begin()
		if s.t.PG {
			return each(ctx, tx, s.t.SQL(text[texts]), []any{keys}, f)
		}
		var args []any
		for left := keys; len(left) > 0; {
			n := most(len(left))
			args = args[:0]
			for _, k := range left[:1<<n] {
				args = append(args, k)
			}
			if err := each(ctx, tx, s.t.SQL(text[n]), args, f); err != nil {
				return err
			}
			left = left[1<<n:]
		}
		return nil
	})
}

func each(ctx context.Context, tx *sqlx.Tx, text string, args []any, f func(scan func(...any) error) error) error {
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// insert inserts rows of width parameters by few statements of few different texts.
func (s *Store) insert(ctx context.Context, tx *sqlx.Tx, text *[texts]string, width int, args []any) error {
	for len(args) > 0 {
		n := most(len(args) / width)
		if _, err := tx.ExecContext(ctx, s.t.SQL(text[n]), args[:width<<n]...); err != nil {
			return err
		}
		args = args[width<<n:]
	}
	return nil
}
