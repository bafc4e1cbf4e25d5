package ipallow

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

var (
	acme, globex = tenancy.MustParseID("acme"), tenancy.MustParseID("globex")
	inside       = netip.MustParseAddr("10.1.2.3")
	outside      = netip.MustParseAddr("203.0.113.7")
)

// fakeStore is a Memory that counts, and does what a test says instead.
type fakeStore struct {
	*Memory
	gets  atomic.Int64
	onGet func(context.Context) error // nil: nothing special
	onPut func() error                // after the write was made
}

func newFake() *fakeStore { return &fakeStore{Memory: NewMemory()} }

func (s *fakeStore) Get(ctx context.Context, id tenancy.ID) (Record, error) {
	s.gets.Add(1)
	if s.onGet != nil {
		if err := s.onGet(ctx); err != nil {
			return Record{}, err
		}
	}
	return s.Memory.Get(ctx, id)
}

func (s *fakeStore) Put(ctx context.Context, id tenancy.ID, base int64, w Write) (Record, error) {
	r, err := s.Memory.Put(ctx, id, base, w)
	if s.onPut != nil && err == nil {
		if err := s.onPut(); err != nil {
			return Record{}, err
		}
	}
	return r, err
}

func (s *fakeStore) set(t testing.TB, id tenancy.ID, p Policy) {
	t.Helper()
	r, err := s.Memory.Get(t.Context(), id)
	if err != nil {
		require.ErrorIs(t, err, ErrNoPolicy)
	}
	_, err = s.Memory.Put(t.Context(), id, r.Version, Write{Key: fmt.Sprint("set", r.Version), Policy: p})
	require.NoError(t, err)
}

func newGuard(t testing.TB, s Store, o Options) *Guard {
	t.Helper()
	g, err := NewGuard(s, o)
	require.NoError(t, err)
	return g
}

func restricted(t testing.TB, text string) Policy { return Policy{List: mustList(t, text)} }

func TestGuardDecidesByThePolicy(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for name, c := range map[string]struct {
		policy *Policy
		opts   Options
		addr   netip.Addr
		want   Reason
		allow  bool
	}{
		"open":                        {&Policy{Open: true}, Options{}, outside, Open, true},
		"open, address unknown":       {&Policy{Open: true}, Options{}, netip.Addr{}, Open, true},
		"listed":                      {new(restricted(t, "10.0.0.0/8")), Options{}, inside, Listed, true},
		"listed, mapped":              {new(restricted(t, "10.0.0.0/8")), Options{}, netip.MustParseAddr("::ffff:10.1.2.3"), Listed, true},
		"not listed":                  {new(restricted(t, "10.0.0.0/8")), Options{}, outside, NotListed, false},
		"restricted, address unknown": {new(restricted(t, "10.0.0.0/8")), Options{}, netip.Addr{}, NoAddress, false},
		"restricted to nobody":        {&Policy{}, Options{}, inside, NotListed, false},
		"restricted, open by default": {&Policy{}, Options{OpenByDefault: true}, inside, NotListed, false},
		"unknown tenant":              {nil, Options{}, inside, NoPolicy, false},
		"no policy, open by default":  {nil, Options{OpenByDefault: true}, outside, Open, true},
	} {
		s := newFake()
		if c.policy != nil {
			s.set(t, acme, *c.policy)
		}
		g := newGuard(t, s, c.opts)
		for range 2 { // from the store, then remembered
			d := g.Decide(ctx, acme, c.addr)
			require.Equal(t, c.want, d.Reason, name)
			require.Equal(t, c.allow, d.Allowed, name)
			require.Equal(t, acme, d.Tenant)
			require.Equal(t, c.addr.Unmap(), d.Addr)
		}
		require.EqualValues(t, 1, s.gets.Load(), name)
		d := g.Decide(ctx, tenancy.ID{}, c.addr)
		require.False(t, d.Allowed)
		require.Equal(t, NoTenant, d.Reason)
	}
}

