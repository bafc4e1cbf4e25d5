package rls

import (
	"slices"
)

// A face is one way in which policies are asked about a row.
type face struct {
	verb  string
	check bool // the row is new; otherwise it exists
}

var allFaces = []face{{"SELECT", false}, {"INSERT", true}, {"UPDATE", false}, {"UPDATE", true}, {"DELETE", false}}

func (f face) String() string {
	if f.check {
		return f.verb + " (new row)"
	}
	return f.verb
}

// expr returns what p asks at face f, and whether p speaks there at all.
func (p *policy) expr(f face) (string, bool) {
	if p.Command != "ALL" && p.Command != f.verb {
		return "", false
	}
	if f.check && p.Check != nil {
		return *p.Check, true
	}
	if f.check && p.Command == "INSERT" || p.Using == nil {
		return "true", true
	}
	return *p.Using, true
}

// guarding is what stands between the app and a table's rows.
type guarding struct {
	r          *relation
	permissive []*policy // for the app, or a role it can act as
	guards     []*policy // restrictive, for everyone
	narrow     []*policy // restrictive, for the app but not for everyone
	analyses   map[string]*analysis
	verdict    *verdict
	wide       map[face]bool // where every row gets through
	supposing  bool          // questions to other tables get whatever answer lets the row through
}

// guardingOf sorts a table's policies, and plans the probe that will show what they do. The constant
// expression true needs none.
func (k *catalogue) guardingOf(r *relation) *guarding {
	g := &guarding{r: r, analyses: map[string]*analysis{}, wide: map[face]bool{}}
	for _, p := range r.policies {
		public := slices.Contains(p.Roles, 0)
		reached, inherited := public, public
		for _, oid := range p.Roles {
			if role := k.acts(oid); role != nil {
				reached, inherited = true, inherited || role.Inherits
			}
		}
		switch {
		case p.Permissive && reached:
			g.permissive = append(g.permissive, p)
		case !p.Permissive && public:
			g.guards = append(g.guards, p)
		case !p.Permissive && inherited:
			g.narrow = append(g.narrow, p)
		default:
			continue
		}
		for _, f := range allFaces {
			if e, ok := p.expr(f); ok && g.analyses[e] == nil {
				g.analyses[e] = k.analyse(e)
			}
		}
	}
	return g
}

// passes reports whether row n passes policy p at face f in environment e. An expression that failed
// for a row let nothing pass.
func (g *guarding) passes(p *policy, f face, e, n int) bool {
	x, _ := p.expr(f)
	if x == "true" {
		return true
	}
	a := g.analyses[x]
	pass := func(run string) bool { return g.verdict.passed[[2]int{g.verdict.expr[run], e}][n] }
	return pass(a.runnable) || g.supposing && a.granted != "" && (pass(a.granted) || pass(a.denied))
}

// speaking returns those of ps that speak at face f.
func speaking(ps []*policy, f face) []*policy {
	var out []*policy
	for _, p := range ps {
		if _, ok := p.expr(f); ok {
			out = append(out, p)
		}
	}
	return out
}

// admits reports whether row n gets through at face f in environment e, and by which permissive policy.
func (g *guarding) admits(f face, e, n int) *policy {
	for _, p := range append(speaking(g.guards, f), speaking(g.narrow, f)...) {
		if !g.passes(p, f, e, n) {
			return nil
		}
	}
	for _, p := range speaking(g.permissive, f) {
		if g.passes(p, f, e, n) {
			return p
		}
	}
	return nil
}

// hole is a row that gets through where it must not.
type hole struct {
	face face
	env  *env
	row  *madeRow
	by   *policy
}

// holes returns the foreign rows that get through at face f, in the order environments and rows were
// made. A row that says nothing new is left out: a special one where any will do, and one for which magic
// is not needed.
func (g *guarding) holes(f face) []hole {
	var out []hole
	plain := map[int]bool{} // rows that get through without magic
	for e := range g.verdict.probe.envs {
		env := &g.verdict.probe.envs[e]
		any := false
		for n := range g.verdict.probe.rows {
			row := &g.verdict.probe.rows[n]
			if row.kind == rowOwn && (env.kind == envOwn || env.kind == envForged) || row.tenant != nil && env.values[*row.tenant] ||
				any && row.kind != rowOther && row.kind != rowOwn || plain[n] && (env.kind == envMagic || env.kind == envForged) {
				continue
			}
			p := g.admits(f, e, n)
			if p == nil {
				continue
			}
			out = append(out, hole{f, env, row, p})
			any = any || row.kind == rowOther
			plain[n] = plain[n] || env.kind != envMagic && env.kind != envForged
		}
	}
	return out
}

// open reports whether the policies ps alone let tenant A's session have a row of tenant B.
func (g *guarding) open(ps []*policy, f face) bool {
	ps = speaking(ps, f)
	for e, env := range g.verdict.probe.envs {
		if env.kind != envOwn {
			continue
		}
		for n, row := range g.verdict.probe.rows {
			if row.kind == rowOther && !env.values[*row.tenant] &&
				!slices.ContainsFunc(ps, func(p *policy) bool { return !g.passes(p, f, e, n) }) {
				return true
			}
		}
	}
	return false
}
