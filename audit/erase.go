package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
)

// Erasure says what to forget: all of a Subject, or fields of the events Seqs, or both: those fields as far as they are the
// Subject's.
type Erasure struct {
	ID      uuid.UUID // idempotency key: a retry under it returns what the first call did; zero: none
	Subject Subject
	Seqs    []uint64
	Fields  []string // labels, such as "source.ip", "target.0.email", "data.note"; nil: all of the events
	// Basis is why it is done, such as "GDPR Art. 17(1)(b)", and By is who did it. Both are recorded. Basis is clear text for
	// ever: nothing personal in it.
	Basis string
	By    Party
}

// ErasureResult is what an erasure removed.
type ErasureResult struct {
	Events, Fields int
	Receipts       []Receipt // of the audit.erased events, none if there was nothing to erase
	// Lingering is set if the store's files may still have copies of what was erased, which the log itself has no longer: on
	// SQLite, because somebody was reading just then. They go soon after, or when an Erase that finds nothing more to do is
	// called again. Of one inside a transaction Options.Logger learns it, after the commit.
	Lingering bool
}

// An audit.erased event names at most so many events, in so many bytes.
const (
	erasedEvents = 1000
	erasedBytes  = 40_000
	basisBytes   = 4096
)

// errRaced: another erasure changed an opening between reading it and owning the log.
var errRaced = fmt.Errorf("%w: another erasure", ErrConflict)

// erasing is what becomes of one opening.
type erasing struct {
	seq    uint64
	who    Pseudonym
	labels []string // of what is erased
	old    []byte   // nil if any will do
	rest   []byte   // nil: nothing is left
}

// Erase removes erasable values and their salts, for good: the leaves, the tree and its roots stay what they are and
// still verify, and nobody can tell from a commitment what its value was, not even by trying all candidates. What is
// erased, why and by whom becomes part of the log in the same transaction (audit.erased). Erasing all of a subject
// also removes the trace that the events were about it. What a legal hold covers is not touched, and then nothing is
// ([ErrHeld]). Erasing what is not there does nothing and records nothing.
//
// If By is the Subject, only its type is recorded. Inside a transaction, events that were recorded in it or that wait
// for their places are not seen. Copies of the database keep what they have, unless values are sealed ([Sealer]) and
// the key is destroyed.
func (l *Log) Erase(ctx context.Context, x Erasure) (ErasureResult, error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return ErasureResult{}, err
	}
	if err := x.check(); err != nil {
		return ErasureResult{}, err
	}
	if err := l.settle(ctx, tenant); err != nil {
		return ErasureResult{}, err
	}
	for try := 1; ; try++ {
		done, err := l.eraseOnce(ctx, tenant, x)
		if !errors.Is(err, ErrConflict) || try == 10 || l.store.InTx(ctx) {
			if err == nil {
				l.store.Committed(ctx, func() { done.Lingering = !l.expunge(ctx, tenant) })
			}
			return done, err
		}
	}
}

// expunge makes the store's files forget what was removed from them, if it can, after the commit.
func (l *Log) expunge(ctx context.Context, tenant tenancy.ID) bool {
	s, ok := l.store.(Expunger)
	if !ok {
		return true
	}
	err := s.Expunge(tenancy.Switch(context.WithoutCancel(ctx), tenant)) // what is committed is not taken back
	if err != nil {
		l.opts.Logger.WarnContext(ctx, "audit: copies of what was erased may still be in the database's files", "tenant", tenant, "error", err)
	}
	return err == nil
}

func (x Erasure) check() error {
	switch {
	case x.Subject == "" && len(x.Seqs) == 0:
		return badField("erasure", "it names neither a subject nor events")
	case len(x.Seqs) == 0 && len(x.Fields) > 0:
		return badField("erasure", "it names fields, but no events")
	}
	return checkAct(x.Basis, x.By)
}

