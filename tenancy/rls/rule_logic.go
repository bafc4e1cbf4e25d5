package rls

import (
	"fmt"
	"slices"
	"strings"
)

// The rules about what policies do, found by running them on made-up rows.

// checkLogic reports every way in which a row of another tenant gets through a table's policies.
func (in *inspection) checkLogic(g *guarding) {
	found := map[string][]hole{}
	for _, f := range allFaces {
		if len(speaking(g.permissive, f)) == 0 {
			continue // nothing gets through
		}
		hs := g.holes(f)
		if i := slices.IndexFunc(hs, func(h hole) bool { return ruleOf(h) == "RLS010" || ruleOf(h) == "RLS011" }); i >= 0 {
			g.wide[f] = true
			hs = hs[i : i+1] // it cannot get worse: what else is open here says nothing more
		}
		seen := map[string]bool{}
		for _, h := range hs {
			if rule := ruleOf(h); !seen[rule] {
				seen[rule] = true
				found[rule] = append(found[rule], h)
			}
		}
	}
	for rule, hs := range found {
		in.reportHole(g, rule, hs)
	}
	if len(found) == 0 {
		in.checkQuestions(g)
	}
}

// checkQuestions reports a table whose rows are open to other tenants if some other table holds the right
// rows: nothing says that it does not.
func (in *inspection) checkQuestions(g *guarding) {
	asks := false
	for _, a := range g.analyses {
		asks = asks || a.granted != ""
	}
	if !asks {
		return
	}
	g.supposing = true
	defer func() { g.supposing = false }()
	for _, f := range allFaces {
		if len(speaking(g.permissive, f)) == 0 {
			continue
		}
		if hs := g.holes(f); len(hs) > 0 {
			in.report("RLS023", g.r.String(), fmt.Sprintf("%v: with %s, %s gets through policy %s if its subquery has the answer for it",
				f, hs[0].env.note, hs[0].row.note, quote(hs[0].by.Name)), in.guardFix(g.r))
			return
		}
	}
}

// ruleOf names what a hole is.
func ruleOf(h hole) string {
	switch {
	case h.env.kind == envMagic || h.env.kind == envForged:
	case h.row.kind == rowNull:
		return "RLS015"
	case h.row.kind == rowLiteral || h.row.kind == rowSpecial:
		return "RLS016"
	}
	switch h.env.kind {
	case envUnset:
		return "RLS012"
	case envEmpty, envGarbage:
		return "RLS013"
	case envMagic:
		return "RLS014"
	case envForged:
		return "RLS017"
	}
	if h.face.check {
		return "RLS011"
	}
	return "RLS010"
}

func (in *inspection) reportHole(g *guarding, rule string, hs []hole) {
	var faces []string
	exploitable := false
	for _, h := range hs {
		faces = append(faces, h.face.String())
		exploitable = exploitable || g.r.may(h.face.verb)
	}
	h := hs[0]
	how := "through policy " + quote(h.by.Name)
	if len(g.guards)+len(g.narrow) > 0 {
		how += ", and no restrictive policy stops it"
	}
	evidence := fmt.Sprintf("%s: with %s, %s gets through; %s", strings.Join(faces, ", "), h.env.note, h.row.note, how)
	sev := ruleByID(rule).Severity
	if !exploitable && sev == Error {
		sev = Warning
		evidence += "; the app role has no privilege for it now"
	}
	in.reportAs(sev, rule, g.r.String(), evidence, in.guardFix(g.r))
}

// checkShape reports guards that hold today but not against the next careless policy, and expressions
// that are slow, opaque, or fail.
func (in *inspection) checkShape(g *guarding) {
	var bare, partly, onlyApp []string
	for _, f := range allFaces {
		if !g.r.may(f.verb) || len(speaking(g.permissive, f)) == 0 || g.wide[f] {
			continue
		}
		all := append(slices.Clone(g.guards), g.narrow...)
		switch {
		case !g.open(g.guards, f):
		case !g.open(all, f):
			onlyApp = append(onlyApp, f.String())
		case len(all) == 0 || slices.IndexFunc(allFaces, func(f face) bool { return !g.open(all, f) }) < 0:
			bare = append(bare, f.String())
		default:
			partly = append(partly, f.String())
		}
	}
	fix := in.guardFix(g.r)
	for rule, faces := range map[string][]string{"RLS004": bare, "RLS005": partly, "RLS006": onlyApp} {
		if faces != nil {
			in.report(rule, g.r.String(), strings.Join(faces, ", "), fix)
		}
	}
	if len(g.permissive) == 0 {
		in.report("RLS003", g.r.String(), fmt.Sprintf("%d policies, none of them permissive and for the app role", len(g.r.policies)), fix)
	}
	in.checkExpressions(g)
}

