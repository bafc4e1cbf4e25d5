package ipallow

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestChangeThatLocksOutItsAuthorIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy Policy
		actor  netip.Addr
		ok     bool
	}{
		"admits the author":            {restricted(t, "10.0.0.0/8"), inside, true},
		"admits the author, mapped":    {restricted(t, "10.0.0.0/8"), netip.MustParseAddr("::ffff:10.1.2.3"), true},
		"open":                         {Policy{Open: true}, outside, true},
		"open, author unknown":         {Policy{Open: true}, netip.Addr{}, true},
		"open with a list for later":   {Policy{Open: true, List: mustList(t, "10.0.0.0/8")}, outside, true},
		"does not admit the author":    {restricted(t, "10.0.0.0/8"), outside, false},
		"nobody":                       {Policy{}, inside, false},
		"author unknown":               {restricted(t, "10.0.0.0/8"), netip.Addr{}, false},
		"NAT64 of a listed address":    {restricted(t, "10.0.0.0/8"), netip.MustParseAddr("64:ff9b::10.1.2.3"), false},
		"neighbour of a listed single": {restricted(t, "203.0.113.8"), outside, false},
	} {
		s := newFake()
		s.set(t, acme, Policy{Open: true})
		g := newGuard(t, s, Options{TTL: time.Hour})
		require.True(t, g.Decide(t.Context(), acme, outside).Allowed)
		r, err := g.Replace(t.Context(), acme, Change{Base: 1, Policy: c.policy, Actor: c.actor})
		if c.ok {
			require.NoError(t, err, name)
			require.EqualValues(t, 2, r.Version)
			require.Equal(t, c.policy.Allows(outside), g.Decide(t.Context(), acme, outside).Allowed, "in force at once")
			continue
		}
		require.ErrorIs(t, err, ErrLockOut, name)
		got, err := g.Get(t.Context(), acme)
		require.NoError(t, err)
		require.EqualValues(t, 1, got.Version, "nothing changed")

		// Only by force.
		_, err = g.Replace(t.Context(), acme, Change{Base: 1, Policy: c.policy, Actor: c.actor, Force: true})
		require.NoError(t, err, name)
	}
}

func TestGlassIsBrokenFromOutside(t *testing.T) {
	t.Parallel()
	s := newFake()
	s.set(t, acme, Policy{}) // nobody can come in to change it
	g := newGuard(t, s, Options{TTL: time.Hour})
	require.False(t, g.Decide(t.Context(), acme, inside).Allowed)
	r, err := g.Get(t.Context(), acme)
	require.NoError(t, err)
	_, err = g.Replace(t.Context(), acme, Change{Base: r.Version, Policy: restricted(t, "10.0.0.0/8"), Force: true})
	require.NoError(t, err)
	require.True(t, g.Decide(t.Context(), acme, inside).Allowed)
}

func TestChangeOfAnOldVersionIsRefused(t *testing.T) {
	t.Parallel()
	s := newFake()
	g := newGuard(t, s, Options{})
	_, err := g.Replace(t.Context(), acme, Change{Base: 3, Policy: Policy{Open: true}})
	require.ErrorIs(t, err, ErrVersion)
	_, err = g.Replace(t.Context(), acme, Change{Policy: Policy{Open: true}})
	require.NoError(t, err)
	_, err = g.Replace(t.Context(), acme, Change{Policy: restricted(t, "10.0.0.0/8"), Actor: inside})
	require.ErrorIs(t, err, ErrVersion)
	r, err := g.Replace(t.Context(), acme, Change{Base: 1, Policy: restricted(t, "10.0.0.0/8"), Actor: inside})
	require.NoError(t, err)
	require.EqualValues(t, 2, r.Version)
}

func TestChangeWhoseOutcomeIsUnknownIsMadeOnce(t *testing.T) {
	t.Parallel()
	s := newFake()
	s.set(t, acme, Policy{Open: true})
	g := newGuard(t, s, Options{TTL: time.Hour})
	require.True(t, g.Decide(t.Context(), acme, outside).Allowed)
	lost := errors.New("connection lost at commit")
	changes := []Change{
		{Base: 1, Policy: restricted(t, "10.0.0.0/8"), Actor: inside},
		{Base: 2, Policy: restricted(t, "192.0.2.0/24"), Actor: inside, Trial: time.Hour},
	}
	for _, c := range changes {
		s.onPut = func() error { return lost }
		_, err := g.Replace(t.Context(), acme, c)
		require.ErrorIs(t, err, lost)
		require.False(t, g.Decide(t.Context(), acme, outside).Allowed, "what may have been changed is read again")
		s.onPut = nil
		r, err := g.Replace(t.Context(), acme, c)
		require.NoError(t, err)
		require.Equal(t, c.Base+1, r.Version)
		other := c
		other.Policy = Policy{Open: true}
		_, err = g.Replace(t.Context(), acme, other)
		require.ErrorIs(t, err, ErrVersion, "another change is not that change")
	}
	s.onPut = func() error { return lost }
	admitted := netip.MustParseAddr("192.0.2.1")
	_, err := g.Confirm(t.Context(), acme, 3, admitted)
	require.ErrorIs(t, err, lost)
	s.onPut = nil
	r, err := g.Confirm(t.Context(), acme, 3, admitted)
	require.NoError(t, err)
	require.EqualValues(t, 4, r.Version)
	require.Nil(t, r.Trial)
	_, err = g.Confirm(t.Context(), acme, 2, admitted)
	require.ErrorIs(t, err, ErrVersion)
	_, err = g.Confirm(t.Context(), acme, 4, admitted)
	require.ErrorIs(t, err, ErrNoTrial)
}

func TestTrialGoesBackByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newFake()
		s.set(t, acme, restricted(t, "10.0.0.0/8"))
		g := newGuard(t, s, Options{TTL: time.Hour}) // longer than the trial
		office := netip.MustParseAddr("192.0.2.1")
		_, err := g.Replace(t.Context(), acme, Change{Base: 1, Policy: restricted(t, "192.0.2.0/24"), Actor: inside, Trial: 10 * time.Minute})
		require.NoError(t, err, "a trial may lock out its author")
		require.True(t, g.Decide(t.Context(), acme, office).Allowed)
		require.False(t, g.Decide(t.Context(), acme, inside).Allowed)

		_, err = g.Confirm(t.Context(), acme, 2, inside)
		require.ErrorIs(t, err, ErrLockOut, "confirmed from an admitted address only")
		_, err = g.Confirm(t.Context(), acme, 2, netip.Addr{})
		require.ErrorIs(t, err, ErrLockOut)
		_, err = g.Confirm(t.Context(), acme, 1, office)
		require.ErrorIs(t, err, ErrVersion, "of the version that is on trial")

		time.Sleep(10*time.Minute - 1)
		require.True(t, g.Decide(t.Context(), acme, office).Allowed)
		time.Sleep(time.Nanosecond)
		require.False(t, g.Decide(t.Context(), acme, office).Allowed, "on time, although the cache would keep it")
		require.True(t, g.Decide(t.Context(), acme, inside).Allowed)
		_, err = g.Confirm(t.Context(), acme, 2, office)
		require.ErrorIs(t, err, ErrNoTrial)
	})
}

func TestConfirmedTrialStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newFake()
		s.set(t, acme, restricted(t, "10.0.0.0/8"))
		g := newGuard(t, s, Options{})
		office := netip.MustParseAddr("192.0.2.1")
		// A trial after a trial still goes back to what was there before both.
		for base := range int64(2) {
			_, err := g.Replace(t.Context(), acme, Change{Base: base + 1, Policy: restricted(t, "192.0.2.0/24"), Trial: time.Duration(base+1) * time.Minute})
			require.NoError(t, err)
		}
		r, err := g.Get(t.Context(), acme)
		require.NoError(t, err)
		require.Equal(t, "10.0.0.0/8\n", r.Policy.List.Text())
		r, err = g.Confirm(t.Context(), acme, 3, office)
		require.NoError(t, err)
		require.Nil(t, r.Trial)
		time.Sleep(time.Hour)
		require.True(t, g.Decide(t.Context(), acme, office).Allowed)
		require.False(t, g.Decide(t.Context(), acme, inside).Allowed)
	})
}

func TestFirstPolicyOnTrialGoesBackToTheDefault(t *testing.T) {
	t.Parallel()
	for _, open := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			g := newGuard(t, newFake(), Options{OpenByDefault: open})
			_, err := g.Replace(t.Context(), acme, Change{Policy: restricted(t, "10.0.0.0/8"), Trial: time.Minute})
			require.NoError(t, err)
			require.False(t, g.Decide(t.Context(), acme, outside).Allowed)
			time.Sleep(time.Minute)
			require.Equal(t, open, g.Decide(t.Context(), acme, outside).Allowed)
		})
	}
}

func TestClockSetBackEndsATrial(t *testing.T) {
	t.Parallel()
	now := time.Now()
	r := Record{Policy: restricted(t, "10.0.0.0/8"), Trial: &Trial{Policy: Policy{Open: true}, Since: now, Until: now.Add(time.Minute)}}
	for d, live := range map[time.Duration]bool{
		0: true, time.Minute - 1: true, time.Minute: false, time.Hour: false, -1: false, -time.Hour: false,
	} {
		r.Now = now.Add(d)
		p, left := r.Current()
		require.Equal(t, live, p.Open, d)
		require.Equal(t, live, left > 0, d)
	}
}

