package rls

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// analysis is what a policy expression came to.
type analysis struct {
	text     string     // as the server prints it
	expr     expression // the same, taken apart
	runnable string     // with the signed scope replaced by a value the probe controls
	granted  string     // the same, supposing that what it asks other tables were true; "" if it asks none
	denied   string     // the same, supposing it were false
	scoped   bool       // it asks for the signed scope
	settings []string   // it reads these, itself or through a function
	really   []string   // those it reads through a function, which must really be set
	literals []string
	opaque   string // why what it does cannot be steered; "" if it can
}

// analyse takes an expression apart and looks into the functions it calls.
func (k *catalogue) analyse(text string) *analysis {
	a := &analysis{text: text, expr: lex(text)}
	scoped := k.inline(a.expr, 4)
	out := scoped.replaceCalls(func(c call) (string, bool) {
		if c.schema == "tenancy" && c.name == "id" && c.close == c.open+1 {
			a.scoped = true
			if c.from > 0 && scoped[c.from-1].val == "FROM" {
				return "LATERAL (SELECT bailiwick_env.bailiwick_s ->> 'id')", true
			}
			return "(bailiwick_env.bailiwick_s ->> 'id')", true
		}
		return "", false
	})
	runnable := out.replaceCalls(func(c call) (string, bool) {
		if c.schema == "tenancy" && c.name == "claimed" { // as good as a setting: nobody verifies it
			a.settings = append(a.settings, claimed)
			return "(bailiwick_env.bailiwick_s -> 'vars' ->> " + literal(claimed) + ")", true
		}
		if c.name != "current_setting" || c.schema != "" && c.schema != "pg_catalog" || c.open+1 >= len(out) || out[c.open+1].kind != tkString {
			return "", false
		}
		read := fmt.Sprintf("(bailiwick_env.bailiwick_s -> 'vars' ->> %s)", literal(out[c.open+1].val))
		if !out.mentions("true", c.open, c.close) { // unset, it would be an error; on a used connection, ''
			read = "coalesce(" + read + ", '')"
		}
		return read, true
	}).relex()
	a.runnable = runnable.String()
	if runnable.asksTables() {
		a.granted, a.denied = runnable.supposing("true"), runnable.supposing("false")
	}
	a.literals = out.literals()
	k.lookInto(a, out, 4, false)
	slices.Sort(a.settings)
	a.settings = slices.Compact(a.settings)
	slices.Sort(a.literals)
	a.literals = slices.Compact(a.literals)
	return a
}

// claimed stands among settings for what tenancy.claimed() returns.
const claimed = "tenancy.claimed()"

// inline replaces calls of argument-free SQL functions that wrap the signed scope by their bodies, so that
// the scope inside can be steered.
func (k *catalogue) inline(e expression, depth int) expression {
	if depth == 0 {
		return e
	}
	return e.replaceCalls(func(c call) (string, bool) {
		f := k.function(c.schema, c.name)
		if f == nil || c.close != c.open+1 || f.Language != "sql" || c.schema == "tenancy" {
			return "", false
		}
		body := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(f.Source), ";"))
		if rest, ok := cutPrefixFold(body, "RETURN "); ok {
			body = "SELECT " + rest
		}
		if _, ok := cutPrefixFold(body, "SELECT "); !ok || strings.Contains(body, ";") || strings.Contains(body, "--") || strings.Contains(body, "/*") {
			return "", false
		}
		inner := k.inline(lex(body), depth-1)
		if !slices.ContainsFunc(inner.calls(), func(c call) bool { return c.schema == "tenancy" && (c.name == "id" || c.name == "claimed") }) {
			return "", false
		}
		return "(" + inner.String() + ")::" + f.Returns, true
	}).relex()
}

// relex takes an expression apart again after texts were put into it.
func (e expression) relex() expression { return lex(e.String()) }

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}

// lookInto gathers the settings and constants of the functions e calls.
func (k *catalogue) lookInto(a *analysis, e expression, depth int, inside bool) {
	names, computed := e.settings()
	a.settings = append(a.settings, names...)
	if inside {
		a.really = append(a.really, names...)
	}
	if computed {
		a.opaque = "it reads a setting whose name it computes"
	}
	if depth == 0 {
		return
	}
	for _, c := range e.calls() {
		for _, f := range k.funcs {
			if f.Name != c.name || f.Schema != c.schema || f.Schema == "tenancy" {
				continue
			}
			if f.Language != "sql" && f.Language != "plpgsql" {
				a.opaque = fmt.Sprintf("it calls %v, which is written in %s", f, f.Language)
				continue
			}
			body := lex(f.Source)
			for _, inner := range body.calls() {
				if inner.schema == "tenancy" && (inner.name == "id" || inner.name == "claimed") {
					a.opaque = fmt.Sprintf("it asks for the signed scope inside %v", f)
				}
			}
			a.literals = append(a.literals, body.literals()...)
			k.lookInto(a, body, depth-1, true)
		}
	}
}

