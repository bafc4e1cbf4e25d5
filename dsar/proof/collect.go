package proof

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

// mostValues is how many values of a column are taken: somebody's thousands of visits say no more of them.
const mostValues = 100

// longest is the longest value that is looked for: nobody copies a longer one as it is.
const longest = 512

// telling are the classes whose values tell who somebody is. What somebody wrote, did, or has in common with many is not looked for.
var telling = []redact.Class{
	redact.ClassCredential, redact.ClassAccessToken, redact.ClassRefreshToken, redact.ClassPayment, redact.ClassCard, redact.ClassBankAccount,
	redact.ClassName, redact.ClassEmail, redact.ClassPhone, redact.ClassAddress, redact.ClassContact, redact.ClassNationalID,
	redact.ClassIP, redact.ClassDevice, redact.ClassCookie, redact.ClassUserID, redact.ClassPseudonym, redact.ClassAccount,
}

// Take takes the values by which the person can be told from their rows, before these are erased. A value that somebody else's row has in the same
// column is not taken: it would be found in theirs.
func (p *Prover) Take(ctx context.Context, who dsar.Person) (*Needles, error) {
	if _, err := tenancy.From(ctx); err != nil {
		return nil, err
	}
	var n *Needles
	err := rows.Snapshot(ctx, p.db, func(ctx context.Context) error {
		s, err := p.rows.Resolve(ctx, p.db, who)
		if err != nil {
			return err
		}
		n = p.of(ctx, s.Person())
		n.taken = true
		for _, name := range p.c.TableNames() {
			if err := p.collect(ctx, n, s, name); err != nil {
				return fmt.Errorf("proof: %s: %w", name, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(n.values)
	return n, nil
}

// Collect implements dsar.Collector by Take.
func (p *Prover) Collect(ctx context.Context, who dsar.Person) ([]byte, error) {
	n, err := p.Take(ctx, who)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(written{n.values, n.short, n.ordinary})
	if err != nil {
		return nil, errors.New("proof: the needles cannot be written")
	}
	return b, nil
}

// ProveTaken implements dsar.Collector: it looks for what was taken, and for all that the person is known by.
func (p *Prover) ProveTaken(ctx context.Context, who dsar.Person, taken []byte) (*dsar.Proof, error) {
	var c written
	if json.Unmarshal(taken, &c) != nil {
		return nil, errors.New("proof: the needles cannot be read")
	}
	n := p.of(ctx, who)
	n.ordinary, n.taken = c.Ordinary, true
	for _, v := range c.Values {
		n.value(v)
	}
	for _, s := range c.Short {
		n.identifier(s.Identifier, s.Value)
	}
	return p.Look(ctx, n)
}

// written is what Collect writes.
type written struct {
	Values   []string `json:"values"`
	Short    []named  `json:"short"`
	Ordinary int      `json:"ordinary"`
}

func (p *Prover) collect(ctx context.Context, n *Needles, s *rows.Selection, name string) error {
	t, _ := p.c.Table(name)
	mine, ok := s.Where(name, rows.Erased)
	if !ok {
		return nil
	}
	for _, f := range t.Fields {
		if f.Column == nil || f.Column.Others {
			continue
		}
		var inside []string
		for _, c := range f.Column.Inside {
			if slices.Contains(telling, c.Class) {
				path, _, _ := strings.Cut(c.Name, " ")
				inside = append(inside, path)
			}
		}
		if len(inside) == 0 && !slices.Contains(telling, f.Column.Class) {
			continue
		}
		values, err := p.values(ctx, name, f.Name, inside, mine)
		if err != nil {
			return err
		}
		others := map[string]bool{}
		if len(inside) == 0 {
			if others, err = p.others(ctx, name, f.Name, values, mine); err != nil {
				return err
			}
		}
		for _, v := range values {
			switch known := slices.Contains(n.values, strings.TrimSpace(v)); {
			case known:
			case others[v] || len(v) > longest || !n.value(v):
				n.ordinary++
			}
		}
	}
	return nil
}

// values are those of a column, or at some paths inside of it, in the person's rows.
func (p *Prover) values(ctx context.Context, table, column string, inside []string, mine rows.Cond) (out []string, err error) {
	query := fmt.Sprintf("SELECT DISTINCT CAST(t.%[1]s AS text) FROM %[2]s AS t WHERE t.%[1]s IS NOT NULL AND (%[3]s) LIMIT %[4]d", schema.Quote(column), p.rows.SQL(table), mine.SQL, mostValues)
	all, err := p.strings(ctx, query, mine.Args)
	if err != nil || len(inside) == 0 {
		return all, err
	}
	for _, text := range all {
		var v any
		if json.Unmarshal([]byte(text), &v) != nil {
			continue // not JSON after all
		}
		for _, path := range inside {
			out = append(out, at(v, strings.FieldsFunc(path, func(c rune) bool { return c == '.' || c == '[' || c == ']' }))...)
		}
	}
	return out, nil
}

// at are the texts and numbers at a path. A list is gone through.
func at(v any, path []string) (out []string) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			out = append(out, at(x, path)...)
		}
	case map[string]any:
		if len(path) > 0 {
			return at(v[path[0]], path[1:])
		}
	case string:
		if len(path) == 0 {
			return []string{v}
		}
	}
	return out
}

// others are those of the values that somebody else's row has in the column.
func (p *Prover) others(ctx context.Context, table, column string, values []string, mine rows.Cond) (map[string]bool, error) {
	out := map[string]bool{}
	if len(values) == 0 {
		return out, nil
	}
	query := fmt.Sprintf("SELECT DISTINCT CAST(t.%[1]s AS text) FROM %[2]s AS t WHERE CAST(t.%[1]s AS text) IN (?%[3]s) AND (%[4]s) IS NOT TRUE",
		schema.Quote(column), p.rows.SQL(table), strings.Repeat(", ?", len(values)-1), mine.SQL)
	var args []any
	for _, v := range values {
		args = append(args, v)
	}
	all, err := p.strings(ctx, query, append(args, mine.Args...))
	for _, v := range all {
		out[v] = true
	}
	return out, err
}

// strings runs a query of one text column.
func (p *Prover) strings(ctx context.Context, query string, args []any) (out []string, err error) {
	err = p.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		out = nil
		rows, err := tx.QueryContext(ctx, tx.Rebind(query), args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			out = append(out, s)
		}
		return rows.Err()
	})
	return out, err
}
