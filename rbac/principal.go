package rbac

import (
	"fmt"
	"io"
	"iter"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Principal is who acts in a tenant, as it was when it was asked for: see [Authorizer.Member], [Authorizer.Token] and
// [Authorizer.Surface]. It is for one request: what works longer, such as a web socket, asks anew. The zero Principal may do
// nothing. Principals are values, safe for concurrent use.
type Principal struct {
	s      *standing
	tenant tenancy.ID
	id     string // of the subject; "" of a surface
	via    *credential
}

// credential is what a principal came by, if it is no member at a keyboard.
type credential struct {
	token   *TokenRow
	surface string
	a       *Authorizer // of a surface: where it is noted what it is refused
	system  string      // the reason
}

// Can reports whether p may do x.
func (p Principal) Can(x Permission) bool { return p.s != nil && p.s.set.has(x) }

// Require is nil if p may do x, and else a [*Denied] that says why not.
func (p Principal) Require(x Permission) error {
	if p.Can(x) {
		return nil
	}
	return p.refusal(x)
}

func (p Principal) refusal(x Permission) error {
	p.asked(x.String())
	why, _ := p.why(x)
	return &Denied{x.String(), why}
}

// Reach says on how many of the tenant's rows something may be done.
type Reach int

const (
	None Reach = iota
	Own        // on those that are the principal's own
	All
)

// Reach is for the WHERE clause of a list: all rows, those of one's own, or none. A rule that depends on the row is a pair of
// permissions such as "orders.read" and "orders.read.own".
func (p Principal) Reach(all, own Permission) Reach {
	switch {
	case p.Can(all):
		return All
	case p.Can(own):
		return Own
	}
	return None
}

// Permissions goes through what p may do, in the order of declaration.
func (p Principal) Permissions() iter.Seq[Permission] {
	if p.s == nil {
		return func(func(Permission) bool) {}
	}
	return p.s.set.all()
}

// Tenant is the tenant that p acts in; the zero ID for nobody.
func (p Principal) Tenant() tenancy.ID { return p.tenant }

// Subject is the member that p is; the zero Subject for nobody, a surface, and the application itself.
func (p Principal) Subject() Subject {
	if p.s == nil || p.id == "" {
		return Subject{}
	}
	return Subject{p.s.kind, p.id}
}

// TokenID is that of the API token that p came by, or "".
func (p Principal) TokenID() string {
	if p.via == nil || p.via.token == nil {
		return ""
	}
	return p.via.token.ID
}

// IsZero reports whether p is nobody.
func (p Principal) IsZero() bool { return p.s == nil }

// Within returns p without what is not among xs: for masks of your own, such as that of a support grant. It can only take
// away. name says what the mask is, for [Principal.Explain]. The application itself ([Authorizer.System]) has no part of what
// it may do: in a mask it is nobody.
func (p Principal) Within(name string, xs ...Permission) Principal {
	if p.s == nil || p.isSystem() {
		return Principal{}
	}
	s := newSet(p.s.set.c)
	for _, x := range xs {
		if p.s.set.c.holds(x) {
			s.add(x.n)
		}
	}
	p.s = p.s.narrowed(cut{ByGrant, name, s})
	return p
}

// Format writes what p is and neither its id nor its tenant's, whatever the verb.
func (p Principal) Format(f fmt.State, _ rune) {
	out := "rbac.Principal(nobody)"
	switch {
	case p.s == nil:
	case p.via != nil && p.via.token != nil:
		out = "rbac.Principal(token)"
	case p.via != nil && p.via.surface != "":
		out = "rbac.Principal(surface)"
	case p.via != nil:
		out = "rbac.Principal(system)"
	default:
		out = "rbac.Principal(" + string(p.s.kind) + ")"
	}
	_, _ = io.WriteString(f, out)
}
