package dsar_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/internal/shapes"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// mutation is a change of a schema, as statements for Postgres and as a change of the description for SQLite, which knows no
// statement for most of them and is made anew.
type mutation struct {
	what   string
	alter  []string
	change func(*schema.Database)
	late   []string // statements for SQLite once it is made
}

// clone copies a description as deep as mutations reach.
func clone(d *schema.Database) *schema.Database {
	c := *d
	c.Tables = nil
	for _, t := range d.Tables {
		x := *t
		x.Columns = nil
		for _, col := range t.Columns {
			y := *col
			x.Columns = append(x.Columns, &y)
		}
		x.Foreign, x.Key, x.Unique = slices.Clone(t.Foreign), slices.Clone(t.Key), nil
		x.Indexes = slices.DeleteFunc(slices.Clone(t.Indexes), func(i schema.Index) bool { return i.Unique })
		for i, f := range x.Foreign {
			x.Foreign[i].Columns, x.Foreign[i].ToCols = slices.Clone(f.Columns), slices.Clone(f.ToCols)
		}
		for i, k := range x.Indexes {
			x.Indexes[i].Columns = slices.Clone(k.Columns)
		}
		c.Tables = append(c.Tables, &x)
	}
	return &c
}

func without(columns []string, c string) bool { return !slices.Contains(columns, c) }

// renameColumn renames a column wherever it is named.
func renameColumn(d *schema.Database, table, from, to string) {
	in := func(s []string) {
		for i := range s {
			if s[i] == from {
				s[i] = to
			}
		}
	}
	for _, t := range d.Tables {
		for i := range t.Foreign {
			if t.Name == table {
				in(t.Foreign[i].Columns)
			}
			if t.Foreign[i].To == table {
				in(t.Foreign[i].ToCols)
			}
		}
		if t.Name == table {
			t.Column(from).Name = to
			in(t.Key)
			for i := range t.Indexes {
				in(t.Indexes[i].Columns)
			}
		}
	}
}

// dropTable takes a table away, with the foreign keys that refer to it.
func dropTable(d *schema.Database, name string) {
	d.Tables = slices.DeleteFunc(d.Tables, func(t *schema.Table) bool { return t.Name == name })
	for _, t := range d.Tables {
		t.Foreign = slices.DeleteFunc(t.Foreign, func(f schema.ForeignKey) bool { return f.To == name })
	}
}

