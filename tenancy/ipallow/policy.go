package ipallow

import (
	"net/netip"
	"time"
)

// Policy is what one tenant decided. The zero Policy is restricted to an empty list: nobody.
type Policy struct {
	// Open admits every address, and requests whose client's address cannot be known. The list is kept
	// meanwhile, so that it can be prepared before, and switched off without being lost.
	Open bool
	// List is who is admitted unless Open. Nil is an empty list.
	List *List
}

// Allows reports whether the policy admits a. The zero Addr is admitted by an open policy only.
func (p Policy) Allows(a netip.Addr) bool { return p.Open || p.List.Contains(a) }

// Trial is a policy that goes away by itself.
type Trial struct {
	Policy Policy
	// Since and Until are the store's clock. The trial holds from Since until before Until, judged each
	// time it is read; at any other time it does not hold, so that a clock set back ends it.
	Since, Until time.Time
}

// Record is what a [Store] holds for one tenant.
type Record struct {
	Version int64     // counts changes from 1
	Key     string    // the idempotency key of the change that made this version
	Policy  Policy    // what holds, unless a trial does
	Trial   *Trial    // the last change, if it was made on trial and not confirmed; nil if not
	Now     time.Time // the store's clock when it was read
}

// Current returns the policy that held at r.Now. If that is one on trial, left is how long it still
// holds, and 0 otherwise.
func (r Record) Current() (p Policy, left time.Duration) {
	if t := r.Trial; t != nil && !r.Now.Before(t.Since) && r.Now.Before(t.Until) {
		return t.Policy, t.Until.Sub(r.Now)
	}
	return r.Policy, 0
}
