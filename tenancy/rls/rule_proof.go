package rls

import (
	"slices"
	"strings"
)

// Running policies shows holes; it cannot show that there are none: a policy may let a row through at night, or for a
// session from one address. So something in the policies has to say, in a form that is understood, that the row's
// tenant is the scope's.

// checkProof reports a table for which nothing says so, unless something worse has been said of its policies.
func (in *inspection) checkProof(g *guarding) {
	if slices.ContainsFunc(in.found, func(f Finding) bool {
		return f.Object == g.r.String() && (f.Rule == "RLS003" || f.Rule >= "RLS010" && f.Rule <= "RLS023" && f.Rule != "RLS018" && f.Rule != "RLS021")
	}) {
		return
	}
	var faces []string
	for _, f := range allFaces {
		if len(speaking(g.permissive, f)) > 0 && !in.tied(g, f) {
			faces = append(faces, f.String())
		}
	}
	if faces != nil {
		in.report("RLS024", g.r.String(), strings.Join(faces, ", "), in.guardFix(g.r))
	}
}

// tied reports whether the policies that speak at face f tie a row to the tenant: one that restricts, or each that
// permits.
func (in *inspection) tied(g *guarding, f face) bool {
	ties := func(p *policy) bool {
		x, _ := p.expr(f)
		return in.k.inline(lex(x), 4).ties(g.r)
	}
	restrictive := append(speaking(g.guards, f), speaking(g.narrow, f)...)
	return slices.ContainsFunc(restrictive, ties) ||
		!slices.ContainsFunc(speaking(g.permissive, f), func(p *policy) bool { return !ties(p) })
}

// ties reports whether e is true only for rows of r whose tenant is the scope's, as far as its form shows.
func (e expression) ties(r *relation) bool {
	e = e.bare()
	if parts := e.split("OR"); len(parts) > 1 {
		return !slices.ContainsFunc(parts, func(p expression) bool { return !p.ties(r) })
	}
	if parts := e.split("AND"); len(parts) > 1 {
		return slices.ContainsFunc(parts, func(p expression) bool { return p.ties(r) })
	}
	if len(e) == 1 && e[0].kind == tkWord && e[0].val == "false" {
		return true
	}
	if len(e) > 0 && e[0].word("NOT") { // NOT (a IS DISTINCT FROM b), which is a = b or both NULL
		inner := e[1:].bare()
		for i := range inner {
			if inner.level(i) == 0 && i+2 < len(inner) && inner[i].word("IS") && inner[i+1].word("DISTINCT") && inner[i+2].word("FROM") {
				return r.tenant.NotNull && same(inner[:i], inner[i+3:], r)
			}
		}
		return false
	}
	for i, t := range e {
		if e.level(i) > 0 {
			continue
		}
		if t.word("IN") {
			return same(e[:i], e[i+1:], r)
		}
		if t.is("=") {
			if i > 0 && e[i-1].operator() || i+1 < len(e) && e[i+1].operator() {
				return false
			}
			return same(e[:i], e[i+1:], r)
		}
	}
	return false
}

// same reports whether one of a and b is the tenant column and the other one the scope.
func same(a, b expression, r *relation) bool {
	return a.isTenant(r) && b.isScope(r) || b.isTenant(r) && a.isScope(r)
}

// isTenant reports whether e is the tenant column, or a conversion of it that keeps values apart.
func (e expression) isTenant(r *relation) bool {
	e = e.bare().uncast(r).bare()
	if len(e) == 3 && e[0].isName() && e[0].val == r.Name && e[1].is(".") {
		e = e[2:]
	}
	return len(e) == 1 && e[0].isName() && e[0].val == r.tenant.Name
}