// draw draws a mutation that a map of d has to notice.
func draw(t *rapid.T, d *schema.Database) mutation {
	table := rapid.SampledFrom(d.Tables).Draw(t, "table")
	q, name := d.SQL(table.Name), table.Name
	free := slices.DeleteFunc(slices.Clone(table.Columns), func(c *schema.Column) bool {
		return !without(table.Key, c.Name) || slices.ContainsFunc(table.Foreign, func(f schema.ForeignKey) bool { return !without(f.Columns, c.Name) }) ||
			slices.ContainsFunc(table.Unique, func(u []string) bool { return !without(u, c.Name) })
	})
	fresh := rapid.StringMatching(`[a-z][a-z_]{2,9}`).Filter(func(s string) bool {
		return d.Table(s) == nil && table.Column(s) == nil && !strings.HasPrefix(s, "sqlite") && !strings.HasPrefix(s, "pg_")
	}).Draw(t, "name")
	at := func(d *schema.Database) *schema.Table { return d.Table(name) }
	typ := rapid.SampledFrom([]string{"text", "bigint", "boolean", "numeric(9,2)", "timestamp with time zone", "date", "integer", "character varying(7)"})
	switch kind := rapid.IntRange(0, 13).Draw(t, "kind"); kind {
	case 0:
		c := &schema.Column{Name: fresh, Type: typ.Draw(t, "type")}
		return mutation{"add table", []string{fmt.Sprintf("CREATE TABLE %s (%s %s)", d.SQL(fresh), schema.Quote(fresh), c.Type)},
			func(d *schema.Database) {
				d.Tables = append(d.Tables, &schema.Table{Name: fresh, Kind: schema.Ordinary, Columns: []*schema.Column{c}})
			}, nil}
	case 1:
		return mutation{"drop table", []string{"DROP TABLE " + q + " CASCADE"}, func(d *schema.Database) { dropTable(d, name) }, nil}
	case 2:
		return mutation{"rename table", []string{"ALTER TABLE " + q + " RENAME TO " + schema.Quote(fresh)}, func(d *schema.Database) {
			at(d).Name = fresh
			for _, t := range d.Tables {
				for i := range t.Foreign {
					if t.Foreign[i].To == name {
						t.Foreign[i].To = fresh
					}
				}
			}
		}, nil}
	case 3:
		c := &schema.Column{Name: fresh, Type: typ.Draw(t, "type")}
		return mutation{"add column", []string{"ALTER TABLE " + q + " ADD " + schema.Quote(fresh) + " " + c.Type},
			func(d *schema.Database) { at(d).Columns = append(at(d).Columns, c) }, nil}
	case 4:
		if len(free) == 0 || len(table.Columns) == 1 {
			return draw(t, d)
		}
		c := rapid.SampledFrom(free).Draw(t, "column").Name
		return mutation{"drop column", []string{"ALTER TABLE " + q + " DROP " + schema.Quote(c) + " CASCADE"}, func(d *schema.Database) {
			at(d).Columns = slices.DeleteFunc(at(d).Columns, func(x *schema.Column) bool { return x.Name == c })
			at(d).Indexes = slices.DeleteFunc(at(d).Indexes, func(x schema.Index) bool { return !without(x.Columns, c) })
		}, nil}
	case 5:
		c := rapid.SampledFrom(table.Columns).Draw(t, "column").Name
		return mutation{"rename column", []string{"ALTER TABLE " + q + " RENAME " + schema.Quote(c) + " TO " + schema.Quote(fresh)},
			func(d *schema.Database) { renameColumn(d, name, c, fresh) }, nil}
	case 6, 7:
		if len(free) == 0 {
			return draw(t, d)
		}
		c := rapid.SampledFrom(free).Draw(t, "column")
		to := typ.Filter(func(s string) bool { return s != c.Type }).Draw(t, "type")
		return mutation{"change type", []string{fmt.Sprintf("ALTER TABLE %s ALTER %s TYPE %s USING NULL", q, schema.Quote(c.Name), to)},
			func(d *schema.Database) { at(d).Column(c.Name).Type = to }, nil}
	case 8:
		if len(free) == 0 {
			return draw(t, d)
		}
		c := rapid.SampledFrom(free).Draw(t, "column")
		verb := "SET"
		if c.NotNull {
			verb = "DROP"
		}
		return mutation{"change NOT NULL", []string{fmt.Sprintf("ALTER TABLE %s ALTER %s %s NOT NULL", q, schema.Quote(c.Name), verb)},
			func(d *schema.Database) { at(d).Column(c.Name).NotNull = !c.NotNull }, nil}
	case 9:
		to := rapid.SampledFrom(d.Tables).Draw(t, "to")
		if len(to.Key) != 1 || len(free) == 0 {
			return draw(t, d)
		}
		c := rapid.SampledFrom(free).Draw(t, "column").Name
		if table.Column(c).Type != to.Column(to.Key[0]).Type {
			return draw(t, d)
		}
		f := schema.ForeignKey{Columns: []string{c}, To: to.Name, ToCols: to.Key, OnDelete: schema.NoAction}
		return mutation{"add foreign key", []string{fmt.Sprintf("ALTER TABLE %s ADD FOREIGN KEY (%s) REFERENCES %s (%s)", q, schema.Quote(c), d.SQL(to.Name), schema.Quote(to.Key[0]))},
			func(d *schema.Database) { at(d).Foreign = append(at(d).Foreign, f) }, nil}
	case 10:
		if len(table.Foreign) == 0 {
			return draw(t, d)
		}
		i := rapid.IntRange(0, len(table.Foreign)-1).Draw(t, "foreign key")
		return mutation{"drop foreign key", []string{"ALTER TABLE " + q + " DROP CONSTRAINT " + schema.Quote(table.Foreign[i].Name)},
			func(d *schema.Database) { at(d).Foreign = slices.Delete(at(d).Foreign, i, i+1) }, nil}
	case 11:
		i := slices.IndexFunc(table.Indexes, func(x schema.Index) bool { return !x.Unique })
		if i < 0 {
			return draw(t, d)
		}
		drop := table.Indexes[i].Name
		return mutation{"drop index", []string{"DROP INDEX " + schema.Quote(drop)}, func(d *schema.Database) {
			at(d).Indexes = slices.DeleteFunc(at(d).Indexes, func(x schema.Index) bool { return x.Name == drop })
		}, nil}
	case 12:
		if len(table.Key) == 0 {
			return draw(t, d)
		}
		return mutation{"drop primary key", []string{"ALTER TABLE " + q + " DROP CONSTRAINT " + schema.Quote(name+"_pkey") + " CASCADE"}, func(d *schema.Database) {
			for _, o := range d.Tables {
				o.Foreign = slices.DeleteFunc(o.Foreign, func(f schema.ForeignKey) bool { return f.To == name })
			}
			at(d).Key = nil
		}, nil}
	default:
		return mutation{"add trigger", []string{"CREATE OR REPLACE FUNCTION public.copy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
			"CREATE TRIGGER " + schema.Quote(fresh) + " AFTER DELETE ON " + q + " FOR EACH ROW EXECUTE FUNCTION public.copy()"},
			func(*schema.Database) {}, []string{"CREATE TRIGGER " + schema.Quote(fresh) + " AFTER DELETE ON " + q + " BEGIN SELECT 1; END"}}
	}
}