func TestImpossibleTrialsAreRefused(t *testing.T) {
	t.Parallel()
	g := newGuard(t, newFake(), Options{})
	for _, c := range []Change{
		{Policy: Policy{Open: true}, Trial: -1},
		{Policy: Policy{Open: true}, Trial: MaxTrial + 1},
		{Policy: Policy{Open: true}, Trial: 1, Force: true},
	} {
		_, err := g.Replace(t.Context(), acme, c)
		require.Error(t, err)
	}
	s := newFake()
	s.onGet = func(context.Context) error { return errors.New("down") }
	_, err := newGuard(t, s, Options{}).Replace(t.Context(), acme, Change{Policy: Policy{Open: true}, Trial: 1})
	require.ErrorContains(t, err, "down", "what to go back to is not known")
	_, err = newGuard(t, s, Options{}).Confirm(t.Context(), acme, 1, inside)
	require.ErrorContains(t, err, "down")
}

func TestTwoAuthorsAtOnceDoNotOverwriteEachOther(t *testing.T) {
	t.Parallel()
	g := newGuard(t, newFake(), Options{})
	for base := range int64(20) {
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for i, text := range []string{"10.0.0.0/8", "10.1.0.0/16"} {
			wg.Go(func() {
				_, errs[i] = g.Replace(t.Context(), acme, Change{Base: base, Policy: restricted(t, text), Actor: inside})
			})
		}
		wg.Wait()
		won, lost := errs[0], errs[1]
		if won != nil {
			won, lost = lost, won
		}
		require.NoError(t, won)
		require.ErrorIs(t, lost, ErrVersion)
	}
}

// However plain changes follow each other, whoever made the last one is let in.
func TestNoPlainChangeEverLocksOutItsAuthor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		g := newGuard(t, newFake(), Options{TTL: time.Hour})
		var base int64
		for range rapid.IntRange(1, 8).Draw(rt, "changes") {
			l, err := NewList(drawEntries(rt, "entries")...)
			if err != nil {
				continue
			}
			actor := drawAddr(rt, "actor")
			if es := l.Entries(); len(es) > 0 && rapid.Bool().Draw(rt, "listed") {
				actor = es[0].Prefix.Addr()
			}
			r, err := g.Replace(context.Background(), acme, Change{Base: base, Policy: Policy{List: l}, Actor: actor})
			if err != nil {
				if !errors.Is(err, ErrLockOut) || l.Contains(actor) {
					rt.Fatal(err)
				}
				continue
			}
			base = r.Version
			if !g.Decide(context.Background(), acme, actor).Allowed {
				rt.Fatalf("%s is locked out", actor)
			}
		}
	})
}

func TestAChangeThatIsNotRecordedIsNotMade(t *testing.T) {
	t.Parallel()
	s := newFake()
	var told []tenancy.Act
	fails := map[tenancy.Stage]error{}
	g := newGuard(t, s, Options{Audit: func(ctx context.Context, a tenancy.Act) error {
		id, err := tenancy.From(ctx)
		require.NoError(t, err)
		require.Equal(t, acme, id)
		told = append(told, a)
		return fails[a.Stage]
	}})
	full := errors.New("disk full")
	fails[tenancy.Begun], fails[tenancy.Refused] = full, full
	change := Change{Policy: restricted(t, "10.0.0.0/8"), Actor: inside}
	_, err := g.Replace(t.Context(), acme, change)
	require.ErrorIs(t, err, full)
	change.Actor = outside
	_, err = g.Replace(t.Context(), acme, change)
	require.ErrorIs(t, err, ErrLockOut)
	require.ErrorIs(t, err, full, "somebody tried, and nobody has it in writing")
	_, err = g.Get(t.Context(), acme)
	require.ErrorIs(t, err, ErrNoPolicy)

	clear(fails)
	fails[tenancy.Done] = full
	change.Actor = inside
	_, err = g.Replace(t.Context(), acme, change)
	require.ErrorIs(t, err, full)
	clear(fails)
	told = nil
	r, err := g.Replace(t.Context(), acme, change)
	require.NoError(t, err)
	require.EqualValues(t, 1, r.Version, "it was made, and is again answered")
	change = Change{Base: 1, Policy: Policy{}, Trial: time.Minute}
	_, err = g.Replace(t.Context(), acme, change)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"base": int64(0), "open": false, "entries": int64(1), "forced": false, "version": int64(1)}, told[1].Detail)
	require.Equal(t, told[0].ID, told[1].ID)
	require.Equal(t, "tenancy.allowlist_trial", told[2].Name)
	require.Equal(t, int64(60), told[2].Detail["trial_seconds"])
	_, err = g.Replace(t.Context(), tenancy.ID{}, change)
	require.ErrorIs(t, err, tenancy.ErrNoTenant)

	change = Change{Base: 2, Policy: restricted(t, "10.0.0.0/8"), Actor: inside, Trial: time.Minute}
	_, err = g.Replace(t.Context(), acme, change)
	require.NoError(t, err)
	fails[tenancy.Done] = full
	_, err = g.Confirm(t.Context(), acme, 3, inside)
	require.ErrorIs(t, err, full)
	clear(fails)
	told = nil
	r, err = g.Confirm(t.Context(), acme, 3, inside)
	require.NoError(t, err)
	require.EqualValues(t, 4, r.Version)
	require.Equal(t, tenancy.Done, told[1].Stage, "it is told when it is repeated")
}
