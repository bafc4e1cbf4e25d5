// Package ipallowtest is the executable contract of ipallow.Store. Whoever writes a store runs it:
//
//	ipallowtest.Store(t, func(t *testing.T) (ipallow.Store, tenancy.ID, tenancy.ID) { ... })
package ipallowtest

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow"
	"github.com/stretchr/testify/require"
)

// Open returns a store that holds nothing for two tenants which live in it. The store is for one test.
type Open func(t *testing.T) (s ipallow.Store, a, b tenancy.ID)

// Store runs the suite. Run it under the race detector.
func Store(t *testing.T, open Open) {
	for name, f := range map[string]func(*testing.T, ipallow.Store, tenancy.ID, tenancy.ID){
		"a tenant without a record has no policy":           noPolicy,
		"what is put comes back whole":                      roundTrip,
		"a write based on another version changes nothing":  versions,
		"the same write again gets the first answer":        replay,
		"of many writes based on one version one is made":   race,
		"tenants do not see each other":                     isolation,
		"a trial holds until its time by the store's clock": trial,
		"what is no write is refused":                       invalid,
		"nobody's policy and ended contexts are refused":    refusals,
		"the longest list fits":                             long,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, a, b := open(t)
			f(t, s, a, b)
		})
	}
}

func list(t *testing.T, text string) *ipallow.List {
	t.Helper()
	l, err := ipallow.ParseList(text)
	require.NoError(t, err)
	return l
}

func of(id tenancy.ID) context.Context { return tenancy.With(context.Background(), id) }

func noPolicy(t *testing.T, s ipallow.Store, a, _ tenancy.ID) {
	r, err := s.Get(of(a), a)
	require.ErrorIs(t, err, ipallow.ErrNoPolicy)
	require.Equal(t, ipallow.Record{}, r)
}

func roundTrip(t *testing.T, s ipallow.Store, a, _ tenancy.ID) {
	const text = "10.0.0.0/8 # Zürich & \"Leeds\" '; DROP TABLE\n2001:db8::1\n"
	want := ipallow.Policy{List: list(t, text)}
	put, err := s.Put(of(a), a, 0, ipallow.Write{Key: "k1", Policy: want})
	require.NoError(t, err)
	got, err := s.Get(of(a), a)
	require.NoError(t, err)
	for _, r := range []ipallow.Record{put, got} {
		require.EqualValues(t, 1, r.Version)
		require.Equal(t, "k1", r.Key)
		require.False(t, r.Policy.Open)
		require.Equal(t, text, r.Policy.List.Text())
		require.Nil(t, r.Trial)
		require.False(t, r.Now.IsZero())
		require.True(t, r.Policy.Allows(netip.MustParseAddr("10.1.2.3")))
	}
	// Open keeps its list, and both an empty and no list come back empty.
	put, err = s.Put(of(a), a, 1, ipallow.Write{Key: "k2", Policy: ipallow.Policy{Open: true, List: want.List}})
	require.NoError(t, err)
	require.True(t, put.Policy.Open)
	require.Equal(t, text, put.Policy.List.Text())
	_, err = s.Put(of(a), a, 2, ipallow.Write{Key: "k3"})
	require.NoError(t, err)
	got, err = s.Get(of(a), a)
	require.NoError(t, err)
	require.EqualValues(t, 3, got.Version)
	require.False(t, got.Policy.Open)
	require.Zero(t, got.Policy.List.Len())
}

func versions(t *testing.T, s ipallow.Store, a, _ tenancy.ID) {
	for _, base := range []int64{1, 7, -1} {
		_, err := s.Put(of(a), a, base, ipallow.Write{Key: "x", Policy: ipallow.Policy{Open: true}})
		require.ErrorIs(t, err, ipallow.ErrVersion, base)
	}
	noPolicy(t, s, a, a)
	for base := range int64(2) {
		_, err := s.Put(of(a), a, base, ipallow.Write{Key: fmt.Sprint("k", base)})
		require.NoError(t, err)
	}
	for _, base := range []int64{0, 1, 3, -1} {
		_, err := s.Put(of(a), a, base, ipallow.Write{Key: "x", Policy: ipallow.Policy{Open: true}})
		require.ErrorIs(t, err, ipallow.ErrVersion, base)
	}
	// A key excuses the call that it came with, and no other: not that of an older version, nor one
	// with another base.
	for base, key := range map[int64]string{0: "k0", 5: "k1", -1: "k1"} {
		_, err := s.Put(of(a), a, base, ipallow.Write{Key: key})
		require.ErrorIs(t, err, ipallow.ErrVersion)
	}
	_, err := s.Put(of(a), a, 0, ipallow.Write{Key: "k1"})
	require.ErrorIs(t, err, ipallow.ErrVersion)
	got, err := s.Get(of(a), a)
	require.NoError(t, err)
	require.EqualValues(t, 2, got.Version)
	require.False(t, got.Policy.Open)
}

func replay(t *testing.T, s ipallow.Store, a, _ tenancy.ID) {
	next := ipallow.Policy{List: list(t, "192.0.2.0/24")}
	w := ipallow.Write{Key: "k", Policy: ipallow.Policy{Open: true}, Trial: &next, Duration: time.Hour}
	first, err := s.Put(of(a), a, 0, w)
	require.NoError(t, err)
	again, err := s.Put(of(a), a, 0, w)
	require.NoError(t, err)
	require.Equal(t, first.Version, again.Version)
	require.True(t, first.Trial.Until.Equal(again.Trial.Until), "the trial is not made longer")
	require.True(t, first.Trial.Since.Equal(again.Trial.Since))
}