// Shapes differ in what their mutations are like: uuids and text keys, numbers without foreign keys, all foreign keys.
var mutated = []string{"chat_prisma", "helpdesk_zammad", "garden_rails", "bugs_legacy"}

func TestEveryMutationOfASchemaIsCaught(t *testing.T) {
	t.Parallel()

	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		type settledShape struct {
			m *dsar.Map
			d *schema.Database
		}
		var all []settledShape
		for _, name := range mutated {
			db := open(t, "sqlite", ":memory:")
			db.SetMaxOpenConns(1)
			m := settled(t, db, shape(t, name, schema.SQLite))
			d, err := schema.Read(ctx, db)
			require.NoError(t, err)
			require.Empty(t, verifyAnew(t, shapes.DDL(clone(d)), m), "a false alarm")
			all = append(all, settledShape{m, d})
		}
		rapid.Check(t, func(t *rapid.T) {
			s := rapid.SampledFrom(all).Draw(t, "shape")
			mu := draw(t, s.d)
			d := clone(s.d)
			mu.change(d)
			require.NotEmpty(t, verifyAnew(t, append(shapes.DDL(d), mu.late...), s.m), mu.what)
		})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		s := shape(t, rapid.SampledFrom(mutated).Example(0), schema.Postgres)
		db := onPostgres(t)
		m := settled(t, db, s)
		d, err := schema.Read(ctx, db)
		require.NoError(t, err)
		rapid.Check(t, func(t *rapid.T) {
			mu := draw(t, d)
			tx, err := db.BeginTx(ctx, nil)
			require.NoError(t, err)
			defer tx.Rollback()
			exec(t, tx, mu.alter...)
			r, err := dsar.Verify(ctx, tx, m)
			require.NoError(t, err)
			require.Error(t, r.Err(dsar.Warning), "%s: %v", mu.what, mu.alter)
		})
		r, err := dsar.Verify(ctx, db, m)
		require.NoError(t, err)
		require.Empty(t, r.Findings, "a false alarm")
	})
}

// verifyAnew makes a database in memory and compares the map with it.
func verifyAnew(t require.TestingT, statements []string, m *dsar.Map) []dsar.Finding {
	db, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	exec(t, db, strings.Join(statements, ";\n"))
	r, err := dsar.Verify(context.Background(), db, m)
	require.NoError(t, err)
	return r.Findings
}

func TestWhatDoesNotMatterRaisesNoAlarm(t *testing.T) {
	onBoth(t, func(t *testing.T, db *sql.DB, d schema.Dialect) {
		m := settled(t, db, shape(t, "garden_rails", d))
		for _, statement := range []string{
			`CREATE INDEX anything ON posts (subject)`,
			`CREATE UNIQUE INDEX anyone ON members (email, login_name)`,
			`CREATE VIEW seen AS SELECT id, subject FROM posts`,
			`INSERT INTO members (id, email, encrypted_password, sign_in_count) VALUES (7, 'a@example.com', 'x', 1)`,
			`INSERT INTO posts (id, author_id, subject, body) VALUES (1, 7, 's', 'b')`,
			`ANALYZE`,
		} {
			exec(t, db, statement)
		}
		if d == schema.Postgres {
			exec(t, db, `COMMENT ON TABLE posts IS 'posts'`, `ALTER TABLE posts ALTER subject SET DEFAULT ''`, `ALTER TABLE posts ADD CHECK (subject <> 'x')`,
				`CREATE SEQUENCE anywhere`, `CREATE FUNCTION anyhow() RETURNS int LANGUAGE sql AS 'SELECT 1'`, `ALTER INDEX anything RENAME TO something`)
		}
		r, err := dsar.Verify(context.Background(), db, m)
		require.NoError(t, err)
		require.Empty(t, r.Findings, "%s", r)
	})
}
