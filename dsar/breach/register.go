package breach

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
)

// What is recorded in the audit log, by the kind of the entry.
var actions = map[Kind]audit.Action{
	Opened:       audit.Define("breach.opened", audit.Create),
	Supplemented: audit.Define("breach.supplemented", audit.Update),
	Confirmed:    audit.Define("breach.confirmed", audit.Update),
	Assessed:     audit.Define("breach.assessed", audit.Update),
	Notified:     audit.Define("breach.notified", audit.Update),
	Excused:      audit.Define("breach.excused", audit.Update),
	Closed:       audit.Define("breach.closed", audit.Update),
	Reopened:     audit.Define("breach.reopened", audit.Update),
}

// Options of [New]. All but Rules are needed.
type Options struct {
	// Recorder gets an event with the hash of every entry, without its texts. An entry that cannot be recorded is not written.
	Recorder audit.Recorder
	// Calendar is for the clocks.
	Calendar deadline.Calendar
	// Rules are what laws ask for; nil: those of [Rules].
	Rules []Rule
}

// A Register is where breaches are written down. It is safe for concurrent use, and has nothing to close.
type Register struct {
	store Store
	o     Options
}

// New returns the register over a store. The errors are [ErrRule], [deadline.ErrCalendar], and what is missing.
func New(st Store, o Options) (*Register, error) {
	switch {
	case st == nil:
		return nil, errors.New("breach: there is no store")
	case o.Recorder == nil:
		return nil, errors.New("breach: there is no recorder")
	case o.Calendar.Zone == nil:
		return nil, fmt.Errorf("breach: %w: no zone", deadline.ErrCalendar)
	}
	if o.Rules == nil {
		o.Rules = Rules()
	}
	o.Rules = slices.Clone(o.Rules)
	seen := map[string]bool{}
	for i := range o.Rules {
		if err := o.Rules[i].check(); err != nil {
			return nil, err
		}
		if seen[o.Rules[i].ID] {
			return nil, fmt.Errorf("%w: %q is there twice", ErrRule, o.Rules[i].ID)
		}
		seen[o.Rules[i].ID] = true
	}
	return &Register{st, o}, nil
}

// Add writes e at the end of its breach, and records that in the audit log in the same transaction where the store's is the log's. The
// same entry under the same key again changes nothing. It returns the breach as it is then. The errors are [ErrEntry], [ErrKey],
// [ErrLate], [ErrOpen], [ErrNotFound], [ErrTampered], and after many attempts [ErrConflict].
func (r *Register) Add(ctx context.Context, e Entry) (b Breach, err error) {
	for range 8 {
		err = r.store.Tx(ctx, func(ctx context.Context) (err error) {
			b, err = r.add(ctx, e)
			return err
		})
		if !errors.Is(err, ErrConflict) {
			break
		}
	}
	if err != nil {
		return Breach{}, err
	}
	return b, nil
}

func (r *Register) add(ctx context.Context, e Entry) (Breach, error) {
	now, err := r.store.Now(ctx)
	if err != nil {
		return Breach{}, err
	}
	e = e.normal()
	e.Laws = slices.Clone(e.Laws)
	if err := e.check(now); err != nil {
		return Breach{}, err
	}
	var b Breach
	entries, err := r.store.Entries(ctx, e.Breach)
	switch {
	case errors.Is(err, ErrNotFound) && e.Kind == Opened:
	case err != nil:
		return Breach{}, err
	default:
		if b, err = read(entries); err != nil {
			return Breach{}, err
		}
	}
	for i := range b.Entries {
		if x := &b.Entries[i]; x.Key == e.Key {
			if x.content() != e.content() {
				return Breach{}, ErrKey
			}
			return b, nil
		}
	}
	if err := r.fits(&b, &e); err != nil {
		return Breach{}, err
	}
	e.Seq, e.Recorded, e.Nonce = uint64(len(b.Entries))+1, now, make([]byte, 16)
	_, _ = rand.Read(e.Nonce) // never fails: see crypto/rand
	if len(b.Entries) > 0 {
		e.Prev = b.Entries[len(b.Entries)-1].Hash
	}
	e = e.normal()
	e.Hash = e.Digest()
	if err := r.store.Append(ctx, e); err != nil {
		return Breach{}, err
	}
	data := map[string]any{"seq": e.Seq, "hash": hex.EncodeToString(e.Hash[:])}
	if e.Law != "" {
		data["law"], data["to"] = e.Law, string(e.To)
	}
	event := audit.Event{ID: audit.IDFor("breach/" + string(e.Breach) + "/" + e.Key), Action: actions[e.Kind], Actor: e.By,
		Targets: []audit.Party{{Type: "breach", ID: string(e.Breach)}}, Data: data}
	if err := r.o.Recorder.Record(ctx, event); err != nil {
		return Breach{}, fmt.Errorf("breach: the audit log: %w", err)
	}
	b.apply(e)
	return b, nil
}

