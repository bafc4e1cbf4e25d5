package tenancy

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// run takes the tenant id from the state it is in to the one that plan asks for, by [Lifecycle.change].
//
// If somebody else changes the tenant meanwhile, what shuts is tried again, and what opens is not: that
// other change may have been a later decision to shut. It waits, about a second, to see whether somebody else
// opened it just as well, and else gives up.
func (l *Lifecycle) run(ctx context.Context, op string, t Tenant, plan func(Tenant) (State, error)) (Tenant, error) {
	const first, last = time.Millisecond, 1024 * time.Millisecond
	var opening State
	var out Tenant
	var err error
	for wait := first; ; wait *= 2 {
		if opening == "" || t.State == opening {
			to, refused := plan(t)
			if refused != nil {
				return Tenant{}, refused
			}
			if to.looser(t.State) {
				opening = to
			}
			out, err = l.change(ctx, op, t, to)
		}
		if wait > last || !errors.Is(err, errOvertaken) {
			return out, err
		}
		select {
		case <-ctx.Done():
			return Tenant{}, err
		case <-time.After(rand.N(wait)):
		}
		var lost error
		if t, lost = l.Store.Lookup(ctx, t.ID); lost != nil {
			return Tenant{}, lost
		}
	}
}

// errOvertaken marks an [ErrState] or [ErrStaleEpoch] whose reason is that somebody else changed the
// tenant since it was read.
var errOvertaken = errors.New("tenancy: the tenant is being changed by somebody else")

func overtaken(err error) error {
	if errors.Is(err, ErrState) || errors.Is(err, ErrStaleEpoch) {
		return fmt.Errorf("%w: %w", errOvertaken, err)
	}
	return err
}

// change puts t, as just read, into state to, in its database and in the directory; into the state it
// has, it repairs what a crash may have left undone; what is purging or purged stays as it is.
//
// Three things keep the database from ever letting more happen than the directory says. The order:
// shut the database first, open it last. The claim: it gives this change a ChangedAt of its own, so
// that the write to the directory fails if another change has begun since. And the host, which refuses
// a change with an older ChangedAt: whatever began before this one can no longer open the database
// once this one has shut it.
func (l *Lifecycle) change(ctx context.Context, op string, t Tenant, to State) (Tenant, error) {
	if t.State == Purged || t.State == Purging && to == Purging {
		return t, nil
	}
	host, err := l.host(t)
	if err != nil {
		return Tenant{}, err
	}
	act := Act{Name: "tenancy." + op, Tenant: t.ID, Prior: t.State, To: to, Shard: t.Shard}
	err = l.Audit.Around(Switch(ctx, t.ID), act, func() error {
		t, err = l.changeAt(ctx, host, op, t, to)
		return err
	}, nil)
	return t, err
}

// changeAt is change once it has been told of.
func (l *Lifecycle) changeAt(ctx context.Context, host Host, op string, t Tenant, to State) (_ Tenant, err error) {
	if t, err = l.Store.Claim(ctx, t); err != nil {
		return Tenant{}, overtaken(err)
	}
	if t.State == Provisioning {
		if err := host.Provision(ctx, t); err != nil {
			return Tenant{}, fmt.Errorf("tenancy: %s: host: %w", op, overtaken(err))
		}
	}
	opens := to.looser(t.State)
	if !opens {
		if err := set(ctx, host, op, t, to); err != nil {
			return Tenant{}, err
		}
	}
	if to != t.State {
		if t, err = l.Store.Transition(ctx, t, to); err != nil {
			return Tenant{}, overtaken(err)
		}
	}
	if opens {
		if err := set(ctx, host, op, t, to); err != nil {
			return Tenant{}, err
		}
	}
	return t, nil
}

func set(ctx context.Context, host Host, op string, t Tenant, to State) error {
	t.State = to
	if err := host.SetState(ctx, t); err != nil {
		return fmt.Errorf("tenancy: %s: host: %w", op, overtaken(err))
	}
	return nil
}

func (l *Lifecycle) host(t Tenant) (Host, error) {
	for _, s := range l.Shards {
		if s.Name == t.Shard {
			if err := t.ServedBy(s.Region); err != nil {
				return nil, err
			}
			return s.Host, nil
		}
	}
	return nil, errors.New("tenancy: the directory names a shard that this process does not have")
}
