package rows

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
)

// Resolve finds the person's row, in a transaction that only reads or in the one that ctx carries: by the key, or else by the identifiers
// that are known. What the row holds of identifiers now is added to what is known, and so are the spellings of known values
// that the database has in columns which hold identifiers: these columns are read as a whole, unless the identifier's form is Exact.
//
// It is dsar.ErrNobody if there is no row under the key, or none under any identifier and nothing else that an identifier leads to;
// [ErrAmbiguous] if the identifiers lead to several people, none of them by its exact spelling; [ErrKey] for a key of another shape than the
// table's; tenancy.ErrNoTenant without a tenant. The first three undo nothing of a transaction that ctx carries.
func (r *Rows) Resolve(ctx context.Context, db *tenantdb.DB, p dsar.Person) (*Selection, error) {
	id, err := tenancy.From(ctx)
	if err != nil {
		return nil, err
	}
	kind, ok := r.c.Subject(p.Kind)
	if !ok {
		return nil, fmt.Errorf("rows: the map has no kind of people of that name")
	}
	if schema.Dialect(db.Dialect()) != r.dialect {
		return nil, fmt.Errorf("rows: made for %s, used on %s", r.dialect, db.Dialect())
	}
	s := &Selection{}
	var refused error // an answer, which undoes nothing of a transaction around it
	err = db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		*s = Selection{r: r, tenant: id, kind: kind, person: p, classes: map[string][]class{}}
		x := &resolver{&writer{Selection: s}, ctx, tx}
		err := r.NoJIT(ctx, tx)
		if err == nil {
			err = x.resolve(p)
		}
		if errors.Is(err, dsar.ErrNobody) || errors.Is(err, ErrAmbiguous) || errors.Is(err, ErrKey) {
			refused, err = err, nil
		}
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// class is the spellings of one value that a person is known by.
type class struct {
	normal string
	values []string // as they were given or are in the database
	shared bool     // another person goes by it as well
}

type resolver struct {
	*writer
	ctx context.Context
	tx  *sqlx.Tx
}

func (x *resolver) resolve(p dsar.Person) error {
	root := x.r.tables[x.kind.Table]
	for name, values := range p.Known {
		id, ok := x.kind.Identifier(name)
		if !ok {
			return fmt.Errorf("rows: this kind of people has no identifier of a name that was given")
		}
		for _, v := range values {
			x.know(id, v)
		}
	}
	switch {
	case p.Key != nil && root == nil:
		return fmt.Errorf("%w: people of the kind have no rows of their own", ErrKey)
	case p.Key != nil:
		c, err := x.byKey(root, p.Key)
		if err != nil {
			return err
		}
		found, err := x.roots(root, c)
		if err != nil {
			return err
		}
		switch len(found) {
		case 0:
			return dsar.ErrNobody
		case 1:
			x.own = found[0]
		default:
			return ErrAmbiguous
		}
	case root != nil:
		if err := x.byIdentifier(root); err != nil {
			return err
		}
	}
	x.person.Key = nil
	if x.own != nil {
		for _, k := range root.Key {
			x.person.Key = append(x.person.Key, x.own[k].text)
		}
		for _, id := range x.kind.Identifiers {
			if v, ok := x.own[id.Column]; ok && id.Column != "" && !v.null && v.text != "" {
				x.know(id, v.text)
			}
		}
	}
	if err := x.spellings(); err != nil {
		return err
	}
	x.person.Known = map[string][]string{}
	for name, cs := range x.classes {
		for _, c := range cs {
			x.person.Known[name] = append(x.person.Known[name], c.values...)
		}
	}
	if x.own == nil {
		return x.somewhere()
	}
	return x.sharedNames()
}

// know adds a value.
func (x *resolver) know(id dsar.Identifier, v string) {
	n := Normal(id.Form, v)
	if n == "" {
		return
	}
	cs := x.classes[id.Name]
	i := slices.IndexFunc(cs, func(c class) bool { return c.normal == n })
	if i < 0 {
		x.classes[id.Name] = append(cs, class{normal: n, values: []string{v}})
		return
	}
	if !slices.Contains(cs[i].values, v) {
		cs[i].values = append(cs[i].values, v)
	}
}

func (x *resolver) byKey(root *table, key []string) (Cond, error) {
	if len(key) != len(root.Key) {
		return Cond{}, fmt.Errorf("%w: %s has (%s)", ErrKey, root.Name, strings.Join(root.Key, ", "))
	}
	var same []Cond
	for i, k := range root.Key {
		c := x.r.equal(root, at("t"), k, value{text: key[i]})
		if c.never() {
			return Cond{}, ErrKey
		}
		same = append(same, c)
	}
	return all(same...), nil
}

// roots reads rows of people: the columns that are needed of them, at most three.
func (x *resolver) roots(root *table, c Cond) ([]map[string]value, error) {
	var columns []string
	add := func(names ...string) {
		for _, n := range names {
			if n != "" && !slices.Contains(columns, n) {
				columns = append(columns, n)
			}
		}
	}
	add(root.Key...)
	add(root.targets...)
	for _, id := range x.kind.Identifiers {
		add(id.Column)
	}
	q := Concat("SELECT "+x.plain(root, columns)+" FROM "+root.sql+" AS t WHERE ", all(c, x.tenantOf(root, at("t"))), " LIMIT 3")
	var out []map[string]value
	err := x.each(q, len(columns), func(vs []value) error {
		m := map[string]value{}
		for i, name := range columns {
			m[name] = vs[i]
		}
		out = append(out, m)
		return nil
	})
	return out, err
}

// plain selects columns of t as each reads them.
func (x *resolver) plain(root *table, columns []string) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = x.r.plain(at("t")(c))
	}
	return strings.Join(out, ", ")
}