// isScope reports whether e is tenancy.id(), or what always equals it.
func (e expression) isScope(r *relation) bool {
	e = e.bare().uncast(r).bare()
	if len(e) == 0 {
		return false
	}
	if e[0].kind == tkWord && (strings.EqualFold(e[0].val, "ANY") || strings.EqualFold(e[0].val, "NULLIF")) && len(e) > 2 && e[1].is("(") && e.closing(1) == len(e)-1 {
		inside := e[2 : len(e)-1]
		if strings.EqualFold(e[0].val, "NULLIF") {
			return inside.split(",")[0].isScope(r)
		}
		inside = inside.bare().uncast(r).bare()
		if n := len(inside); n > 3 && inside[0].word("ARRAY") && inside[1].is("[") && inside[n-1].is("]") {
			one := inside[2 : n-1]
			return len(one.split(",")) == 1 && one.isScope(r)
		}
		return inside.isScope(r)
	}
	if e[0].kind == tkWord && strings.EqualFold(e[0].val, "SELECT") {
		return e[1:].selectsScope(r)
	}
	return e.is("tenancy . id ( )")
}

// selectsScope reports whether a sub-select with this list, and maybe this FROM, has the scope for its only row.
func (e expression) selectsScope(r *relation) bool {
	for i, t := range e {
		if e.level(i) == 0 && t.kind == tkWord && strings.EqualFold(t.val, "FROM") {
			what, from := e[:i], e[i+1:]
			if len(what) > 2 && strings.EqualFold(what[len(what)-2].val, "AS") {
				what = what[:len(what)-2]
			}
			if len(what) != 3 || !what[1].is(".") || len(from) < 6 || !from[:5].is("tenancy . id ( )") || from[5].val != what[0].val {
				return false
			}
			rest := from[6:]
			return len(rest) == 0 && what[2].val == what[0].val || len(rest) == 3 && rest[1].val == what[2].val
		}
	}
	if n := len(e); n > 2 && e[n-2].kind == tkWord && strings.EqualFold(e[n-2].val, "AS") && e[n-1].isName() {
		e = e[:n-2]
	}
	return e.isScope(r)
}

// exact are types in which different tenants stay different: they cut nothing off.
var exact = []string{"text", "character varying", "uuid", "bigint", "integer", "numeric", "citext"}

// uncast takes conversions off e that keep different tenants different.
func (e expression) uncast(r *relation) expression {
	for i := len(e) - 1; i > 0; i-- {
		if e[i].is("::") && e.level(i) == 0 {
			typ := strings.TrimSuffix(strings.TrimSpace(e[i+1:].String()), "[]")
			own := typ == r.tenant.Type || strings.HasSuffix(r.tenant.Type, "."+typ) || strings.HasSuffix(typ, "."+r.tenant.Type)
			if !slices.Contains(exact, typ) && !(own && !strings.Contains(r.tenant.Base, "(")) {
				return e
			}
			return e[:i].bare().uncast(r)
		}
	}
	return e
}

// bare is e without brackets around all of it.
func (e expression) bare() expression {
	for len(e) > 1 && e[0].is("(") && e.closing(0) == len(e)-1 {
		e = e[1 : len(e)-1]
	}
	return e
}

// level is how many brackets are open at e[i].
func (e expression) level(i int) (depth int) {
	for _, t := range e[:i] {
		switch {
		case t.is("("), t.is("["):
			depth++
		case t.is(")"), t.is("]"):
			depth--
		}
	}
	return depth
}

// split divides e at a word or sign that stands outside brackets. The server prints brackets around each AND and OR, also
// inside CASE, and no BETWEEN.
func (e expression) split(at string) []expression {
	var out []expression
	from := 0
	for i, t := range e {
		if e.level(i) == 0 && (t.word(at) || t.is(at)) {
			out = append(out, e[from:i])
			from = i + 1
		}
	}
	return append(out, e[from:])
}

func (t token) word(s string) bool { return t.kind == tkWord && t.text == s }

// operator reports whether t is a character that operators are made of.
func (t token) operator() bool {
	return t.kind == tkOther && len(t.text) == 1 && strings.ContainsAny(t.text, "+-*/<>=~!@#%^&|`?")
}

// is reports whether the tokens of e are those of s, which has space between them.
func (e expression) is(s string) bool {
	want := strings.Fields(s)
	return slices.EqualFunc(e, want, func(t token, w string) bool {
		return t.text == w || t.isName() && t.val == w
	})
}
