package tenancytest

import (
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

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
