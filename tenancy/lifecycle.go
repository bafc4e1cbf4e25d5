package tenancy

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Lifecycle changes the state of tenants, in the directory and in the databases they live in.
//
// The two cannot be changed at once, so there is an order: a tenant's database is shut before the
// directory says so, and opened after. Wherever a change is cut short, the database lets no more
// happen than the directory says; repeating the call finishes it. Calls that want the same at the same
// time all succeed. Of calls that contradict each other, one that opens gives way to one that shuts, with
// [ErrState], unless it was finished before the other began.
//
// A Lifecycle is safe for concurrent use, in any number of processes.
type Lifecycle struct {
	Store  Store
	Shards []Shard
	// Choose picks the shard of a new tenant among those of its region; nil is [Rendezvous].
	Choose func(ctx context.Context, id ID, candidates []string) (string, error)
	// Audit is told of each change before it begins, and of how it ended; if it fails before there is no change, and if it
	// fails after, the call does. It is told again when a change is repeated. Its ctx belongs to the tenant. The acts are
	// tenancy.provision, .suspend, .resume, .begin_export, .end_export, .purge, which shuts the tenant for ever, and
	// .destroy, with how many rows, or bytes of files, were erased.
	Audit Hook
	// BeforePurge runs when nothing of the tenant can be read or written any more and nothing is
	// destroyed yet: the place to shred its keys. It may run again after a failure. Its ctx belongs to
	// the tenant.
	BeforePurge func(ctx context.Context, t Tenant) error
}

// Provision makes the tenant id in region and returns its entry, Active. Repeated, it returns the entry
// there is. [ErrWrongRegion] if the region has no shard that takes tenants, [ErrExists] if the id is
// taken in another region or is past its provisioning, [ErrPurged] if it was ever used before.
func (l *Lifecycle) Provision(ctx context.Context, id ID, region Region) (Tenant, error) {
	t, err := l.Store.Lookup(ctx, id)
	if errors.Is(err, ErrUnknownTenant) {
		t, err = l.create(ctx, id, region)
	}
	if err != nil {
		return Tenant{}, err
	}
	return l.run(ctx, "provision", t, func(t Tenant) (State, error) {
		switch {
		case t.State == Purging || t.State == Purged:
			return "", ErrPurged
		case t.Region != region || t.State != Provisioning && t.State != Active:
			return "", ErrExists
		}
		return Active, nil
	})
}

func (l *Lifecycle) create(ctx context.Context, id ID, region Region) (Tenant, error) {
	var candidates []string
	for _, s := range l.Shards {
		if !s.Full && (Tenant{Region: region}).ServedBy(s.Region) == nil {
			candidates = append(candidates, s.Name)
		}
	}
	if len(candidates) == 0 {
		return Tenant{}, fmt.Errorf("%w: no shard there takes tenants", ErrWrongRegion)
	}
	shard := Rendezvous(id, candidates)
	if l.Choose != nil {
		var err error
		if shard, err = l.Choose(ctx, id, slices.Clone(candidates)); err != nil {
			return Tenant{}, err
		}
		if !slices.Contains(candidates, shard) {
			return Tenant{}, fmt.Errorf("%w: the shard chosen is none of the candidates", ErrWrongRegion)
		}
	}
	t, err := l.Store.Create(ctx, Tenant{ID: id, Region: region, Shard: shard})
	if errors.Is(err, ErrExists) { // made by somebody else since: go on with that one
		return l.Store.Lookup(ctx, id)
	}
	return t, err
}

// Suspend stops everything of the tenant, at once for every statement that begins after it returns.
func (l *Lifecycle) Suspend(ctx context.Context, id ID) (Tenant, error) {
	return l.to(ctx, "suspend", id, Suspended, Active, Exporting, Suspended)
}

// Resume makes a suspended tenant active.
func (l *Lifecycle) Resume(ctx context.Context, id ID) (Tenant, error) {
	return l.to(ctx, "resume", id, Active, Suspended, Active)
}

// BeginExport makes an active or a suspended tenant readable only, so that it can be copied out.
func (l *Lifecycle) BeginExport(ctx context.Context, id ID) (Tenant, error) {
	return l.to(ctx, "begin_export", id, Exporting, Active, Suspended, Exporting)
}

// EndExport puts a tenant that is being exported back into the state it was in before. One that has left
// it already, being suspended meanwhile or by an earlier call, stays as it is.
func (l *Lifecycle) EndExport(ctx context.Context, id ID) (Tenant, error) {
	t, err := l.Store.Lookup(ctx, id)
	if err != nil {
		return Tenant{}, err
	}
	return l.run(ctx, "end_export", t, func(t Tenant) (State, error) {
		switch t.State {
		case Exporting:
			return t.Prior, nil
		case Active, Suspended:
			return t.State, nil
		}
		return "", refusal(t.State)
	})
}

// to changes a tenant that is in one of the states from.
func (l *Lifecycle) to(ctx context.Context, op string, id ID, to State, from ...State) (Tenant, error) {
	t, err := l.Store.Lookup(ctx, id)
	if err != nil {
		return Tenant{}, err
	}
	return l.run(ctx, op, t, func(t Tenant) (State, error) {
		if !slices.Contains(from, t.State) {
			return "", refusal(t.State)
		}
		return to, nil
	})
}

func refusal(s State) error {
	if s == Purging || s == Purged {
		return ErrPurged
	}
	return fmt.Errorf("%w: the tenant is %s", ErrState, s)
}
