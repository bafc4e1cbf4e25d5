package rbac_test

import (
	"fmt"
	"io"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/rbac"
)

// Each exported method of what requests and administrators share is called while others change the tenant: the race
// detector looks on. What is added later is called with arguments of its types.
func TestEveryMethodHoldsAgainstWriters(t *testing.T) {
	t.Parallel()
	s := newShop(t, fast)
	d := s.desk
	b := d.another()
	raw, info := d.issue(d.system(d.ctx), rbac.TokenSpec{Member: syncer, Scopes: []rbac.Permission{ReadChat}})
	m := s.mux(rbac.MuxOptions{})
	owner := d.as(ada)
	widget, err := d.Surface(d.ctx, Widget)
	require.NoError(t, err)
	tokens := d.TokenTenant(nil)
	ctx := d.ctx

	// What is called, by type and method; errors are for other tests.
	var called sync.Map
	var n atomic.Int64
	name := func() string { return fmt.Sprint("u", n.Add(1)) }
	calls := map[string]func(a *rbac.Authorizer){
		"Authorizer.Member":      func(a *rbac.Authorizer) { p, _ := a.Member(ctx, bob); _ = p.Can(Reply) },
		"Authorizer.MemberFresh": func(a *rbac.Authorizer) { _, _ = a.MemberFresh(ctx, bob) },
		"Authorizer.Token":       func(a *rbac.Authorizer) { _, _ = a.Token(ctx, raw, here) },
		"Authorizer.TokenTenant": func(*rbac.Authorizer) { r := httptest.NewRequest("GET", "/", nil); with(raw)(r); _, _ = tokens(r) },
		"Authorizer.IssueToken": func(a *rbac.Authorizer) {
			_, i, err := a.IssueToken(ctx, owner, rbac.TokenSpec{Member: feed, Integration: "race"})
			if err == nil {
				_, _, _ = a.RotateToken(ctx, owner, i.ID, time.Minute)
			}
		},
		"Authorizer.RotateToken": func(a *rbac.Authorizer) { _, _, _ = a.RotateToken(ctx, owner, info.ID, time.Hour) },
		"Authorizer.RevokeTokens": func(a *rbac.Authorizer) {
			_, _ = a.RevokeTokens(ctx, owner, rbac.TokenSelector{Integration: "race"}, "")
		},
		"Authorizer.Tokens":          func(a *rbac.Authorizer) { _, _ = a.Tokens(ctx, owner, rbac.TokenSelector{All: true}) },
		"Authorizer.MachinePassword": func(a *rbac.Authorizer) { _, _ = a.MachinePassword(ctx, owner, syncer, 32) },
		"Authorizer.Saw":             func(a *rbac.Authorizer) { a.Saw(owner, here) },
		"Authorizer.Surface":         func(a *rbac.Authorizer) { p, _ := a.Surface(ctx, Widget); _ = p.Require(Reply) },
		"Authorizer.System":          func(a *rbac.Authorizer) { _, _ = a.System(ctx, "race") },
		"Authorizer.Catalog":         func(a *rbac.Authorizer) { _, _ = a.Catalog().Lookup("chat.read") },
		"Authorizer.SaveRole": func(a *rbac.Authorizer) {
			id, err := a.SaveRole(ctx, owner, rbac.RoleSpec{Name: name(), Permissions: []rbac.Permission{ReadChat}})
			if err == nil {
				_ = a.RemoveRole(ctx, owner, id)
			}
		},
		"Authorizer.RemoveRole": func(a *rbac.Authorizer) { _ = a.RemoveRole(ctx, owner, "~none") },
		"Authorizer.SetRoles": func(a *rbac.Authorizer) {
			_ = a.SetRoles(ctx, owner, bob, Viewer.ID())
			_ = a.SetRoles(ctx, owner, bob, Agent.ID())
		},
		"Authorizer.Add": func(a *rbac.Authorizer) {
			u := rbac.User(name())
			_ = a.Add(ctx, owner, u, Viewer.ID())
			_, _ = a.Remove(ctx, owner, u)
		},
		"Authorizer.Suspend": func(a *rbac.Authorizer) { _ = a.Suspend(ctx, owner, vic); _ = a.Resume(ctx, owner, vic) },
		"Authorizer.Members": func(a *rbac.Authorizer) { _, _ = a.Members(ctx, owner) },
		"Authorizer.Matrix":  func(a *rbac.Authorizer) { _, _ = a.Matrix(ctx, owner) },
		"Authorizer.Holders": func(a *rbac.Authorizer) { _, _ = a.Holders(ctx, owner, ReadChat) },
		"Principal.Can":      func(*rbac.Authorizer) { _ = owner.Can(Reply) },
		"Principal.Require":  func(*rbac.Authorizer) { _ = widget.Require(Reply) },
		"Principal.Explain":  func(*rbac.Authorizer) { _ = owner.Explain(Reply) },
		"Principal.Within":   func(*rbac.Authorizer) { _ = owner.Within("m", Reply).Can(Reply) },
		"Mux.ServeHTTP":      func(*rbac.Authorizer) { d.ask(m, "GET", "/chats/1", with(raw)); d.ask(m, "GET", "/me", as("bob")) },
		"Mux.Routes":         func(*rbac.Authorizer) { m.Routes() },
		"Mux.Handle":         func(*rbac.Authorizer) { m.Handle("GET /"+name(), ReadChat, says("x")) },
		"Mux.HandleFunc":     func(*rbac.Authorizer) { m.HandleFunc("GET /f"+name(), ReadChat, says("x").ServeHTTP) },
		"Lookup.Ask":         func(*rbac.Authorizer) { _, _ = s.ask("1001", "x@example.com") },
		"Lookup.ServeHTTP":   func(*rbac.Authorizer) { s.post(s.lookup, `{"number":"1001"}`, here) },
	}
	all := reflect.TypeOf(d.Authorizer)
	for i := range all.NumMethod() {
		f := all.Method(i)
		if what := "Authorizer." + f.Name; calls[what] == nil && f.Name != "Close" {
			calls[what] = func(a *rbac.Authorizer) {
				in := []reflect.Value{reflect.ValueOf(a)}
				for i := 1; i < f.Type.NumIn(); i++ {
					if i < f.Type.NumIn()-1 || !f.Type.IsVariadic() {
						in = append(in, plausible(d, owner, f.Type.In(i)))
					}
				}
				f.Func.Call(in)
			}
		}
	}
	var wg sync.WaitGroup
	for what, f := range calls {
		for _, a := range []*rbac.Authorizer{d.Authorizer, b} {
			wg.Go(func() {
				for range 8 {
					f(a)
				}
				called.Store(what, true)
			})
		}
	}
	wg.Wait()
	d.by(func() string {
		raw, _ := d.issue(d.system(ctx), rbac.TokenSpec{Member: feed})
		return raw
	}())

	for _, v := range []any{m, s.lookup} {
		typ := reflect.TypeOf(v)
		for i := range typ.NumMethod() {
			of, _, _ := strings.Cut(typ.Elem().Name(), "[")
			_, ok := called.Load(of + "." + typ.Method(i).Name)
			require.True(t, ok, "%s.%s is not called", of, typ.Method(i).Name)
		}
	}
}

// plausible are arguments of whatever else there is to call.
func plausible(d *desk, owner rbac.Principal, typ reflect.Type) reflect.Value {
	for _, v := range []any{d.ctx, owner, rbac.User("x"), Viewer.ID(), "x", time.Now().Add(time.Hour), io.Discard} {
		if is := reflect.TypeOf(v); is == typ || typ.Kind() == reflect.Interface && is.Implements(typ) {
			return reflect.ValueOf(v)
		}
	}
	return reflect.Zero(typ)
}
