package rls

import (
	"fmt"
	"slices"
	"strings"
)

// The rules about functions the app can call.

func (in *inspection) checkFunctions() {
	for _, f := range in.k.funcs {
		if f.Extension || f.Schema == "tenancy" {
			continue
		}
		revoke := fmt.Sprintf("REVOKE EXECUTE ON ROUTINE %v FROM PUBLIC, %s;", f, quote(in.c.app))
		callers := strings.Join(f.Executors, ", ")
		if in.k.acts(f.Owner) != nil {
			in.report("RLS052", f.String(), "owned by "+quote(f.OwnerName)+", which the app can act as", "")
		}
		if f.Leakproof {
			in.report("RLS076", f.String(), "it may be run on rows before policies have hidden them", fmt.Sprintf("ALTER FUNCTION %v NOT LEAKPROOF;", f))
		}
		if len(f.Executors) == 0 || f.IsTrigger {
			continue
		}
		if !f.Trusted {
			in.report("RLS063", f.String(), "written in "+f.Language+"; callable by "+callers, revoke)
		}
		if !f.Definer {
			continue
		}
		sev := Warning
		evidence := fmt.Sprintf("runs as %s; callable by %s", quote(f.OwnerName), callers)
		if f.OwnerBypasses {
			sev = Error
			evidence += "; policies do not hold for its owner"
		}
		in.reportAs(sev, "RLS073", f.String(), evidence, revoke)
		if f.Kind != "a" && !slices.ContainsFunc(f.Config, func(s string) bool { return strings.HasPrefix(s, "search_path=") }) {
			in.report("RLS074", f.String(), "", fmt.Sprintf("ALTER ROUTINE %v SET search_path = pg_catalog, pg_temp;", f))
		}
	}
}