// checkAct checks what every administrative act must tell.
func checkAct(basis string, by Party) error {
	switch {
	case basis == "":
		return badField("basis", "it is empty")
	case len(basis) > basisBytes:
		return badField("basis", "it is too long")
	case by.Type == "":
		return badField("by", "it does not say who")
	}
	// The databases read these events too, and Postgres has no text with a NUL.
	for _, f := range [...]struct{ name, value string }{{"basis", basis}, {"by.id", by.ID}, {"by.name", by.Name}, {"by.email", by.Email}} {
		if strings.IndexByte(f.value, 0) >= 0 {
			return badField(f.name, "it has a NUL")
		}
	}
	return nil
}

func (l *Log) eraseOnce(ctx context.Context, tenant tenancy.ID, x Erasure) (done ErasureResult, err error) {
	if done, err = l.erasedBefore(ctx, tenant, x.ID); err != nil || len(done.Receipts) > 0 {
		return done, err
	}
	var plan []erasing
	if len(x.Seqs) == 0 {
		plan, err = l.planSubject(ctx, tenant, x.Subject)
	} else {
		plan, err = l.planFields(ctx, tenant, x)
	}
	if err != nil || len(plan) == 0 {
		return ErasureResult{}, err
	}
	events := erasedEventsOf(x, plan)
	err = l.store.Tx(ctx, func(ctx context.Context) error {
		done.Receipts, err = l.appendOwn(ctx, tenant, events...)
		if err != nil {
			return err
		}
		if err := l.unchanged(ctx, plan); err != nil {
			return err
		}
		return l.reopen(ctx, plan)
	})
	if err != nil {
		return ErasureResult{}, err
	}
	done.count(plan)
	return done, nil
}

func (r *ErasureResult) count(plan []erasing) {
	seqs := map[uint64]struct{}{}
	for _, p := range plan {
		seqs[p.seq] = struct{}{}
		r.Fields += len(p.labels)
	}
	r.Events = len(seqs)
}

// appendOwn records what the log tells of itself, in ctx's transaction. It comes first there: whoever appends to a log
// owns it until the transaction ends, so that what follows cannot be overtaken by another erasure or a hold.
func (l *Log) appendOwn(ctx context.Context, tenant tenancy.ID, events ...Event) ([]Receipt, error) {
	if l.isClosed() {
		return nil, ErrClosed
	}
	entries := make([]Entry, len(events))
	for i, e := range events {
		var err error
		if entries[i], err = l.encode(ctx, tenant, e); err != nil {
			return nil, err
		}
	}
	placed, err := l.store.Append(ctx, entries)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(placed, func(p Placed) bool { return p.Again }) {
		return nil, errRaced // a retry of this very act was quicker
	}
	l.store.Committed(ctx, func() { l.tell(tenant, len(placed), placed) })
	return receipts(tenant, entries, placed), nil
}

// unchanged makes sure that what was read before the log was owned is still so.
func (l *Log) unchanged(ctx context.Context, plan []erasing) error {
	for _, p := range plan {
		if p.old == nil {
			continue
		}
		s, err := l.at(ctx, p.seq)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(s.Open, func(o Opening) bool { return o.Subject == p.who && string(o.Data) == string(p.old) }) {
			return errRaced
		}
	}
	return nil
}

// reopen carries the plan out, a subject at a time.
func (l *Log) reopen(ctx context.Context, plan []erasing) error {
	with := map[Pseudonym][]Reopening{}
	var order []Pseudonym
	for _, p := range plan {
		if with[p.who] == nil {
			order = append(order, p.who)
		}
		with[p.who] = append(with[p.who], Reopening{p.seq, p.rest})
	}
	for _, who := range order {
		err := l.store.Reopen(ctx, who, with[who])
		if errors.Is(err, ErrNotFound) {
			return errRaced
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// at returns the event at that place.
func (l *Log) at(ctx context.Context, seq uint64) (s Stored, err error) {
	page, _, err := l.page(ctx, Find{From: seq, To: seq + 1, Limit: 1})
	if err == nil && len(page) == 0 {
		err = fmt.Errorf("%w at %d", ErrNotFound, seq)
	}
	if err != nil {
		return Stored{}, err
	}
	return page[0], nil
}
