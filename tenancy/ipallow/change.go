package ipallow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
)

// MaxTrial is the longest that a change can be on trial.
const MaxTrial = 24 * time.Hour

// Change is a new policy for a tenant, and how sure its author is.
type Change struct {
	// Base is the version that the change was made from, as its author saw it; 0 if there was none.
	Base   int64
	Policy Policy
	// Actor is the address of whoever makes the change, as [Clients.Addr] found it for their request. A
	// policy that does not admit it is refused with [ErrLockOut]; the zero Addr is admitted by open
	// policies only.
	Actor netip.Addr
	// Trial, if it is not 0, makes the change hold for that long only, [MaxTrial] at most, unless
	// [Guard.Confirm] is called meanwhile. It may then lock out its author: it goes back by itself.
	Trial time.Duration
	// Force makes the change even if it locks out its author. It breaks the glass: see the package
	// comment. Who may use it is the application's to say; [Options].Audit is told that they did.
	Force bool
}

// Get returns the record of id as the store has it now, to show it and to make a [Change] from.
// [ErrNoPolicy] if there is none.
func (g *Guard) Get(ctx context.Context, id tenancy.ID) (Record, error) {
	return g.cache.store.Get(ctx, id)
}

// Replace makes change c for tenant id and returns the new record. It decides nothing about whether
// the author may: ask that first.
//
// [ErrLockOut] if c.Policy does not admit c.Actor and neither Trial nor Force is set; [ErrVersion] if
// somebody else changed the policy since c.Base. Nothing is changed then. After any other error it is
// not known whether the change was made: call Replace again with the same c, which makes it at most
// once, and returns the record if it was made already.
//
// This guard decides by the new policy as soon as Replace returns, others within their TTL. If ctx
// carries a transaction that the store joins, the change is in force when that commits: call
// [Guard.Invalidate] then.
func (g *Guard) Replace(ctx context.Context, id tenancy.ID, c Change) (Record, error) {
	switch {
	case c.Trial < 0 || c.Trial > MaxTrial:
		return Record{}, fmt.Errorf("ipallow: a trial lasts at most %s", MaxTrial)
	case c.Trial > 0 && c.Force:
		return Record{}, errors.New("ipallow: a change on trial needs no force")
	}
	act := actOf("tenancy.allowlist", id, c.Base, c.Policy, c.Actor)
	act.Detail["forced"] = c.Force
	if c.Trial > 0 {
		act.Name, act.Detail["trial_seconds"] = "tenancy.allowlist_trial", int64(c.Trial/time.Second)
	}
	if c.Trial == 0 && !c.Force && !c.Policy.Allows(c.Actor) {
		return Record{}, g.lockOut(ctx, act)
	}
	w := Write{Key: changeKey("replace", c.Base, c.Policy, c.Trial), Policy: c.Policy}
	if c.Trial > 0 {
		r, err := g.Get(ctx, id)
		switch {
		case errors.Is(err, ErrNoPolicy):
			w.Policy = Policy{Open: g.opts.OpenByDefault} // what holds without a policy
		case err != nil:
			return Record{}, err
		default:
			w.Policy = r.Policy
		}
		w.Trial, w.Duration = &c.Policy, c.Trial
	}
	return g.put(ctx, act, c.Base, w)
}

// Confirm makes the change that is on trial, version base, hold for good. It must come from an address
// that the policy on trial admits: that is what the trial is about. [ErrLockOut] if actor is another,
// [ErrNoTrial] if the time is over or nothing is on trial, [ErrVersion] if there was another change.
// After any other error, call it again, as with [Guard.Replace].
func (g *Guard) Confirm(ctx context.Context, id tenancy.ID, base int64, actor netip.Addr) (Record, error) {
	r, err := g.Get(ctx, id)
	if err != nil {
		return Record{}, err
	}
	if r.Version == base+1 && r.Key == changeKey("confirm", base, r.Policy, 0) {
		if g.opts.Audit == nil {
			return r, nil // this call again
		}
		// How it ended may not have been told: the store answers the same again.
		return g.put(ctx, actOf("tenancy.allowlist_confirm", id, base, r.Policy, actor), base, Write{Key: r.Key, Policy: r.Policy})
	}
	policy, left := r.Current()
	switch {
	case r.Version != base:
		return Record{}, ErrVersion
	case left == 0:
		return Record{}, ErrNoTrial
	}
	act := actOf("tenancy.allowlist_confirm", id, base, policy, actor)
	if !policy.Allows(actor) {
		return Record{}, g.lockOut(ctx, act)
	}
	return g.put(ctx, act, base, Write{Key: changeKey("confirm", base, policy, 0), Policy: policy})
}

// actOf describes a change to the policy p without its networks, which may be people's.
func actOf(name string, id tenancy.ID, base int64, p Policy, actor netip.Addr) tenancy.Act {
	return tenancy.Act{Name: name, Tenant: id, Addr: actor, Detail: map[string]any{
		"base": base, "open": p.Open, "entries": int64(p.List.Len())}}
}

// lockOut returns ErrLockOut, with the error of who could not be told of it.
func (g *Guard) lockOut(ctx context.Context, a tenancy.Act) error {
	if g.opts.Audit == nil {
		return ErrLockOut
	}
	a.ID, a.Stage = uuid.New(), tenancy.Refused
	if err := g.opts.Audit(tenancy.With(ctx, a.Tenant), a); err != nil {
		return fmt.Errorf("%w; it could not be recorded: %w", ErrLockOut, err)
	}
	return ErrLockOut
}

// put invalidates whatever Put answers, as an error may come after the change was made.
func (g *Guard) put(ctx context.Context, a tenancy.Act, base int64, w Write) (r Record, err error) {
	defer g.Invalidate(a.Tenant)
	if a.Tenant.IsZero() {
		return Record{}, tenancy.ErrNoTenant
	}
	err = g.opts.Audit.Around(tenancy.With(ctx, a.Tenant), a, func() error {
		r, err = g.cache.store.Put(ctx, a.Tenant, base, w)
		return err
	}, func(a *tenancy.Act) {
		if a.Stage == tenancy.Done {
			a.Detail["version"] = r.Version
		}
	})
	if err != nil {
		return Record{}, err
	}
	return r, nil
}

// changeKey names a change by its content and the version it was made from: the same change twice is
// one change, and two people who ask for the same thing at once both get it.
func changeKey(verb string, base int64, p Policy, trial time.Duration) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %d %t %d\n%s", verb, base, p.Open, trial, p.List.Text())
	return hex.EncodeToString(h.Sum(nil))
}
