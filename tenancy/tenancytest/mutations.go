package tenancytest

import (
	"fmt"
	"slices"
	"strings"
)

// mutations are the ways in which a schema that keeps tenants apart can be made not to. Each is made on
// one table, in turns.
func (m *mutator) mutations() []mutation {
	return slices.Concat(m.onSecurity(), m.onPolicies(), m.onGrants(), m.onKeys(), m.onViews(), m.onFunctions(), m.onTables(), m.onRoles())
}

// next returns the next table that fits, or nil.
func (m *mutator) next(fits func(*table) bool) *table {
	for range m.cat.tables {
		t := m.cat.tables[m.turn%len(m.cat.tables)]
		m.turn++
		if !t.Partition && t.Readable && t.count[m.target.B.String()] > 0 && (fits == nil || fits(t)) && m.listed(t) {
			return t
		}
	}
	return nil
}

func (m *mutator) listed(t *table) bool {
	k := kit{Target: m.target}
	return k.listed(t.Name)
}

// on makes a mutation of a table, whose name stands for {t} in the statements.
func (m *mutator) on(out *[]mutation, id string, fits func(*table) bool, apply, undo func(*table) []string) {
	if t := m.next(fits); t != nil {
		*out = append(*out, mutation{id, t.Name, m.fill(t, apply(t)), m.fill(t, undo(t)), []string{t.Name}})
	}
}

func (m *mutator) fill(t *table, sql []string) (out []string) {
	for _, s := range sql {
		out = append(out, strings.NewReplacer("{t}", t.Name, "{c}", t.tenant.Ident, "{type}", t.tenant.Type,
			"{app}", m.about.App, "{me}", m.about.Me, "{db}", m.about.Database).Replace(s))
	}
	return out
}

func always(sql ...string) func(*table) []string { return func(*table) []string { return sql } }

func (m *mutator) onSecurity() (out []mutation) {
	m.on(&out, "security.disable", func(t *table) bool { return m.about.Secure[t.Name] },
		always("ALTER TABLE {t} DISABLE ROW LEVEL SECURITY", "ANALYZE {t}"), always("ALTER TABLE {t} ENABLE ROW LEVEL SECURITY"))
	m.on(&out, "security.noforce", func(t *table) bool { return m.about.Forced[t.Name] },
		always("ALTER TABLE {t} NO FORCE ROW LEVEL SECURITY"), always("ALTER TABLE {t} FORCE ROW LEVEL SECURITY"))
	m.on(&out, "fence.disable", func(t *table) bool { return len(m.about.Triggers[t.Name]) > 0 },
		func(t *table) []string {
			return []string{"ALTER TABLE {t} DISABLE TRIGGER " + m.about.Triggers[t.Name][0].Name}
		},
		func(t *table) []string {
			return []string{"ALTER TABLE {t} ENABLE TRIGGER " + m.about.Triggers[t.Name][0].Name}
		})
	m.on(&out, "fence.drop", func(t *table) bool { return len(m.about.Triggers[t.Name]) > 0 },
		func(t *table) []string {
			return []string{"DROP TRIGGER " + m.about.Triggers[t.Name][0].Name + " ON {t}"}
		},
		func(t *table) []string { return []string{m.about.Triggers[t.Name][0].Definition} })
	if m.about.ID != "" {
		if t := m.next(nil); t != nil {
			out = append(out, mutation{"library.unsigned", "tenancy.id()", []string{
				`CREATE OR REPLACE FUNCTION tenancy.id() RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER AS $$
				BEGIN RETURN NULLIF(pg_catalog.substr(pg_catalog.current_setting('tenancy.scope', true), 90), ''); END $$`},
				[]string{m.about.ID}, []string{t.Name}})
		}
	}
	return out
}

// guard returns the policy that keeps tenants apart: the restrictive one, or the first that compares
// something.
func (m *mutator) guard(t *table) (policy, bool) {
	ps := m.about.Policies[t.Name]
	i := slices.IndexFunc(ps, func(p policy) bool { return p.Using != "true" && p.Using != "" })
	if i < 0 {
		return policy{}, false
	}
	return ps[i], true
}

// create writes the statement that makes p.
func (p policy) create() string {
	s := "CREATE POLICY " + p.Name + " ON {t} AS " + map[bool]string{true: "PERMISSIVE", false: "RESTRICTIVE"}[p.Permissive] +
		" FOR " + p.Command + " TO " + p.Roles
	if p.Using != "" {
		s += " USING (" + p.Using + ")"
	}
	if p.Check != "" {
		s += " WITH CHECK (" + p.Check + ")"
	}
	return s
}