// fits looks whether an entry can follow those of its breach.
func (r *Register) fits(b *Breach, e *Entry) error {
	bad := func(what string) error { return fmt.Errorf("%w: %s", ErrEntry, what) }
	laws := b.Laws
	if e.Kind == Opened {
		laws = e.Laws
		for _, law := range laws {
			if !slices.ContainsFunc(r.o.Rules, func(x Rule) bool { return x.Law == law }) {
				return fmt.Errorf("%w: there is none for a law", ErrRule)
			}
		}
	}
	switch {
	case e.Kind == Opened && len(b.Entries) > 0:
		return bad("it is open already")
	case b.State == StateClosed && e.Kind != Reopened, b.State != StateClosed && e.Kind == Reopened:
		return bad("a closed breach can be reopened, and no other")
	case e.Kind != Opened && e.Kind != Confirmed && !(e.Suspected.IsZero() && e.Aware.IsZero()):
		return bad("since when it is known is for Opened and Confirmed")
	case e.Kind == Confirmed && !b.Aware.IsZero() && !e.Aware.Before(b.Aware):
		return bad("the time of awareness moves to an earlier one only")
	case e.Law != "" && !slices.Contains(laws, e.Law):
		return bad("its law is not one of the breach's")
	}
	next := *b
	next.Entries = slices.Clone(b.Entries)
	next.apply(*e)
	duties, err := next.Duties(r.o.Rules, r.o.Calendar)
	if err != nil {
		return err
	}
	for _, d := range duties {
		switch {
		case e.Kind == Closed && d.Status == Owed:
			return fmt.Errorf("%w: %s", ErrOpen, d.Rule.ID)
		case e.Kind == Notified && d.Rule.Law == e.Law && d.Rule.To == e.To && d.Done.Equal(e.At) && d.Overdue(e.At) && e.Reason == "":
			return fmt.Errorf("%w: %s", ErrLate, d.Rule.ID)
		}
	}
	return nil
}

// Breach returns a breach, and verifies the chain of its entries. The errors are [ErrNotFound] and [ErrTampered].
func (r *Register) Breach(ctx context.Context, id ID) (Breach, error) {
	entries, err := r.store.Entries(ctx, id)
	if err != nil {
		return Breach{}, err
	}
	return read(entries)
}

// Duties returns what the register's rules ask for about a breach, and whether it is late by the store's clock.
func (r *Register) Duties(ctx context.Context, id ID) (duties []Duty, late bool, err error) {
	b, err := r.Breach(ctx, id)
	if err != nil {
		return nil, false, err
	}
	now, err := r.store.Now(ctx)
	if err != nil {
		return nil, false, err
	}
	duties, err = b.Duties(r.o.Rules, r.o.Calendar)
	return duties, slices.ContainsFunc(duties, func(d Duty) bool { return d.Status == Owed && d.Overdue(now) }), err
}

// List returns the breaches after an ID, in order, limit at most.
func (r *Register) List(ctx context.Context, after ID, limit int) ([]ID, error) {
	return r.store.List(ctx, after, limit)
}
