package tenancytest

import (
	"slices"
	"strings"
)

// rest are the columns of u without the tenant column, quoted.
func rest(t *table, u unique) (cols []string) {
	for _, c := range u.Columns {
		if c != t.tenant.Name {
			cols = append(cols, ident(c))
		}
	}
	return cols
}

func (m *mutator) onKeys() (out []mutation) {
	key := func(t *table) (unique, bool) {
		i := slices.IndexFunc(t.Uniques, func(u unique) bool {
			return u.Primary && slices.Contains(u.Columns, t.tenant.Name) && len(u.Columns) > 1
		})
		if i < 0 || t.Kind != "r" {
			return unique{}, false
		}
		return t.Uniques[i], true
	}
	m.on(&out, "unique.bare", func(t *table) bool { _, ok := key(t); return ok },
		func(t *table) []string {
			u, _ := key(t)
			return []string{"CREATE UNIQUE INDEX tenancytest_unique ON {t} (" + strings.Join(rest(t, u), ", ") + ")"}
		}, always("DROP INDEX tenancytest_unique"))
	for _, action := range []string{"CASCADE", "NO ACTION"} {
		m.on(&out, "foreign.bare."+strings.ToLower(strings.Fields(action)[0]), func(t *table) bool { return m.composite(t) != nil && t.Kind == "r" },
			func(t *table) []string { return m.bare(t, action) },
			func(t *table) []string {
				l := m.composite(t)
				return []string{"ALTER TABLE {t} DROP CONSTRAINT IF EXISTS tenancytest_foreign", "DROP INDEX IF EXISTS " + m.parentIndex(l),
					"ALTER TABLE {t} ADD CONSTRAINT " + ident(l.Name) + " " + m.about.Foreign[t.Name+" "+l.Name]}
			})
	}
	return out
}

// composite returns a foreign key of t that carries the tenant column to another tenant table.
func (m *mutator) composite(t *table) *link {
	for i, l := range t.Foreign {
		p := m.cat.by[l.Parent]
		if p != nil && p.Kind == "r" && len(l.Columns) > 1 && slices.Contains(l.Columns, t.tenant.Name) && m.about.Foreign[t.Name+" "+l.Name] != "" {
			return &t.Foreign[i]
		}
	}
	return nil
}

func (m *mutator) parentIndex(l *link) string {
	schema, _, _ := strings.Cut(m.cat.by[l.Parent].Name, ".")
	return schema + ".tenancytest_parent"
}

// bare replaces a foreign key with the tenant column by one without.
func (m *mutator) bare(t *table, action string) []string {
	l := m.composite(t)
	p := m.cat.by[l.Parent]
	var cols, refs []string
	for i, c := range l.Columns {
		if c != t.tenant.Name {
			cols, refs = append(cols, ident(c)), append(refs, ident(l.Referenced[i]))
		}
	}
	return []string{
		"CREATE UNIQUE INDEX tenancytest_parent ON " + p.Name + " (" + strings.Join(refs, ", ") + ")",
		"ALTER TABLE {t} DROP CONSTRAINT " + ident(l.Name),
		"ALTER TABLE {t} ADD CONSTRAINT tenancytest_foreign FOREIGN KEY (" + strings.Join(cols, ", ") + ") REFERENCES " + p.Name +
			" (" + strings.Join(refs, ", ") + ") ON DELETE " + action,
	}
}
