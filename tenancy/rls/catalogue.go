package rls

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed facts/*.sql
var facts embed.FS

// catalogue is what the rules look at: the live catalogue, seen from the app role.
type catalogue struct {
	server   server
	roles    []role // the first is the app role
	reach    string // the oids of roles whose grants count, and PUBLIC, as an array literal
	schemas  []schema
	usable   map[string]bool // schemas the app role has USAGE on
	rels     []*relation
	byOID    map[int64]*relation
	byName   map[name]*relation
	funcs    []*function
	funcByID map[int64]*function

	defaults     []defaultGrant
	publications []publication
	settings     []setting
	parameters   []parameter
	foreign      []mapping
	languages    []language
	events       []eventTrigger
	system       []exposure
	owned        []ownedObject
	skew         []share
	largeObjects int
	systemLacks  map[int64]string // by table, what the system role cannot do there that SQL grants it
}

type (
	server struct {
		Version                  int
		Database, Inspector      string
		Owner                    int64
		OwnerName                string `json:"owner_name"`
		App, System              int64
		Super, Temporary, Create bool
		CanBecomeApp             bool `json:"can_become_app"`
		LoCompat                 bool `json:"lo_compat"`
		Preload                  string
	}
	role struct {
		OID                                                                    int64
		Name                                                                   string
		Super, Bypass, CreateRole, CreateDB, Replication, Predefined, Inherits bool
		Via                                                                    []string
	}
	schema struct {
		Name     string
		Owner    int64
		Creators []string
		Usable   bool
	}
	relation struct {
		OID           int64
		Schema        string
		Name          string
		Kind          string // r p v m f S, as in pg_class
		Owner         int64
		OwnerName     string `json:"owner_name"`
		OwnerBypasses bool   `json:"owner_bypasses"`
		Enabled       bool
		Forced        bool
		Partition     bool
		Invoker       bool
		Extension     bool
		IdentityOf    int64 `json:"identity_of"`

		columns     []*column
		grants      []grant
		policies    []*policy
		constraints []*constraint
		indexes     []*index
		triggers    []*trigger
		rewrites    []rewrite
		parents     []int64
		children    []int64
		tenant      *column // nil: it has none
		declared    *table  // as in the config; nil: it is not there
		shared      bool    // the config lists it as shared
	}
	column struct {
		Relation                         int64
		Number                           int
		Name, Type, Base, Kind, Category string
		NotNull                          bool
		Default                          string
		Generated, LooseCollation        bool
		Labels                           []string
	}
	grant struct {
		Relation                   int64
		Column, Privilege, Grantee string
		Grantable                  bool
	}
	policy struct {
		Relation     int64
		Name         string
		Permissive   bool
		Command      string
		Roles        []int64
		Using, Check *string
	}
	constraint struct {
		Relation                       int64
		Name, Kind                     string
		Target                         int64
		OnDelete, OnUpdate             string
		Columns, References, Operators []string
		Definition                     string
	}
	index struct {
		Relation                        int64
		Name                            string
		Primary, Unique, Partial, Valid bool
		Constraint                      *string
		Columns                         []string
		Definition                      string
	}
	trigger struct {
		Relation, Function int64
		Name               string
		Type               int
		Enabled            string
		Conditional        bool
	}
	rewrite struct {
		Relation             int64
		Rule, Event, Enabled string
		View                 bool
		Target               int64
	}
	function struct {
		OID                         int64
		Schema, Name, Arguments     string
		ArgumentCount               int
		Owner                       int64
		OwnerName                   string
		OwnerSuper, OwnerBypasses   bool
		Language                    string
		Trusted, Definer, Leakproof bool
		Volatility                  string
		IsTrigger                   bool
		Returns, Kind               string
		Config                      []string
		Source, Hash                string
		Extension                   bool
		Executors                   []string
	}
	inheritance  struct{ Child, Parent int64 }
	defaultGrant struct {
		Maker, Schema, Kind, Grantee string
		Privileges                   []string
	}
	publication struct {
		Name       string
		Relation   int64
		Filter     *string
		Everything bool
	}
	setting struct {
		Role, Name, Value string
		Database          bool
	}
	parameter    struct{ Name, Privilege, Grantee string }
	mapping      struct{ Server, Wrapper, Mapped string }
	language     struct{ Name, Grantee string }
	ownedObject  struct{ Kind, Name string }
	exposure     struct{ Kind, Object string }
	eventTrigger struct {
		Name, Event string
		Function    int64
		Enabled     string
	}
	share struct {
		Schema, Name, Column string
		Share                float64
	}
)

// load reads the catalogue. q's search_path must be pg_catalog, or expressions come out unqualified.
func load(ctx context.Context, q DB, c *config) (*catalogue, error) {
	k := &catalogue{usable: map[string]bool{}, systemLacks: map[int64]string{}, byOID: map[int64]*relation{}, byName: map[name]*relation{}, funcByID: map[int64]*function{}}
	var servers []server
	if err := fact(ctx, q, "server", &servers, c.app, c.system); err != nil {
		return nil, err
	}
	k.server = servers[0]
	if k.server.App == 0 {
		return nil, fmt.Errorf("rls: there is no role %s in this database", quote(c.app))
	}
	if c.system != "" {
		if k.server.System == 0 {
			return nil, fmt.Errorf("rls: there is no role %s in this database", quote(c.system))
		}
		var lacking []struct {
			OID             int64
			Rows, Sequences bool
		}
		if err := fact(ctx, q, "system_role", &lacking, fmt.Sprint(k.server.System)); err != nil {
			return nil, err
		}
		for _, l := range lacking {
			k.systemLacks[l.OID] = "it may not both read and write the rows"
			if !l.Rows {
				k.systemLacks[l.OID] = "it may not set a sequence of the table's own"
			}
		}
	}
	app := fmt.Sprint(k.server.App)
	if err := fact(ctx, q, "roles", &k.roles, app); err != nil {
		return nil, err
	}
	oids := []string{"0"}
	for i, r := range k.roles {
		if i == 0 || !r.Super && !r.Bypass { // those can do everything anyway: RLS054
			oids = append(oids, fmt.Sprint(r.OID))
		}
	}
	k.reach = "{" + strings.Join(oids, ",") + "}"

	var (
		columns     []*column
		grants      []grant
		policies    []*policy
		constraints []*constraint
		indexes     []*index
		triggers    []*trigger
		rewrites    []rewrite
		inherits    []inheritance
		large       []struct{ Count int }
	)
	tenantColumns := map[string]bool{c.column: true}
	for _, t := range c.tables {
		tenantColumns[t.column] = true
	}
	for _, f := range []struct {
		name string
		into any
		args []any
	}{
		{"schemas", &k.schemas, []any{k.reach, app}},
		{"relations", &k.rels, nil},
		{"columns", &columns, nil},
		{"grants", &grants, []any{k.reach}},
		{"policies", &policies, nil},
		{"constraints", &constraints, nil},
		{"indexes", &indexes, nil},
		{"triggers", &triggers, nil},
		{"views", &rewrites, nil},
		{"inherits", &inherits, nil},
		{"functions", &k.funcs, []any{k.reach}},
		{"defaults", &k.defaults, []any{k.reach}},
		{"publications", &k.publications, nil},
		{"settings", &k.settings, []any{k.reach}},
		{"parameters", &k.parameters, []any{k.reach}},
		{"foreign", &k.foreign, []any{k.reach}},
		{"languages", &k.languages, []any{k.reach}},
		{"events", &k.events, nil},
		{"system", &k.system, []any{k.reach}},
		{"large_objects", &large, []any{k.reach}},
		{"owned", &k.owned, []any{k.reach}},
		{"skew", &k.skew, []any{arrayLiteral(tenantColumns)}},
	} {
		if f.name == "parameters" && k.server.Version < 150000 {
			continue
		}
		if err := fact(ctx, q, f.name, f.into, f.args...); err != nil {
			return nil, err
		}
	}
	k.largeObjects = large[0].Count
	for _, s := range k.schemas {
		k.usable[s.Name] = s.Usable
	}
	for _, r := range k.rels {
		k.byOID[r.OID], k.byName[name{r.Schema, r.Name}] = r, r
	}
	for _, f := range k.funcs {
		k.funcByID[f.OID] = f
	}
	at := func(oid int64) *relation {
		if r := k.byOID[oid]; r != nil {
			return r
		}
		return &relation{} // a relation of the system's: nothing looks at it
	}
	for _, x := range columns {
		at(x.Relation).columns = append(at(x.Relation).columns, x)
	}
	for _, x := range grants {
		at(x.Relation).grants = append(at(x.Relation).grants, x)
	}
	for _, x := range policies {
		at(x.Relation).policies = append(at(x.Relation).policies, x)
	}
	for _, x := range constraints {
		at(x.Relation).constraints = append(at(x.Relation).constraints, x)
	}
	for _, x := range indexes {
		at(x.Relation).indexes = append(at(x.Relation).indexes, x)
	}
	for _, x := range triggers {
		at(x.Relation).triggers = append(at(x.Relation).triggers, x)
	}
	for _, x := range rewrites {
		at(x.Relation).rewrites = append(at(x.Relation).rewrites, x)
	}
	for _, x := range inherits {
		at(x.Child).parents = append(at(x.Child).parents, x.Parent)
		at(x.Parent).children = append(at(x.Parent).children, x.Child)
	}
	for i := range c.tables {
		if r := k.byName[c.tables[i].name]; r != nil {
			r.declared = &c.tables[i]
		}
	}
	for _, n := range c.shared {
		if r := k.byName[n]; r != nil {
			r.shared = true
		}
	}
	for _, r := range k.rels {
		want := c.column
		if r.declared != nil {
			want = r.declared.column
		}
		r.tenant = r.column(want)
	}
	return k, nil
}

// fact runs one query of facts and reads its rows.
func fact(ctx context.Context, q DB, file string, into any, args ...any) error {
	text, err := facts.ReadFile("facts/" + file + ".sql")
	if err != nil {
		return err
	}
	var rows string
	query := "SELECT coalesce(json_agg(x), '[]')::text FROM (\n" + string(text) + "\n) x"
	if err := q.QueryRowContext(ctx, query, args...).Scan(&rows); err != nil {
		return fmt.Errorf("rls: reading %s: %w", file, err)
	}
	if err := json.Unmarshal([]byte(rows), into); err != nil {
		return fmt.Errorf("rls: reading %s: %w", file, err)
	}
	return nil
}

func arrayLiteral(set map[string]bool) string {
	var items []string
	for s := range set {
		items = append(items, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)+`"`)
	}
	slices.Sort(items)
	return "{" + strings.Join(items, ",") + "}"
}

func (r *relation) String() string { return name{r.Schema, r.Name}.String() }

// isTable reports whether policies can be written for r.
func (r *relation) isTable() bool { return r.Kind == "r" || r.Kind == "p" }

func (r *relation) column(n string) *column {
	for _, c := range r.columns {
		if c.Name == n {
			return c
		}
	}
	return nil
}

// held returns what roles the app can act as may do to r as a whole or to some column of it, such as
// "SELECT" or "UPDATE (a)", sorted.
func (r *relation) held() []string {
	var out []string
	for _, g := range r.grants {
		if g.Column == "" {
			out = append(out, g.Privilege)
		} else {
			out = append(out, g.Privilege+" ("+quote(g.Column)+")")
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// may reports whether the app can do verb to r or to some column of it.
func (r *relation) may(verb string) bool {
	return slices.ContainsFunc(r.grants, func(g grant) bool { return g.Privilege == verb })
}

// relation returns the table named n; an empty one if there is none.
func (k *catalogue) relation(n name) *relation {
	if r := k.byName[n]; r != nil {
		return r
	}
	return &relation{}
}

func (k *catalogue) column(t table) *column { return k.relation(t.name).column(t.column) }

// function returns the function of that name without arguments.
func (k *catalogue) function(schema, fn string) *function {
	for _, f := range k.funcs {
		if f.Schema == schema && f.Name == fn && f.ArgumentCount == 0 {
			return f
		}
	}
	return nil
}

// callable reports whether the app may call a function of schema tenancy.
func (k *catalogue) callable(fn string) bool {
	f := k.function("tenancy", fn)
	return f != nil && len(f.Executors) > 0
}

func (f *function) String() string {
	return name{f.Schema, f.Name}.String() + "(" + f.Arguments + ")"
}

// acts returns the role of that oid if the app can act as it.
func (k *catalogue) acts(oid int64) *role {
	for i := range k.roles {
		if k.roles[i].OID == oid {
			return &k.roles[i]
		}
	}
	return nil
}

// app is the app role.
func (k *catalogue) app() *role { return &k.roles[0] }

func (k *catalogue) mayCreateIn(schema string) bool {
	for _, s := range k.schemas {
		if s.Name == schema {
			return len(s.Creators) > 0
		}
	}
	return false
}

func (k *catalogue) handsOut(schema string) bool {
	return slices.ContainsFunc(k.defaults, func(d defaultGrant) bool { return d.Schema == schema })
}
