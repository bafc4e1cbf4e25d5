package rls

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/finding"
)

// Inspect reads the catalogue of the database db is connected to, runs every policy on made-up rows,
// and reports each way in which one tenant's session could touch another tenant's rows. It looks
// at the tables of cfg and at everything else the app role can reach.
//
// Connect as a role that owns the tables or is a superuser. If it may act as the app role, policies and
// query plans are tried as the app role. Nothing is changed, and no real row is read except where a
// policy reads one itself: all happens in a transaction, or in a savepoint of the *sql.Tx given,
// that is undone. Findings hold names, expressions and shapes, never a row's value.
func Inspect(ctx context.Context, db DB, cfg Config) (*Report, error) {
	c, err := cfg.parse()
	if err != nil {
		return nil, err
	}
	in := &inspection{c: c}
	err = aside(ctx, db, func(q DB) error {
		if in.k, err = load(ctx, q, c); err != nil {
			return err
		}
		return in.run(ctx, q)
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(in.found, func(a, b Finding) int { // maps were ranged over
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Evidence, b.Evidence))
	})
	return finding.New("bailiwick/rls", in.k.server.Database, rules, in.found, c.waive, time.Now()), nil
}

// inspection is one run of the rules.
type inspection struct {
	c     *config
	k     *catalogue
	found []Finding
}

func (in *inspection) run(ctx context.Context, q DB) error {
	tenant := in.tenantTables()
	var guardings []*guarding
	var probes []*probe
	shared := map[string]int{} // probes of the same text
	var which []int
	for _, r := range tenant {
		if !r.Enabled {
			continue
		}
		g := in.k.guardingOf(r)
		var as []*analysis
		for _, text := range slices.Sorted(keys(g.analyses)) {
			as = append(as, g.analyses[text])
		}
		p := in.k.planProbe(r, as)
		b, err := json.Marshal(p)
		if err != nil {
			return err
		}
		i, ok := shared[string(b)]
		if !ok {
			i = len(probes)
			shared[string(b)] = i
			probes = append(probes, p)
		}
		guardings, which = append(guardings, g), append(which, i)
	}
	role := ""
	if in.k.server.CanBecomeApp {
		role = in.c.app
	}
	verdicts, err := runProbes(ctx, q, role, probes)
	if err != nil {
		return err
	}
	for i, g := range guardings {
		g.verdict = verdicts[which[i]]
		in.checkLogic(g)
		in.checkShape(g)
		in.checkProof(g)
	}
	for _, r := range tenant {
		in.checkTable(r)
		in.checkKeys(r)
		in.checkTriggers(r)
	}
	for _, r := range in.k.rels {
		in.checkRelation(r)
		in.checkForgotten(r)
		in.checkGrants(r)
	}
	in.checkConfig()
	in.checkRoles()
	in.checkDatabase()
	in.checkFunctions()
	in.checkLibrary(ctx, q)
	if role != "" {
		return in.checkPlans(ctx, q, tenant)
	}
	return nil
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// tenantTables are the tables with a tenant column that the config lists or the app can reach.
func (in *inspection) tenantTables() []*relation {
	var out []*relation
	for _, r := range in.k.rels {
		if r.isTable() && r.tenant != nil && !r.Extension && (r.declared != nil || in.reached(r)) {
			out = append(out, r)
		}
	}
	return out
}

// reached reports whether the app can do anything to r.
func (in *inspection) reached(r *relation) bool {
	return len(r.grants) > 0 || in.k.acts(r.Owner) != nil
}

func (in *inspection) report(rule, object, evidence, fix string) {
	in.reportAs(ruleByID(rule).Severity, rule, object, evidence, fix)
}

func (in *inspection) reportAs(sev Severity, rule, object, evidence, fix string) {
	in.found = append(in.found, Finding{Rule: rule, Severity: sev, Object: object, Message: ruleByID(rule).Title, Evidence: evidence, Fix: fix})
}

func ruleByID(id string) Rule {
	for _, r := range rules {
		if r.ID == id {
			return r
		}
	}
	panic(fmt.Sprintf("rls: no rule %s", id))
}