func (in *inspection) checkExpressions(g *guarding) {
	perRow, ofRow, opaque, cast := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	col := g.r.tenant
	for _, a := range g.analyses {
		e := a.expr
		for _, c := range e.calls() {
			own := c.schema != "" && c.schema != "pg_catalog"
			takesRow := e.mentions(g.r.Name, c.open+1, c.close) || slices.ContainsFunc(g.r.columns, func(x *column) bool { return e.mentions(x.Name, c.open+1, c.close) })
			switch {
			case c.hoisted:
			case own && takesRow:
				ofRow[e[c.from:min(c.close+1, len(e))].String()] = true
			case own || c.schema == "" && c.name == "current_setting":
				perRow[e[c.from:min(c.close+1, len(e))].String()] = true
			case !own && c.name != "current_setting" && e.mentions(col.Name, c.open+1, c.close) && wraps[c.name]:
				cast[e[c.from:min(c.close+1, len(e))].String()] = true
			}
		}
		for i, t := range e {
			if i >= 3 && t.is("::") && e[i-1].is(")") && e[i-2].isName() && e[i-2].val == col.Name && e[i-3].is("(") && !relabels(col, e[i+1:]) {
				cast[e[i-3:min(i+2, len(e))].String()] = true
			}
		}
		if a.opaque != "" {
			opaque[a.opaque] = true
		}
		if why := g.brokenIn(a); why != "" {
			opaque[why] = true
		}
	}
	for rule, seen := range map[string]map[string]bool{"RLS018": perRow, "RLS019": ofRow, "RLS020": opaque, "RLS021": cast} {
		if len(seen) > 0 {
			in.report(rule, g.r.String(), strings.Join(sorted(seen), "; "), "")
		}
	}
}

// wraps are functions that turn the tenant column into something no index on it helps with.
var wraps = map[string]bool{"lower": true, "upper": true, "btrim": true, "substr": true, "substring": true, "left": true, "right": true,
	"md5": true, "hashtext": true, "replace": true, "concat": true, "text": true}

// relabels reports whether a cast of the column to the type that rest begins with costs nothing: between
// text and varchar, and from a domain to what it is made of.
func relabels(c *column, rest expression) bool {
	if len(rest) == 0 {
		return false
	}
	to := rest[0].val
	stringy := c.Base == "text" || strings.HasPrefix(c.Base, "character varying")
	return stringy && (to == "text" || to == "character" && len(rest) > 1 && rest[1].val == "varying" && !(len(rest) > 2 && rest[2].is("("))) || to == c.Base && c.Type != c.Base
}

// brokenIn says why an expression could not be run at all: it then keeps everyone out, or was not understood.
func (g *guarding) brokenIn(a *analysis) string {
	if a.text == "true" {
		return ""
	}
	x, why := g.verdict.expr[a.runnable], ""
	for e, env := range g.verdict.probe.envs {
		at := [2]int{x, e}
		if len(g.verdict.passed[at]) > 0 {
			return ""
		}
		if env.kind == envOwn || len(g.verdict.probe.envs) == 1 {
			if g.verdict.failed[at] == "" {
				return ""
			}
			why = "it fails when it is run: " + g.verdict.failed[at]
		}
	}
	return why
}

func sorted(set map[string]bool) []string {
	var out []string
	for s := range set {
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

// guardFix is the guard that SQL would print for the table.
func (in *inspection) guardFix(r *relation) string {
	t := in.tableFor(r)
	var lines []string
	for _, s := range in.c.tableSteps(t)[2:6] {
		if !s.done(in.k) {
			lines = append(lines, s.sql)
		}
	}
	return strings.Join(lines, "\n")
}

// tableFor returns the table as the config has it, or as SQL would take it.
func (in *inspection) tableFor(r *relation) table {
	if r.declared != nil {
		return *r.declared
	}
	t := table{name: name{r.Schema, r.Name}, column: in.c.column, typ: Text, privileges: verbs}
	if r.tenant != nil {
		t.column = r.tenant.Name
		if r.tenant.Base == "uuid" {
			t.typ = UUID
		}
	}
	return t
}
