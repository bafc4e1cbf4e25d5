package rls

import (
	"fmt"
	"slices"
	"strings"
)

// The rules about tables: whether policies hold at all, and for whom.

func (in *inspection) checkTable(r *relation) {
	held := strings.Join(r.held(), ", ")
	if !r.Enabled && (len(r.parents) == 0 || r.declared != nil) { // children: RLS080
		in.report("RLS001", r.String(), "relrowsecurity is false; the app role may "+orNothing(held), in.guardFix(r))
	}
	if r.Enabled && !r.Forced {
		sev := Warning
		evidence := "relforcerowsecurity is false; the owner " + quote(r.OwnerName) + " sees every row"
		if in.k.acts(r.Owner) != nil {
			sev = Error
			evidence += ", and the app can act as it"
		}
		in.reportAs(sev, "RLS002", r.String(), evidence, fmt.Sprintf("ALTER TABLE %v FORCE ROW LEVEL SECURITY;", r))
	}
	if r.shared {
		in.report("RLS009", r.String(), "listed as shared, but has the tenant column "+quote(r.tenant.Name), "")
	}
	if len(r.parents) == 0 || r.declared != nil {
		in.checkTenantColumn(r)
	}
	in.checkParents(r)
	if lack := in.k.systemLacks[r.OID]; lack != "" && len(r.parents) == 0 {
		in.report("RLS068", r.String(), quote(in.c.system)+": "+lack, block("-- "+r.String(), in.c.systemGrants(in.tableFor(r))))
	}
}

// checkForgotten reports a table that looks like a tenant table and that nobody listed. Where the system
// role does its work, and the app does not, someone has thought about it.
func (in *inspection) checkForgotten(r *relation) {
	if !r.isTable() || r.tenant == nil || r.declared != nil || r.shared || r.Extension || r.Schema == "tenancy" || len(r.parents) > 0 {
		return
	}
	if in.reached(r) || in.c.system != "" && in.k.systemLacks[r.OID] == "" {
		return
	}
	in.report("RLS044", r.String(), quote(r.tenant.Name)+" "+r.tenant.Type+"; the app role may do nothing with it", "")
}

func orNothing(s string) string {
	if s == "" {
		return "do nothing with it"
	}
	return s
}

func (in *inspection) checkTenantColumn(r *relation) {
	c, col := r.tenant, quote(r.tenant.Name)
	if !c.NotNull {
		in.report("RLS030", r.String(), col+" "+c.Type, fmt.Sprintf("ALTER TABLE %v ALTER COLUMN %s SET NOT NULL;", r, col))
	}
	if !isScopeDefault(c.Default) && !c.Generated && r.may("INSERT") {
		seen := "no default"
		if c.Default != "" {
			seen = "default " + c.Default
		}
		in.report("RLS031", r.String(), seen, fmt.Sprintf("ALTER TABLE %v ALTER COLUMN %s SET DEFAULT %s;", r, col, in.tableFor(r).typ.initial()))
	}
	for _, g := range r.grants {
		switch {
		case g.Privilege != "UPDATE":
		case g.Column == "":
			in.report("RLS032", r.String(), g.Grantee+" may UPDATE every column", block("-- "+r.String(), []string{in.c.grants(in.tableFor(r))}))
		case g.Column == c.Name:
			in.report("RLS033", r.String(), g.Grantee+" may UPDATE ("+col+")", fmt.Sprintf("REVOKE UPDATE (%s) ON TABLE %v FROM %s;", col, r, grantee(g.Grantee)))
		}
	}
	odd := ""
	switch {
	case c.Base == "citext" || strings.HasSuffix(c.Base, ".citext"):
		odd = "citext: ids that differ in case are one tenant"
	case c.LooseCollation:
		odd = "a collation under which different ids are equal"
	case strings.HasPrefix(c.Base, "character("):
		odd = c.Base + ": padded with blanks, which comparisons with text lose"
	case c.Base == "real" || c.Base == "double precision" || c.Base == "json" || c.Base == "jsonb" || c.Category == "D" || c.Category == "B":
		odd = c.Base
	}
	if odd != "" {
		in.report("RLS043", r.String(), col+" is "+odd, "")
	}
}

// checkParents reports tables through which r's rows are reached without r's policies: those it is a
// partition or child of.
func (in *inspection) checkParents(r *relation) {
	for _, oid := range r.parents {
		p := in.k.byOID[oid]
		if p == nil {
			continue
		}
		if !p.Enabled && p.tenant == nil && in.reached(p) {
			in.report("RLS081", p.String(), fmt.Sprintf("rows of %v are read through it under its policies, and it has none", r),
				fmt.Sprintf("ALTER TABLE %v NO INHERIT %v;", r, p))
		}
	}
}