func race(t *testing.T, s ipallow.Store, a, _ tenancy.ID) {
	for base := range int64(3) {
		var wg sync.WaitGroup
		made := make(chan string, 8)
		for i := range cap(made) {
			wg.Go(func() {
				key := fmt.Sprintf("%d-%d", base, i)
				switch _, err := s.Put(of(a), a, base, ipallow.Write{Key: key}); {
				case err == nil:
					made <- key
				default:
					require.ErrorIs(t, err, ipallow.ErrVersion)
				}
			})
		}
		wg.Wait()
		require.Len(t, made, 1)
		r, err := s.Get(of(a), a)
		require.NoError(t, err)
		require.Equal(t, base+1, r.Version)
		require.Equal(t, <-made, r.Key)
	}
}

func isolation(t *testing.T, s ipallow.Store, a, b tenancy.ID) {
	_, err := s.Put(of(a), a, 0, ipallow.Write{Key: "k", Policy: ipallow.Policy{List: list(t, "10.0.0.0/8")}})
	require.NoError(t, err)
	noPolicy(t, s, b, a)
	_, err = s.Put(of(b), b, 0, ipallow.Write{Key: "k", Policy: ipallow.Policy{List: list(t, "192.0.2.0/24")}})
	require.NoError(t, err)
	for id, want := range map[tenancy.ID]string{a: "10.0.0.0/8\n", b: "192.0.2.0/24\n"} {
		r, err := s.Get(of(id), id)
		require.NoError(t, err)
		require.Equal(t, want, r.Policy.List.Text())
		require.EqualValues(t, 1, r.Version)
	}
}

func trial(t *testing.T, s ipallow.Store, a, _ tenancy.ID) {
	before := ipallow.Policy{List: list(t, "10.0.0.0/8")}
	next := ipallow.Policy{List: list(t, "192.0.2.0/24 # new")}
	_, err := s.Put(of(a), a, 0, ipallow.Write{Key: "k1", Policy: before})
	require.NoError(t, err)
	put, err := s.Put(of(a), a, 1, ipallow.Write{Key: "k2", Policy: before, Trial: &next, Duration: time.Hour})
	require.NoError(t, err)
	got, err := s.Get(of(a), a)
	require.NoError(t, err)
	for _, r := range []ipallow.Record{put, got} {
		require.Equal(t, time.Hour, r.Trial.Until.Sub(r.Trial.Since))
		p, left := r.Current()
		require.Equal(t, next.List.Text(), p.List.Text())
		require.True(t, left > 0 && left <= time.Hour)
		require.Equal(t, before.List.Text(), r.Policy.List.Text())
	}
	// A short one ends without anybody doing anything.
	_, err = s.Put(of(a), a, 2, ipallow.Write{Key: "k3", Policy: before, Trial: &next, Duration: 20 * time.Millisecond})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		r, err := s.Get(of(a), a)
		p, left := r.Current()
		return err == nil && left == 0 && p.List.Text() == before.List.Text() && r.Version == 3
	}, time.Minute, 5*time.Millisecond)
	// The next write is rid of it.
	r, err := s.Put(of(a), a, 3, ipallow.Write{Key: "k4", Policy: before})
	require.NoError(t, err)
	require.Nil(t, r.Trial)
}

func invalid(t *testing.T, s ipallow.Store, a, _ tenancy.ID) {
	p := ipallow.Policy{Open: true}
	for name, w := range map[string]ipallow.Write{
		"no key":                   {Policy: p},
		"trial without duration":   {Key: "k", Trial: &p},
		"duration without trial":   {Key: "k", Duration: time.Hour},
		"trial that ended already": {Key: "k", Trial: &p, Duration: -time.Hour},
	} {
		_, err := s.Put(of(a), a, 0, w)
		require.Error(t, err, name)
	}
	noPolicy(t, s, a, a)
}

func refusals(t *testing.T, s ipallow.Store, a, _ tenancy.ID) {
	_, err := s.Get(context.Background(), tenancy.ID{})
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	_, err = s.Put(context.Background(), tenancy.ID{}, 0, ipallow.Write{Key: "k"})
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	ctx, cancel := context.WithCancel(of(a))
	cancel()
	_, err = s.Get(ctx, a)
	require.Error(t, err)
	_, err = s.Put(ctx, a, 0, ipallow.Write{Key: "k"})
	require.Error(t, err)
	noPolicy(t, s, a, a)
}

func long(t *testing.T, s ipallow.Store, a, _ tenancy.ID) {
	entries := make([]ipallow.Entry, ipallow.MaxEntries)
	for i := range entries {
		addr := netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 4: byte(i >> 8), 5: byte(i), 15: 1})
		entries[i] = ipallow.Entry{Prefix: netip.PrefixFrom(addr, 128), Note: "network number " + fmt.Sprint(i)}
	}
	l, err := ipallow.NewList(entries...)
	require.NoError(t, err)
	_, err = s.Put(of(a), a, 0, ipallow.Write{Key: "k", Policy: ipallow.Policy{List: l}})
	require.NoError(t, err)
	r, err := s.Get(of(a), a)
	require.NoError(t, err)
	require.Equal(t, l.Text(), r.Policy.List.Text())
}
