// Package shapes holds table shapes of applications, with the links to people labelled by hand, for tests of discovery and of
// maps. testdata/README.md says how they are written.
package shapes

import (
	"embed"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

//go:embed testdata/*/*.txt
var testdata embed.FS

// Shape is a schema with its links.
type Shape struct {
	Name  string
	Roots []string
	DB    *schema.Database    // with its foreign keys
	Truth map[string][]string // "table.column": the tables it leads to
}

// Load returns the shapes of a folder of testdata: "tuned" or "heldout".
func Load(t testing.TB, folder string) []*Shape {
	t.Helper()
	files, err := fs.Glob(testdata, "testdata/"+folder+"/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var out []*Shape
	for _, f := range files {
		text, err := testdata.ReadFile(f)
		require.NoError(t, err)
		out = append(out, parse(t, strings.TrimSuffix(path.Base(f), ".txt"), string(text)))
	}
	return out
}

var columnTypes = map[string]string{"int": "bigint", "text": "text", "uuid": "uuid", "cuid": "text", "bool": "boolean", "time": "timestamp with time zone",
	"json": "jsonb", "dec": "numeric(12,2)", "any": "", "bytes": "bytea", "ints": "bigint[]", "uuids": "uuid[]"}

func parse(t testing.TB, name, text string) *Shape {
	t.Helper()
	l := &Shape{Name: name, DB: &schema.Database{Dialect: schema.Postgres}, Truth: map[string][]string{}}
	key := "int"
	type fk struct{ table, column, to string }
	var fks []fk
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#":
			continue
		case words[0] == "key" && len(words) == 2:
			key = words[1]
			continue
		case words[0] == "root":
			l.Roots = words[1:]
			continue
		}
		table := &schema.Table{Name: words[0], Kind: schema.Ordinary}
		for _, w := range words[1:] {
			column, to, mark := w, "", byte(0)
			if i := strings.IndexAny(w, ">~*="); i > 0 {
				column, mark, to = w[:i], w[i], w[i+1:]
			}
			primary, null := strings.Contains(column, "!"), strings.Contains(column, "?")
			column, typ, typed := strings.Cut(strings.NewReplacer("!", "", "?", "").Replace(column), ":")
			if !typed {
				typ = "text"
				if mark != 0 && mark != '=' || strings.HasSuffix(strings.ToLower(column), "id") {
					typ = key
				}
			}
			if sql, ok := columnTypes[typ]; ok {
				typ = sql
			}
			c := &schema.Column{Name: column, Type: typ, Family: schema.FamilyOf(typ), NotNull: !null}
			if c.Family == schema.Array {
				c.Element = schema.FamilyOf(strings.TrimSuffix(typ, "[]"))
			}
			table.Columns = append(table.Columns, c)
			if primary {
				table.Key = []string{column}
			}
			if to != "" {
				l.Truth[table.Name+"."+column] = append(l.Truth[table.Name+"."+column], to)
			}
			if mark == '>' {
				fks = append(fks, fk{table.Name, column, to})
			}
		}
		l.DB.Tables = append(l.DB.Tables, table)
	}
	l.DB.Sort()
	for _, f := range fks {
		to := l.DB.Table(f.to)
		require.NotNil(t, to, "%s: %s.%s leads to %s", name, f.table, f.column, f.to)
		require.Len(t, to.Key, 1, "%s: %s", name, f.to)
		l.DB.Table(f.table).Foreign = append(l.DB.Table(f.table).Foreign, schema.ForeignKey{Columns: []string{f.column}, To: f.to, ToCols: to.Key, OnDelete: schema.NoAction})
	}
	for at, tos := range l.Truth {
		for _, to := range tos {
			require.NotNil(t, l.DB.Table(to), "%s: %s leads to %s", name, at, to)
		}
	}
	for _, r := range l.Roots {
		require.NotNil(t, l.DB.Table(r), "%s: %s", name, r)
	}
	return l
}

// WithoutForeignKeys is the same schema as if nobody had declared one.
func (l *Shape) WithoutForeignKeys() *schema.Database {
	d := *l.DB
	d.Tables = nil
	for _, t := range l.DB.Tables {
		x := *t
		x.Foreign = nil
		d.Tables = append(d.Tables, &x)
	}
	return &d
}
