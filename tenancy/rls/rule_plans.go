package rls

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed explain.sql
var explainSQL string

// The rule about plans: what the planner really does with a guard, tried as the app role.

// checkPlans plans SELECT on every tenant table, and every view that runs as its caller, as the app role, and
// reports scans of tenant tables that look at no tenant. It plans only; nothing is read.
func (in *inspection) checkPlans(ctx context.Context, q DB, tenant []*relation) error {
	var targets []*relation
	for _, r := range tenant {
		wide := slices.ContainsFunc(in.found, func(f Finding) bool { return f.Rule == "RLS010" && f.Object == r.String() })
		if r.Enabled && r.may("SELECT") && in.k.acts(r.Owner) == nil && !wide {
			targets = append(targets, r)
		}
	}
	for _, r := range in.k.rels {
		if r.Kind == "v" && r.Invoker && r.may("SELECT") && !r.Extension && in.tenantBehind(r, map[int64]bool{}) != nil {
			targets = append(targets, r)
		}
	}
	if app := in.k.app(); len(targets) == 0 || app.Super || app.Bypass { // known already
		return nil
	}
	var names []string
	for _, r := range targets {
		names = append(names, r.String())
	}
	b, err := json.Marshal(names)
	if err != nil {
		return err
	}
	if _, err := q.ExecContext(ctx, `SELECT set_config('bailiwick.probes', $1, true), set_config('bailiwick.role', $2, true)`, string(b), in.c.app); err != nil {
		return fmt.Errorf("rls: %w", err)
	}
	if _, err := q.ExecContext(ctx, explainSQL); err != nil {
		return fmt.Errorf("rls: planning: %w", err)
	}
	var out string
	if err := q.QueryRowContext(ctx, `SELECT current_setting('bailiwick.outcome')`).Scan(&out); err != nil {
		return fmt.Errorf("rls: %w", err)
	}
	var plans []struct {
		Plan  []struct{ Plan map[string]any }
		Error string
	}
	if err := json.Unmarshal([]byte(out), &plans); err != nil {
		return fmt.Errorf("rls: planning: %w", err)
	}
	for i, r := range targets {
		for _, p := range plans[i].Plan {
			if bare := in.bareScan(p.Plan); bare != "" {
				in.report("RLS022", r.String(), bare, "")
				break
			}
		}
	}
	return nil
}

// bareScan returns what is wrong with a plan: a scan of a tenant table with no condition on its tenant.
func (in *inspection) bareScan(node map[string]any) string {
	schema, _ := node["Schema"].(string)
	rel, _ := node["Relation Name"].(string)
	if r := in.k.byName[name{schema, rel}]; r != nil && r.tenant != nil {
		conditions := ""
		for _, key := range []string{"Filter", "Index Cond", "Recheck Cond", "TID Cond", "One-Time Filter"} {
			s, _ := node[key].(string)
			conditions += " " + s
		}
		e := lex(conditions)
		whole := strings.Contains(conditions, quote(r.Name)+".*")       // a function of the row: RLS019
		whole = whole || strings.Contains(conditions, "hashed SubPlan") // an IN, of which the plan does not show the left side
		if !whole && !e.mentions(r.tenant.Name, 0, len(e)) {
			return fmt.Sprintf("%v of %v with the conditions:%s", node["Node Type"], r, orNone(strings.TrimSpace(conditions)))
		}
		return ""
	}
	children, _ := node["Plans"].([]any)
	for _, c := range children {
		if child, ok := c.(map[string]any); ok {
			if bare := in.bareScan(child); bare != "" {
				return bare
			}
		}
	}
	return ""
}

func orNone(s string) string {
	if s == "" {
		return " none"
	}
	return " " + s
}
