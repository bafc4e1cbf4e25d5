package dsar

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/internal/finding"
)

// DB is the part of database/sql that is needed: *sql.DB, *sql.Conn, *sql.Tx, and what wraps them, such as the *sqlx.Tx of
// tenantdb.
type DB = schema.DB

// Verify compares the map with the database db is connected to and reports every way in which they differ, each link that
// would lead nowhere, and each strategy that could not be carried out. Its error is that of [Map.Compile], or of the database.
//
// Connect as the owner of the tables: what a role cannot see is not compared. Rows are read for links without a foreign key
// alone, at most a thousand values each, and only in the database; findings hold no value.
func Verify(ctx context.Context, db DB, m *Map) (*Report, error) {
	c, err := m.Compile()
	if err != nil {
		return nil, err
	}
	d, err := schema.Read(ctx, db)
	if err != nil {
		return nil, err
	}
	v := &verification{Compiled: c, db: d}
	v.tables()
	v.links()
	v.values()
	v.followed()
	if err := schema.Aside(ctx, db, func(q DB, _ schema.Dialect) error { return v.orphans(ctx, q) }); err != nil {
		return nil, err
	}
	for _, q := range c.open {
		at, what, _ := strings.Cut(q, ": ")
		v.report("DSR040", at, what, "")
	}
	slices.SortStableFunc(v.found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Evidence, b.Evidence))
	})
	return finding.New("bailiwick/dsar", d.Name, rules, v.found, c.m.Waive, time.Now()), nil
}

// T is the part of *testing.T that [Check] needs.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Check is [Verify] in a test, once the migrations have run: it fails the test with the report if there is any finding that
// is not waived and at least a [Warning].
func Check(t T, db DB, m *Map) {
	t.Helper()
	r, err := Verify(context.Background(), db, m)
	if err != nil {
		t.Fatalf("%v", err)
		return
	}
	if r.Err(Warning) != nil {
		t.Errorf("the map of personal data is not the database's:\n%s", r)
	}
}

// verification is one run of the rules.
type verification struct {
	*Compiled
	db    *schema.Database
	found []Finding
}

func (v *verification) report(rule, object, evidence, fix string) {
	r := ruleByID[rule]
	v.found = append(v.found, Finding{Rule: rule, Severity: r.Severity, Object: object, Message: r.Title, Evidence: evidence, Fix: fix})
}

// aside reports whether other software looks after the table.
func (v *verification) aside(table string) bool {
	return slices.ContainsFunc(v.m.Aside, func(a Aside) bool {
		if s, ok := strings.CutSuffix(a.Name, "*"); ok {
			return strings.HasPrefix(table, s)
		}
		return a.Name == table
	})
}

// both yields the tables that are in the map and in the database.
func (v *verification) both() func(yield func(*node, *schema.Table) bool) {
	return func(yield func(*node, *schema.Table) bool) {
		for i := range v.m.Tables {
			n := v.tablesByName(v.m.Tables[i].Name)
			if t := v.db.Table(n.Name); t != nil && !yield(n, t) {
				return
			}
		}
	}
}

func (v *verification) tablesByName(name string) *node { return v.Compiled.tables[name] }
