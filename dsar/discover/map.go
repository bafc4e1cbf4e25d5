package discover

import (
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/classify"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// Map returns the proposal as a map, complete for the database it was made from: every table and column is in it, and what
// a person has to decide is in Decide.
func (p *Proposal) Map() *dsar.Map {
	m := &dsar.Map{Application: p.options.Application, Aside: p.options.Aside, Tenant: p.tenant(),
		Purposes: []dsar.Purpose{{Name: "service", Why: "to do what people use " + orTheApplication(p.options.Application) + " for", Basis: dsar.Contract}}}
	links := map[string][]dsar.Link{}
	for _, l := range p.Links {
		x := l.Link
		if x.Then.IsZero() && (x.Role == dsar.Accessor || x.Role == dsar.Mentioned || x.Role == dsar.CoOwner && !p.together[l.Table] || x.Role == dsar.Reference && l.Hops > 0) {
			x.Then = dsar.Pseudonym
			if x.Path == "" && p.nullable(l.Table, x.Columns) {
				x.Then = dsar.Null
			}
		}
		if slices.Equal(x.ToColumns, p.key(x.To)) {
			x.ToColumns = nil
		}
		links[l.Table] = append(links[l.Table], x)
	}
	for i, r := range p.world.roots {
		s := dsar.Subject{Kind: kindOf(r), Table: r.Name}
		for _, c := range r.Columns {
			switch classify.Column(r.Name, c.Name, c.Family) {
			case redact.ClassEmail:
				s.Identifiers = addIdentifier(s.Identifiers, "email", c.Name, dsar.Email)
			case redact.ClassPhone:
				s.Identifiers = addIdentifier(s.Identifiers, "phone", c.Name, dsar.Phone)
			}
		}
		if i == 0 && !slices.ContainsFunc(s.Identifiers, func(id dsar.Identifier) bool { return id.Name == "email" }) {
			s.Identifiers = append(s.Identifiers, dsar.Identifier{Name: "email", Form: dsar.Email})
		}
		if r.called != "" {
			s.Identifiers = append(s.Identifiers, dsar.Identifier{Name: username, Column: r.called, Form: dsar.Fold})
		}
		m.Subjects = append(m.Subjects, s)
	}
	for _, t := range p.Database.Tables {
		m.Tables = append(m.Tables, p.table(t, links[t.Name], m.Tenant))
	}
	p.reached(m)
	return m
}

func (p *Proposal) isSubject(table string) bool { return slices.Contains(p.Subjects, table) }

func orTheApplication(s string) string {
	if s == "" {
		return "the application"
	}
	return s
}

func kindOf(t *table) string {
	if len(t.words) == 0 {
		return t.Name
	}
	return strings.Join(t.words, " ")
}

// addIdentifier adds the first column of a name.
func addIdentifier(ids []dsar.Identifier, name, column string, f dsar.Form) []dsar.Identifier {
	if slices.ContainsFunc(ids, func(id dsar.Identifier) bool { return id.Name == name }) {
		return ids
	}
	return append(ids, dsar.Identifier{Name: name, Column: column, Form: f})
}

func (p *Proposal) key(table string) []string {
	if t := p.Database.Table(table); t != nil {
		return t.Key
	}
	return nil
}

func (p *Proposal) nullable(table string, columns []string) bool {
	return slices.ContainsFunc(columns, func(c string) bool {
		col := p.Database.Table(table).Column(c)
		return col != nil && !col.NotNull
	})
}

// tenant returns the column that most tables lead with, if it is called as tenants are.
func (p *Proposal) tenant() string {
	for _, name := range []string{"tenant_id", "tenantId", "organization_id", "organizationId", "workspace_id", "company_id"} {
		n := 0
		for _, t := range p.Database.Tables {
			if t.Column(name) != nil {
				n++
			}
		}
		if n >= 3 && n*10 >= len(p.Database.Tables)*8 {
			return name
		}
	}
	return ""
}

// table proposes what the map says of one table.
func (p *Proposal) table(t *schema.Table, links []dsar.Link, tenant string) dsar.Table {
	x := dsar.Table{Name: t.Name, Key: t.Key, Links: links, Triggers: t.Triggers}
	if tenant != "" && t.Column(tenant) == nil {
		x.Tenant = "-"
	}
	if p.together[t.Name] {
		x.Shared = dsar.DeleteForAll
	}
	if len(t.Triggers) > 0 {
		x.Decide = "do its triggers write copies of what is erased?"
	}
	if len(t.Key) == 0 && p.isSubject(t.Name) {
		x.Decide = strings.TrimPrefix(x.Decide+"; it has no primary key: how is one person told from another?", "; ")
	}
	about := slices.ContainsFunc(links, func(l dsar.Link) bool { return l.Role != dsar.Reference }) || p.isSubject(t.Name)
	for _, c := range t.Columns {
		text := columnText(c)
		class := classify.Column(t.Name, c.Name, c.Family)
		switch {
		case class.IsZero() && about && isLinkTo(links, c.Name, p.Subjects):
			class = redact.ClassUserID
		case class.IsZero() && about && (c.Family == schema.JSON || c.Family == schema.Text && !c.Generated && freeText(c)):
			class = redact.ClassContent
		}
		if class.IsZero() || class == redact.ClassOperations {
			x.Plain = append(x.Plain, text)
			continue
		}
		x.Columns = append(x.Columns, dsar.Column{Name: text, Class: class})
	}
	switch t.Kind {
	case schema.Materialized:
		x.Links, x.Decide = nil, ""
		x.Derived = "a materialised view, refreshed after an erasure"
	case schema.Virtual:
		x.Decide = "does it hold texts of people, or point at another table's? then say in Derived what it is made from"
	case schema.Foreign:
		x.Decide = "its rows are in another database: who erases them there?"
	}
	return x
}

// columnText is a column as maps write it.
func columnText(c *schema.Column) string {
	name := c.Name
	if strings.ContainsAny(name, " \t\n\"|") || name == "" {
		name = schema.Quote(name)
	}
	return strings.TrimSpace(name + " " + dsar.TypeOf(c))
}

// freeText reports whether people can write whatever they want there.
func freeText(c *schema.Column) bool {
	typ := strings.ToLower(c.Type)
	return (typ == "text" || typ == "clob" || strings.HasPrefix(typ, "longtext")) && !strings.HasSuffix(strings.ToLower(c.Name), "id") && !strings.Contains(strings.ToLower(c.Name), "status") && !strings.HasSuffix(strings.ToLower(c.Name), "type")
}

func isLinkTo(links []dsar.Link, column string, subjects []string) bool {
	return slices.ContainsFunc(links, func(l dsar.Link) bool {
		return slices.Contains(subjects, l.To) && l.Path == "" && slices.Contains(l.Columns, column)
	})
}

// reached says of tables that no link reaches why not, or asks; and gives the others a purpose.
func (p *Proposal) reached(m *dsar.Map) {
	hops := map[string]bool{}
	for _, s := range m.Subjects {
		hops[s.Table] = true
	}
	for changed := true; changed; {
		changed = false
		for _, t := range m.Tables {
			for _, l := range t.Links {
				if !hops[t.Name] && l.Role != dsar.Reference && (l.Identifier != "" || hops[l.To]) {
					hops[t.Name], changed = true, true
				}
			}
		}
	}
	for i := range m.Tables {
		t := &m.Tables[i]
		switch {
		case t.Derived != "":
		case hops[t.Name]:
			t.Purpose = "service"
		case slices.ContainsFunc(t.Columns, func(c dsar.Column) bool { return aboutPeople(c.Class) }):
			t.Purpose = "service"
			t.Decide = strings.TrimPrefix(t.Decide+"; no link leads to a person, and columns look like one's: whose are they?", "; ")
		default:
			t.NotPersonal = "no link leads to a person, and no column is called as theirs are"
		}
	}
}

// aboutPeople reports whether a class is of what is about people, as in a table that is not personal it must not be.
func aboutPeople(c redact.Class) bool {
	switch c {
	case redact.ClassSecret, redact.ClassSystem, redact.ClassOperations, redact.ClassOrganization:
		return false
	}
	return true
}