// plain is a column in a form that drivers make nothing of: as text on Postgres; on SQLite as it is, without the type that it was declared with.
func (r *Rows) plain(v string) string {
	if r.dialect == schema.Postgres {
		return "CAST(" + v + " AS text)"
	}
	return "+" + v
}

// each runs a statement that returns texts, or what there is on SQLite.
func (x *resolver) each(q Cond, n int, f func([]value) error) error {
	rows, err := x.tx.QueryContext(x.ctx, x.tx.Rebind(q.SQL), q.Args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	raw, dest := make([]any, n), make([]any, n)
	for i := range raw {
		dest[i] = &raw[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		vs := make([]value, n)
		for i, v := range raw {
			vs[i] = valueOf(v)
		}
		if err := f(vs); err != nil {
			return err
		}
	}
	return rows.Err()
}

func valueOf(v any) value {
	switch v := v.(type) {
	case nil:
		return value{null: true}
	case string:
		return value{text: v, raw: v}
	case []byte:
		return value{text: `\x` + hex.EncodeToString(v), raw: v}
	case int64:
		return value{text: strconv.FormatInt(v, 10), raw: v}
	case float64:
		return value{text: strconv.FormatFloat(v, 'g', -1, 64), raw: v}
	}
	return value{text: fmt.Sprint(v), raw: v}
}

// byIdentifier finds the one row that has a value which is known: the one that is spelt the same, if several have another spelling.
func (x *resolver) byIdentifier(root *table) error {
	given := map[string][]string{}
	for name, cs := range x.classes {
		for _, c := range cs {
			given[name] = append(given[name], c.values...)
		}
	}
	if err := x.spellings(); err != nil {
		return err
	}
	for _, exact := range []bool{true, false} {
		found := map[string]map[string]value{}
		for _, name := range slices.Sorted(maps.Keys(x.classes)) {
			id, _ := x.kind.Identifier(name)
			if id.Column == "" {
				continue
			}
			var values []value
			for _, c := range x.classes[name] {
				for _, v := range c.values {
					if !exact || slices.Contains(given[name], v) {
						values = append(values, value{text: v})
					}
				}
			}
			rows, err := x.roots(root, x.r.equal(root, at("t"), id.Column, values...))
			if err != nil {
				return err
			}
			for _, row := range rows {
				key := ""
				for _, k := range root.Key {
					key += strconv.Quote(row[k].text)
				}
				found[key] = row
			}
		}
		if len(found) > 1 {
			return ErrAmbiguous
		}
		for _, row := range found {
			x.own = row
			return nil
		}
	}
	return nil
}

// holder is a column that holds an identifier.
type holder struct {
	table *table
	tie   *tie // its path may be nil
}

// holders are all columns that hold the identifier: those of links, and of the people themselves, of whatever kind.
func (x *resolver) holders(name string) (out []holder) {
	for _, table := range x.r.c.TableNames() {
		t := x.r.tables[table]
		for i := range t.ties {
			if y := &t.ties[i]; y.Identifier == name {
				out = append(out, holder{t, y})
			}
		}
	}
	for _, k := range x.r.kinds {
		if id, ok := k.Identifier(name); ok && id.Column != "" {
			out = append(out, holder{x.r.tables[k.Table], &tie{Tie: dsar.Tie{Link: dsar.Link{Columns: []string{id.Column}, Identifier: name}}}})
		}
	}
	return out
}

// spellings adds the spellings that the database has of what is known.
func (x *resolver) spellings() error {
	for _, name := range slices.Sorted(maps.Keys(x.classes)) {
		id, _ := x.kind.Identifier(name)
		if id.Form == dsar.Exact {
			continue
		}
		for _, h := range x.holders(name) {
			if err := x.spelt(id, h); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *resolver) spelt(id dsar.Identifier, h holder) error {
	from, v := x.r.places(h.table, at("t"), h.tie)
	if from != "" {
		from = " CROSS JOIN " + from
	}
	var likely []Cond
	for _, c := range x.classes[id.Name] {
		likely = append(likely, x.r.likely(id.Form, v, c.normal))
	}
	q := Concat("SELECT DISTINCT "+v+" FROM "+h.table.sql+" AS t"+from+" WHERE ", all(either(likely...), x.tenantOf(h.table, at("t"))))
	known := map[string]bool{}
	for _, c := range x.classes[id.Name] {
		known[c.normal] = true
	}
	return x.each(q, 1, func(vs []value) error {
		if known[Normal(id.Form, vs[0].text)] {
			x.know(id, vs[0].text)
		}
		return nil
	})
}

// somewhere is dsar.ErrNobody if nothing in the database is of the person, who has no row of their own.
func (x *resolver) somewhere() error {
	for _, name := range x.r.c.TableNames() {
		t := x.r.tables[name]
		for i := range t.ties {
			y := &t.ties[i]
			if y.to != nil || len(x.known(y.Identifier)) == 0 {
				continue
			}
			c := x.tied(t, at("t"), y, nil)
			if c.never() {
				continue
			}
			var one bool
			q := Concat("SELECT EXISTS (SELECT 1 FROM "+t.sql+" AS t WHERE ", all(c, x.tenantOf(t, at("t"))), ")")
			if err := x.tx.QueryRowContext(x.ctx, x.tx.Rebind(q.SQL), q.Args...).Scan(&one); err != nil {
				return err
			}
			if one {
				return nil
			}
		}
	}
	return dsar.ErrNobody
}

// sharedNames notes what other people go by as well.
func (x *resolver) sharedNames() error {
	for name, cs := range x.classes {
		for i := range cs {
			for _, k := range x.r.kinds {
				id, ok := k.Identifier(name)
				if !ok || id.Column == "" || cs[i].shared {
					continue
				}
				root := x.r.tables[k.Table]
				var values []value
				for _, v := range cs[i].values {
					values = append(values, value{text: v})
				}
				not := Cond{}
				if k.Kind == x.kind.Kind {
					not = x.self(root, at("t")).Not()
				}
				q := Concat("SELECT EXISTS (SELECT 1 FROM "+root.sql+" AS t WHERE ", all(x.r.equal(root, at("t"), id.Column, values...), not, x.tenantOf(root, at("t"))), ")")
				if err := x.tx.QueryRowContext(x.ctx, x.tx.Rebind(q.SQL), q.Args...).Scan(&cs[i].shared); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
