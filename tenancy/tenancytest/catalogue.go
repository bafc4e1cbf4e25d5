package tenancytest

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
)

//go:embed catalogue.sql
var catalogueSQL string

//go:embed reachable.sql
var reachableSQL string

// catalogue is what the application's role can find out about the schema.
type catalogue struct {
	tables []*table // roots before their partitions
	by     map[int64]*table
	// reach are the views and functions through which rows might be had.
	reach []*reachable
}

type table struct {
	OID       int64    `json:"oid"`
	Name      string   `json:"name"` // quoted and qualified
	Kind      string   `json:"kind"`
	Parent    int64    `json:"parent"`
	Partition bool     `json:"partition"`
	Readable  bool     `json:"readable"`
	Columns   []column `json:"columns"`
	Uniques   []unique `json:"uniques"` // the primary key first
	Foreign   []link   `json:"foreign"`
	Checks    []check  `json:"checks"`
	Domains   []check  `json:"domains"`
	Split     []string `json:"split"` // the columns of a partition key
	Bound     string   `json:"bound"`
	Policies  []string `json:"policies"` // what each consists of, with the source of the functions it calls

	tenant column         // the tenant column
	rows   map[string]set // by tenant, of at most sampleSize rows each
	count  map[string]int64
}

type column struct {
	Name     string   `json:"name"`
	Ident    string   `json:"ident"` // quoted
	Type     string   `json:"type"`
	Base     string   `json:"base"` // Type without its modifier, of a domain the type below
	Length   int      `json:"length"`
	Category string   `json:"category"`
	NotNull  bool     `json:"not_null"`
	Default  bool     `json:"default"`
	Fixed    bool     `json:"fixed"` // the database alone fills it
	Select   bool     `json:"select"`
	Insert   bool     `json:"insert"`
	Update   bool     `json:"update"`
	Labels   []string `json:"labels"` // of an enum
	Sequence string   `json:"sequence"`
}

type unique struct {
	Name      string   `json:"name"`
	Primary   bool     `json:"primary"`
	Exclusion bool     `json:"exclusion"`
	Columns   []string `json:"columns"`
}

type link struct {
	Name       string   `json:"name"`
	Parent     int64    `json:"parent"`
	ParentName string   `json:"parent_name"`
	OnDelete   string   `json:"on_delete"`
	Columns    []string `json:"columns"`
	Referenced []string `json:"referenced"`
}

type check struct {
	Text    string   `json:"text"`
	Columns []string `json:"columns"`
}

// reachable is a view, materialized view or function.
type reachable struct {
	Name       string     `json:"name"`
	Kind       string     `json:"kind"` // v, m, f
	Columns    []string   `json:"columns"`
	Over       bool       `json:"over"`  // tenant tables lie below it; not known of a function, and so true
	Calls      bool       `json:"calls"` // a view that calls functions
	Writable   bool       `json:"writable"`
	Set        bool       `json:"set"`
	Void       bool       `json:"void"`
	Procedure  bool       `json:"procedure"`
	Arguments  []argument `json:"arguments"`
	Definition string     `json:"definition"`
}

type argument struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Category string `json:"category"`
}

func (t *table) column(name string) (column, bool) {
	i := slices.IndexFunc(t.Columns, func(c column) bool { return c.Name == name })
	if i < 0 {
		return column{}, false
	}
	return t.Columns[i], true
}

// linked reports whether the named column is part of a foreign key.
func (t *table) linked(name string) bool {
	return slices.ContainsFunc(t.Foreign, func(l link) bool { return slices.Contains(l.Columns, name) })
}

// unique reports whether the named column is part of a unique or exclusion constraint.
func (t *table) unique(name string) bool {
	return slices.ContainsFunc(t.Uniques, func(u unique) bool { return slices.Contains(u.Columns, name) })
}

// readCatalogue reads the tables that have the tenant column, and what lies above them.
func readCatalogue(ctx context.Context, tx *sqlx.Tx, tenantColumn string) (*catalogue, error) {
	cat := &catalogue{by: map[int64]*table{}}
	var texts []string
	if err := tx.SelectContext(ctx, &texts, catalogueSQL, tenantColumn); err != nil {
		return nil, fmt.Errorf("tenancytest: read the catalogue: %w", err)
	}
	for _, s := range texts {
		t := &table{rows: map[string]set{}, count: map[string]int64{}}
		if err := json.Unmarshal([]byte(s), t); err != nil {
			return nil, err
		}
		t.tenant, _ = t.column(tenantColumn)
		cat.tables = append(cat.tables, t)
		cat.by[t.OID] = t
	}
	texts = nil
	if err := tx.SelectContext(ctx, &texts, reachableSQL, tenantColumn); err != nil {
		return nil, fmt.Errorf("tenancytest: read the catalogue: %w", err)
	}
	for _, s := range texts {
		r := &reachable{}
		if err := json.Unmarshal([]byte(s), r); err != nil {
			return nil, err
		}
		cat.reach = append(cat.reach, r)
	}
	return cat, nil
}

// named returns the table called name, which may lack quotes and the schema.
func (c *catalogue) named(name string) *table {
	for _, t := range c.tables {
		if sameName(t.Name, name) {
			return t
		}
	}
	return nil
}

func sameName(qualified, name string) bool {
	bare := strings.ReplaceAll(qualified, `"`, "")
	return qualified == name || bare == name || bare[strings.IndexByte(bare, '.')+1:] == name
}

// root returns the partitioned table t is a part of, or t.
func (c *catalogue) root(t *table) *table {
	for t.Parent != 0 && c.by[t.Parent] != nil {
		t = c.by[t.Parent]
	}
	return t
}

// parts returns the partitions of t, however deep.
func (c *catalogue) parts(t *table) (out []*table) {
	for _, p := range c.tables {
		if p != t && p.Parent != 0 && c.root(p) == c.root(t) && t == c.root(t) {
			out = append(out, p)
		}
	}
	return out
}

// parentsFirst returns the tables in an order in which foreign keys point backwards, as far as
// there is one.
func (c *catalogue) parentsFirst() []*table {
	var out []*table
	seen := map[int64]bool{}
	var visit func(t *table)
	visit = func(t *table) {
		if seen[t.OID] {
			return
		}
		seen[t.OID] = true
		for _, l := range t.Foreign {
			if p := c.by[l.Parent]; p != nil {
				visit(p)
			}
		}
		out = append(out, t)
	}
	for _, t := range c.tables {
		visit(t)
	}
	return out
}

// lit writes s as a literal of SQL.
func lit(s string) string {
	s = strings.ReplaceAll(s, "\x00", "")
	if strings.Contains(s, `\`) {
		return `E'` + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(s) + `'`
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// ident quotes a name.
func ident(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
