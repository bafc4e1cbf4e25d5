package world

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// World is a map, and rows for its tables.
type World struct {
	Map      *dsar.Map
	Schema   string // of Postgres; part of the names of tables, on SQLite too
	Rows     State  // what Inserts makes
	Compiled *dsar.Compiled
	paired   bool // keys are of the tenant and the id
	key      string
	tables   []*table
}

// table is a table of a world.
type table struct {
	dsar.Table
	ids  []string
	refs []ref // declared foreign keys
	code bool
}

// ref is a foreign key: column of the table refers to the key of to, or column target of it.
type ref struct{ column, to string }

// Draw makes a world up. Its tables have names that begin with the schema and a dot.
func Draw(t *rapid.T, schema string) *World {
	w := &World{Schema: schema, paired: rapid.Bool().Draw(t, "paired"), key: rapid.SampledFrom([]string{"bigint", "uuid | text", "text"}).Draw(t, "key")}
	w.Map = &dsar.Map{Tenant: "tenant_id", Purposes: []dsar.Purpose{{Name: "p", Why: "to try", Basis: dsar.Contract}}}
	form := rapid.SampledFrom([]dsar.Form{dsar.Exact, dsar.Fold, dsar.Email}).Draw(t, "form")
	kinds := []string{"user"}
	if rapid.Bool().Draw(t, "two kinds") {
		kinds = append(kinds, "contact")
	}
	for _, k := range kinds {
		w.root(t, k, form)
	}
	roots := len(w.tables)
	for i := range rapid.IntRange(1, 6).Draw(t, "tables") {
		w.add(fmt.Sprintf("t%d", i))
	}
	for i, x := range w.tables[roots:] {
		w.links(t, x, roots, roots+i)
	}
	for _, x := range slices.Clone(w.tables[roots:]) {
		w.strategies(t, x)
	}
	w.finish(t)
	return w
}

// name is a table's name in the map.
func (w *World) name(s string) string { return w.Schema + "." + s }

func (w *World) find(name string) *table {
	i := slices.IndexFunc(w.tables, func(x *table) bool { return x.Name == name })
	if i < 0 {
		return nil
	}
	return w.tables[i]
}

func (w *World) add(name string) *table {
	x := &table{Table: dsar.Table{Name: w.name(name), Key: []string{"id"}, Purpose: "p",
		Plain:   []string{"tenant_id text not null", "id " + w.typ(" not null"), "mark text"},
		Columns: []dsar.Column{{Name: "body text", Class: redact.ClassContent, Erase: dsar.Null}}}}
	if w.paired {
		x.Key = []string{"tenant_id", "id"}
	}
	w.tables = append(w.tables, x)
	return x
}

// typ is the type of keys.
func (w *World) typ(suffix string) string {
	if w.key == "uuid | text" {
		return "uuid" + suffix + " | text" + suffix
	}
	return w.key + suffix
}

func (w *World) root(t *rapid.T, kind string, form dsar.Form) {
	x := w.add(kind)
	x.code = true
	x.Plain = append(x.Plain, "code text")
	x.Columns = append(x.Columns, dsar.Column{Name: "email text", Class: redact.ClassEmail, Erase: dsar.Null})
	if rapid.Bool().Draw(t, "masked "+kind) {
		x.Erase = dsar.Mask
	}
	if kind == "user" && rapid.Bool().Draw(t, "invited") {
		x.Plain = append(x.Plain, "by "+w.typ(""))
		x.Links = append(x.Links, w.link("by", x.Name, dsar.Accessor))
		x.refs = append(x.refs, ref{"by", x.Name})
	}
	w.Map.Subjects = append(w.Map.Subjects, dsar.Subject{Kind: kind, Table: x.Name, Identifiers: []dsar.Identifier{{Name: "email", Column: "email", Form: form}}})
}

// link is one over the key of a table.
func (w *World) link(column, to string, role dsar.Role) dsar.Link {
	l := dsar.Link{Columns: []string{column}, To: to, Role: role, Then: dsar.Null}
	if w.paired {
		l.Columns = []string{"tenant_id", column}
	}
	return l
}

var roles = []dsar.Role{dsar.Owner, dsar.Owner, dsar.Owner, dsar.CoOwner, dsar.CoOwner, dsar.Accessor, dsar.Mentioned}