func TestWhatIsNotKnownIsRefused(t *testing.T) {
	t.Parallel()
	down := errors.New("connection refused")
	for name, onGet := range map[string]func(context.Context) error{
		"store down":       func(context.Context) error { return down },
		"list unparsable":  func(context.Context) error { _, err := ParseList("10.0.0.1/8"); return err },
		"store too slow":   func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"store panics":     func(context.Context) error { panic("nil map") },
		"tenant suspended": func(context.Context) error { return tenancy.ErrNotActive },
	} {
		s := newFake()
		s.set(t, acme, Policy{Open: true})
		var broken atomic.Bool
		broken.Store(true)
		s.onGet = func(ctx context.Context) error {
			if broken.Load() {
				return onGet(ctx)
			}
			return nil
		}
		g := newGuard(t, s, Options{Timeout: 50 * time.Millisecond, OpenByDefault: true})
		d := g.Decide(t.Context(), acme, inside)
		require.False(t, d.Allowed, name)
		require.Equal(t, PolicyUnknown, d.Reason, name)
		require.Error(t, d.Err, name)

		broken.Store(false) // a failure is not remembered
		require.Eventually(t, func() bool { return g.Decide(context.Background(), acme, inside).Allowed },
			time.Minute, time.Millisecond, name)
	}
}

func TestPolicyThatIsTooOldDoesNotDecide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newFake()
		s.set(t, acme, restricted(t, "10.0.0.0/8"))
		g := newGuard(t, s, Options{TTL: time.Minute})
		require.True(t, g.Decide(t.Context(), acme, inside).Allowed)
		s.set(t, acme, restricted(t, "192.0.2.0/24")) // by another process
		time.Sleep(time.Minute - 1)
		require.True(t, g.Decide(t.Context(), acme, inside).Allowed)
		time.Sleep(time.Nanosecond)
		require.False(t, g.Decide(t.Context(), acme, inside).Allowed)

		s.onGet = func(context.Context) error { return errors.New("down") }
		time.Sleep(time.Minute)
		d := g.Decide(t.Context(), acme, netip.MustParseAddr("192.0.2.1"))
		require.Equal(t, PolicyUnknown, d.Reason, "an old answer is no answer")
	})
}

func TestNegativeTTLAsksEachTime(t *testing.T) {
	t.Parallel()
	s := newFake()
	s.set(t, acme, Policy{Open: true})
	g := newGuard(t, s, Options{TTL: -1})
	for i := range 3 {
		require.True(t, g.Decide(t.Context(), acme, inside).Allowed)
		require.EqualValues(t, i+1, s.gets.Load())
	}
}

func TestInvalidateIsSeenByTheNextDecision(t *testing.T) {
	t.Parallel()
	s := newFake()
	s.set(t, acme, Policy{Open: true})
	g := newGuard(t, s, Options{TTL: time.Hour})
	require.True(t, g.Decide(t.Context(), acme, outside).Allowed)
	s.set(t, acme, Policy{})
	g.Invalidate(acme)
	require.False(t, g.Decide(t.Context(), acme, outside).Allowed)
}

// A read that began before an invalidation may end after it. Its answer must not be kept, nor be given
// to anyone who asked later.
func TestReadUnderWayDoesNotOutliveAnInvalidation(t *testing.T) {
	t.Parallel()
	s := newFake()
	s.set(t, acme, Policy{Open: true})
	started, finish := make(chan struct{}), make(chan struct{})
	var first atomic.Bool
	g := newGuard(t, stale{s, func(r Record) {
		if first.CompareAndSwap(false, true) {
			close(started)
			<-finish
		}
	}}, Options{TTL: time.Hour, Timeout: time.Minute})

	var wg sync.WaitGroup
	wg.Go(func() { require.True(t, g.Decide(t.Context(), acme, outside).Allowed, "it asked before the change") })
	<-started
	s.set(t, acme, Policy{})
	g.Invalidate(acme)
	require.False(t, g.Decide(t.Context(), acme, outside).Allowed)
	close(finish)
	wg.Wait()
	require.False(t, g.Decide(t.Context(), acme, outside).Allowed, "the old answer came last and must not stay")
}

// stale holds records back after they were read.
type stale struct {
	Store
	hold func(Record)
}

func (s stale) Get(ctx context.Context, id tenancy.ID) (Record, error) {
	r, err := s.Store.Get(ctx, id)
	s.hold(r)
	return r, err
}

func TestStoreIsAskedOnceHoweverManyWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newFake()
		s.set(t, acme, restricted(t, "10.0.0.0/8"))
		type key struct{}
		s.onGet = func(ctx context.Context) error {
			time.Sleep(time.Second)
			id, err := tenancy.From(ctx)
			if err != nil || id != acme || ctx.Value(key{}) != nil {
				return errors.New("the context is some request's")
			}
			return ctx.Err()
		}
		g := newGuard(t, s, Options{})
		// The one that began it gives up; the others get their answer.
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, true))
		var wg sync.WaitGroup
		wg.Go(func() { require.Equal(t, PolicyUnknown, g.Decide(ctx, acme, inside).Reason) })
		synctest.Wait()
		for range 50 {
			wg.Go(func() { require.True(t, g.Decide(t.Context(), acme, inside).Allowed) })
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		require.EqualValues(t, 1, s.gets.Load())
	})
}

func TestMemoryOfAGuardIsBounded(t *testing.T) {
	t.Parallel()
	s := newFake()
	const capacity = 100
	g := newGuard(t, s, Options{TTL: time.Hour, Capacity: capacity})
	list := restricted(t, "10.0.0.0/8\n192.0.2.0/24\n2001:db8::/32") // 4 with its tenant
	big := Policy{List: func() *List { l, err := NewList(randomEntries(500)...); require.NoError(t, err); return l }()}
	s.set(t, globex, big)
	for i := range 2000 {
		id := tenancy.MustParseID(fmt.Sprint("t", i))
		if i%3 > 0 {
			s.set(t, id, list)
		}
		require.Equal(t, i%3 > 0, g.Decide(t.Context(), id, inside).Allowed)
		c := &g.cache
		sum := 0
		for _, k := range c.known {
			sum += k.weight()
		}
		require.Equal(t, sum, c.weight)
		require.LessOrEqual(t, c.weight, capacity)
	}
	// What is larger than all there is room for still decides, alone.
	require.True(t, g.Decide(t.Context(), globex, big.List.entries[0].Prefix.Addr()).Allowed)
	require.Len(t, g.cache.known, 1)
	require.True(t, g.Decide(t.Context(), tenancy.MustParseID("t1"), inside).Allowed)
	require.LessOrEqual(t, g.cache.weight, capacity)
}

func TestTenantInUseStaysWhenRoomIsMade(t *testing.T) {
	t.Parallel()
	s := newFake()
	g := newGuard(t, s, Options{TTL: time.Hour, Capacity: 50, OpenByDefault: true})
	for i := range 1000 {
		g.Decide(t.Context(), acme, inside)
		g.Decide(t.Context(), tenancy.MustParseID(fmt.Sprint("t", i)), inside)
	}
	require.Less(t, s.gets.Load(), int64(1000+50), "acme was asked for a thousand times, and hardly ever read")
}

func TestGuardHoldsUnderConcurrency(t *testing.T) {
	t.Parallel()
	s := newFake()
	g := newGuard(t, s, Options{TTL: time.Millisecond, Capacity: 20})
	ids := make([]tenancy.ID, 12)
	for i := range ids {
		ids[i] = tenancy.MustParseID(fmt.Sprint("t", i))
		// Tenant i lets in 10.i.0.0/16 and nobody else, whatever version of its policy is read.
		s.set(t, ids[i], restricted(t, fmt.Sprintf("10.%d.0.0/16", i)))
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := range 1000 {
				i, j := (n*7+w)%len(ids), (n*5+w*3)%len(ids)
				d := g.Decide(t.Context(), ids[i], netip.AddrFrom4([4]byte{10, byte(j), 0, 1}))
				if d.Allowed != (i == j) {
					t.Errorf("tenant %d, network %d: %v", i, j, d)
				}
				if n%50 == 0 {
					g.Invalidate(ids[j])
				}
			}
		})
	}
	wg.Wait()
}

func TestGuardNeedsAStoreAndSaneLimits(t *testing.T) {
	t.Parallel()
	_, err := NewGuard(nil, Options{})
	require.Error(t, err)
	_, err = NewGuard(NewMemory(), Options{Timeout: -1})
	require.Error(t, err)
	_, err = NewGuard(NewMemory(), Options{Capacity: -1})
	require.Error(t, err)
}

func BenchmarkDecide(b *testing.B) {
	s := newFake()
	l, err := NewList(append(randomEntries(1023), Entry{Prefix: netip.MustParsePrefix("10.0.0.0/8")})...)
	require.NoError(b, err)
	s.set(b, acme, Policy{List: l})
	g := newGuard(b, s, Options{TTL: time.Hour})
	b.ReportAllocs()
	for b.Loop() {
		if !g.Decide(b.Context(), acme, inside).Allowed {
			b.Fatal("refused")
		}
	}
}
