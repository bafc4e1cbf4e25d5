package rbac

import (
	"context"
	"errors"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// System is the application itself, as the one who administers ctx's tenant: for its first owner, for support, for a directory
// that is synchronised. It can give and take what no member could, and is recorded with the reason. It may do nothing else:
// no request is served with it.
func (a *Authorizer) System(ctx context.Context, reason string) (Principal, error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return Principal{}, err
	}
	if reason == "" {
		return Principal{}, errReason
	}
	empty := newSet(a.c)
	return Principal{s: &standing{kind: Machine, granted: empty, set: empty, status: Active}, tenant: tenant, via: &credential{system: reason}}, nil
}

var errReason = errors.New("rbac: the application needs a reason")

func (p Principal) isSystem() bool { return p.via != nil && p.via.system != "" }
