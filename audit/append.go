package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
)

// maxCall is how many events one call of Append takes.
const maxCall = batchEvents

// Append records events in the log of ctx's tenant, all or none, one after the other. When it returns
// without error they are durable, and no later event of the tenant will be before them. What waits at the same
// time is written together, so that many writers cost little more than one; those of one tenant do not wait for another.
//
// If ctx carries a transaction of the store (of tenantdb, for package auditsql), the events are recorded with it: they
// are in the log if it commits, and nothing is if it does not. Where their places are given after that, the
// receipts are Pending.
//
// An error means that what the events describe must not happen. Nothing was recorded, unless the error wraps
// [ErrUnknown]: then the receipts still tell the events' IDs, to append them again under; the log holds each once.
// A ctx that ends before the events are on their way to the store takes them back. At most 2,048 events a call.
func (l *Log) Append(ctx context.Context, events ...Event) ([]Receipt, error) {
	for i := range events {
		if isOwnAction(events[i].Action.Name()) {
			return nil, badField("action", "only the log itself records it")
		}
	}
	return l.appendAny(ctx, events)
}

// Record is [Log.Append] of one event.
func (l *Log) Record(ctx context.Context, e Event) error {
	_, err := l.Append(ctx, e)
	return err
}

var _ Recorder = (*Log)(nil)

// appendAny is Append for events of the log itself as well.
func (l *Log) appendAny(ctx context.Context, events []Event) ([]Receipt, error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("audit: nothing recorded: %w", err)
	}
	if len(events) == 0 {
		return nil, nil
	}
	if len(events) > maxCall {
		return nil, badField("events", "there are more than a call takes")
	}
	job := newJob(len(events))
	for i := range events {
		en, err := l.encode(ctx, tenant, events[i])
		if err != nil {
			return nil, err
		}
		job.add(en)
		job.named = job.named || events[i].ID != uuid.Nil
	}
	if job.repeatsID() {
		return nil, badField("id", "two events of one call have the same")
	}
	var placed []Placed
	if l.store.InTx(ctx) {
		placed, err = l.park(ctx, tenant, job.entries)
	} else {
		placed, err = l.queued(ctx, tenant, job)
	}
	if err != nil && !errors.Is(err, ErrUnknown) {
		return nil, err
	}
	return receipts(tenant, job.entries, placed), err
}

// receipts makes those of entries; placed is empty if it is not known what became of them.
func receipts(tenant tenancy.ID, entries []Entry, placed []Placed) []Receipt {
	all := make([]Receipt, len(entries))
	for i := range entries {
		all[i] = Receipt{Tenant: tenant, ID: entries[i].ID}
		if len(placed) == 0 {
			continue
		}
		if p := &placed[i]; p.Parked {
			all[i].Pending, all[i].Again = true, p.Again
		} else {
			all[i].Seq, all[i].Hash, all[i].Again = p.Seq, p.Hash, p.Again
		}
	}
	return all
}

// park records entries with the transaction of ctx.
func (l *Log) park(ctx context.Context, tenant tenancy.ID, entries []Entry) ([]Placed, error) {
	if l.isClosed() {
		return nil, ErrClosed
	}
	placed, err := l.store.Park(ctx, entries)
	if err != nil {
		return nil, fmt.Errorf("audit: recording with the transaction: %w", err)
	}
	if len(placed) != len(entries) {
		return nil, fmt.Errorf("%w: the store told of %d places for %d events", ErrCorrupt, len(placed), len(entries))
	}
	parked := false
	for i := range placed {
		parked = parked || placed[i].Parked
	}
	l.store.Committed(ctx, func() {
		if parked {
			l.kick(tenant)
		} else {
			l.tell(tenant, len(placed), placed)
		}
	})
	return placed, nil
}

// tell lets the rest of the log know of events that got their places through this process.
func (l *Log) tell(tenant tenancy.ID, n int, placed []Placed) {
	if l.placed != nil {
		l.placed(tenant, n, placed)
	}
}

// certain reports whether err means that nothing was stored. Whatever the store does not say so of may have
// happened: a connection that broke after COMMIT was sent looks like any other that broke.
func certain(err error) bool {
	if errors.Is(err, ErrUnknown) {
		return false
	}
	for _, sure := range [...]error{
		ErrIDReused, ErrUnavailable, ErrSchema, ErrEvent, ErrClosed, tenancy.ErrNoTenant, tenancy.ErrConflict,
		tenancy.ErrUnknownTenant, tenancy.ErrNotActive, tenancy.ErrReadOnly, tenancy.ErrPurged, tenancy.ErrStaleEpoch, tenancy.ErrBusy,
	} {
		if errors.Is(err, sure) {
			return true
		}
	}
	return false
}
