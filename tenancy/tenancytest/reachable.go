package tenancytest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

const definerRemedy = "Give views security_invoker = true (Postgres 15) and functions SECURITY INVOKER, or REVOKE them from the application's role."

var (
	viewRead      = rule("read.view", "a view shows rows of another tenant", definerRemedy)
	viewWrite     = rule("write.view", "a write through a view changes rows of another tenant", definerRemedy)
	matviewRead   = rule("read.matview", "a materialized view holds rows of all tenants, and row-level security does not apply to it", "REVOKE it from the application's role, or replace it by a table with a guard.")
	functionRead  = rule("read.function", "a function returns rows of another tenant, or tells that they exist", definerRemedy)
	functionWrite = rule("write.function", "a function changes rows of another tenant", definerRemedy)
	interference  = rule("read.interference", "what a tenant sees of a view or function changes with another tenant's rows", definerRemedy)
)

// attackReachable tries the views, materialized views and functions that the role may use.
func (k *kit) attackReachable(ctx context.Context) error {
	witnesses := k.witnesses()
	return k.undone(ctx, k.A, func(ctx context.Context, tx *sqlx.Tx) error {
		h := &hand{kit: k, ctx: ctx, tx: tx}
		for _, r := range k.cat.reach {
			if !k.wanted(r.Name) {
				continue
			}
			var err error
			switch {
			case r.Kind == "f":
				err = h.function(r, witnesses)
			case r.Kind == "m" && r.Over:
				var n int64
				err = h.sub(func() (err error) { n, err = h.number("SELECT count(*) FROM " + r.Name); return err })
				err = h.tell(matviewRead, r.Name, rowsSeen(n), err)
			case r.Over || r.Calls:
				err = h.view(r, witnesses)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// witnesses are texts that only a row of B can have brought to light: its id, and values of its keys and
// of what the kit generated, which A has nowhere.
func (k *kit) witnesses() []string {
	ours := map[string]bool{k.A.String(): true}
	for _, t := range k.cat.tables {
		for _, r := range t.rows[k.A.String()] {
			for _, v := range r {
				ours[v.String] = true
			}
		}
	}
	out := []string{k.B.String()}
	for _, t := range k.cat.tables {
		for _, r := range t.rows[k.B.String()] {
			for name, v := range r {
				if c, _ := t.column(name); len(v.String) >= 6 && !ours[v.String] && c.Category != "D" && (t.unique(name) || strings.HasPrefix(v.String, "bw")) {
					out = append(out, v.String)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// containing counts the rows of a FROM item whose text holds one of the witnesses.
func (h *hand) containing(from string, witnesses []string) (int64, error) {
	var or []string
	for _, w := range witnesses {
		or = append(or, "("+lit(w)+")")
	}
	return h.number("SELECT count(*) FROM " + from + " x WHERE EXISTS (SELECT FROM (VALUES " + strings.Join(or, ", ") + ") w (v) WHERE pg_catalog.strpos(x::text, w.v) > 0)")
}

func (h *hand) view(r *reachable, witnesses []string) error {
	var n int64
	err := h.sub(func() (err error) {
		n, err = h.containing(r.Name, witnesses)
		return err
	})
	if err := h.tell(viewRead, r.Name, rowsSeen(n), err); err != nil {
		return err
	}
	if !r.Writable {
		return nil
	}
	var seen string
	err = h.sub(func() error {
		before, err := h.ledger()
		if err != nil {
			return err
		}
		if _, err = h.exec("DELETE FROM " + r.Name); err != nil {
			return err
		}
		after, err := h.ledger()
		seen = foreign(before, after)
		return err
	})
	if state(err) == "55000" { // not a view that rows can be deleted through
		err = skipped{"it cannot be deleted from"}
	}
	return h.tell(viewWrite, r.Name, seen, err)
}

// function calls f with values of both tenants and with values of neither.
func (h *hand) function(f *reachable, witnesses []string) error {
	var read, wrote string
	tried, last := 0, error(nil)
	for _, args := range h.arguments(f) {
		got, did, err := h.call(f, args.theirs)
		if errors.As(err, new(lost)) {
			return err
		}
		if err != nil {
			last = err
			continue
		}
		tried++
		if wrote == "" {
			wrote = did
		}
		for _, w := range witnesses {
			if read == "" && strings.Contains(got, w) && !slices.ContainsFunc(args.theirs, func(a string) bool { return strings.Contains(a, w) }) {
				read = "its result holds a value of the other tenant's rows"
			}
		}
		if read == "" && !args.own && !slices.Equal(args.theirs, args.nobodys) {
			none, _, err1 := h.call(f, args.nobodys)
			again, _, err2 := h.call(f, args.nobodysAgain)
			if errors.As(err1, new(lost)) || errors.As(err2, new(lost)) {
				return errors.Join(err1, err2)
			}
			none, again, got = mask(none, args.nobodys), mask(again, args.nobodysAgain), mask(got, args.theirs)
			if err1 == nil && err2 == nil && none == again && none != got {
				read = "it answers otherwise for the other tenant's values than for values nobody has"
			}
		}
	}
	if tried == 0 {
		if last == nil {
			last = skipped{"no arguments could be made for it"}
		}
		return h.tell(functionRead, f.Name, "", last)
	}
	if err := h.tell(functionRead, f.Name, read, nil); err != nil {
		return err
	}
	return h.tell(functionWrite, f.Name, wrote, nil)
}

// mask hides in a result what was put in as an argument.
func mask(result string, args []string) string {
	for _, a := range args {
		if len(a) > 3 {
			result = strings.ReplaceAll(result, strings.Trim(a, "'"), "#")
		}
	}
	return result
}

// call calls f and returns its result as text, and what it did to rows of other tenants.
func (h *hand) call(f *reachable, args []string) (result, did string, err error) {
	var cast []string
	for i, a := range args {
		cast = append(cast, a+"::"+f.Arguments[i].Type)
	}
	err = h.sub(func() error {
		before, err := h.ledger()
		if err != nil {
			return err
		}
		if f.Procedure {
			_, err = h.exec("CALL " + f.Name + "(" + strings.Join(cast, ", ") + ")")
		} else {
			err = h.tx.GetContext(h.ctx, &result, "SELECT coalesce(pg_catalog.string_agg(x::text, '|' ORDER BY x::text), '') FROM "+f.Name+"("+strings.Join(cast, ", ")+") x")
		}
		if err != nil {
			return err
		}
		after, err := h.ledger()
		did = foreign(before, after)
		return err
	})
	return result, did, err
}

// triple are arguments, as literals: with B's values in them, and twice with values nobody has in their place.
type triple struct {
	theirs, nobodys, nobodysAgain []string
	own                           bool // the values are A's, not B's
}

// arguments returns what to call f with: for each table, the values of a row of B where names or
// types fit; likewise of a row of A; and B's id wherever a tenant's id would fit.
func (h *hand) arguments(f *reachable) (out []triple) {
	if len(f.Arguments) == 0 {
		return []triple{{}}
	}
	const most = 12
	var seen []string
	add := func(own bool, value func(a argument) (string, bool)) {
		tr := triple{own: own}
		for _, a := range f.Arguments {
			c := column{Name: a.Name, Type: a.Type, Base: a.Type, Category: a.Category}
			v, theirs := value(a)
			n1, ok1 := generate(c)
			n2, ok2 := generate(c)
			switch {
			case theirs && ok1 && ok2:
				tr.theirs, tr.nobodys, tr.nobodysAgain = append(tr.theirs, v), append(tr.nobodys, lit(n1)), append(tr.nobodysAgain, lit(n2))
			case theirs:
				tr.theirs, tr.nobodys, tr.nobodysAgain = append(tr.theirs, v), append(tr.nobodys, v), append(tr.nobodysAgain, v)
			default:
				v = "NULL"
				switch {
				case a.Category == "B":
					v = "'true'"
				case a.Category == "N":
					v = "'100'"
				case a.Category == "S":
					v = "''"
				}
				tr.theirs, tr.nobodys, tr.nobodysAgain = append(tr.theirs, v), append(tr.nobodys, v), append(tr.nobodysAgain, v)
			}
		}
		if key := strings.Join(tr.theirs, ","); len(out) < most && !slices.Contains(seen, key) {
			seen, out = append(seen, key), append(out, tr)
		}
	}
	add(false, func(a argument) (string, bool) { return lit(h.B.String()), a.Category == "S" || a.Type == "uuid" })
	for _, t := range h.cat.tables { // a function that runs what it is given
		if t.count[h.B.String()] > 0 && !t.Partition {
			add(true, func(a argument) (string, bool) {
				return lit("SELECT string_agg(x::text, ',') FROM " + t.Name + " x WHERE " + t.tenant.Ident + "::text = " + lit(h.B.String())), a.Category == "S"
			})
			break
		}
	}
	for _, id := range []tenancy.ID{h.B, h.A} {
		for _, t := range h.cat.tables {
			if rows := t.rows[id.String()]; len(rows) > 0 {
				add(id == h.A, func(a argument) (string, bool) { return t.argument(a, rows[0]) })
			}
		}
	}
	return out
}

// argument returns a value of r that a function would want for a.
func (t *table) argument(a argument, r row) (string, bool) {
	fits := func(c column, v sql.NullString) bool {
		return v.Valid && (c.Base == a.Type || c.Category == a.Category && c.Category == "S")
	}
	want := strings.ToLower(strings.Trim(strings.TrimPrefix(strings.TrimPrefix(a.Name, "p_"), "in_"), "_"))
	for _, c := range t.Columns {
		if want != "" && fits(c, r[c.Name]) && (want == strings.ToLower(c.Name) || strings.HasSuffix(want, "_"+strings.ToLower(c.Name))) {
			return lit(r[c.Name].String), true
		}
	}
	for _, c := range t.Columns {
		if fits(c, r[c.Name]) && t.unique(c.Name) && c.Name != t.tenant.Name {
			return lit(r[c.Name].String), true
		}
	}
	return "", false
}

// interfere compares what A sees of views and functions before and after B inserts rows.
func (k *kit) interfere(ctx context.Context) error {
	var over []*reachable
	for _, r := range k.cat.reach {
		if k.wanted(r.Name) && r.Kind != "m" && (r.Over || r.Calls) && !r.Procedure {
			over = append(over, r)
		}
	}
	if len(over) == 0 {
		return nil
	}
	calls := map[string][]string{}
	observe := func() (map[string]string, error) {
		out := map[string]string{}
		return out, k.undone(ctx, k.A, func(ctx context.Context, tx *sqlx.Tx) error {
			h := &hand{kit: k, ctx: ctx, tx: tx}
			for _, r := range over {
				if _, planned := calls[r.Name]; !planned {
					calls[r.Name] = h.froms(r)
				}
				for i, from := range calls[r.Name] {
					var digest string
					err := h.sub(func() error {
						return tx.GetContext(ctx, &digest, "SELECT pg_catalog.md5(coalesce(pg_catalog.string_agg(x::text, '|' ORDER BY x::text), '')) FROM "+from+" x")
					})
					if errors.As(err, new(lost)) {
						return err
					}
					if err == nil {
						out[fmt.Sprint(r.Name, " ", i)] = digest
					}
				}
			}
			return nil
		})
	}
	first, err := observe()
	if err != nil {
		return err
	}
	second, err := observe()
	if err != nil {
		return err
	}
	grown, err := k.grow(ctx)
	if err != nil || len(grown) == 0 {
		return err
	}
	third, err := observe()
	err = errors.Join(err, k.DB.Tx(tenancy.Switch(ctx, k.B), func(ctx context.Context, tx *sqlx.Tx) error { return remove(ctx, tx, grown) }))
	if err != nil {
		return err
	}
	for _, r := range over {
		seen, steady := "", false
		for i := range calls[r.Name] {
			at := fmt.Sprint(r.Name, " ", i)
			if v, ok := first[at]; ok && v == second[at] {
				steady = true
				if w, ok := third[at]; ok && w != v {
					seen = "its result changed when the other tenant inserted rows"
				}
			}
		}
		if !steady {
			err = skipped{"it answers differently each time, or not at all"}
		} else {
			err = nil
		}
		if err := k.tell(interference, r.Name, seen, err); err != nil {
			return err
		}
	}
	return nil
}

// froms returns what to select from: the view, or calls of the function.
func (h *hand) froms(r *reachable) (out []string) {
	if r.Kind != "f" {
		return []string{r.Name}
	}
	for _, args := range h.arguments(r) {
		var cast []string
		for i, a := range args.theirs {
			cast = append(cast, a+"::"+r.Arguments[i].Type)
		}
		out = append(out, r.Name+"("+strings.Join(cast, ", ")+")")
	}
	return out
}

// grow inserts one more row of B into every table that takes one.
func (k *kit) grow(ctx context.Context) ([]placed, error) {
	var made []placed
	err := k.DB.Tx(tenancy.Switch(ctx, k.B), func(ctx context.Context, tx *sqlx.Tx) error {
		m := &maker{ctx: ctx, tx: tx, cat: k.cat, id: k.B}
		for _, t := range k.cat.parentsFirst() {
			rows := t.rows[k.B.String()]
			if t.Partition || len(rows) == 0 {
				continue
			}
			r, err := m.fresh(t, rows[0], nil, 0)
			if err == nil {
				_, err = m.put(t, r)
			}
			if errors.As(err, new(lost)) {
				return err
			}
		}
		made = m.made
		return nil
	})
	return made, err
}