func (m *mutator) onPolicies() (out []mutation) {
	// replaced swaps the guard for what change makes of it.
	replaced := func(id string, fits func(*table) bool, change func(t *table, p policy) []policy) {
		m.on(&out, id, func(t *table) bool {
			_, ok := m.guard(t)
			return ok && m.about.Secure[t.Name] && (fits == nil || fits(t))
		},
			func(t *table) []string {
				g, _ := m.guard(t)
				sql := []string{"DROP POLICY " + g.Name + " ON {t}"}
				for _, p := range change(t, g) {
					sql = append(sql, p.create())
				}
				return sql
			},
			func(t *table) []string {
				g, _ := m.guard(t)
				var sql []string
				for _, p := range change(t, g) {
					sql = append(sql, "DROP POLICY "+p.Name+" ON {t}")
				}
				return append(sql, g.create())
			})
	}
	one := func(f func(p *policy)) func(*table, policy) []policy {
		return func(_ *table, p policy) []policy { f(&p); return []policy{p} }
	}
	without := func(commands ...string) func(*table, policy) []policy {
		return func(_ *table, g policy) (ps []policy) {
			check := g.Check
			if check == "" {
				check = g.Using
			}
			for i, c := range commands {
				p := g
				p.Name, p.Command, p.Check = fmt.Sprintf("tenancytest_%d", i), c, check
				if c == "INSERT" {
					p.Using = ""
				}
				if c == "SELECT" || c == "DELETE" {
					p.Check = ""
				}
				ps = append(ps, p)
			}
			return ps
		}
	}
	or := func(also string) func(*table, policy) []policy {
		return one(func(p *policy) {
			p.Using = "(" + p.Using + ") OR " + also
			if p.Check != "" {
				p.Check = "(" + p.Check + ") OR " + also
			}
		})
	}
	restrictive := func(t *table) bool { g, _ := m.guard(t); return !g.Permissive }
	updatable := func(t *table) bool { return slices.ContainsFunc(t.Columns, func(c column) bool { return c.Update }) }
	deletable := func(t *table) bool { return updatable(t) } // a table that is only added to has neither
	replaced("policy.drop", restrictive, func(*table, policy) []policy { return nil })
	m.on(&out, "policy.column", func(t *table) bool {
		g, ok := m.guard(t)
		return ok && !g.Permissive && !t.tenant.Update
	}, func(t *table) []string {
		g, _ := m.guard(t)
		return []string{"DROP POLICY " + g.Name + " ON {t}", "GRANT UPDATE ({c}) ON {t} TO {app}"}
	}, func(t *table) []string {
		g, _ := m.guard(t)
		return []string{g.create(), "REVOKE UPDATE ({c}) ON {t} FROM {app}"}
	})
	replaced("policy.permissive", restrictive, one(func(p *policy) { p.Permissive = true }))
	replaced("policy.using", nil, one(func(p *policy) { p.Using, p.Check = "true", p.Using }))
	replaced("policy.check", nil, one(func(p *policy) { p.Check = "true" }))
	replaced("policy.select", restrictive, without("SELECT"))
	replaced("policy.noselect", restrictive, without("INSERT", "UPDATE", "DELETE"))
	replaced("policy.noinsert", restrictive, without("SELECT", "UPDATE", "DELETE"))
	replaced("policy.noupdate", func(t *table) bool { return restrictive(t) && updatable(t) }, without("SELECT", "INSERT", "DELETE"))
	replaced("policy.nodelete", func(t *table) bool { return restrictive(t) && deletable(t) }, without("SELECT", "INSERT", "UPDATE"))
	replaced("policy.role", restrictive, one(func(p *policy) { p.Roles = m.about.Me }))
	replaced("policy.null", nil, or("NULLIF(current_setting('tenancy.scope', true), '') IS NULL"))
	replaced("policy.flag", nil, or("current_setting('app.bypass_guard', true) = 'on'"))
	replaced("policy.magic", nil, or("current_setting('app.actor', true) = 'support-desk-7'"))
	replaced("policy.unsigned", nil, func(t *table, p policy) []policy {
		return or(t.tenant.Ident+"::text = current_setting('app.company', true)")(t, p)
	})
	replaced("policy.always", nil, func(t *table, p policy) []policy { return or(t.tenant.Ident+" IS NOT NULL")(t, p) })
	replaced("policy.setting", nil, func(t *table, _ policy) []policy {
		p, _ := m.guard(t)
		p.Using = t.tenant.Ident + "::text = substr(current_setting('tenancy.scope', true), 90)"
		p.Check = p.Using
		return []policy{p}
	})
	m.on(&out, "policy.open", func(t *table) bool {
		g, ok := m.guard(t)
		return ok && g.Permissive
	}, always("CREATE POLICY tenancytest_open ON {t} USING (true)"), always("DROP POLICY tenancytest_open ON {t}"))
	return out
}

func (m *mutator) onGrants() (out []mutation) {
	grant := func(id, right string, fits func(*table) bool) {
		m.on(&out, id, fits, always("GRANT "+right+" ON {t} TO {app}"), always("REVOKE "+right+" ON {t} FROM {app}"))
	}
	grant("grant.truncate", "TRUNCATE", func(t *table) bool { return !m.about.Truncate[t.Name] })
	grant("grant.trigger", "TRIGGER", nil)
	grant("grant.references", "REFERENCES", nil)
	grant("grant.column", "UPDATE ({c})", func(t *table) bool { return !t.tenant.Update })
	m.on(&out, "grant.public", nil, always("GRANT SELECT ON {t} TO PUBLIC"), always("REVOKE SELECT ON {t} FROM PUBLIC"))
	m.on(&out, "grant.everything", func(t *table) bool { return !m.about.Truncate[t.Name] },
		always("GRANT ALL ON {t} TO PUBLIC"), always("REVOKE ALL ON {t} FROM PUBLIC"))
	for _, t := range m.cat.tables {
		for _, c := range t.Columns {
			if c.Sequence != "" && !t.Partition && !slices.ContainsFunc(out, func(x mutation) bool { return x.id == "grant.sequence" }) {
				out = append(out, mutation{"grant.sequence", t.Name, m.fill(t, []string{"GRANT UPDATE ON SEQUENCE " + c.Sequence + " TO {app}"}),
					m.fill(t, []string{"REVOKE UPDATE ON SEQUENCE " + c.Sequence + " FROM {app}"}), []string{t.Name}})
			}
		}
		if t.Partition && t.Kind == "r" && t.count[m.target.B.String()] > 0 && m.listed(t) &&
			!slices.ContainsFunc(out, func(x mutation) bool { return x.id == "grant.partition" }) {
			out = append(out, mutation{"grant.partition", t.Name, m.fill(t, []string{"GRANT SELECT ON {t} TO {app}"}),
				m.fill(t, []string{"REVOKE SELECT ON {t} FROM {app}"}), []string{t.Name}})
		}
	}
	return out
}
