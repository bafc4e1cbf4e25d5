package supportgrant

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Service is the door: requests, approvals and guarded reads go through it. It is safe for concurrent use, and has nothing to close.
type Service struct {
	store    Store
	dir      Directory
	o        Options
	registry map[string]*Resource
	ordered  []Resource
	methods  map[string]MFA

	shapes sync.Map // by shapeKey: *shape
	known  known    // what does not change of grants in use

	mu     sync.Mutex
	fitted map[tenancy.ID]bool // tenants whose tables were found to fit the registry
}

// Options of [New]. Registry and MFA are needed; for the rest, zero is the default.
type Options struct {
	Registry []Resource
	// MFA are the second factors that approvers can use: at least one.
	MFA []MFA
	// PhishingResistant reports whether ctx's tenant demands approval by what cannot be phished; nil: none does.
	PhishingResistant func(ctx context.Context) (bool, error)
	// Recorder gets an event of every step, read and refusal; nil: only the log of the store has them.
	Recorder audit.Recorder

	Wait      time.Duration // how long a request waits for its answer, in whole seconds; 0: 4 days; at most [MaxWait]
	Challenge time.Duration // how long a challenge can be answered; 0: 5 minutes; at most an hour
	Hold      time.Duration // how long a read may hold its grant; 0 or more than it: [MaxHold]
	Drain     time.Duration // how long a withdrawal waits for reads that have begun; 0: 2 seconds
	Rate      int           // guarded reads a second of a grant, in this process; 0: 20
	Budget    int64         // guarded reads of a grant, in all processes together; 0: 10,000
	Logger    *slog.Logger  // nil: silent
}

// New returns the Service over a store. What is wrong with the registry or the options is an error.
func New(st Store, dir Directory, o Options) (*Service, error) {
	s := &Service{store: st, dir: dir, o: o, registry: map[string]*Resource{}, methods: map[string]MFA{}, fitted: map[tenancy.ID]bool{}}
	switch {
	case st == nil:
		return nil, errors.New("supportgrant: there is no store")
	case dir == nil:
		return nil, errors.New("supportgrant: there is no directory")
	case len(o.Registry) == 0:
		return nil, errors.New("supportgrant: the registry is empty")
	case len(o.MFA) == 0:
		return nil, errors.New("supportgrant: there is no second factor, and no approval without one")
	}
	for _, m := range o.MFA {
		if m == nil || m.Method() == "" || s.methods[m.Method()] != nil {
			return nil, errors.New("supportgrant: a second factor is nil, has no name, or is there twice")
		}
		s.methods[m.Method()] = m
	}
	for _, r := range o.Registry {
		r, err := checked(r)
		if err != nil {
			return nil, err
		}
		if s.registry[r.Name] != nil {
			return nil, fmt.Errorf("supportgrant: resource %q is in the registry twice", r.Name)
		}
		s.registry[r.Name] = &r
		s.ordered = append(s.ordered, r)
	}
	if err := s.o.check(); err != nil {
		return nil, err
	}
	return s, nil
}

func (o *Options) check() error {
	orElse(&o.Wait, 4*24*time.Hour)
	orElse(&o.Challenge, 5*time.Minute)
	orElse(&o.Hold, MaxHold)
	orElse(&o.Drain, 2*time.Second)
	orElse(&o.Rate, 20)
	orElse(&o.Budget, 10_000)
	o.Hold = min(o.Hold, MaxHold)
	switch {
	case o.Wait < time.Second || o.Wait > MaxWait || o.Wait%time.Second != 0:
		return errors.New("supportgrant: Wait is not of whole seconds from 1 second to 14 days")
	case o.Challenge < time.Second || o.Challenge > time.Hour:
		return errors.New("supportgrant: Challenge is not from 1 second to 1 hour")
	case o.Hold <= 0 || o.Drain < 0 || o.Rate < 0 || o.Budget < 0:
		return errors.New("supportgrant: an option is negative")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

func orElse[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Grant returns a grant of ctx's tenant, or [ErrNotFound].
func (s *Service) Grant(ctx context.Context, id GrantID) (Grant, error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return Grant{}, err
	}
	row, now, err := s.store.Grant(ctx, id)
	if err != nil {
		return Grant{}, err
	}
	return grantOf(tenant, &row, now), nil
}

// Grants returns those of ctx's tenant that f finds, the one requested last first. Its States are as kept: a grant that has expired
// may be found as [Approved] for a while, and then its State says [Expired].
func (s *Service) Grants(ctx context.Context, f Find) ([]Grant, error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return nil, err
	}
	rows, now, err := s.store.Grants(ctx, f)
	if err != nil {
		return nil, err
	}
	grants := make([]Grant, len(rows))
	for i := range rows {
		grants[i] = grantOf(tenant, &rows[i], now)
	}
	return grants, nil
}
