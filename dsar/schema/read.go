package schema

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// DB is the part of database/sql that is needed: *sql.DB, *sql.Conn, *sql.Tx, and what wraps them, such as sqlx's types.
type DB interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

//go:embed facts/*.sql
var facts embed.FS

// Read reads the catalogue of the database that db is connected to. It sees what the role that connects sees: connect as the
// owner of the tables.
func Read(ctx context.Context, db DB) (d *Database, err error) {
	err = Aside(ctx, db, func(q DB, dialect Dialect) error {
		d, err = read(ctx, q, dialect)
		return err
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

func read(ctx context.Context, q DB, dialect Dialect) (*Database, error) {
	d := &Database{Dialect: dialect, Name: "main"}
	var rows []row
	for _, part := range []string{"tables", "columns", "keys", "foreign", "indexes", "triggers"} {
		more, err := fact(ctx, q, string(dialect)+"_"+part)
		if err != nil {
			return nil, err
		}
		for i := range more {
			more[i].part = part
		}
		rows = append(rows, more...)
	}
	if dialect == Postgres {
		if err := q.QueryRowContext(ctx, "SELECT current_database(), EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)").Scan(&d.Name, &d.LargeObjects); err != nil {
			return nil, fmt.Errorf("schema: reading large objects: %w", err)
		}
	}
	d.build(rows)
	return d, nil
}

// row is one row of any of the queries; each fills what it has.
type row struct {
	part                                    string
	Schema, Table, Name, Kind, Type, Family string
	Element                                 string
	NotNull, Default, Generated             bool
	Columns, ToCols                         []string
	ToSchema, To, OnDelete                  string
	Unique, Partial                         bool
}

func (d *Database) build(rows []row) {
	tables := map[string]*Table{}
	for _, r := range rows {
		name := d.name(r.Schema, r.Table)
		if r.part == "tables" {
			tables[name] = &Table{Name: name, Kind: Kind(r.Kind)}
			d.Tables = append(d.Tables, tables[name])
			continue
		}
		t := tables[name]
		if t == nil {
			continue // of a view or a partition
		}
		switch r.part {
		case "columns":
			t.Columns = append(t.Columns, d.column(r))
		case "keys":
			t.Key = r.Columns
		case "foreign":
			t.Foreign = append(t.Foreign, ForeignKey{Name: r.Name, Columns: r.Columns, To: d.name(r.ToSchema, r.To), ToCols: r.ToCols, OnDelete: Action(strings.ToLower(r.OnDelete))})
		case "indexes":
			t.Indexes = append(t.Indexes, Index{Name: r.Name, Columns: r.Columns, Unique: r.Unique, Partial: r.Partial})
			if r.Unique && !r.Partial && !slices.Contains(r.Columns, "") {
				t.Unique = append(t.Unique, r.Columns)
			}
		case "triggers":
			t.Triggers = append(t.Triggers, r.Name)
		}
	}
	d.Sort()
}

// Sort puts tables into the order that [Database.Table] needs, and completes what SQLite leaves out: a foreign key that
// names no columns refers to the primary key, and a primary key of one integer is its own index. Whoever makes a Database
// by hand calls it.
func (d *Database) Sort() {
	slices.SortFunc(d.Tables, func(a, b *Table) int { return strings.Compare(a.Name, b.Name) })
	for _, t := range d.Tables {
		for i, f := range t.Foreign {
			to := d.Table(f.To)
			if to == nil { // SQLite does not mind the case of names
				if j := slices.IndexFunc(d.Tables, func(x *Table) bool { return strings.EqualFold(x.Name, f.To) }); j >= 0 && d.Dialect == SQLite {
					to = d.Tables[j]
					t.Foreign[i].To = to.Name
				}
			}
			if to != nil && (len(f.ToCols) == 0 || f.ToCols[0] == "") {
				t.Foreign[i].ToCols = slices.Clone(to.Key)
			}
		}
		if len(t.Key) > 0 && !t.Finds(t.Key) {
			t.Indexes = append(t.Indexes, Index{Name: "", Columns: t.Key, Unique: true})
		}
	}
}

func (d *Database) name(schema, table string) string {
	if d.Dialect == SQLite || schema == "public" && !strings.Contains(table, ".") {
		return table
	}
	return schema + "." + table
}

func (d *Database) column(r row) *Column {
	c := &Column{Name: r.Name, Type: r.Type, NotNull: r.NotNull, Default: r.Default, Generated: r.Generated}
	if d.Dialect == SQLite {
		c.Type = strings.ToLower(r.Type)
		c.Family = FamilyOf(c.Type)
	} else {
		c.Family = Family(r.Family)
		if c.Family == "" {
			c.Family = FamilyOf(r.Element) // of a domain: the type below it
		}
	}
	if c.Family == Array {
		c.Element = FamilyOf(strings.TrimSuffix(r.Element, "[]"))
	}
	return c
}

// fact runs one query, which returns one JSON array.
func fact(ctx context.Context, q DB, file string) ([]row, error) {
	text, err := facts.ReadFile("facts/" + file + ".sql")
	if err != nil {
		return nil, err
	}
	var out string
	if err := q.QueryRowContext(ctx, string(text)).Scan(&out); err != nil {
		return nil, fmt.Errorf("schema: reading %s: %w", file, err)
	}
	var rows []row
	if err := json.Unmarshal([]byte(out), &rows); err != nil {
		return nil, fmt.Errorf("schema: reading %s: %w", file, err)
	}
	return rows, nil
}
