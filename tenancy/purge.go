package tenancy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Purge destroys everything of the tenant, for ever and in every shard of l, and returns the receipt of
// it. Its id is never used again. A tenant that is active has to be suspended or exported first: [ErrState].
//
// Repeated after a crash or an error, Purge goes on where it was; once it is done it returns the first
// receipt. If the host could not show that nothing is left there is an error, and the tenant stays
// Purging.
func (l *Lifecycle) Purge(ctx context.Context, id ID) (Receipt, error) {
	t, err := l.Store.Lookup(ctx, id)
	if err != nil {
		return Receipt{}, err
	}
	if t, err = l.run(ctx, "purge", t, func(t Tenant) (State, error) {
		if t.State != Purging && t.State != Purged && !t.State.CanBecome(Purging) {
			return "", refusal(t.State)
		}
		return Purging, nil
	}); err != nil {
		return Receipt{}, err
	}
	var r Receipt
	err = l.Audit.Around(Switch(ctx, id), Act{Name: "tenancy.destroy", Tenant: id, Prior: t.State, To: Purged, Shard: t.Shard}, func() error {
		r, err = l.destroyOnce(ctx, t)
		return err
	}, func(a *Act) {
		erased := int64(0)
		for _, n := range r.Erased {
			erased += n
		}
		a.Detail = map[string]any{"erased": erased, "left": r.Left}
	})
	return r, err
}

// destroyOnce destroys what is left and returns the receipt, or the one there is.
func (l *Lifecycle) destroyOnce(ctx context.Context, t Tenant) (Receipt, error) {
	if r, found, err := l.receipt(ctx, t.ID); err != nil {
		return Receipt{}, err
	} else if found {
		return r, l.purged(ctx, t)
	}
	if t.State == Purged {
		return Receipt{}, fmt.Errorf("%w, and its receipt is lost", ErrPurged)
	}
	r, err := l.destroy(ctx, t)
	if err != nil {
		return Receipt{}, err
	}
	return r, l.purged(ctx, t)
}

func (l *Lifecycle) destroy(ctx context.Context, t Tenant) (Receipt, error) {
	if l.BeforePurge != nil {
		if err := l.BeforePurge(Switch(ctx, t.ID), t); err != nil {
			return Receipt{}, fmt.Errorf("tenancy: before purge: %w", err)
		}
	}
	host, err := l.host(t)
	if err != nil {
		return Receipt{}, err
	}
	r, err := destroyAt(ctx, host, t)
	if err != nil {
		return Receipt{}, err
	}
	r.Shard = t.Shard
	for _, s := range l.Shards { // a move that gave up, or is not cleared up yet, leaves a copy
		if s.Name == t.Shard {
			continue
		}
		copied, err := destroyAt(ctx, s.Host, t)
		switch {
		case errors.Is(err, ErrUnknownTenant):
			r.Proof = append(r.Proof, "shard "+s.Name+": the tenant was never there")
			continue
		case err != nil:
			return Receipt{}, fmt.Errorf("shard %s: %w", s.Name, err)
		}
		for what, n := range copied.Erased {
			if r.Erased == nil {
				r.Erased = map[string]int64{}
			}
			r.Erased[s.Name+": "+what] += n
		}
		for _, p := range copied.Proof {
			r.Proof = append(r.Proof, "shard "+s.Name+": "+p)
		}
	}
	text, err := json.Marshal(r)
	if err != nil {
		return Receipt{}, err
	}
	s, err := l.Store.Record(ctx, Step{Tenant: t.ID, Op: "purge", Name: "receipt", Detail: string(text)})
	if err != nil {
		return Receipt{}, err
	}
	return decodeReceipt(s) // the first one, if somebody purged beside us
}

func destroyAt(ctx context.Context, host Host, t Tenant) (Receipt, error) {
	r, err := host.Purge(ctx, t)
	switch {
	case err != nil:
		return Receipt{}, fmt.Errorf("tenancy: purge: host: %w", err)
	case r.Left != 0:
		return Receipt{}, fmt.Errorf("tenancy: purge: the host found %d rows or files of the tenant afterwards", r.Left)
	case r.Tenant != t.ID:
		return Receipt{}, fmt.Errorf("tenancy: purge: the host's receipt is for another tenant: %w", ErrConflict)
	}
	return r, nil
}

// purged moves the directory on; somebody who purges beside us may have done so.
func (l *Lifecycle) purged(ctx context.Context, t Tenant) error {
	for t.State != Purged {
		_, err := l.Store.Transition(ctx, t, Purged)
		if err == nil || !errors.Is(err, ErrState) {
			return err
		}
		if t, err = l.Store.Lookup(ctx, t.ID); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lifecycle) receipt(ctx context.Context, id ID) (r Receipt, found bool, err error) {
	steps, err := l.Store.Steps(ctx, id, "purge")
	if err != nil {
		return Receipt{}, false, err
	}
	for _, s := range steps {
		if s.Name == "receipt" {
			r, err = decodeReceipt(s)
			return r, true, err
		}
	}
	return Receipt{}, false, nil
}

func decodeReceipt(s Step) (r Receipt, err error) {
	if err := json.Unmarshal([]byte(s.Detail), &r); err != nil {
		return Receipt{}, errors.New("tenancy: the recorded receipt of the purge cannot be read")
	}
	return r, nil
}
