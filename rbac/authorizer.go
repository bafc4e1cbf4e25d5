package rbac

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Authorizer answers who may do what, and administers it. It is safe for concurrent use.
type Authorizer struct {
	c        *Catalog
	store    Store
	recorder audit.Recorder
	o        Options
	tenants  *tenants
	homes    *homes
	uses     *uses
	notices  *notices

	started time.Time
	now     atomic.Int64 // nanoseconds since started, to a twentieth of a second: reading a clock costs as much as a check
	stop    func()
	closed  atomic.Bool
	mu      sync.Mutex // of ended: nothing is begun once closed is set
	ended   sync.WaitGroup
}

// Options are what an [Authorizer] can do without. The zero value is good.
type Options struct {
	// Recorder records each act of administration, in its transaction, and what tokens are refused for. nil: nothing is recorded.
	Recorder audit.Recorder
	// FreshFor is how long an answer is given from memory before the store is asked again, behind the answer; 0: 1 second.
	// MaxStaleness is how old what is in memory may be at most: from then on an answer waits for the store, and
	// without it there is none ([ErrStale]); 0: 5 seconds.
	FreshFor, MaxStaleness time.Duration
	// Hints tells of changes in other processes at once: see package rbacsql. nil: they are seen after FreshFor.
	Hints Hints
	// CacheBytes is about how much memory the tenants' rules may take; 0: 256 MiB.
	CacheBytes int
	// Tokens is the form of API tokens. The zero Form: there are none.
	Tokens apitoken.Form
	// Passwords makes the passwords of [Authorizer.MachinePassword], of n characters, by package vault's NewPassword(n). nil: there are none.
	Passwords func(n int) (redact.Secret[string], error)
	// DormantAfter is how long nothing is heard of a member or token until it is dormant; 0: 60 days.
	DormantAfter time.Duration
	// ReviewEvery is how often access is reviewed; 0: every 3 months. ReviewFor is how long a review may take; 0: 30 days.
	ReviewEvery Months
	ReviewFor   time.Duration
	// Overdue is what those of the schedule do when they are due and not all is decided; "": OverdueKeep.
	Overdue OverduePolicy
}

// Months is a length of time in the calendar.
type Months int

// Errors that are no answer: nobody is let in on them.
var (
	// ErrStale: what is known is too old, and the store does not answer.
	ErrStale = errors.New("rbac: who may do what is not known for sure now")
	// ErrClosed is returned by what is called after Close.
	ErrClosed = errors.New("rbac: closed")
)

// New returns an authorizer over c, which it freezes, and s. It asks s nothing. Close it.
func New(c *Catalog, s Store, o Options) (*Authorizer, error) {
	if c == nil || s == nil {
		return nil, errors.New("rbac: New needs a catalogue and a store")
	}
	if err := c.freeze(); err != nil {
		return nil, err
	}
	if o.FreshFor <= 0 {
		o.FreshFor = time.Second
	}
	if o.MaxStaleness <= 0 {
		o.MaxStaleness = max(5*time.Second, o.FreshFor)
	}
	if o.MaxStaleness < o.FreshFor {
		return nil, errors.New("rbac: MaxStaleness is less than FreshFor")
	}
	if o.CacheBytes <= 0 {
		o.CacheBytes = 256 << 20
	}
	if o.DormantAfter <= 0 {
		o.DormantAfter = 60 * 24 * time.Hour
	}
	if o.ReviewEvery <= 0 {
		o.ReviewEvery = 3
	}
	if o.ReviewFor <= 0 {
		o.ReviewFor = 30 * 24 * time.Hour
	}
	if o.ReviewFor > maxReview || !o.Overdue.known() && o.Overdue != "" {
		return nil, errors.New("rbac: a review takes at most 366 days, and there is a policy for those that are overdue")
	}
	a := &Authorizer{c: c, store: s, recorder: o.Recorder, o: o, started: time.Now()}
	a.tenants = newTenants(a, o.CacheBytes)
	a.homes, a.uses, a.notices = newHomes(a), newUses(), newNotices()
	life, stop := context.WithCancel(context.Background())
	a.stop = stop
	a.begin(func() { a.tick(life) })
	a.begin(func() { a.keep(life) })
	if o.Hints != nil {
		a.begin(func() { a.listen(life) })
	}
	return a, nil
}

// begin runs f beside the caller, unless a is closed. Close waits for it.
func (a *Authorizer) begin(f func()) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed.Load() {
		return false
	}
	a.ended.Go(f)
	return true
}

// tick moves a's clock on.
func (a *Authorizer) tick(life context.Context) {
	t := time.NewTicker(50 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-life.Done():
			return
		case <-t.C:
			a.now.Store(int64(time.Since(a.started)))
		}
	}
}

// listen lets hints make tenants be looked at. While there are none to be had, changes are seen after FreshFor, as ever.
func (a *Authorizer) listen(life context.Context) {
	for life.Err() == nil {
		_ = a.o.Hints(life, a.tenants.hinted)
		select {
		case <-life.Done():
		case <-time.After(time.Second):
		}
	}
}

// keep writes down what was gathered: last uses, and refusals.
func (a *Authorizer) keep(life context.Context) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for n := 1; ; n++ {
		select {
		case <-life.Done():
			return
		case <-t.C:
			a.notices.flush(life, a, false)
			if n%15 == 0 {
				a.uses.flush(life, a)
			}
		}
	}
}

// maxClose is how long Close may take to write down what was gathered.
const maxClose = 5 * time.Second

// Close writes down what was gathered of last uses and refusals, if the store lets it within 5 seconds, and makes every later
// call fail with [ErrClosed].
func (a *Authorizer) Close() error {
	a.mu.Lock()
	was := a.closed.Swap(true)
	a.mu.Unlock()
	if was {
		return nil
	}
	a.stop()
	a.ended.Wait()
	ctx, stop := context.WithTimeout(context.Background(), maxClose)
	defer stop()
	a.notices.flush(ctx, a, true)
	a.uses.flush(ctx, a)
	a.tenants.close()
	return nil
}

// Catalog is what New was given.
func (a *Authorizer) Catalog() *Catalog { return a.c }

// Member returns what u may do in ctx's tenant. It is a [*Denied] for who is no member, suspended or expired, and ErrStale if
// nothing is known for sure; of a tenant that lets nobody in it is package tenancy's error that says so. It asks the store nothing as long as what is in memory is fresh: see [Options].
func (a *Authorizer) Member(ctx context.Context, u Subject) (Principal, error) {
	id, err := tenancy.From(ctx)
	if err != nil {
		return Principal{}, err
	}
	v, err := a.tenants.current(ctx, id)
	if err != nil {
		return Principal{}, err
	}
	s := v.rules.member(u)
	if err := v.admits(a, s); err != nil {
		return Principal{}, err
	}
	return Principal{s: s, tenant: id, id: u.ID}, nil
}

// MemberFresh is Member as of now: it asks the store. It is for what cannot be undone.
func (a *Authorizer) MemberFresh(ctx context.Context, u Subject) (Principal, error) {
	id, err := tenancy.From(ctx)
	if err != nil {
		return Principal{}, err
	}
	if _, err := a.tenants.fresh(ctx, id); err != nil {
		return Principal{}, err
	}
	return a.Member(ctx, u)
}

// admits is nil if s is let in at v's time.
func (v *view) admits(a *Authorizer, s *standing) error {
	switch {
	case s == nil:
		return denied(NotMember)
	case s.status != Active:
		return denied(NotActive)
	case s.expires != 0 && v.time(a) >= s.expires:
		return denied(Expired)
	}
	return nil
}