// planProbe returns the probe for a table's policies.
func (k *catalogue) planProbe(r *relation, as []*analysis) *probe {
	p := &probe{Exprs: []string{}, Rows: []values{}, States: []settingsState{}}
	var exprs []expression
	var literals, settings []string
	really := map[string]bool{}
	scoped, whole, qualified := false, false, false
	for _, a := range as {
		for _, e := range []string{a.runnable, a.granted, a.denied} {
			if e != "" && !slices.Contains(p.Exprs, e) {
				p.Exprs = append(p.Exprs, e)
			}
		}
		exprs = append(exprs, a.expr)
		literals = append(literals, a.literals...)
		settings = append(settings, a.settings...)
		for _, g := range a.really {
			really[g] = true
		}
		scoped = scoped || a.scoped
		for i, t := range a.expr {
			if t.isName() && t.val == r.Name && i+2 < len(a.expr) && a.expr[i+1].is(".") {
				qualified = true
				whole = whole || a.expr[i+2].is("*")
			}
		}
	}
	slices.Sort(literals)
	literals = slices.Compact(literals)
	slices.Sort(settings)
	settings = slices.Compact(settings)
	if len(settings) > 8 {
		settings = settings[:8]
	}
	who := idsFor(r.tenant, exprs)
	looked := []*column{r.tenant}
	for _, c := range r.columns {
		if c != r.tenant && slices.ContainsFunc(exprs, func(e expression) bool { return e.mentions(c.Name, 0, len(e)) }) {
			looked = append(looked, c)
		}
	}
	p.From = from(r, looked, whole, qualified)
	p.makeRows(r, who, looked, literals)
	p.makeStates(who, literals, settings, really, scoped, paths(exprs))
	return p
}

// from is the made-up table: only the columns that are looked at, so that tables of one shape share a
// probe; or the table's own row type where an expression wants the row as a whole.
func from(r *relation, looked []*column, whole, qualified bool) string {
	if whole {
		return fmt.Sprintf("jsonb_populate_record(NULL::%v, bailiwick_v) AS %s", r, quote(r.Name))
	}
	var cols []string
	for _, c := range looked {
		cols = append(cols, fmt.Sprintf("(bailiwick_v ->> %s)::%s AS %s", literal(c.Name), c.Base, quote(c.Name)))
	}
	alias := "bailiwick_t"
	if qualified {
		alias = r.Name
	}
	return fmt.Sprintf("(SELECT %s) AS %s", strings.Join(cols, ", "), quote(alias))
}

func (p *probe) makeRows(r *relation, who ids, looked []*column, literals []string) {
	neutral := values{}
	for _, c := range looked[1:] {
		neutral[c.Name] = nil
		if c.Category == "B" {
			no := "false"
			neutral[c.Name] = &no
		}
	}
	add := func(kind rowKind, tenant *string, note string, special values) {
		v := values{}
		for c, x := range neutral {
			v[c] = x
		}
		v[looked[0].Name] = tenant
		for c, x := range special {
			v[c] = x
		}
		p.Rows = append(p.Rows, v)
		p.rows = append(p.rows, madeRow{tenant, kind, note})
	}
	add(rowOther, &who.other, "a row of another tenant", nil)
	for _, n := range who.near {
		add(rowOther, &n, "a row of a tenant whose id differs in one character", nil)
	}
	add(rowOwn, &who.own, "an own row", nil)
	if !looked[0].NotNull {
		add(rowNull, nil, "a row whose tenant is NULL", nil)
	}
	for _, l := range literals {
		if fits(looked[0], l) {
			add(rowLiteral, &l, fmt.Sprintf("a row of the tenant %s", literal(l)), nil)
		}
	}
	special := func(cols ...*column) {
		lists := make([][]*string, len(cols))
		for i, c := range cols {
			lists[i] = trials(c, literals)
		}
		pick := make([]int, len(cols))
		for len(p.rows) < 200 {
			v := values{}
			var note []string
			for i, c := range cols {
				x := lists[i][pick[i]]
				v[c.Name] = x
				if x == nil {
					note = append(note, quote(c.Name)+" NULL")
				} else {
					note = append(note, quote(c.Name)+" "+literal(*x))
				}
			}
			add(rowSpecial, &who.other, "a row of another tenant with "+strings.Join(note, " and "), v)
			i := 0
			for ; i < len(pick); i++ {
				if pick[i]++; pick[i] < len(lists[i]) {
					break
				}
				pick[i] = 0
			}
			if i == len(pick) {
				return
			}
		}
	}
	for i, c := range looked[1:] {
		special(c)
		for _, d := range looked[i+2:] {
			special(c, d)
		}
	}
}

