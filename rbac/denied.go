package rbac

import "errors"

// ErrDenied is wrapped by every refusal: see [Denied].
var ErrDenied = errors.New("rbac: denied")

// Denied says what was refused and why, in words that a client may see: names of permissions, and no id, address or role.
type Denied struct {
	Permission string // "" where it is not one permission that is refused
	Reason     Reason
}

// Reason says why something is not allowed.
type Reason string

const (
	Granted    Reason = ""                                                       // it is allowed
	NotGranted Reason = "no role grants it"                                      // never granted
	ByKind     Reason = "it is not for machines and tokens, or only for them"    // removed by the kind of member or credential
	ByScope    Reason = "the token's scopes do not have it"                      // removed by scope
	BySurface  Reason = "it is not part of this public surface"                  // removed by surface
	ByGrant    Reason = "the support grant does not have it"                     // removed by a mask of the application's
	ByNetwork  Reason = "the client's address is not allowed"                    // the token's networks
	Expired    Reason = "access has expired"                                     // of the member or token
	NotActive  Reason = "access is suspended"                                    // of the member
	NotMember  Reason = "not a member"                                           // unknown, or removed
	BadToken   Reason = "no valid token"                                         // malformed, unknown, revoked, another tenant's: all alike
	BadInvite  Reason = "no valid invitation"                                    // unknown, used, withdrawn, expired, another's: all alike
	NotAbove   Reason = "nobody gives or takes what they do not hold themselves" // the guard of administration
	NotSelf    Reason = "nobody decides on their own access"                     //
	LastOwner  Reason = "the tenant would be without an owner"                   //
	Nobody     Reason = "nobody is asking"                                       // the zero Principal
)

// Reasons about tokens alone.
const (
	TokenExpired Reason = "the token has expired"
	NotTheirs    Reason = "a person's tokens are issued by that person" // as they act for that person
)

// Error is safe for clients.
func (d *Denied) Error() string {
	if d.Permission == "" {
		return "rbac: denied: " + string(d.Reason)
	}
	return "rbac: denied: " + d.Permission + ": " + string(d.Reason)
}

// Is makes a Denied an [ErrDenied], and equal to a Denied of the same reason and permission, or of that reason and none.
func (d *Denied) Is(target error) bool {
	if target == ErrDenied {
		return true
	}
	t, ok := target.(*Denied)
	return ok && t.Reason == d.Reason && (t.Permission == "" || t.Permission == d.Permission)
}

func denied(r Reason) error { return &Denied{Reason: r} }
