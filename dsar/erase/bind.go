package erase

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// Plans and jobs are bound to a person by keyed hashes: they tell nobody who it is, and a row that was made later under the same key is
// another person's.

func keyed(secret []byte, what string, parts ...string) []byte {
	h := hmac.New(sha256.New, secret)
	for _, p := range append([]string{what}, parts...) {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return h.Sum(nil)
}

func same(a, b []byte) bool { return hmac.Equal(a, b) }

// who is the person as the caller named them.
func who(secret []byte, p dsar.Person) []byte {
	parts := append([]string{p.Kind, fmt.Sprint(len(p.Key))}, p.Key...)
	for _, name := range slices.Sorted(maps.Keys(p.Known)) {
		parts = append(parts, name, fmt.Sprint(len(p.Known[name])))
		parts = append(parts, slices.Sorted(slices.Values(p.Known[name]))...)
	}
	return keyed(secret, "who", parts...)
}

// made are the columns of the person's table that tell a row from a later one of the same key: when it was made, or else the identifiers.
func (l *layout) made(kind string) []string {
	var out []string
	for _, c := range l.root.live.Columns {
		word, _, _ := strings.Cut(strings.ToLower(c.Name), "_")
		if slices.Contains([]string{"created", "createdat", "inserted", "insertedat", "joined", "joinedat", "registered", "signed"}, word) &&
			c.Family != schema.Bool && c.NotNull && !c.Generated {
			out = append(out, c.Name)
		}
	}
	if len(out) > 0 {
		return out
	}
	s, _ := l.m.Subject(kind)
	for _, id := range s.Identifiers {
		if id.Column != "" {
			out = append(out, id.Column)
		}
	}
	return out
}

// own is the condition of the person's own row.
func (l *layout) own(key []string) rows.Cond {
	var conds []rows.Cond
	for i, k := range l.root.Key {
		c := l.root.live.Column(k)
		col := schema.Columns("t", []string{k})
		if !l.pg && c.Family == schema.Any {
			conds = append(conds, rows.Concat("CAST("+col+" AS TEXT) = ", rows.Arg(key[i])))
			continue
		}
		conds = append(conds, rows.Concat(col+" = ", l.cast(c, key[i])))
	}
	return list(" AND ", conds)
}

// fingerprint is a keyed hash of the person's row, nil if there is none. lock is how the row is locked on Postgres.
func (l *layout) fingerprint(ctx context.Context, tx *sqlx.Tx, kind string, key []string, secret []byte, lock string) ([]byte, error) {
	if l.root == nil || len(key) == 0 || len(key) != len(l.root.Key) {
		return nil, nil
	}
	columns := l.made(kind)
	texts := []string{"'row'"}
	for _, c := range columns {
		v := "CAST(" + schema.Columns("t", []string{c}) + " AS text)"
		if l.pg && l.root.live.Column(c).Family == schema.Time { // whatever time zone the session has
			v = "CAST(extract(epoch FROM " + schema.Columns("t", []string{c}) + ") AS text)"
		}
		texts = append(texts, v)
	}
	q := rows.Concat("SELECT "+strings.Join(texts, ", ")+" FROM ", l.root.sql, " AS t WHERE ", l.own(key))
	if lock != "" && l.pg {
		q.SQL += " FOR " + lock
	}
	values := make([]sql.NullString, len(texts))
	dest := make([]any, len(texts))
	for i := range values {
		dest[i] = &values[i]
	}
	err := tx.QueryRowxContext(ctx, tx.Rebind(q.SQL), q.Args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var parts []string
	for _, v := range values {
		parts = append(parts, fmt.Sprint(v.Valid), v.String)
	}
	return keyed(secret, "row", append(parts, key...)...), nil
}

// still is dsar.ErrPlan if the person's row has become another's. It locks the row.
func (r *run) still(ctx context.Context, tx *sqlx.Tx, secret []byte, lock string) error {
	if r.entry.Root == nil {
		return nil
	}
	now, err := r.l.fingerprint(ctx, tx, r.job.Person.Kind, r.sel.Person().Key, secret, lock)
	if err == nil && now != nil && !same(now, r.entry.Root) {
		err = fmt.Errorf("%w: the row under the person's key is another one now", dsar.ErrPlan)
	}
	return err
}