// magic are values that programs give settings to mean "everyone".
var magic = []string{"on", "true", "t", "1", "yes", "0", "-1", "*", "%", ".*", "all", "any", "admin", "system", "root", "superuser",
	"service_role", "bypass", "null", "NULL", "none", "00000000-0000-0000-0000-000000000000"}

func (p *probe) makeStates(who ids, literals, settings []string, really map[string]bool, scoped bool, path []string) {
	own, idsOf := &who.own, []*string{nil}
	if scoped || len(settings) == 0 {
		idsOf = []*string{own, nil}
	}
	state := func(kind func(id *string) envKind, note string, set map[string]string, ids ...*string) {
		actual := map[string]string{}
		for g, v := range set {
			if really[g] {
				actual[g] = v
			}
		}
		s := slices.IndexFunc(p.States, func(s settingsState) bool { return maps.Equal(s.Settings, actual) })
		if s < 0 {
			s = len(p.States)
			p.States = append(p.States, settingsState{Settings: actual})
		}
		for _, id := range ids {
			e := env{kind: kind(id), state: s, at: len(p.States[s].Envs), note: note, values: map[string]bool{}}
			p.States[s].Envs = append(p.States[s].Envs, madeEnv{id, set})
			if id != nil {
				e.values[*id] = true
			}
			if e.kind != envForged { // who claims to be a tenant may see it; a forger has not shown that he is
				for _, v := range set {
					e.values[v] = true
				}
			}
			switch {
			case id == nil || *id != who.own:
			case len(set) == 0:
				e.note = "a tenant's scope"
			default:
				e.note = "a tenant's scope and " + note
			}
			p.envs = append(p.envs, e)
		}
	}
	always := func(kind envKind) func(*string) envKind { return func(*string) envKind { return kind } }
	state(func(id *string) envKind {
		if id != nil {
			return envOwn
		}
		return envUnset
	}, "nothing set", map[string]string{}, idsOf...)
	if scoped {
		for _, l := range literals {
			state(always(envMagic), "the scope "+literal(l), map[string]string{}, &l)
		}
	}
	if len(settings) == 0 {
		return
	}
	all := func(v string) map[string]string {
		m := map[string]string{}
		for _, g := range settings {
			m[g] = v
		}
		return m
	}
	state(always(envEmpty), "every setting ''", all(""), idsOf...)
	state(always(envGarbage), "every setting nonsense", all("bailiwick-nonsense"), idsOf...)
	forms := func(v string) []string { // in which a setting may carry a tenant
		out := []string{v}
		if slices.Contains(settings, "tenancy.scope") {
			out = append(out, strings.Repeat("0", 89)+v) // where a scope has its tenant
		}
		for _, l := range literals {
			if len(l) == 1 && strings.Contains(":;,.|/#@ ", l) {
				out = append(out, strings.Join([]string{v, v, v, v}, l))
			}
		}
		if len(path) == 0 {
			return out
		}
		flat, nested := "", `"`+v+`"`
		for i, l := range path {
			if i > 0 {
				flat += ","
			}
			flat += fmt.Sprintf("%q:%q", l, v)
		}
		for _, l := range slices.Backward(path) {
			nested = fmt.Sprintf("{%q:%s}", l, nested)
		}
		return append(out, "{"+flat+"}", nested)
	}
	for i, f := range forms(who.own) {
		state(always(envOwn), "every setting the own tenant's", all(f), idsOf...)
		with := func(g, v string) map[string]string { m := all(f); m[g] = v; return m }
		other := forms(who.other)[i]
		for _, g := range settings {
			for _, v := range slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(magic), literals...)))) {
				if i == 0 && v != "" && v != who.own && v != who.other {
					state(always(envMagic), fmt.Sprintf("%s = %s", g, literal(v)), with(g, v), idsOf...)
				}
			}
			state(always(envForged), fmt.Sprintf("%s = the other tenant", g), with(g, other), idsOf...)
		}
		if len(settings) > 1 {
			state(always(envForged), "every setting the other tenant's", all(other), idsOf...)
		}
	}
}

// paths returns the keys by which expressions reach into JSON, in the order they stand in.
func paths(exprs []expression) []string {
	var out []string
	for _, e := range exprs {
		for i, t := range e {
			if t.kind != tkString || i == 0 || !e[i-1].is(">") {
				continue
			}
			for _, key := range strings.Split(strings.Trim(t.val, "{}"), ",") {
				if key != "" && !slices.Contains(out, key) {
					out = append(out, key)
				}
			}
		}
	}
	return out[:min(len(out), 6)]
}
