package rls

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Diff returns the statements of [SQL] that the database db is connected to still needs, and "" if it
// needs none. It changes nothing. A table of cfg that does not exist, or lacks its tenant column, is
// an error.
func Diff(ctx context.Context, db DB, cfg Config) (string, error) {
	c, err := cfg.parse()
	if err != nil {
		return "", err
	}
	var out string
	err = aside(ctx, db, func(q DB) error {
		k, err := load(ctx, q, c)
		if err != nil {
			return err
		}
		var errs []error
		for _, t := range c.tables {
			switch r := k.byName[t.name]; {
			case r == nil || !r.isTable():
				errs = append(errs, fmt.Errorf("rls: there is no table %v", t.name))
			case r.tenant == nil:
				errs = append(errs, fmt.Errorf("rls: table %v has no column %s", t.name, quote(t.column)))
			}
		}
		for _, n := range c.shared {
			if k.byName[n] == nil {
				errs = append(errs, fmt.Errorf("rls: there is no table %v", n))
			}
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
		out = c.print(func(s step) bool { return !s.done(k) })
		return nil
	})
	return out, err
}

// isScopeDefault reports whether an expression, as the server prints it, is the scope with at most a cast.
func isScopeDefault(expr string) bool {
	e := strings.NewReplacer("(", "", ")", "").Replace(expr)
	call, cast, _ := strings.Cut(e, "::")
	return (call == "tenancy.claimed" || call == "tenancy.id") && (cast == "character varying" || !strings.ContainsAny(cast, " :+|"))
}

// hasGuard reports whether the guard is there as SQL prints it.
func (k *catalogue) hasGuard(t table) bool {
	want := fmt.Sprintf("(%s = ( SELECT tenancy.id() AS id))", quote(t.column))
	if t.typ == UUID {
		want = fmt.Sprintf("(%s = (( SELECT tenancy.id() AS id))::uuid)", quote(t.column))
	}
	if x := k.column(t); t.typ == Text && x != nil && x.Base != "text" {
		want = fmt.Sprintf("((%s)::text = ( SELECT tenancy.id() AS id))", quote(t.column))
	}
	for _, p := range k.relation(t.name).policies {
		if p.Name == "tenancy_guard" {
			return !p.Permissive && p.Command == "ALL" && slices.Equal(p.Roles, []int64{0}) &&
				text(p.Using) == want && text(p.Check) == want
		}
	}
	return false
}

func (k *catalogue) hasAllow(t table) bool {
	for _, p := range k.relation(t.name).policies {
		if p.Name == "tenancy_allow" {
			return p.Permissive && p.Command == "ALL" && slices.Equal(p.Roles, []int64{k.app().OID}) &&
				text(p.Using) == "true" && text(p.Check) == "true"
		}
	}
	return false
}

// grantsAreExactly reports whether the app role, PUBLIC and the system role hold what SQL grants.
func (k *catalogue) grantsAreExactly(c *config, t table) bool {
	r := k.relation(t.name)
	want := map[string]bool{}
	for _, p := range t.privileges {
		if p != "UPDATE" {
			want[p] = true
			continue
		}
		for _, col := range r.columns {
			if col.Name != t.column {
				want["UPDATE ("+quote(col.Name)+")"] = true
			}
		}
	}
	held := r.held()
	for _, h := range held {
		if !want[h] {
			return false
		}
	}
	return len(held) == len(want) && k.systemLacks[r.OID] == ""
}

// onlyReadable reports whether the app can read the table and do nothing else to it.
func (k *catalogue) onlyReadable(n name) bool {
	return slices.Equal(k.relation(n).held(), []string{"SELECT"}) && k.systemLacks[k.relation(n).OID] == ""
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
