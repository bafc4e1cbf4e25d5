package dsar

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Service is the door: people's requests go through it. It is safe for concurrent use, and has nothing to close.
type Service struct {
	store Store
	m     *Compiled
	key   []byte // of refs and tokens
	o     Options
}

// Options of [New]. What the kinds that are offered need must be there; for the rest, zero is the default. Functions get ctx with the
// tenant, and no transaction; each may be called again for what it has done already, after a crash or when an answer was lost.
type Options struct {
	Key      tenancy.Key       // what stands for people is made with it, and tokens: keep it outside of the database, and never change it
	Sealer   Sealer            // seals who a request is about
	Recorder audit.Recorder    // gets an event of every step before it is done
	Law      string            // of requests that name none: "eu-gdpr"
	Calendar deadline.Calendar // where days are counted
	Laws     *deadline.Laws    // nil: those of [deadline.Rules]
	Kinds    []Kind            // what is offered; nil: all
	// Tell tells the person: that the request was received, that it takes longer, how it ended.
	Tell func(ctx context.Context, n Notice) error
	// Resolve finds who somebody is: package rows does. Nil: people are always named by the same key, or else by the same identifiers.
	Resolve func(ctx context.Context, p Person) (Person, error)

	// For [Access] and [Portability]. Outbox brings an export to where the person gets it: it calls export with where to write, and takes what
	// was written for nothing unless export and itself return without an error. Nil: the application calls [Service.Export].
	Exporter Exporter
	Outbox   func(ctx context.Context, r Request, export func(ctx context.Context, w io.Writer) error) error

	// For [Erasure]. Hide takes the person out of sight and ends their sessions, and Show undoes it. It removes no rows of the map's tables: the plan
	// that was approved counts on them, and they go with the erasure.
	Eraser     Eraser
	Prover     Prover
	Hide, Show func(ctx context.Context, p Person) error
	Tombstones Tombstones
	// Receipt signs the receipt: package receipt does.
	Receipt func(ctx context.Context, a Account) ([]byte, error)
	Outside []Outside     // who else has data of people, and erases it when told
	Undo    time.Duration // how long an approved erasure can be taken back; 0: 3 days; negative: not at all
	// Patience is how long outsiders are asked before an erasure goes on without them, and says so; 0: 3 days.
	Patience time.Duration

	// Apply does what the kinds ask for that only the application can do: each of [Rectification], [Restriction], [Objection],
	// [ConsentWithdrawal] and [OptOutSale] that is offered. A [Refusal] refuses the request.
	Apply map[Kind]func(ctx context.Context, a Ask) error

	Token  time.Duration // how long a token identifies somebody; 0: 3 days
	Keep   Period        // how long closed requests stay; zero: 3 years
	Lease  time.Duration // how long a worker that died keeps a request from others; 0: 1 minute
	Logger *slog.Logger  // nil: silent
}

// Ask is what a person asks the application for.
type Ask struct {
	Request Request
	Person  Person
	Text    string            // what they wrote
	Changes map[string]string // what is to be corrected, and how
}

// keyPurpose is what refs and tokens are derived for.
const keyPurpose = "dsar requests"

// New returns the Service over a store. What is missing or contradicts itself is an error: nothing is done by half.
func New(st Store, m *Map, o Options) (*Service, error) {
	if st == nil || m == nil {
		return nil, errors.New("dsar: there is no store or no map")
	}
	c, err := m.Compile()
	if err != nil {
		return nil, err
	}
	s := &Service{store: st, m: c, o: o}
	if err := s.o.check(c); err != nil {
		return nil, err
	}
	s.key = s.o.Key.Derive(keyPurpose)
	return s, nil
}

func (o *Options) check(c *Compiled) (err error) {
	missing := func(what string) error { return fmt.Errorf("dsar: there is no %s", what) }
	switch {
	case o.Key.IsZero():
		return missing("Key")
	case o.Sealer == nil:
		return missing("Sealer: requests would keep who they are about in clear text")
	case o.Recorder == nil:
		return missing("Recorder")
	case o.Tell == nil:
		return missing("Tell: people must be told")
	case o.Calendar.Zone == nil:
		return fmt.Errorf("dsar: %w: no zone", deadline.ErrCalendar)
	}
	if o.Laws == nil {
		if o.Laws, err = deadline.Compile(deadline.Rules()...); err != nil {
			return err
		}
	}
	if o.Kinds == nil {
		o.Kinds = Kinds()
	}
	o.Kinds = slices.Clone(o.Kinds)
	for _, k := range o.Kinds {
		if err := o.checkKind(k, c); err != nil {
			return err
		}
	}
	if err := o.checkLaw(o.Law); err != nil {
		return err
	}
	names := map[string]bool{}
	for _, x := range o.Outside {
		if x == nil || kept(x.Name()) != nil || x.Name() == "" || names[x.Name()] {
			return errors.New("dsar: an outsider is nil, has no name, or is there twice")
		}
		names[x.Name()] = true
	}
	orElse(&o.Undo, 3*24*time.Hour)
	orElse(&o.Patience, 3*24*time.Hour)
	orElse(&o.Token, 3*24*time.Hour)
	orElse(&o.Keep, Period{Years: 3})
	orElse(&o.Lease, time.Minute)
	if o.Patience < 0 || o.Token < 0 || o.Lease < time.Second || o.Keep.Years < 0 || o.Keep.Months < 0 || o.Keep.Days < 0 {
		return errors.New("dsar: an option is negative, or a lease shorter than a second")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

func (o *Options) checkKind(k Kind, c *Compiled) error {
	need := func(what string, there bool) error {
		if there {
			return nil
		}
		return fmt.Errorf("dsar: %s is offered, and there is no %s", k, what)
	}
	switch {
	case !slices.Contains(Kinds(), k):
		return errors.New("dsar: a kind that is none is offered")
	case exports(k):
		return need("Exporter", o.Exporter != nil)
	case applies(k):
		return need("Apply for it", o.Apply[k] != nil)
	case k == Erasure:
		if open := c.Undecided(); len(open) > 0 {
			return fmt.Errorf("%w: %s", ErrUndecided, open[0])
		}
		return errors.Join(need("Eraser", o.Eraser != nil), need("Prover", o.Prover != nil), need("Hide", o.Hide != nil), need("Show", o.Show != nil),
			need("Tombstones", o.Tombstones != nil), need("Receipt", o.Receipt != nil))
	}
	return nil
}

// checkLaw looks whether there is any rule of the law.
func (o *Options) checkLaw(law string) error {
	for _, k := range Kinds() {
		if o.Laws.Has(law, k) {
			return nil
		}
	}
	return fmt.Errorf("dsar: %w: there is no such law", deadline.ErrNoRule)
}

func orElse[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Map returns the map, compiled.
func (s *Service) Map() *Compiled { return s.m }

// tx runs f in a transaction of the store.
func (s *Service) tx(ctx context.Context, f func(ctx context.Context, now time.Time) error) error {
	return s.store.Tx(ctx, func(ctx context.Context) error {
		now, err := s.store.Now(ctx)
		if err != nil {
			return err
		}
		return f(ctx, now)
	})
}
