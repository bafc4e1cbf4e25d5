package shapes

import (
	"fmt"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// DDL returns the statements that make the database: tables first, then foreign keys and indexes. On SQLite foreign keys are
// part of their tables.
func DDL(d *schema.Database) []string {
	var out, late []string
	for _, t := range d.Tables {
		if t.Kind != schema.Ordinary {
			continue
		}
		var parts []string
		for _, c := range t.Columns {
			parts = append(parts, schema.Quote(c.Name)+" "+Type(d.Dialect, c))
		}
		if len(t.Key) > 0 {
			parts = append(parts, "PRIMARY KEY ("+quoted(t.Key)+")")
		}
		for _, u := range t.Unique {
			parts = append(parts, "UNIQUE ("+quoted(u)+")")
		}
		for _, f := range t.Foreign {
			fk := fmt.Sprintf("FOREIGN KEY (%s) REFERENCES %s (%s) ON DELETE %s", quoted(f.Columns), d.SQL(f.To), quoted(f.ToCols), f.OnDelete)
			if d.Dialect == schema.SQLite {
				parts = append(parts, fk)
			} else {
				late = append(late, "ALTER TABLE "+d.SQL(t.Name)+" ADD "+fk)
			}
		}
		out = append(out, "CREATE TABLE "+d.SQL(t.Name)+" ("+strings.Join(parts, ", ")+")")
		for _, x := range t.Indexes {
			if x.Name != "" {
				late = append(late, fmt.Sprintf("CREATE INDEX %s ON %s (%s)", schema.Quote(x.Name), d.SQL(t.Name), quoted(x.Columns)))
			}
		}
	}
	return append(out, late...)
}

// Type returns the type of a column as a CREATE TABLE has it.
func Type(dialect schema.Dialect, c *schema.Column) string {
	typ := c.Type
	if typ == "" && dialect == schema.Postgres {
		typ = "bigint"
	}
	if dialect == schema.SQLite {
		typ = strings.TrimSuffix(typ, "[]")
	}
	if c.NotNull {
		typ += " NOT NULL"
	}
	return typ
}

func quoted(columns []string) string {
	var q []string
	for _, c := range columns {
		q = append(q, schema.Quote(c))
	}
	return strings.Join(q, ", ")
}