// links gives the table links: to roots, to tables before and behind it, and to itself.
func (w *World) links(t *rapid.T, x *table, roots, at int) {
	for i := range rapid.IntRange(1, 3).Draw(t, x.Name+" links") {
		role := rapid.SampledFrom(roles).Draw(t, "role")
		root := w.tables[rapid.IntRange(0, roots-1).Draw(t, "root")]
		column := fmt.Sprintf("l%d", i)
		id := column + " " + w.typ("")
		what := rapid.SampledFrom([]string{"root", "root", "earlier", "earlier", "any", "self", "code", "type", "value", "json", "json list", "array", "json value", "member", "reference"}).Draw(t, "link")
		switch what {
		case "code":
			x.Plain = append(x.Plain, column+" text")
			x.Links = append(x.Links, dsar.Link{Columns: []string{column}, To: root.Name, ToColumns: []string{"code"}, Role: role, Then: dsar.Null, Undeclared: true})
		case "type":
			x.Plain = append(x.Plain, id, column+"_type text")
			other := w.tables[rapid.IntRange(0, at-1).Draw(t, "other")]
			for i, to := range []*table{root, other} {
				l := w.link(column, to.Name, role)
				l.When = []dsar.When{{Column: column + "_type", Value: []string{"Root", "Other"}[i]}}
				x.Links = append(x.Links, l)
			}
		case "value":
			x.Plain = append(x.Plain, column+" text")
			x.Links = append(x.Links, dsar.Link{Columns: []string{column}, Identifier: "email", Role: role, Then: dsar.Null})
		case "json", "json list", "json value", "array":
			typ, path := "jsonb | text", map[string]string{"json": "who.id", "json list": "to[].id", "json value": "from.email", "array": "[]"}[what]
			if what == "array" && w.key == "bigint" {
				typ = "bigint[] | text"
			}
			x.Plain = append(x.Plain, column+" "+typ)
			l := dsar.Link{Columns: []string{column}, Path: path, To: root.Name, ToColumns: []string{"id"}, Role: role, Then: dsar.Null}
			if what == "json value" {
				l.To, l.ToColumns, l.Identifier = "", nil, "email"
			}
			x.Links = append(x.Links, l)
		case "member":
			m := w.add(fmt.Sprintf("%s_%s", x.Name[len(w.Schema)+1:], column))
			m.Plain = append(m.Plain, "who "+w.typ(""), "what "+w.typ(""))
			ref1, ref2 := ref{"who", root.Name}, ref{"what", x.Name}
			m.refs = append(m.refs, ref1, ref2)
			r := w.link("what", x.Name, dsar.Reference)
			m.Links = append(m.Links, w.link("who", root.Name, dsar.Owner), r)
			inverse := dsar.Link{Columns: x.Key, To: m.Name, ToColumns: r.Columns, Role: role, Inverse: true}
			x.Links = append(x.Links, inverse)
		default:
			to := root
			switch what {
			case "earlier":
				to = w.tables[rapid.IntRange(0, at-1).Draw(t, "earlier")]
			case "any", "reference":
				to = rapid.SampledFrom(w.tables).Draw(t, "any")
			case "self":
				to = x
			}
			if what == "reference" {
				role = dsar.Reference
			}
			x.Plain = append(x.Plain, id)
			x.Links = append(x.Links, w.link(column, to.Name, role))
			x.refs = append(x.refs, ref{column, to.Name})
		}
	}
}

// strategies says what becomes of the table's rows.
func (w *World) strategies(t *rapid.T, x *table) {
	x.Erase = rapid.SampledFrom([]dsar.Strategy{{}, {}, {}, dsar.Mask, dsar.Keep(dsar.Reason{Basis: dsar.LegalObligation, Law: "a law", Until: end})}).Draw(t, x.Name+" erase")
	x.Shared = rapid.SampledFrom([]dsar.Sharing{dsar.LastOwnerWins, dsar.LastOwnerWins, dsar.RedactMine, dsar.DeleteForAll}).Draw(t, x.Name+" shared")
	if rapid.Bool().Draw(t, "constant") {
		x.Columns[0].Erase = dsar.Constant("-")
	}
}

// finish compiles the map, after what makes no sense of it was taken out, and makes rows.
func (w *World) finish(t *rapid.T) {
	for range 2 { // a table whose rows are nobody's owns nothing
		w.Map.Tables = nil
		for _, x := range w.tables {
			w.Map.Tables = append(w.Map.Tables, x.Table)
		}
		w.personal()
	}
	w.Map.Tables = nil
	for _, x := range w.tables {
		w.Map.Tables = append(w.Map.Tables, x.Table)
	}
	c, err := w.Map.Compile()
	if err != nil {
		t.Fatalf("the world's map does not compile: %v", err)
	}
	w.Compiled = c
	w.fill(t)
}

// personal gives tables that nobody reaches a reason, and takes the strategies from those whose rows have no owner.
func (w *World) personal() {
	role := map[string]int{}
	for _, x := range w.tables {
		role[x.Name] = 9
	}
	for _, s := range w.Map.Subjects {
		role[s.Table] = 0
	}
	for range len(w.tables) * 4 {
		for _, x := range w.tables {
			for _, l := range x.Links {
				if l.Role == dsar.Reference {
					continue
				}
				via := int(l.Role)
				if l.To != "" {
					via = max(via, role[l.To])
				}
				role[x.Name] = min(role[x.Name], via)
			}
		}
	}
	for _, x := range w.tables {
		if role[x.Name] > int(dsar.CoOwner) {
			x.Erase, x.Shared = dsar.Strategy{}, dsar.LastOwnerWins
		}
		if role[x.Name] == 9 {
			x.NotPersonal, x.Purpose = "a test", ""
			x.Columns[0].Class, x.Columns[0].Erase = redact.ClassOperations, dsar.Strategy{}
		}
	}
}

// OwnKeys reports whether keys are a tenant's own, so that another tenant may have the same.
func (w *World) OwnKeys() bool { return w.paired }
