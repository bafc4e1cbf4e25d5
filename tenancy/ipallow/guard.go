package ipallow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Reason says why an address was admitted or refused.
type Reason string

// The reasons. Open and Listed admit; all others refuse.
const (
	Open          Reason = "open"           // the tenant restricts nobody
	Listed        Reason = "listed"         // the address is in the tenant's list
	NotListed     Reason = "not listed"     // it is not
	NoTenant      Reason = "no tenant"      // the context names none, or two
	NoPolicy      Reason = "no policy"      // the store has none for the tenant
	NoAddress     Reason = "no address"     // the client's address cannot be known
	PolicyUnknown Reason = "policy unknown" // the store failed, was too slow, or holds what cannot be read
)

// Decision is the answer for one address, or one request.
type Decision struct {
	Allowed bool
	Reason  Reason
	Tenant  tenancy.ID // zero if there is none
	Addr    netip.Addr // the client; not valid if it cannot be known. This is personal data.
	Err     error      // what stood in the way of a decision; nil if nothing did
}

// Options change a [Guard]. The zero Options is the strict one.
type Options struct {
	// OpenByDefault admits everyone to tenants that have no policy, for applications where the allowlist
	// is a feature that few switch on. A store that fails still refuses.
	OpenByDefault bool
	// TTL is how long a policy is remembered, and so how old the one may be that decides. 0 means 5
	// seconds, less than 0 not at all.
	TTL time.Duration
	// Timeout is how long the store may take before the answer is no. 0 means 2 seconds.
	Timeout time.Duration
	// Capacity is how many tenants and networks, counted together, are remembered. 0 means 200,000,
	// which is some 40 MB when it is full.
	Capacity int
	// Observe is told each decision of the middleware, before it is acted on. It must not block.
	Observe func(context.Context, Decision)
	// Audit is told of each change of a policy, before it is made and of how it ended, and of those refused with [ErrLockOut].
	// If it fails before, nothing is changed. In a transaction that the store joins, what it records commits with the change: a refusal is lost if that is rolled back.
	// The acts are tenancy.allowlist, .allowlist_trial and .allowlist_confirm; their ctx belongs to the tenant.
	Audit tenancy.Hook
	// Refused answers requests that are refused; nil means status 403 without detail. It is not told
	// why: who is kept out need not know.
	Refused http.Handler
}

// Guard decides who is let in and changes policies. It is safe for concurrent use.
type Guard struct {
	cache cache
	opts  Options
}

// NewGuard returns a guard over s.
func NewGuard(s Store, o Options) (*Guard, error) {
	switch {
	case s == nil:
		return nil, errors.New("ipallow: a guard needs a store")
	case o.Timeout < 0 || o.Capacity < 0:
		return nil, errors.New("ipallow: negative timeout or capacity")
	}
	if o.TTL == 0 {
		o.TTL = 5 * time.Second
	}
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Second
	}
	if o.Capacity == 0 {
		o.Capacity = 200_000
	}
	return &Guard{opts: o, cache: cache{store: s, ttl: max(0, o.TTL), timeout: o.Timeout,
		capacity: o.Capacity, known: make(map[tenancy.ID]*cached)}}, nil
}

// Decide says whether the tenant id lets a in. For a request, use [Guard.Middleware]; Decide is for
// other protocols, and for asking again what was asked at a session's start.
func (g *Guard) Decide(ctx context.Context, id tenancy.ID, a netip.Addr) Decision {
	d := Decision{Tenant: id, Addr: a.Unmap().WithZone("")}
	if id.IsZero() {
		d.Reason, d.Err = NoTenant, tenancy.ErrNoTenant
		return d
	}
	k, err := g.cache.get(ctx, id)
	switch {
	case err != nil:
		d.Reason, d.Err = PolicyUnknown, fmt.Errorf("ipallow: policy unknown: %w", err)
	case k.none && !g.opts.OpenByDefault:
		d.Reason, d.Err = NoPolicy, ErrNoPolicy
	case k.none || k.policy.Open:
		d.Allowed, d.Reason = true, Open
	case !d.Addr.IsValid():
		d.Reason, d.Err = NoAddress, ErrClient
	case k.policy.List.Contains(d.Addr):
		d.Allowed, d.Reason = true, Listed
	default:
		d.Reason = NotListed
	}
	return d
}

// Invalidate makes the next decision for id ask the store. Call it where another process tells of a
// change, and after committing a transaction that Replace or Confirm was called in.
func (g *Guard) Invalidate(id tenancy.ID) { g.cache.invalidate(id) }
