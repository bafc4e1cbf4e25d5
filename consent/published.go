package consent

import (
	"iter"
	"net/http"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// What a page needs to know of a manager to ask for it: package banner does.

// Registry returns the policies that m decides by.
func (m *Manager) Registry() *Registry { return m.c.Registry }

// Widget reports whether m answers in other sites' frames ([Config].Widget).
func (m *Manager) Widget() bool { return m.c.Widget }

// Cookie returns the name of the cookie that m keeps choices in.
func (m *Manager) Cookie() string { return m.sealer.name() }

// MayConfirm reports whether r's sender may have what an opt-out took away by a confirmation ([Answer].Confirm): everybody may who opted
// out, and under a signal a user who is signed in, unless [Config].NoOverride.
func (m *Manager) MayConfirm(r *http.Request) bool {
	if _, err := tenancy.From(r.Context()); err != nil {
		return false
	}
	return !GPC(r.Header) || !m.c.NoOverride && m.c.User != nil && m.c.User(r) != ""
}

// OptedOut reports whether r's sender ended the sale of data and targeted advertising: in this browser, or as the user who is signed in. Then it
// takes [Answer].Confirm to have what that took away.
func (m *Manager) OptedOut(r *http.Request) bool {
	var v seen
	m.visit(r, &v)
	return v.choice.OptOut || v.out
}

// Policies yields copies of the policies, oldest first.
func (r *Registry) Policies() iter.Seq[Policy] {
	return func(yield func(Policy) bool) {
		for i := range r.editions {
			if !yield(clonePolicy(r.editions[i].policy)) {
				return
			}
		}
	}
}
