package discover_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar/discover"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// labelled is a schema of testdata with its links.
type labelled struct {
	name  string
	roots []string
	db    *schema.Database    // with its foreign keys
	truth map[string][]string // "table.column": the tables it leads to
	ddl   string              // for SQLite
}

func load(t testing.TB, folder string) []*labelled {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var out []*labelled
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		out = append(out, parse(t, strings.TrimSuffix(filepath.Base(f), ".txt"), string(text)))
	}
	return out
}

var columnTypes = map[string]string{"int": "bigint", "text": "text", "uuid": "uuid", "cuid": "text", "bool": "boolean", "time": "timestamp with time zone",
	"json": "jsonb", "dec": "numeric(12,2)", "any": "", "bytes": "bytea", "ints": "bigint[]", "uuids": "uuid[]"}

func parse(t testing.TB, name, text string) *labelled {
	t.Helper()
	l := &labelled{name: name, db: &schema.Database{Dialect: schema.Postgres}, truth: map[string][]string{}}
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
			l.roots = words[1:]
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
				l.truth[table.Name+"."+column] = append(l.truth[table.Name+"."+column], to)
			}
			if mark == '>' {
				fks = append(fks, fk{table.Name, column, to})
			}
		}
		l.db.Tables = append(l.db.Tables, table)
	}
	l.db.Sort()
	for _, f := range fks {
		to := l.db.Table(f.to)
		require.NotNil(t, to, "%s: %s.%s leads to %s", name, f.table, f.column, f.to)
		require.Len(t, to.Key, 1, "%s: %s", name, f.to)
		l.db.Table(f.table).Foreign = append(l.db.Table(f.table).Foreign, schema.ForeignKey{Columns: []string{f.column}, To: f.to, ToCols: to.Key, OnDelete: schema.NoAction})
	}
	for at, tos := range l.truth {
		for _, to := range tos {
			require.NotNil(t, l.db.Table(to), "%s: %s leads to %s", name, at, to)
		}
	}
	for _, r := range l.roots {
		require.NotNil(t, l.db.Table(r), "%s: %s", name, r)
	}
	return l
}

// withoutForeignKeys is the same schema as if nobody had declared one.
func (l *labelled) withoutForeignKeys() *schema.Database {
	d := *l.db
	d.Tables = nil
	for _, t := range l.db.Tables {
		x := *t
		x.Foreign = nil
		d.Tables = append(d.Tables, &x)
	}
	return &d
}

// score is how well links to people were found.
type score struct{ found, missed, wrong []string }

func (s *score) add(o score) {
	s.found, s.missed, s.wrong = append(s.found, o.found...), append(s.missed, o.missed...), append(s.wrong, o.wrong...)
}

func (s score) recall() float64    { return ratio(len(s.found), len(s.found)+len(s.missed)) }
func (s score) precision() float64 { return ratio(len(s.found), len(s.found)+len(s.wrong)) }

func ratio(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

// judge compares the proposed links to people with the labels.
func (l *labelled) judge(p *discover.Proposal) (s score) {
	want := map[string]bool{}
	for at, tos := range l.truth {
		for _, to := range tos {
			if slices.Contains(l.roots, to) {
				want[at] = true
			}
		}
	}
	got := map[string]bool{}
	for _, k := range p.Links {
		if !k.Subject {
			continue
		}
		at := k.Table + "." + k.Columns[len(k.Columns)-1]
		if got[at] {
			continue
		}
		got[at] = true
		if want[at] {
			s.found = append(s.found, l.name+": "+at)
		} else {
			s.wrong = append(s.wrong, fmt.Sprintf("%s: %s %.2f %s", l.name, at, k.Score, strings.Join(k.Evidence, "; ")))
		}
	}
	for at := range want {
		if !got[at] {
			why := ""
			for _, k := range p.Doubtful {
				if k.Table+"."+k.Columns[len(k.Columns)-1] == at {
					why = fmt.Sprintf(" %.2f to %s: %s", k.Score, k.To, strings.Join(k.Evidence, "; "))
				}
			}
			for _, k := range p.Links {
				if k.Table+"."+k.Columns[len(k.Columns)-1] == at {
					why = fmt.Sprintf(" taken for %s %.2f: %s", k.To, k.Score, strings.Join(k.Evidence, "; "))
				}
			}
			s.missed = append(s.missed, l.name+": "+at+why)
		}
	}
	slices.Sort(s.missed)
	slices.Sort(s.wrong)
	return s
}

func measure(t testing.TB, folder string, declared, verbose bool) (all score) {
	for _, l := range load(t, folder) {
		d := l.db
		if !declared {
			d = l.withoutForeignKeys()
		}
		s := l.judge(discover.FromSchema(d, discover.Options{Subjects: l.roots}))
		t.Logf("%-22s recall %.3f precision %.3f (%d links)", l.name, s.recall(), s.precision(), len(s.found)+len(s.missed))
		all.add(s)
	}
	t.Logf("%s, foreign keys %v: recall %.4f precision %.4f of %d links", folder, declared, all.recall(), all.precision(), len(all.found)+len(all.missed))
	if verbose {
		t.Logf("missed:\n  %s\nwrong:\n  %s", strings.Join(all.missed, "\n  "), strings.Join(all.wrong, "\n  "))
	}
	return all
}

func TestLinksToPeopleAreFoundInSchemasTheRulesWereTunedOn(t *testing.T) {
	t.Parallel()
	with, without := measure(t, "tuned", true, testing.Verbose()), measure(t, "tuned", false, testing.Verbose())
	require.GreaterOrEqual(t, with.recall(), 0.98)
	require.GreaterOrEqual(t, with.precision(), 0.85)
	require.GreaterOrEqual(t, without.recall(), 0.95)
	require.GreaterOrEqual(t, without.precision(), 0.85)
}

func TestLinksToPeopleAreFoundInSchemasHeldOut(t *testing.T) {
	t.Parallel()
	with, without := measure(t, "heldout", true, testing.Verbose()), measure(t, "heldout", false, testing.Verbose())
	require.GreaterOrEqual(t, with.recall(), 0.0)
	require.GreaterOrEqual(t, without.recall(), 0.0)
}
