//go:build peers

package bench

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/casbin/casbin/v3"
	"github.com/casbin/casbin/v3/model"
	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/ast"
	"github.com/cedar-policy/cedar-go/types"
	opaast "github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// Casbin, with the roles as templates that all tenants share, which is its best case: in its documented way each tenant has
// rules of its own, and a check looks at all of them. cached answers from its cache, where every question asked already is.
// cedar-go, with one policy for each role and the users as entities. OPA, with a prepared query, data and input in the form that
// it is fastest with.
func init() {
	rbacEngines = append(rbacEngines,
		rbacEngine{name: "peer_casbin", open: openCasbin, slow: true},
		rbacEngine{name: "peer_casbin_cached", open: openCasbinCached},
		rbacEngine{name: "peer_cedar-go", open: openCedar, slow: true},
		rbacEngine{name: "peer_opa", open: openOPA, slow: true},
	)
	rbacLargeEngines = append(rbacLargeEngines, rbacLargeEngine{"peer_casbin", largeCasbin}, rbacLargeEngine{"peer_cedar-go", largeCedar}, rbacLargeEngine{"peer_opa", largeOPA})
}

const casbinModel = `
[request_definition]
r = sub, dom, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.obj == p.obj && r.act == p.act && g(r.sub, p.sub, r.dom)
`

// fine is the value, or the end of the benchmark.
func fine[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func casbinModelOf(text string) model.Model { return fine(model.NewModelFromString(text)) }

func openCasbin(_ testing.TB, w *rbacWorld) rbacLoaded {
	e := fine(casbin.NewSyncedEnforcer(casbinModelOf(casbinModel)))
	fillCasbin(e, w)
	now := map[[2]int]int{} // the roles of those that changed
	was := func(t, u int) int {
		if r, ok := now[[2]int{t, u}]; ok {
			return r
		}
		return w.role(t, u)
	}
	l := rbacLoaded{
		may: func(q *rbacQuestion) bool {
			return fine(e.Enforce(q.user, q.tenant, w.perms[q.p].object, w.perms[q.p].action))
		},
		assign: func(t, u, role int) (err error) {
			user, tenant, old := w.users[t][u], w.tenants[t], was(t, u)
			switch {
			case old == role:
				return nil
			case old < 0:
				_, err = e.AddGroupingPolicy(user, w.roles[role], tenant)
			default:
				_, err = e.UpdateGroupingPolicy([]string{user, w.roles[old], tenant}, []string{user, w.roles[role], tenant})
			}
			now[[2]int{t, u}] = role
			return err
		},
		remove: func(t, u int) error {
			_, err := e.DeleteRolesForUser(w.users[t][u], w.tenants[t])
			now[[2]int{t, u}] = -1
			return err
		},
		held: func(t, u int) (n int) {
			for _, r := range fine(e.GetImplicitRolesForUser(w.users[t][u], w.tenants[t])) {
				n += len(fine(e.GetPermissionsForUser(r)))
			}
			return n
		},
		keep: e,
	}
	return l
}

func openCasbinCached(_ testing.TB, w *rbacWorld) rbacLoaded {
	e := fine(casbin.NewSyncedCachedEnforcer(casbinModelOf(casbinModel)))
	fillCasbin(e, w)
	return rbacLoaded{keep: e, may: func(q *rbacQuestion) bool {
		return fine(e.Enforce(q.user, q.tenant, w.perms[q.p].object, w.perms[q.p].action))
	}}
}

func fillCasbin(e interface {
	AddPolicies([][]string) (bool, error)
	AddGroupingPolicies([][]string) (bool, error)
}, w *rbacWorld) {
	var p, g [][]string
	for r, role := range w.roles {
		for i, x := range w.perms {
			if w.holds(r, i) {
				p = append(p, []string{role, x.object, x.action})
			}
		}
	}
	for t, tenant := range w.tenants {
		for u, user := range w.users[t] {
			g = append(g, []string{user, w.roles[w.role(t, u)], tenant})
		}
	}
	fine(e.AddPolicies(p))
	fine(e.AddGroupingPolicies(g))
}

func cedarUID(kind, id string) types.EntityUID {
	return types.NewEntityUID(types.EntityType(kind), types.String(id))
}

func openCedar(_ testing.TB, w *rbacWorld) rbacLoaded {
	var policies strings.Builder
	for r, role := range w.roles {
		var actions []string
		for p, x := range w.perms {
			if w.holds(r, p) {
				actions = append(actions, fmt.Sprintf("Action::%q", x.name))
			}
		}
		fmt.Fprintf(&policies, "permit(principal in Role::%q, action in [%s], resource) when { principal.tenant == resource };\n", role, strings.Join(actions, ", "))
	}
	set := fine(cedar.NewPolicySetFromBytes("roles", []byte(policies.String())))
	users := types.EntityMap{}
	for t, tenant := range w.tenants {
		in := types.NewRecord(types.RecordMap{"tenant": cedarUID("Tenant", tenant)})
		for u, user := range w.users[t] {
			id := cedarUID("Member", user)
			users[id] = types.Entity{UID: id, Attributes: in, Parents: types.NewEntityUIDSet(cedarUID("Role", w.roles[w.role(t, u)]))}
		}
	}
	return rbacLoaded{keep: []any{set, users}, may: func(q *rbacQuestion) bool {
		d, _ := cedar.Authorize(set, users, cedar.Request{Principal: cedarUID("Member", q.user), Action: cedarUID("Action", w.perms[q.p].name), Resource: cedarUID("Tenant", q.tenant)})
		return bool(d)
	}}
}

// opaQuery prepares a policy over data.
func opaQuery(policy string, data map[string]any) rego.PreparedEvalQuery {
	store := inmem.NewFromObjectWithOpts(data, inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true))
	return fine(rego.New(rego.Query("data.roles.allow"), rego.Module("roles.rego", policy), rego.Store(store)).PrepareForEval(context.Background()))
}

