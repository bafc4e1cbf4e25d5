package world

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// DDL returns the statements that make the tables, with foreign keys and an index for each link. On Postgres the schema is made as well;
// whoever runs them grants its use.
func (w *World) DDL(d schema.Dialect) []string {
	var out, late []string
	sql := (&schema.Database{Dialect: d}).SQL
	if d == schema.Postgres {
		out = append(out, "CREATE SCHEMA "+schema.Quote(w.Schema))
	}
	for _, x := range w.tables {
		var parts []string
		for _, c := range append(slices.Clone(x.Plain), "body text") {
			parts = append(parts, column(d, c))
		}
		if x.code {
			parts = append(parts, "email text")
			if w.paired {
				parts = append(parts, "UNIQUE (tenant_id, code)")
			} else {
				parts = append(parts, "UNIQUE (code)")
			}
		}
		key := func(c string) string {
			if w.paired {
				return "(tenant_id, " + c + ")"
			}
			return "(" + c + ")"
		}
		parts = append(parts, "PRIMARY KEY "+key("id"))
		for _, r := range x.refs {
			fk := "FOREIGN KEY " + key(r.column) + " REFERENCES " + sql(r.to) + " " + key("id")
			if d == schema.SQLite {
				parts = append(parts, fk)
			} else {
				late = append(late, "ALTER TABLE "+sql(x.Name)+" ADD "+fk)
			}
		}
		for i, l := range x.Links {
			if c := l.Columns[len(l.Columns)-1]; l.Path == "" && c != "id" && len(l.When) == 0 {
				name := schema.Quote(fmt.Sprintf("%s_%d", x.Name[len(w.Schema)+1:], i))
				if d == schema.SQLite {
					name = schema.Quote(fmt.Sprintf("%s_%d", x.Name, i))
				}
				late = append(late, "CREATE INDEX "+name+" ON "+sql(x.Name)+" "+key(c))
			}
		}
		out = append(out, "CREATE TABLE "+sql(x.Name)+" ("+strings.Join(parts, ", ")+")")
	}
	return append(out, late...)
}

// column is a column as CREATE TABLE has it.
func column(d schema.Dialect, text string) string {
	name, typ, _ := strings.Cut(text, " ")
	pg, lite, both := strings.Cut(typ, " | ")
	if both && d == schema.SQLite {
		return name + " " + lite
	}
	return name + " " + pg
}

// Inserts returns the statements that put the rows into the tables, as a tenant's.
func (w *World) Inserts(d schema.Dialect, tenant string) (out []string) {
	sql := (&schema.Database{Dialect: d}).SQL
	var late []string
	for _, x := range w.tables {
		later := map[string]bool{}
		for _, r := range x.refs {
			later[r.column] = true
		}
		for _, id := range x.ids {
			row := w.Rows[x.Name][id]
			names, values := []string{"tenant_id"}, []string{quoted(tenant)}
			for _, c := range columnNames(x) {
				v := row[c]
				switch {
				case v == nil:
				case later[c]: // the row it refers to may not be there yet
					late = append(late, fmt.Sprintf("UPDATE %s SET %s = %s WHERE id = %s", sql(x.Name), c, quoted(*v), quoted(id)))
				default:
					text := *v
					if d == schema.Postgres && w.isArray(x, c) {
						text = "{" + strings.Trim(text, "[]") + "}"
					}
					names, values = append(names, c), append(values, quoted(text))
				}
			}
			out = append(out, "INSERT INTO "+sql(x.Name)+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(values, ", ")+")")
		}
	}
	return append(out, late...)
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Select returns the statement that reads a table's columns as text, for [World.State], and their names.
func (w *World) Select(d schema.Dialect, name string) (statement string, columns []string) {
	x := w.find(name)
	columns = columnNames(x)
	var parts []string
	for _, c := range columns {
		parts = append(parts, "CAST("+c+" AS text)")
		if d == schema.Postgres && w.isArray(x, c) {
			parts[len(parts)-1] = "CAST(array_to_json(" + c + ") AS text)"
		}
	}
	return "SELECT " + strings.Join(parts, ", ") + " FROM " + (&schema.Database{Dialect: d}).SQL(name), columns
}

// State reads all rows of all tables. query runs a statement and gives each row's values.
func (w *World) State(d schema.Dialect, query func(statement string, row func([]*string)) error) (State, error) {
	s := State{}
	for _, x := range w.tables {
		s[x.Name] = map[string]Row{}
		statement, columns := w.Select(d, x.Name)
		if err := query(statement, func(values []*string) {
			row := Row{}
			for i, c := range columns {
				row[c] = values[i]
			}
			s[x.Name][*row["id"]] = row
		}); err != nil {
			return nil, err
		}
	}
	return s, nil
}
