package rls

import (
	"fmt"
	"slices"
	"strings"
)

// The rules about privileges on relations.

// beyondPolicies are privileges that row-level security does not narrow.
var beyondPolicies = map[string]Severity{"TRUNCATE": Error, "REFERENCES": Warning, "TRIGGER": Error, "MAINTAIN": Warning}

func (in *inspection) checkGrants(r *relation) {
	if r.Extension || r.Schema == "tenancy" || !r.isTable() && r.Kind != "v" && r.Kind != "f" {
		return
	}
	if r.tenant == nil && r.Kind != "v" && !r.shared {
		return
	}
	past, open, onward := map[string][]string{}, []string{}, map[string][]string{}
	worst := Warning
	for _, g := range r.grants {
		if sev, ok := beyondPolicies[g.Privilege]; ok && r.Kind != "v" {
			past[g.Grantee] = append(past[g.Grantee], g.Privilege)
			worst = max(worst, sev)
		}
		if g.Grantee == "PUBLIC" && !r.shared {
			open = append(open, g.Privilege)
		}
		if g.Grantable {
			onward[g.Grantee] = append(onward[g.Grantee], g.Privilege)
		}
	}
	for who, ps := range past {
		list := unique(ps)
		in.reportAs(worst, "RLS050", r.String(), who+" may "+list, fmt.Sprintf("REVOKE %s ON TABLE %v FROM %s;", list, r, grantee(who)))
	}
	if len(open) > 0 && r.Kind != "v" {
		in.report("RLS051", r.String(), unique(open), fmt.Sprintf("REVOKE ALL ON TABLE %v FROM PUBLIC;", r))
	}
	for who, ps := range onward {
		in.report("RLS060", r.String(), who+" may grant on "+unique(ps), fmt.Sprintf("REVOKE GRANT OPTION FOR ALL ON TABLE %v FROM %s CASCADE;", r, grantee(who)))
	}
}

// grantee writes a role as SQL; PUBLIC is none.
func grantee(who string) string {
	if who == "PUBLIC" {
		return who
	}
	return quote(who)
}

func unique(ps []string) string {
	ps = slices.Clone(ps)
	slices.Sort(ps)
	return strings.Join(slices.Compact(ps), ", ")
}
