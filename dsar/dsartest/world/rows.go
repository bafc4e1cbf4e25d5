package world

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/bailiwick-dev/bailiwick/dsar"
)

var end = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// State is rows of one tenant: by table, id and column, as text; nil is NULL. The column tenant_id is left out.
type State map[string]map[string]Row

// Row is a row's columns.
type Row map[string]*string

// emails are spellings; those in a line are the same to dsar.Email.
var emails = [][]string{
	{"ada@x.test", "Ada@X.test", "ada+1@x.test"},
	{"bob@x.test", "BOB@x.test", "bob+shop+2@x.test"},
	{"eve@x.test"},
	{"cy@x.test", "cy+@x.test"},
	{"joy@y.test", "joy@Y.test"},
	{"nobody@x.test"},
}

// id is the nth id of a table.
func (w *World) id(table, n int) string {
	n += table*1000 + 1
	switch w.key {
	case "bigint":
		return fmt.Sprint(n)
	case "text":
		return fmt.Sprintf("id %d'\"é", n)
	}
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", n)
}

func (w *World) fill(t *rapid.T) {
	w.Rows = State{}
	for i, x := range w.tables {
		n := rapid.IntRange(0, 6).Draw(t, x.Name+" rows")
		if x.code {
			n = rapid.IntRange(2, 4).Draw(t, x.Name+" people")
		}
		for j := range n {
			x.ids = append(x.ids, w.id(i, j))
		}
	}
	for _, x := range w.tables {
		w.Rows[x.Name] = map[string]Row{}
		for j, id := range x.ids {
			row := Row{"id": &id}
			for _, c := range append(columnNames(x), "id") {
				if c != "id" {
					row[c] = nil
				}
			}
			set := func(c, v string) { row[c] = &v }
			set("mark", fmt.Sprintf("%s %d", x.Name, j))
			set("body", "body of "+id)
			if x.code {
				set("code", "c"+id)
				set("email", w.spelling(t, "people", j))
				if rapid.IntRange(0, 9).Draw(t, "same name") == 0 {
					set("email", w.spelling(t, "people", j+1))
				}
			}
			for k := range x.Links {
				w.point(t, x, &x.Links[k], row)
			}
			w.Rows[x.Name][id] = row
		}
	}
}

func columnNames(x *table) (out []string) {
	for _, c := range x.Columns {
		name, _, _ := strings.Cut(c.Name, " ")
		out = append(out, name)
	}
	for _, c := range x.Plain {
		if name, _, _ := strings.Cut(c, " "); name != "tenant_id" {
			out = append(out, name)
		}
	}
	return out
}

func (w *World) spelling(t *rapid.T, label string, n int) string {
	return rapid.SampledFrom(emails[n%len(emails)]).Draw(t, label)
}

// point gives the columns of a link values.
func (w *World) point(t *rapid.T, x *table, l *dsar.Link, row Row) {
	if l.Inverse {
		return
	}
	column := l.Columns[len(l.Columns)-1]
	if row[column] != nil {
		return // the other one of a pair
	}
	one := func() string {
		if l.Identifier != "" {
			return w.spelling(t, "value", rapid.IntRange(0, len(emails)-1).Draw(t, "person"))
		}
		to := w.find(l.To)
		if len(to.ids) == 0 || l.Path != "" && rapid.IntRange(0, 5).Draw(t, "dangling") == 0 {
			return w.id(99, 0)
		}
		id := rapid.SampledFrom(to.ids).Draw(t, "target")
		if len(l.ToColumns) > 0 && l.ToColumns[0] == "code" {
			return "c" + id
		}
		return id
	}
	if rapid.IntRange(0, 3).Draw(t, "null") == 0 {
		return
	}
	quote := func(s string) string {
		if w.key == "bigint" && l.Identifier == "" && rapid.Bool().Draw(t, "number") {
			return s
		}
		return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"`
	}
	var v string
	switch {
	case l.Path == "who.id":
		v = `{"who": {"id": ` + quote(one()) + `}, "kept": 1}`
	case l.Path == "from.email":
		v = `{"from": {"email": ` + quote(one()) + `}, "kept": [1, 2]}`
	case l.Path != "":
		var parts []string
		for range rapid.IntRange(0, 3).Draw(t, "list") {
			switch s := one(); {
			case w.isArray(x, column):
				parts = append(parts, s)
			case l.Path == "[]":
				parts = append(parts, quote(s))
			default:
				parts = append(parts, `{"id": `+quote(s)+`}`)
			}
		}
		v = "[" + strings.Join(parts, ", ") + "]"
		if l.Path != "[]" {
			v = `{"to": ` + v + `, "kept": true}`
		}
	case len(l.When) > 0:
		to := w.find(l.To)
		if to == nil || len(to.ids) == 0 {
			return
		}
		kind := l.When[0].Value
		if rapid.IntRange(0, 4).Draw(t, "another type") == 0 {
			kind = "Team"
		}
		row[l.When[0].Column] = &kind
		v = one()
	default:
		if to := w.find(l.To); to != nil && len(to.ids) == 0 {
			return
		}
		v = one()
	}
	row[column] = &v
}

// isArray reports whether the column is an array on Postgres. On SQLite it is JSON, as in State.
func (w *World) isArray(x *table, column string) bool {
	for _, c := range x.Plain {
		if c == column+" bigint[] | text" {
			return true
		}
	}
	return false
}
