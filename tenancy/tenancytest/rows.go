package tenancytest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// sampleSize is how many rows of a tenant the kit looks at in each table.
const sampleSize = 8

// row is a row as text, by column. A column that the role may not read is not in it.
type row map[string]sql.NullString

type set []row

// load reads a sample of the tenant's own rows.
func (t *table) load(ctx context.Context, tx *sqlx.Tx, cat *catalogue, id tenancy.ID) error {
	t.rows[id.String()], t.count[id.String()] = nil, 0
	from, where := t.Name, t.tenant.Ident+"::text = "+lit(id.String())
	if t.Partition { // the role need not be able to read it by itself
		root := cat.root(t)
		from = root.Name
		where += fmt.Sprintf(" AND tableoid = %d", t.OID)
		if t.Kind == "p" {
			return nil
		}
	}
	var cols, exprs []string
	for _, c := range t.Columns {
		if rc, ok := cat.root(t).column(c.Name); ok && rc.Select {
			cols, exprs = append(cols, c.Name), append(exprs, c.Ident+"::text")
		}
	}
	if len(cols) == 0 {
		return nil
	}
	var n int64
	rows, err := tx.QueryContext(ctx, fmt.Sprintf("SELECT %s, count(*) OVER () FROM %s WHERE %s LIMIT %d", strings.Join(exprs, ", "), from, where, sampleSize))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		vals := make([]sql.NullString, len(cols))
		into := make([]any, len(cols))
		for i := range vals {
			into[i] = &vals[i]
		}
		if err := rows.Scan(append(into, &n)...); err != nil {
			return err
		}
		r := row{}
		for i, c := range cols {
			r[c] = vals[i]
		}
		t.rows[id.String()] = append(t.rows[id.String()], r)
	}
	t.count[id.String()] = n
	return errors.Join(rows.Err(), rows.Close())
}

// key returns the condition that holds for row r of t alone, on the columns prefixed with alias.
func (t *table) key(alias string, r row) string {
	cols := slices.Collect(maps.Keys(r))
	for _, u := range t.Uniques {
		known := !u.Exclusion && len(u.Columns) > 0
		for _, c := range u.Columns {
			known = known && r[c].Valid
		}
		if known {
			cols = u.Columns
			break
		}
	}
	slices.Sort(cols)
	var and []string
	for _, c := range cols {
		if r[c].Valid {
			and = append(and, alias+ident(c)+"::text = "+lit(r[c].String))
		}
	}
	return strings.Join(and, " AND ")
}

// insert writes the statement that inserts r, of the columns that can be given a value.
func (t *table) insert(r row) string {
	var cols, vals []string
	some := slices.ContainsFunc(t.Columns, func(c column) bool { return c.Insert }) // if none, be refused
	for _, c := range t.Columns {
		if v, ok := r[c.Name]; ok && !c.Fixed && (c.Insert || !some) {
			cols, vals = append(cols, c.Ident), append(vals, t.value(c, v))
		}
	}
	return "INSERT INTO " + t.Name + " (" + strings.Join(cols, ", ") + ") VALUES (" + strings.Join(vals, ", ") + ")"
}

func (t *table) value(c column, v sql.NullString) string {
	if !v.Valid {
		return "NULL"
	}
	return lit(v.String) + "::" + c.Type
}

func text(s string) sql.NullString { return sql.NullString{String: s, Valid: true} }

// errNoRow: the kit cannot make such a row.
type noRow struct{ why string }

func (e noRow) Error() string { return e.why }

