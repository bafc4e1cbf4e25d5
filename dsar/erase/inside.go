package erase

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// edit changes members of JSON columns in the rows of a condition, one row after the other: what is inside of arrays no one
// statement of both databases changes.
func (r *run) edit(ctx context.Context, tx *sqlx.Tx, t *table, these rows.Cond, inside map[string][]member) error {
	columns := slices.Sorted(maps.Keys(inside))
	texts := make([]string, 0, len(columns))
	array := func(c string) bool { return r.l.pg && t.live.Column(c).Family == schema.Array }
	for _, c := range columns {
		if array(c) {
			texts = append(texts, "CAST(array_to_json("+schema.Columns("t", []string{c})+") AS text)")
			continue
		}
		texts = append(texts, "CAST("+schema.Columns("t", []string{c})+" AS text)")
	}
	_, from := r.l.columns(t)
	type found struct {
		key  []any
		json []*string
	}
	var all []found
	q := rows.Concat("SELECT "+from+", "+strings.Join(texts, ", ")+" FROM ", t.sql, " AS t WHERE ", these)
	got, err := tx.QueryxContext(ctx, tx.Rebind(q.SQL), q.Args...)
	if err != nil {
		return err
	}
	defer got.Close()
	for got.Next() {
		f := found{make([]any, len(t.Key)), make([]*string, len(columns))}
		var dest []any
		for i := range f.key {
			dest = append(dest, &f.key[i])
		}
		for i := range f.json {
			dest = append(dest, &f.json[i])
		}
		if err := got.Scan(dest...); err != nil {
			return err
		}
		all = append(all, f)
	}
	if err := got.Err(); err != nil {
		return err
	}
	for _, f := range all {
		var sets []rows.Cond
		for i, c := range columns {
			if f.json[i] == nil {
				continue
			}
			text, changed, err := r.members(ctx, tx, t, *f.json[i], inside[c])
			if err != nil {
				return err
			}
			if changed && array(c) {
				sets = append(sets, rows.Concat(schema.Quote(c)+" = CAST(ARRAY(SELECT jsonb_array_elements_text(CAST(", rows.Arg(text), " AS jsonb))) AS ", t.live.Column(c).Type, ")"))
			} else if changed {
				sets = append(sets, rows.Concat(schema.Quote(c)+" = ", r.l.cast(t.live.Column(c), text)))
			}
		}
		if len(sets) == 0 {
			continue
		}
		var key []rows.Cond
		for i, k := range t.Key {
			v := rows.Arg(f.key[i])
			if r.l.pg {
				v = rows.Concat("CAST(CAST(", v, " AS text) AS ", t.live.Column(k).Type, ")")
			}
			key = append(key, rows.Concat(schema.Columns("t", []string{k})+" = ", v))
		}
		if _, err := r.exec(ctx, tx, rows.Concat("UPDATE ", t.sql, " AS t SET ", list(", ", sets), " WHERE ", list(" AND ", key))); err != nil {
			return err
		}
	}
	return nil
}

// members changes members of one value. What is no JSON is left to the column's own strategy, and refused here.
func (r *run) members(ctx context.Context, tx *sqlx.Tx, t *table, text string, ms []member) (string, bool, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber() // numbers stay as they are written
	var v any
	if err := d.Decode(&v); err != nil {
		return "", false, fmt.Errorf("%w: %s has a value that is no JSON, and members of it were to be erased", ErrMap, t.Name)
	}
	changed := false
	for _, m := range ms {
		var err error
		v = walk(v, strings.Split(strings.ReplaceAll(m.path, "[]", ".[]"), "."), func(old any) any {
			if old == nil || err != nil {
				return old
			}
			if m.only {
				var yes bool
				if yes, err = r.pointed(ctx, tx, t, m.tie, old); !yes || err != nil {
					return old
				}
			}
			now := r.inside(m.how, old)
			changed = true
			return now
		})
		if err != nil {
			return "", false, err
		}
	}
	if !changed {
		return text, false, nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", false, err
	}
	return strings.TrimSpace(b.String()), true, nil
}

// walk applies f to what is at the path.
func walk(v any, path []string, f func(any) any) any {
	for len(path) > 0 && path[0] == "" {
		path = path[1:]
	}
	if len(path) == 0 {
		return f(v)
	}
	switch x := v.(type) {
	case map[string]any:
		if old, ok := x[path[0]]; ok {
			x[path[0]] = walk(old, path[1:], f)
		}
	case []any:
		if path[0] == "[]" {
			for i := range x {
				x[i] = walk(x[i], path[1:], f)
			}
		}
	}
	return v
}

// inside is what a member becomes.
func (r *run) inside(how dsar.Strategy, old any) any {
	text, n := how.Value()
	switch {
	case how.Is(dsar.Constant("")):
		return text
	case how.Is(dsar.Random):
		b := make([]byte, 16)
		_, _ = rand.Read(b)
		return hex.EncodeToString(b)
	case how.Is(dsar.Pseudonym):
		return "erased-" + hex.EncodeToString(stand(r.entry.Salt)[:8])
	case how.Is(dsar.Truncate(0)):
		if s, ok := old.(string); ok {
			return string([]rune(s)[:min(n, len([]rune(s)))])
		}
	}
	return nil
}

// pointed reports whether a value of a link through JSON points at what is erased.
func (r *run) pointed(ctx context.Context, tx *sqlx.Tx, t *table, i int, v any) (bool, error) {
	tie := t.Ties[i]
	text := ""
	switch v := v.(type) {
	case string:
		text = v
	case json.Number:
		text = v.String()
	default:
		return false, nil
	}
	if tie.Identifier != "" {
		if r.sel == nil {
			return false, nil
		}
		s, _ := r.e.m.Subject(r.job.Person.Kind)
		id, _ := s.Identifier(tie.Identifier)
		return slices.ContainsFunc(r.sel.Person().Known[tie.Identifier], func(k string) bool { return rows.Normal(id.Form, k) == rows.Normal(id.Form, text) }), nil
	}
	to := r.l.byName[tie.To]
	var erased []rows.Cond
	for _, p := range r.l.parts { // as they were noted before links to them were cut, and those that came since
		if p.table == to && p.of == rows.Erased && p.before() && len(p.cuts) == 0 {
			erased = append(erased, r.noted(to, p.seq, 0, 1<<62))
		}
	}
	if r.sel != nil {
		if c, ok := r.sel.Where(to.Name, rows.Erased); ok {
			erased = append(erased, c)
		}
	}
	if len(erased) == 0 {
		return false, nil
	}
	var n int
	err := r.row(ctx, tx, rows.Concat("SELECT count(*) FROM ", to.sql, " AS t WHERE CAST(", schema.Columns("t", tie.Targets), " AS text) = ", rows.Arg(text), " AND (", either(erased), ")"), &n)
	return n > 0, err
}
