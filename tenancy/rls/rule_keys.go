package rls

import (
	"fmt"
	"slices"
	"strings"
)

// The rules about keys: constraints that reach across tenants tell one what another has, or change it.

func (in *inspection) checkKeys(r *relation) {
	if len(r.parents) > 0 && r.declared == nil { // its parent's keys are looked at
		return
	}
	leads := false
	for _, i := range r.indexes {
		if i.Valid && !i.Partial && len(i.Columns) > 0 && i.Columns[0] == r.tenant.Name {
			leads = true
		}
		if !i.Unique || slices.Contains(i.Columns, r.tenant.Name) {
			continue
		}
		rule := "RLS035"
		if i.Primary {
			rule = "RLS034"
		}
		fix := ""
		if !slices.Contains(i.Columns, "") {
			cols := []string{quote(r.tenant.Name)}
			for _, c := range i.Columns {
				cols = append(cols, quote(c))
			}
			kind := "UNIQUE"
			if i.Primary {
				kind = "PRIMARY KEY"
			}
			switch {
			case i.Constraint != nil:
				fix = fmt.Sprintf("ALTER TABLE %v DROP CONSTRAINT %s, ADD %s (%s);", r, quote(*i.Constraint), kind, strings.Join(cols, ", "))
			case !i.Partial:
				fix = fmt.Sprintf("DROP INDEX %v;\nCREATE UNIQUE INDEX ON %v (%s);", name{r.Schema, i.Name}, r, strings.Join(cols, ", "))
			}
		}
		in.report(rule, r.String(), i.Definition, fix)
	}
	if !leads {
		in.report("RLS039", r.String(), fmt.Sprintf("%d indexes, none of them valid, whole and with %s first", len(r.indexes), quote(r.tenant.Name)),
			fmt.Sprintf("CREATE INDEX ON %v (%s);", r, quote(r.tenant.Name)))
	}
	for _, k := range r.constraints {
		if k.Kind == "x" {
			at := slices.Index(k.Columns, r.tenant.Name)
			if at < 0 || k.Operators[at] != "=" {
				in.report("RLS036", r.String(), quote(k.Name)+" "+k.Definition, "")
			}
			continue
		}
		in.checkForeignKey(r, k)
	}
}

// checkForeignKey reports k unless it ties the tenant of a row to the tenant of the row it points at.
func (in *inspection) checkForeignKey(r *relation, k *constraint) {
	target := in.k.byOID[k.Target]
	if target == nil || target.tenant == nil {
		return
	}
	if r.tenant != nil {
		for i, c := range k.Columns {
			if c == r.tenant.Name && k.References[i] == target.tenant.Name {
				return
			}
		}
	}
	rule := "RLS037"
	if strings.Contains("cnd", k.OnDelete) || strings.Contains("cnd", k.OnUpdate) {
		rule = "RLS038"
	}
	in.report(rule, r.String(), quote(k.Name)+" "+k.Definition, in.foreignKeyFix(r, target, k))
}

// foreignKeyFix is k with the tenant in front on both sides, if it can be.
func (in *inspection) foreignKeyFix(r, target *relation, k *constraint) string {
	if r.tenant == nil || r.tenant.Base != target.tenant.Base || slices.Contains(k.Columns, r.tenant.Name) || slices.Contains(k.References, target.tenant.Name) {
		return ""
	}
	list := func(first string, rest []string) string {
		out := []string{quote(first)}
		for _, c := range rest {
			out = append(out, quote(c))
		}
		return strings.Join(out, ", ")
	}
	_, after, _ := strings.Cut(k.Definition, ") REFERENCES ")
	_, actions, _ := strings.Cut(after, ")")
	if strings.Contains("nd", k.OnDelete) || strings.Contains("nd", k.OnUpdate) { // must not empty the tenant
		if in.k.server.Version < 150000 || strings.Contains("nd", k.OnUpdate) {
			return ""
		}
		for _, action := range []string{"ON DELETE SET NULL", "ON DELETE SET DEFAULT"} {
			if strings.Contains(actions, action+" (") {
				continue
			}
			actions = strings.Replace(actions, action, action+" ("+list(k.Columns[0], k.Columns[1:])+")", 1)
		}
	}
	return fmt.Sprintf("ALTER TABLE %v DROP CONSTRAINT %s, ADD FOREIGN KEY (%s) REFERENCES %v (%s)%s;", r, quote(k.Name),
		list(r.tenant.Name, k.Columns), target, list(target.tenant.Name, k.References), actions)
}

// fence states.
const (
	fenceMissing = iota
	fenceAltered // it is there, but disabled, conditional, or not for every write
	fenceSound
)

// The bits of pg_trigger.tgtype.
const (
	tgRow    = 1
	tgBefore = 2
	tgInsert = 4
	tgDelete = 8
	tgUpdate = 16
)

// fence looks for triggers that run tenancy.fence() before each statement that inserts, updates or
// deletes; several may share the work.
func (k *catalogue) fence(oid int64) int {
	r := k.byOID[oid]
	if r == nil {
		return fenceMissing
	}
	state, events := fenceMissing, 0
	for _, t := range r.triggers {
		f := k.funcByID[t.Function]
		if f == nil || f.Schema != "tenancy" || f.Name != "fence" {
			continue
		}
		state = fenceAltered
		if (t.Enabled == "O" || t.Enabled == "A") && !t.Conditional && t.Type&tgRow == 0 && t.Type&tgBefore != 0 {
			events |= t.Type
		}
	}
	if all := tgInsert | tgDelete | tgUpdate; events&all == all {
		return fenceSound
	}
	return state
}

// writable reports whether the app may write r.
func (r *relation) writable() bool { return r.may("INSERT") || r.may("UPDATE") || r.may("DELETE") }

// checkDefinerTriggers reports triggers that run as somebody else when the app writes r, a table or view.
func (in *inspection) checkDefinerTriggers(r *relation) {
	for _, t := range r.triggers {
		f := in.k.funcByID[t.Function]
		if f == nil || !f.Definer || t.Enabled == "D" || f.Schema == "tenancy" && f.Name == "fence" || !r.writable() {
			continue
		}
		sev := Warning
		if f.OwnerBypasses {
			sev = Error
		}
		in.reportAs(sev, "RLS075", r.String(), fmt.Sprintf("trigger %s runs %v as %s", quote(t.Name), f, quote(f.OwnerName)), "")
	}
}

func (in *inspection) checkTriggers(r *relation) {
	in.checkDefinerTriggers(r)
	for _, w := range r.rewrites {
		if !w.View && w.Enabled != "D" && (w.Target != 0 || w.Event != "") {
			in.report("RLS077", r.String(), "rule "+quote(w.Rule), fmt.Sprintf("DROP RULE %s ON %v;", quote(w.Rule), r))
			break
		}
	}
	if !r.writable() || r.Partition && r.declared == nil {
		return
	}
	fix := in.c.tableSteps(in.tableFor(r))[6].sql
	switch in.k.fence(r.OID) {
	case fenceMissing:
		in.report("RLS040", r.String(), fmt.Sprintf("%d triggers, none of them runs tenancy.fence()", len(r.triggers)), fix)
	case fenceAltered:
		in.report("RLS041", r.String(), "disabled, conditional, or not before every statement that writes", fix)
	}
}