// fresh returns a row of tenant id that resembles the sample like and breaks no unique constraint,
// inserting the parents it needs. Columns in keep are taken from keep.
func (m *maker) fresh(t *table, like, keep row, depth int) (row, error) {
	if depth > 4 {
		return nil, noRow{"its unique columns are foreign keys that go in a circle"}
	}
	r := maps.Clone(like)
	maps.Copy(r, keep)
	r[t.tenant.Name] = text(m.id.String())
	kept := func(c string) bool { _, ok := keep[c]; return ok || c == t.tenant.Name }
	for _, c := range t.Columns {
		if kept(c.Name) || c.Fixed || t.linked(c.Name) || slices.Contains(m.cat.root(t).Split, c.Name) || !t.unique(c.Name) {
			continue
		}
		if v, ok := generate(c); ok {
			r[c.Name] = text(v)
		}
	}
	for _, u := range t.Uniques {
		free := false // one column of the constraint differs from all rows there are
		for _, name := range u.Columns {
			c, _ := t.column(name)
			free = free || kept(name) && name != t.tenant.Name || c.Fixed || r[name] != like[name] || !r[name].Valid
		}
		if free || len(u.Columns) == 0 {
			continue
		}
		done := false
		for _, l := range t.Foreign {
			p := m.cat.by[l.Parent]
			if p == nil || !slices.ContainsFunc(u.Columns, func(c string) bool { return slices.Contains(l.Columns, c) && !kept(c) }) {
				continue
			}
			parents := p.rows[m.id.String()]
			if len(parents) == 0 {
				continue
			}
			made, err := m.fresh(p, parents[0], nil, depth+1)
			if err != nil {
				return nil, err
			}
			if made, err = m.put(p, made); err != nil {
				return nil, err
			}
			for i, c := range l.Columns {
				if c != t.tenant.Name {
					r[c] = made[l.Referenced[i]]
				}
			}
			done = true
			break
		}
		if !done {
			return nil, noRow{"a tenant can have one such row only"}
		}
	}
	for _, c := range t.Columns {
		if c.Fixed {
			delete(r, c.Name)
		}
	}
	return r, nil
}

// maker makes rows of one tenant in one transaction of it.
type maker struct {
	ctx  context.Context
	tx   *sqlx.Tx
	cat  *catalogue
	id   tenancy.ID
	made []placed // what it has put, in order
}

type placed struct {
	t *table
	r row
}

// put inserts r and returns it as the database has it.
func (m *maker) put(t *table, r row) (row, error) {
	var cols []string
	for _, c := range t.Columns {
		if c.Select {
			cols = append(cols, c.Name)
		}
	}
	var back []string
	for _, c := range cols {
		back = append(back, ident(c)+"::text")
	}
	vals := make([]sql.NullString, len(cols))
	into := make([]any, len(cols))
	for i := range vals {
		into[i] = &vals[i]
	}
	err := savepoint(m.ctx, m.tx, true, func() error {
		if len(cols) == 0 {
			_, err := m.tx.ExecContext(m.ctx, t.insert(r))
			return err
		}
		return m.tx.QueryRowContext(m.ctx, t.insert(r)+" RETURNING "+strings.Join(back, ", ")).Scan(into...)
	})
	if err != nil {
		return nil, err
	}
	got := row{}
	for i, c := range cols {
		got[c] = vals[i]
	}
	m.made = append(m.made, placed{t, got})
	return got, nil
}

// savepoint runs f so that an error of it leaves the transaction usable; with keep, what f did
// without an error stays, else it never does.
func savepoint(ctx context.Context, tx *sqlx.Tx, keep bool, f func() error) error {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT tenancytest"); err != nil {
		return lost{err}
	}
	err := f()
	end := "ROLLBACK TO SAVEPOINT tenancytest; RELEASE SAVEPOINT tenancytest"
	if err == nil && keep {
		end = "RELEASE SAVEPOINT tenancytest"
	}
	if _, lerr := tx.ExecContext(ctx, end); lerr != nil {
		return lost{errors.Join(lerr, err)}
	}
	return err
}

// lost is the error of a transaction that is no more.
type lost struct{ error }

func (e lost) Unwrap() error { return e.error }

// state returns the SQLSTATE of err, or "".
func state(err error) string {
	var s interface{ SQLState() string }
	if errors.As(err, &s) {
		return s.SQLState()
	}
	return ""
}
