package supportgrant

import (
	"context"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// known is what this process remembers of grants in use: what cannot change of them any more, and how fast they are read. Whether one
// is live is never among it.
type known struct {
	mu      sync.Mutex
	grants  map[knownGrant]*facts
	refused map[tenancy.ID]*refusals
}

type knownGrant struct {
	tenant tenancy.ID
	id     GrantID
}

// facts of a grant that was approved.
type facts struct {
	staff     Person
	approvers []Person

	mu       sync.Mutex
	pace     pace
	reserved int64  // reads of the budget that are reserved and not used
	noted    string // the day, UTC by this process's clock, for which a digest is posted
}

// knownAtMost is how many grants are remembered; one that is forgotten is looked up again.
const knownAtMost = 4096

// factsOf returns the facts of a grant, or nil if it is not approved, or there is none.
func (s *Service) factsOf(ctx context.Context, tenant tenancy.ID, id GrantID) (*facts, error) {
	key := knownGrant{tenant, id}
	s.known.mu.Lock()
	f := s.known.grants[key]
	s.known.mu.Unlock()
	if f != nil {
		return f, nil
	}
	g, err := s.Grant(ctx, id)
	if err != nil || g.State != Approved {
		return nil, err
	}
	proofs, err := s.store.Proofs(ctx, id)
	if err != nil {
		return nil, err
	}
	f = &facts{staff: g.Staff}
	for _, p := range proofs {
		f.approvers = append(f.approvers, p.Approver)
	}
	return s.known.add(key, f), nil
}

func (k *known) add(key knownGrant, f *facts) *facts {
	k.mu.Lock()
	defer k.mu.Unlock()
	if was := k.grants[key]; was != nil {
		return was
	}
	if k.grants == nil {
		k.grants = map[knownGrant]*facts{}
	}
	if len(k.grants) >= knownAtMost {
		for other := range k.grants { // any one
			delete(k.grants, other)
			break
		}
	}
	k.grants[key] = f
	return f
}

// mayTell reports whether a refusal in that tenant may be recorded, and how many before it were not.
func (k *known) mayTell(tenant tenancy.ID) (lost int64, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := k.refused[tenant]
	if r == nil {
		if k.refused == nil || len(k.refused) >= refusalsOfAtMost {
			k.refused = map[tenancy.ID]*refusals{}
		}
		r = &refusals{}
		k.refused[tenant] = r
	}
	if !r.take(refusalsASecond, refusalsAtOnce) {
		r.lost++
		return 0, false
	}
	lost, r.lost = r.lost, 0
	return lost, true
}

// pace lets so many through at once, and then so many a second.
type pace struct {
	left float64
	last time.Time
}

func (p *pace) take(aSecond, atOnce float64) bool {
	now := time.Now()
	if p.last.IsZero() {
		p.left = atOnce
	} else {
		p.left = min(atOnce, p.left+now.Sub(p.last).Seconds()*aSecond)
	}
	p.last = now
	if p.left < 1 {
		return false
	}
	p.left--
	return true
}

// reservation is how many reads are reserved of a grant's budget at once: each takes a commit, and what a process reserved others lack.
func (s *Service) reservation() int64 { return max(1, min(256, s.o.Budget/16)) }

// admit takes one read from the rate and the budget of a grant, or is [ErrTooMany].
func (s *Service) admit(ctx context.Context, id GrantID, f *facts) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.pace.take(float64(s.o.Rate), float64(2*s.o.Rate)) {
		return ErrTooMany
	}
	if f.reserved == 0 {
		n, err := s.store.Reserve(ctx, id, s.reservation(), s.o.Budget)
		if err != nil {
			return err
		}
		f.reserved = n
	}
	if f.reserved == 0 {
		return ErrTooMany
	}
	f.reserved--
	return nil
}

// unnoted returns the day if its digest is not posted yet.
func (f *facts) unnoted() string {
	day := time.Now().UTC().Format(time.DateOnly)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.noted == day {
		return ""
	}
	return day
}

func (f *facts) note(day string) {
	if day == "" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.noted = day
}