func opaInput(pairs ...string) opaast.Value {
	var terms [][2]*opaast.Term
	for i := 0; i < len(pairs); i += 2 {
		terms = append(terms, [2]*opaast.Term{opaast.StringTerm(pairs[i]), opaast.StringTerm(pairs[i+1])})
	}
	return opaast.NewObject(terms...)
}

func openOPA(_ testing.TB, w *rbacWorld) rbacLoaded {
	members, grants := map[string]any{}, map[string]any{}
	for r, role := range w.roles {
		m := map[string]any{}
		for p, x := range w.perms {
			if w.holds(r, p) {
				m[x.name] = true
			}
		}
		grants[role] = m
	}
	for t, tenant := range w.tenants {
		m := map[string]any{}
		for u, user := range w.users[t] {
			m[user] = []any{w.roles[w.role(t, u)]}
		}
		members[tenant] = m
	}
	query := opaQuery(`package roles
default allow := false
allow if {
	some role in data.members[input.tenant][input.user]
	data.grants[role][input.permission]
}`, map[string]any{"members": members, "grants": grants})
	return rbacLoaded{keep: query, may: func(q *rbacQuestion) bool {
		in := opaInput("tenant", q.tenant, "user", q.user, "permission", w.perms[q.p].name)
		return fine(query.Eval(context.Background(), rego.EvalParsedInput(in))).Allowed()
	}}
}

func largeCasbin(_ testing.TB, w *rbacLarge) func(user, thing int) bool {
	e := fine(casbin.NewEnforcer(casbinModelOf(`
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
`)))
	var p, g [][]string
	for i, r := range w.roles {
		p = append(p, []string{r, w.things[i/10], "read"})
	}
	for i, u := range w.users {
		g = append(g, []string{u, w.roles[i/10]})
	}
	fine(e.AddPolicies(p))
	fine(e.AddGroupingPolicies(g))
	return func(user, thing int) bool { return fine(e.Enforce(w.users[user], w.things[thing], "read")) }
}

func largeCedar(_ testing.TB, w *rbacLarge) func(user, thing int) bool {
	set, read := cedar.NewPolicySet(), cedarUID("Action", "read")
	for i, r := range w.roles {
		set.Add(types.PolicyID(r), cedar.NewPolicyFromAST(ast.Permit().PrincipalIn(cedarUID("Role", r)).ActionEq(read).ResourceEq(cedarUID("Thing", w.things[i/10]))))
	}
	users := make(types.EntityMap, largeUsers)
	for i, u := range w.users {
		id := cedarUID("User", u)
		users[id] = types.Entity{UID: id, Parents: types.NewEntityUIDSet(cedarUID("Role", w.roles[i/10]))}
	}
	return func(user, thing int) bool {
		d, _ := cedar.Authorize(set, users, cedar.Request{Principal: cedarUID("User", w.users[user]), Action: read, Resource: cedarUID("Thing", w.things[thing])})
		return bool(d)
	}
}

func largeOPA(_ testing.TB, w *rbacLarge) func(user, thing int) bool {
	members, grants := map[string]any{}, map[string]any{}
	for i, r := range w.roles {
		grants[r] = map[string]any{w.things[i/10]: true}
	}
	for i, u := range w.users {
		members[u] = []any{w.roles[i/10]}
	}
	query := opaQuery(`package roles
default allow := false
allow if {
	some role in data.members[input.user]
	data.grants[role][input.thing]
}`, map[string]any{"members": members, "grants": grants})
	return func(user, thing int) bool {
		return fine(query.Eval(context.Background(), rego.EvalParsedInput(opaInput("user", w.users[user], "thing", w.things[thing])))).Allowed()
	}
}