// parentOfTenants reports whether a tenant table inherits from r: RLS081.
func (in *inspection) parentOfTenants(r *relation) bool {
	return slices.ContainsFunc(r.children, func(oid int64) bool { c := in.k.byOID[oid]; return c != nil && c.tenant != nil })
}

// checkRelation reports what is reachable beside the tenant tables.
func (in *inspection) checkRelation(r *relation) {
	if r.Extension || r.Schema == "tenancy" {
		return
	}
	if in.k.acts(r.Owner) != nil {
		in.report("RLS052", r.String(), "owned by "+quote(r.OwnerName)+", which the app can act as: it can switch policies off", "")
	}
	if len(r.grants) == 0 {
		in.checkHidden(r)
		return
	}
	held := strings.Join(r.held(), ", ")
	switch r.Kind {
	case "r", "p":
		if len(r.parents) > 0 && !r.Enabled {
			in.report("RLS080", r.String(), "the app role may "+held+" here directly, past the policies of the table it belongs to",
				fmt.Sprintf("REVOKE ALL ON TABLE %v FROM PUBLIC, %s;", r, quote(in.c.app)))
		}
		if r.tenant != nil {
			return
		}
		for _, k := range r.constraints {
			if k.Kind == "f" {
				in.checkForeignKey(r, k)
			}
		}
		if !r.shared && len(r.parents) == 0 && !r.Enabled && !in.parentOfTenants(r) {
			in.report("RLS007", r.String(), "the app role may "+held, "")
		}
		if r.shared && held != "SELECT" && !r.Enabled {
			var writes []string
			for _, h := range r.held() {
				if h != "SELECT" && !strings.HasPrefix(h, "SELECT (") {
					writes = append(writes, h)
				}
			}
			if writes != nil {
				in.report("RLS008", r.String(), strings.Join(writes, ", "), in.c.sharedStep(name{r.Schema, r.Name}).sql)
			}
		}
	case "v":
		in.checkDefinerTriggers(r)
		if hit := in.tenantBehind(r, map[int64]bool{}); hit != nil && !r.Invoker {
			sev := Warning
			if r.OwnerBypasses || !hit.Forced {
				sev = Error
			}
			in.reportAs(sev, "RLS070", r.String(), fmt.Sprintf("reads %v as %s; the app role may %s", hit, quote(r.OwnerName), held),
				fmt.Sprintf("ALTER VIEW %v SET (security_invoker = true);", r))
		}
	case "m":
		if hit := in.tenantBehind(r, map[int64]bool{}); hit != nil || r.tenant != nil {
			in.report("RLS071", r.String(), "policies do not hold for it; the app role may "+held,
				fmt.Sprintf("REVOKE ALL ON TABLE %v FROM PUBLIC, %s;", r, quote(in.c.app)))
		}
	case "f":
		if !r.shared || r.tenant != nil {
			in.report("RLS072", r.String(), "policies cannot be written for it; the app role may "+held,
				fmt.Sprintf("REVOKE ALL ON TABLE %v FROM PUBLIC, %s;", r, quote(in.c.app)))
		}
	case "S":
		in.report("RLS042", r.String(), "the app role may "+held,
			fmt.Sprintf("REVOKE ALL ON SEQUENCE %v FROM PUBLIC, %s; -- use an identity column or uuidv7", r, quote(in.c.app)))
	}
}

// checkHidden looks at what the app was not granted but is shown through a child's parent.
func (in *inspection) checkHidden(r *relation) {
	if r.isTable() && r.tenant != nil && r.declared == nil {
		in.checkParents(r)
	}
}

// tenantBehind returns a tenant table that r, a view, reads directly or through other views.
func (in *inspection) tenantBehind(r *relation, seen map[int64]bool) *relation {
	if seen[r.OID] {
		return nil
	}
	seen[r.OID] = true
	for _, w := range r.rewrites {
		t := in.k.byOID[w.Target]
		if t == nil {
			continue
		}
		if t.isTable() && t.tenant != nil {
			return t
		}
		if t.Kind == "v" && !t.Invoker || t.Kind == "m" || t.Kind == "v" {
			if hit := in.tenantBehind(t, seen); hit != nil {
				return hit
			}
		}
	}
	return nil
}

// checkConfig reports tables of the config that are not there, or not as it says.
func (in *inspection) checkConfig() {
	for _, t := range in.c.tables {
		switch r := in.k.byName[t.name]; {
		case r == nil || !r.isTable():
			in.report("RLS009", t.String(), "there is no such table", "")
		case r.tenant == nil:
			in.report("RLS009", t.String(), "it has no column "+quote(t.column), "")
		case (t.typ == UUID) != (r.tenant.Base == "uuid"):
			in.report("RLS009", t.String(), fmt.Sprintf("%s is %s, not %s", quote(t.column), r.tenant.Type, t.typ), "")
		}
	}
	for _, n := range in.c.shared {
		if in.k.byName[n] == nil {
			in.report("RLS009", n.String(), "there is no such table", "")
		}
	}
}
