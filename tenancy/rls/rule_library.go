package rls

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// The rules about the library's own schema, on which every guard rests.

func (in *inspection) checkLibrary(ctx context.Context, q DB) {
	id := in.k.function("tenancy", "id")
	var wrong []string
	switch {
	case id == nil:
		wrong = append(wrong, "it does not exist")
	default:
		wrong = append(in.altered(id), in.misbehaves(ctx, q)...)
		if id.Volatility != "s" {
			wrong = append(wrong, "it is not STABLE")
		}
		if id.Returns != "text" {
			wrong = append(wrong, "it does not return text")
		}
	}
	if wrong != nil {
		in.report("RLS092", "tenancy.id()", strings.Join(wrong, "; "), "")
	}
	if fence := in.k.function("tenancy", "fence"); fence == nil {
		in.report("RLS093", "tenancy.fence()", "it does not exist", "")
	} else if wrong := in.altered(fence); wrong != nil {
		in.report("RLS093", "tenancy.fence()", strings.Join(wrong, "; "), "")
	}
	if !slices.ContainsFunc(in.k.funcs, func(f *function) bool {
		return f.Schema == "tenancy" && f.Name == "fence_key" && f.ArgumentCount == 1 && slices.Contains(genuine[f.Name], f.Hash)
	}) {
		in.report("RLS093", "tenancy.fence_key()", "it is not the one this version of the library installs: writers and whoever waits for them may not meet", "")
	}
	for _, r := range in.k.rels {
		if r.Schema != "tenancy" {
			continue
		}
		if len(r.policies) > 0 && !(r.Enabled && r.Forced) {
			in.report("RLS094", r.String(), "its row-level security is not enabled and forced",
				fmt.Sprintf("ALTER TABLE %v ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;", r))
		}
		if in.k.acts(r.Owner) != nil {
			in.report("RLS094", r.String(), "owned by a role the app can act as", "")
		}
		if len(r.grants) > 0 {
			in.report("RLS094", r.String(), "the app role may "+strings.Join(r.held(), ", "),
				fmt.Sprintf("REVOKE ALL ON TABLE %v FROM PUBLIC, %s;", r, quote(in.c.app)))
		}
	}
	for _, f := range in.k.funcs {
		if f.Schema == "tenancy" && len(f.Executors) > 0 && f.Definer && !f.IsTrigger && !(f.ArgumentCount == 0 && (f.Name == "id" || f.Name == "about")) {
			in.report("RLS094", f.String(), "callable by "+strings.Join(f.Executors, ", "),
				fmt.Sprintf("REVOKE EXECUTE ON ROUTINE %v FROM PUBLIC, %s;", f, quote(in.c.app)))
		}
	}
}

// altered says what is wrong with one of the two functions that guards call.
func (in *inspection) altered(f *function) []string {
	var wrong []string
	if !f.Definer {
		wrong = append(wrong, "it is not SECURITY DEFINER")
	}
	if in.k.acts(f.Owner) != nil {
		wrong = append(wrong, "it is owned by "+quote(f.OwnerName)+", which the app can act as")
	}
	if known := genuine[f.Name]; len(known) > 0 && !slices.Contains(known, f.Hash) {
		wrong = append(wrong, "its body is not the one this version of the library installs")
	}
	return wrong
}

// misbehaves calls tenancy.id() with no scope, and with scopes nobody signed.
func (in *inspection) misbehaves(ctx context.Context, q DB) []string {
	forged := strings.Repeat("0", 64) + "1k1" + "9999999999" + "000000000000" + "forged-tenant"
	var wrong []string
	for _, c := range []struct{ scope, want string }{{"", "null"}, {"nonsense", "refused"}, {forged, "refused"}, {"forged-tenant", "refused"}} {
		var got string
		err := within(ctx, q, func() error {
			if _, err := q.ExecContext(ctx, `SELECT set_config('tenancy.scope', $1, true)`, c.scope); err != nil {
				return err
			}
			return q.QueryRowContext(ctx, `SELECT CASE WHEN tenancy.id() IS NULL THEN 'null' ELSE 'tenant' END`).Scan(&got)
		})
		switch {
		case err != nil && !strings.Contains(err.Error(), "42501"):
			wrong = append(wrong, "it fails for another reason than a refusal: "+err.Error())
			return wrong
		case err != nil && c.want == "null":
			wrong = append(wrong, "it refuses a session without a scope instead of returning NULL")
		case err == nil && got != c.want && !(c.want == "refused" && got == "null"):
			wrong = append(wrong, "it returns a tenant for a scope nobody signed")
			return wrong
		}
	}
	return wrong
}

// within runs fn in a savepoint that is undone.
func within(ctx context.Context, q DB, fn func() error) error {
	if _, err := q.ExecContext(ctx, "SAVEPOINT bailiwick_try"); err != nil {
		return err
	}
	err := fn()
	if _, undo := q.ExecContext(ctx, "ROLLBACK TO SAVEPOINT bailiwick_try; RELEASE SAVEPOINT bailiwick_try"); undo != nil {
		return undo
	}
	return err
}
