package world

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/rows"
)

// Fate is what an erasure does to a row.
type Fate struct {
	Action dsar.Action // "": nothing, but for what is cut
	// Cut are links, by their index, of which the values that point at what goes have to go: those that point at rows which are deleted, and,
	// in rows that stay for others, those that point at the person's own row or hold what identifies them.
	Cut []int
	// May are links of which such values may go or stay: in rows that are masked or kept, those that point at the person's own row, which stays
	// as well, or hold what identifies them.
	May []int
}

// Fates returns what the erasure of somebody does to each row, by table and id. Rows that it leaves alone are not in it.
func (w *World) Fates(who Who, s State) map[string]map[string]Fate {
	v := w.view(who, s)
	out := map[string]map[string]Fate{}
	for _, x := range w.tables {
		out[x.Name] = map[string]Fate{}
		for id, row := range s[x.Name] {
			if f := v.fate(x, at{x.Name, id}, row); f.Action != "" || len(f.Cut) > 0 || len(f.May) > 0 {
				out[x.Name][id] = f
			}
		}
	}
	return out
}

// action is what becomes of the row as such.
func (v *view) action(x *table, p at) dsar.Action {
	switch {
	case v.in(p, rows.Stays) && x.Shared == dsar.RedactMine:
		return dsar.ActMask
	case v.in(p, rows.Stays):
		return dsar.ActShare
	case !v.in(p, rows.Erased):
		return ""
	case x.Erase.Is(dsar.Mask):
		return dsar.ActMask
	case x.Erase.Is(dsar.Keep(dsar.Reason{})):
		return dsar.ActKeep
	}
	return dsar.ActDelete
}

func (v *view) fate(x *table, p at, row Row) Fate {
	f := Fate{Action: v.action(x, p)}
	if f.Action == dsar.ActDelete {
		return f
	}
	for i := range x.Links {
		l := &x.Links[i]
		if l.Then.IsZero() || l.Inverse {
			continue
		}
		must, may := false, false
		theirs := v.in(p, rows.Erased) // masked or kept
		for _, q := range v.w.targets(l, row, v.s) {
			switch {
			case v.action(v.w.find(q.table), q) == dsar.ActDelete:
				must = true
			case q == v.own && l.Role != dsar.Reference && theirs:
				may = true
			case q == v.own && l.Role != dsar.Reference:
				must = true
			}
		}
		if l.Identifier != "" && v.holds(l, row) {
			must, may = must || !theirs, true
		}
		if must {
			f.Cut = append(f.Cut, i)
		} else if may {
			f.May = append(f.May, i)
		}
	}
	if f.Action == "" && len(f.Cut) > 0 {
		f.Action = dsar.ActCut
	}
	return f
}

func (v *view) holds(l *dsar.Link, row Row) bool {
	return slices.ContainsFunc(texts(l, row), func(t string) bool { return slices.Contains(v.known, rows.Normal(v.w.form(), t)) })
}

// Judge compares the rows before and after somebody's erasure, and returns what is wrong: rows of others that are gone or changed, rows of
// theirs that are not.
func (w *World) Judge(who Who, before, after State) error {
	v := w.view(who, before)
	var wrong []string
	say := func(p at, format string, args ...any) {
		wrong = append(wrong, p.table+" "+p.id+": "+fmt.Sprintf(format, args...))
	}
	for _, x := range w.tables {
		for id := range after[x.Name] {
			if before[x.Name][id] == nil {
				say(at{x.Name, id}, "it was not there before")
			}
		}
		for id, row := range before[x.Name] {
			p := at{x.Name, id}
			f := v.fate(x, p, row)
			now, there := after[x.Name][id]
			switch {
			case f.Action == dsar.ActDelete && there:
				say(p, "it is theirs alone, and still there")
				continue
			case f.Action != dsar.ActDelete && !there:
				say(p, "it is gone, and should %s (%v)", f.Action, f)
				continue
			case !there:
				continue
			}
			for _, c := range columnNames(x) {
				if why := v.column(x, row, now, c, f); why != "" {
					say(p, "%s (%s): %s", c, f.Action, why)
				}
			}
		}
	}
	if wrong == nil {
		return nil
	}
	slices.Sort(wrong)
	return fmt.Errorf("world: after the erasure of %s %s:\n  %s", who.Table, who.ID, strings.Join(wrong, "\n  "))
}

// column says what is wrong with a column of a row that stays.
func (v *view) column(x *table, row, now Row, c string, f Fate) string {
	for i := range x.Columns {
		col := &x.Columns[i]
		name, _, _ := strings.Cut(col.Name, " ")
		if name != c || f.Action != dsar.ActMask {
			continue
		}
		text, _ := col.Erase.Value()
		switch {
		case col.Erase.Is(dsar.Null) && now[c] != nil:
			return "it is not null"
		case col.Erase.Is(dsar.Constant("")) && (now[c] == nil || *now[c] != text):
			return "it does not hold the constant"
		}
		return ""
	}
	must, may := false, false
	var link *dsar.Link
	for i := range x.Links {
		if l := &x.Links[i]; l.Columns[len(l.Columns)-1] == c && (slices.Contains(f.Cut, i) || slices.Contains(f.May, i)) {
			must, may, link = must || slices.Contains(f.Cut, i), true, l
		}
	}
	if link != nil && link.Path != "" {
		return v.document(link, row[c], now[c], must)
	}
	switch same := equal(row[c], now[c]); {
	case must && now[c] != nil:
		return "the link is not cut"
	case !must && !may && !same, may && !same && now[c] != nil:
		return "it changed"
	}
	return ""
}

// document compares documents of which the values that point at what goes are cut: what else there is stays.
func (v *view) document(l *dsar.Link, old, now *string, must bool) string {
	if now == nil {
		return "the document is gone"
	}
	left := inside(*now, strings.Split(strings.ReplaceAll(l.Path, "[]", ".[]"), "."))
	for _, t := range inside(*old, strings.Split(strings.ReplaceAll(l.Path, "[]", ".[]"), ".")) {
		goes := false
		if l.Identifier != "" {
			goes = slices.Contains(v.known, rows.Normal(v.w.form(), t))
		} else if _, there := v.s[l.To][t]; there {
			q := at{l.To, t}
			goes = q == v.own || v.action(v.w.find(l.To), q) == dsar.ActDelete
		}
		switch still := slices.Contains(left, t); {
		case goes && must && still:
			return "the link inside is not cut"
		case !goes && !still:
			return "a link inside that is somebody else's was cut"
		}
	}
	var a, b any
	_, _ = json.Unmarshal([]byte(*old), &a), json.Unmarshal([]byte(*now), &b)
	m, _ := a.(map[string]any)
	n, _ := b.(map[string]any)
	if !reflect.DeepEqual(m["kept"], n["kept"]) {
		return "another member changed"
	}
	return ""
}

// equal compares two values: documents by what they say.
func equal(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	if *a == *b {
		return true
	}
	var x, y any
	return strings.ContainsAny(*a, "{[") && json.Unmarshal([]byte(*a), &x) == nil && json.Unmarshal([]byte(*b), &y) == nil && reflect.DeepEqual(x, y)
}
