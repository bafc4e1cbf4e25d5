package dsar

import (
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar/classify"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// tables compares tables, columns, keys and triggers.
func (v *verification) tables() {
	for _, t := range v.db.Tables {
		if v.tablesByName(t.Name) == nil && !v.aside(t.Name) {
			v.report("DSR001", t.Name, string(t.Kind)+" with "+listed(t), "")
		}
	}
	for i := range v.m.Tables {
		if v.db.Table(v.m.Tables[i].Name) == nil {
			v.report("DSR003", v.m.Tables[i].Name, "", "")
		}
	}
	for n, t := range v.both() {
		v.columns(n, t)
		if t.Kind == schema.Ordinary && !slices.Equal(n.Key, t.Key) {
			v.report("DSR007", n.Name, "it is ("+strings.Join(t.Key, ", ")+"), the map has ("+strings.Join(n.Key, ", ")+")", "")
		}
		if t.Kind == schema.Materialized && n.Derived == "" {
			v.report("DSR030", n.Name, "", "")
		}
		for _, tr := range t.Triggers {
			if !slices.Contains(n.Triggers, tr) {
				v.report("DSR008", n.Name, "trigger "+tr, "")
			}
		}
		for _, tr := range n.Triggers {
			if !slices.Contains(t.Triggers, tr) {
				v.report("DSR009", n.Name, "trigger "+tr, "")
			}
		}
		if tenant := n.tenant(v.m); tenant != "" && len(n.reach) > 0 && t.Column(tenant) == nil {
			v.report("DSR033", n.Name, "column "+tenant, "")
		}
	}
	if v.db.LargeObjects {
		v.report("DSR031", "pg_largeobject", "", "")
	}
}

// tenant returns the tenant column, or "".
func (n *node) tenant(m *Map) string {
	switch n.Tenant {
	case "":
		return m.Tenant
	case "-":
		return ""
	}
	return n.Tenant
}

func listed(t *schema.Table) string {
	var names []string
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	return "columns " + strings.Join(names, ", ")
}

// TypeOf returns a column's type as maps write it: "bigint not null".
func TypeOf(c *schema.Column) string {
	s := canonical(c.Type)
	if c.NotNull {
		s = strings.TrimSpace(s + " not null")
	}
	return s
}

func (v *verification) columns(n *node, t *schema.Table) {
	for _, c := range t.Columns {
		at := n.Name + "." + c.Name
		have := n.columns[c.Name]
		if have == nil {
			v.report("DSR002", at, TypeOf(c), "")
			continue
		}
		switch is := TypeOf(c); {
		case is == "" && len(have.types) == 0: // of SQLite
		case len(have.types) == 0:
			v.report("DSR006", at, "it is "+is, "")
		case !slices.ContainsFunc(have.types, func(s string) bool { return canonical(s) == is }):
			v.report("DSR005", at, "it is "+orNone(is)+", the map has "+strings.Join(have.types, " | "), "")
		}
		if have.Column == nil && !n.isLink(c.Name) {
			if class := classify.Column(t.Name, c.Name, c.Family); personal(class) || !class.IsZero() && !class.SupportMaySee() {
				v.report("DSR032", at, "it may be "+class.String(), "")
			}
		}
	}
	for name := range n.columns {
		if t.Column(name) == nil {
			v.report("DSR004", n.Name+"."+name, "", "")
		}
	}
}

func (n *node) isLink(column string) bool {
	return slices.Contains(n.Key, column) || slices.ContainsFunc(n.links, func(l link) bool { return slices.Contains(l.columns, column) })
}

func orNone(s string) string {
	if s == "" {
		return "without a type"
	}
	return s
}

// canonical brings the spellings of one type together.
func canonical(s string) string {
	s, notNull := strings.CutSuffix(strings.Join(strings.Fields(strings.ToLower(s)), " "), "not null")
	s = strings.TrimSpace(s)
	name, rest, _ := strings.Cut(s, "(")
	name = strings.TrimSpace(name)
	if rest != "" {
		rest = "(" + strings.ReplaceAll(rest, " ", "")
		if i := strings.Index(rest, ")"); i >= 0 && i+1 < len(rest) { // timestamp(3) without time zone
			name += " " + strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(rest[i+1:], "without", "without "), "time", " time"))
			name, rest = strings.Join(strings.Fields(name), " "), rest[:i+1]
		}
	}
	array := ""
	for strings.HasSuffix(name, "[]") {
		name, array = strings.TrimSuffix(name, "[]"), array+"[]"
	}
	if full, ok := spellings[name]; ok {
		name = full
	}
	s = name + rest + array
	if notNull {
		s = strings.TrimSpace(s + " not null")
	}
	return s
}

var spellings = map[string]string{
	"int": "integer", "int4": "integer", "serial": "integer", "int8": "bigint", "bigserial": "bigint", "int2": "smallint",
	"varchar": "character varying", "char": "character", "bpchar": "character", "bool": "boolean", "decimal": "numeric",
	"timestamptz": "timestamp with time zone", "timestamp": "timestamp without time zone",
	"timetz": "time with time zone", "time": "time without time zone", "float8": "double precision", "float4": "real",
}
