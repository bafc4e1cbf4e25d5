// Package storetest is the executable contract of [tenancy.Store]. Whoever writes a store runs it:
//
//	storetest.Run(t, func(testing.TB) tenancy.Store { return mystore.Open() })
//
// It is a package of its own so that package tenancytest, which applications import to attack their
// schemas, brings no test library along.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Run is the contract of [tenancy.Store] as a test: open returns an empty store, which may be shared
// by all of the tests. Run it on your own store under the race detector.
func Run(t *testing.T, open func(testing.TB) tenancy.Store) {
	s := open(t)
	for _, c := range []struct {
		name string
		test func(*testing.T, tenancy.Store)
	}{
		{"an entry is created provisioning, at epoch 1", storeCreates},
		{"what is not there is unknown", storeUnknown},
		{"every step of the lifecycle and no other is taken", storeGraph},
		{"a change of an entry read before another change is refused", storeStale},
		{"a placement counts epochs and never touches what is purged", storePlaces},
		{"a list is paged in byte order and filtered", storeLists},
		{"the first note of a step stays", storeSteps},
		{"of many at once one wins", storeRace},
		{"a cancelled context changes nothing", storeCancelled},
		{"any sequence of calls does as the model does", storeModel},
	} {
		t.Run(c.name, func(t *testing.T) { t.Parallel(); c.test(t, s) })
	}
}

func create(t require.TestingT, s tenancy.Store, shard string) tenancy.Tenant {
	e, err := s.Create(context.Background(), tenancy.Tenant{ID: tenancy.NewID(), Region: "eu", Shard: shard})
	require.NoError(t, err)
	return e
}

func storeCreates(t *testing.T, s tenancy.Store) {
	ctx, id := t.Context(), tenancy.NewID()
	e, err := s.Create(ctx, tenancy.Tenant{ID: id, Region: "eu", Shard: "s1", State: tenancy.Active, Prior: tenancy.Moving, Epoch: 7})
	require.NoError(t, err)
	require.False(t, e.CreatedAt.IsZero())
	require.Equal(t, tenancy.Tenant{ID: id, State: tenancy.Provisioning, Region: "eu", Shard: "s1", Epoch: 1,
		CreatedAt: e.CreatedAt, ChangedAt: e.CreatedAt}, e)
	require.Equal(t, time.UTC, e.CreatedAt.Location())
	require.Equal(t, e.CreatedAt.Truncate(time.Microsecond), e.CreatedAt)
	got, err := s.Lookup(ctx, id)
	require.NoError(t, err)
	require.Equal(t, e, got)

	_, err = s.Create(ctx, tenancy.Tenant{ID: id, Region: "us"})
	require.ErrorIs(t, err, tenancy.ErrExists)
	for _, to := range []tenancy.State{tenancy.Purging, tenancy.Purged} {
		e, err = s.Transition(ctx, e, to)
		require.NoError(t, err)
	}
	_, err = s.Create(ctx, tenancy.Tenant{ID: id, Region: "eu"})
	require.ErrorIs(t, err, tenancy.ErrExists, "a purged id is never used again")
	got, err = s.Lookup(ctx, id)
	require.NoError(t, err)
	require.Equal(t, e, got)

	bare, err := s.Create(ctx, tenancy.Tenant{ID: tenancy.NewID()})
	require.NoError(t, err)
	require.Empty(t, bare.Region)
	require.Empty(t, bare.Shard)
}

func storeUnknown(t *testing.T, s tenancy.Store) {
	ctx := t.Context()
	for _, c := range []struct {
		id   tenancy.ID
		want error
	}{{tenancy.NewID(), tenancy.ErrUnknownTenant}, {tenancy.ID{}, tenancy.ErrNoTenant}} {
		e := tenancy.Tenant{ID: c.id, Epoch: 1}
		_, err := s.Lookup(ctx, c.id)
		require.ErrorIs(t, err, c.want)
		_, err = s.Claim(ctx, e)
		require.ErrorIs(t, err, c.want)
		_, err = s.Transition(ctx, e, tenancy.Active)
		require.ErrorIs(t, err, c.want)
		_, err = s.Place(ctx, e, "s1", "eu")
		require.ErrorIs(t, err, c.want)
		_, err = s.Record(ctx, tenancy.Step{Tenant: c.id, Op: "op", Name: "step"})
		require.ErrorIs(t, err, c.want)
	}
	_, err := s.Create(ctx, tenancy.Tenant{})
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	steps, err := s.Steps(ctx, tenancy.NewID(), "op")
	require.NoError(t, err)
	require.Empty(t, steps)
}

// states is every state, and the steps that lead to it from the first.
var states = map[tenancy.State][]tenancy.State{
	tenancy.Provisioning: {},
	tenancy.Active:       {tenancy.Active},
	tenancy.Suspended:    {tenancy.Active, tenancy.Suspended},
	tenancy.Exporting:    {tenancy.Active, tenancy.Exporting},
	tenancy.Moving:       {tenancy.Active, tenancy.Moving},
	tenancy.Purging:      {tenancy.Purging},
	tenancy.Purged:       {tenancy.Purging, tenancy.Purged},
}

func storeGraph(t *testing.T, s tenancy.Store) {
	ctx := t.Context()
	for from, path := range states {
		for _, to := range append(slices.Collect(maps.Keys(states)), "", "no-such-state") {
			e := create(t, s, "graph")
			var err error
			for _, step := range path {
				e, err = s.Transition(ctx, e, step)
				require.NoError(t, err)
			}
			require.Equal(t, from, e.State)
			after, err := s.Transition(ctx, e, to)
			if !from.CanBecome(to) {
				require.ErrorIs(t, err, tenancy.ErrState, "%s to %s", from, to)
				got, err := s.Lookup(ctx, e.ID)
				require.NoError(t, err)
				require.Equal(t, e, got)
				continue
			}
			require.NoError(t, err, "%s to %s", from, to)
			require.True(t, after.ChangedAt.After(e.ChangedAt))
			e.State, e.Prior, e.ChangedAt = to, from, after.ChangedAt
			require.Equal(t, e, after)
			got, err := s.Lookup(ctx, e.ID)
			require.NoError(t, err)
			require.Equal(t, e, got)
		}
	}
}

func storeStale(t *testing.T, s tenancy.Store) {
	ctx, old := t.Context(), create(t, s, "stale")
	now, err := s.Claim(ctx, old)
	require.NoError(t, err)
	for range 20 { // faster than a clock of microseconds may tick
		before := now
		now, err = s.Claim(ctx, now)
		require.NoError(t, err)
		require.True(t, now.ChangedAt.After(before.ChangedAt))
		before.ChangedAt = now.ChangedAt
		require.Equal(t, before, now)
	}
	refused := func(want error) {
		_, err := s.Claim(ctx, old)
		require.ErrorIs(t, err, want)
		_, err = s.Transition(ctx, old, tenancy.Active)
		require.ErrorIs(t, err, want)
		_, err = s.Place(ctx, old, "s2", "eu")
		require.ErrorIs(t, err, want)
		got, err := s.Lookup(ctx, old.ID)
		require.NoError(t, err)
		require.Equal(t, now, got)
	}
	refused(tenancy.ErrState)
	now, err = s.Place(ctx, now, "s2", "eu")
	require.NoError(t, err)
	refused(tenancy.ErrStaleEpoch)
}

func storePlaces(t *testing.T, s tenancy.Store) {
	ctx, e := t.Context(), create(t, s, "from")
	after, err := s.Place(ctx, e, "to", "us")
	require.NoError(t, err)
	require.True(t, after.ChangedAt.After(e.ChangedAt))
	e.Shard, e.Region, e.Epoch, e.ChangedAt = "to", "us", 2, after.ChangedAt
	require.Equal(t, e, after)
	for _, to := range []tenancy.State{tenancy.Purging, tenancy.Purged} {
		e, err = s.Transition(ctx, e, to)
		require.NoError(t, err)
		_, err = s.Place(ctx, e, "third", "us")
		require.ErrorIs(t, err, tenancy.ErrPurged)
	}
	got, err := s.Lookup(ctx, e.ID)
	require.NoError(t, err)
	require.Equal(t, e, got)
}

func storeLists(t *testing.T, s tenancy.Store) {
	ctx := t.Context()
	// A language's collation would order these in another way than their bytes do.
	names := []string{"list-1", "list-10", "list-2", "list-a", "list-ab", "list-b", "list1", "list_a", "lista", "listz"}
	var want []tenancy.Tenant
	for i, n := range names {
		shard, region := "list-even", tenancy.Region("eu")
		if i%2 == 1 {
			shard, region = "list-odd", "us"
		}
		e, err := s.Create(ctx, tenancy.Tenant{ID: tenancy.MustParseID(n), Region: region, Shard: shard})
		require.NoError(t, err)
		if i%4 == 0 {
			e, err = s.Transition(ctx, e, tenancy.Active)
			require.NoError(t, err)
		}
		want = append(want, e)
	}
	only := func(keep func(tenancy.Tenant) bool) (out []tenancy.Tenant) {
		for _, e := range want {
			if keep(e) {
				out = append(out, e)
			}
		}
		return out
	}
	even := func(e tenancy.Tenant) bool { return e.Shard == "list-even" }
	for limit := range len(names) + 2 {
		var got []tenancy.Tenant
		for e, err := range tenancy.All(ctx, s, tenancy.Query{Limit: limit, Shard: "list-even"}) {
			require.NoError(t, err)
			got = append(got, e)
		}
		require.Equal(t, only(even), got, "by %d", limit)
	}
	page, err := s.List(ctx, tenancy.Query{Limit: 2, Shard: "list-odd", After: want[1].ID})
	require.NoError(t, err)
	require.Equal(t, []tenancy.Tenant{want[3], want[5]}, page)
	page, err = s.List(ctx, tenancy.Query{Shard: "list-even", State: tenancy.Active, Region: "eu"})
	require.NoError(t, err)
	require.Equal(t, only(func(e tenancy.Tenant) bool { return e.State == tenancy.Active }), page)
	for _, q := range []tenancy.Query{
		{Shard: "list-even", Region: "us"}, {Shard: "list-odd", State: tenancy.Active}, {Shard: "no-such"},
		{Shard: "list-even", After: tenancy.MustParseID("zzzz")},
	} {
		page, err = s.List(ctx, q)
		require.NoError(t, err)
		require.Empty(t, page)
	}
}

func storeSteps(t *testing.T, s tenancy.Store) {
	ctx, e, other := t.Context(), create(t, s, "steps"), create(t, s, "steps")
	var want []tenancy.Step
	for _, name := range []string{"zebra", "apple", "mango"} {
		at, err := s.Record(ctx, tenancy.Step{Tenant: e.ID, Op: "op", Name: name, Detail: "first 'of' " + name})
		require.NoError(t, err)
		require.False(t, at.At.IsZero())
		require.Equal(t, tenancy.Step{Tenant: e.ID, Op: "op", Name: name, At: at.At, Detail: "first 'of' " + name}, at)
		again, err := s.Record(ctx, tenancy.Step{Tenant: e.ID, Op: "op", Name: name, Detail: "second"})
		require.NoError(t, err)
		require.Equal(t, at, again)
		want = append(want, at)
	}
	_, err := s.Record(ctx, tenancy.Step{Tenant: e.ID, Op: "other op", Name: "zebra"})
	require.NoError(t, err)
	_, err = s.Record(ctx, tenancy.Step{Tenant: other.ID, Op: "op", Name: "zebra"})
	require.NoError(t, err)
	got, err := s.Steps(ctx, e.ID, "op")
	require.NoError(t, err)
	require.Equal(t, want, got)
	for _, bad := range []tenancy.Step{{Tenant: e.ID, Op: "op"}, {Tenant: e.ID, Name: "step"}} {
		_, err = s.Record(ctx, bad)
		require.Error(t, err)
	}
}

func storeRace(t *testing.T, s tenancy.Store) {
	const n = 8
	ctx, e := t.Context(), create(t, s, "race")
	id := tenancy.NewID()
	wins := func(try func(i int) error, loss error) {
		errs := make([]error, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() { errs[i] = try(i) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			require.ErrorIs(t, err, loss)
		}
		require.Equal(t, 1, won)
	}
	wins(func(i int) error {
		_, err := s.Create(ctx, tenancy.Tenant{ID: id, Shard: fmt.Sprint("race", i)})
		return err
	}, tenancy.ErrExists)
	wins(func(int) error {
		_, err := s.Transition(ctx, e, tenancy.Active)
		return err
	}, tenancy.ErrState)
	e, err := s.Lookup(ctx, e.ID)
	require.NoError(t, err)
	wins(func(i int) error {
		_, err := s.Place(ctx, e, fmt.Sprint("race", i), "eu")
		return err
	}, tenancy.ErrStaleEpoch)

	notes := make([]tenancy.Step, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			notes[i], _ = s.Record(ctx, tenancy.Step{Tenant: e.ID, Op: "race", Name: "step", Detail: fmt.Sprint(i)})
		})
	}
	wg.Wait()
	for _, note := range notes {
		require.NotEmpty(t, note.Op)
		require.Equal(t, notes[0], note)
	}
}

func storeCancelled(t *testing.T, s tenancy.Store) {
	e, id := create(t, s, "cancelled"), tenancy.NewID()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	calls := []func() error{
		func() error { _, err := s.Lookup(ctx, e.ID); return err },
		func() error { _, err := s.List(ctx, tenancy.Query{}); return err },
		func() error { _, err := s.Create(ctx, tenancy.Tenant{ID: id}); return err },
		func() error { _, err := s.Claim(ctx, e); return err },
		func() error { _, err := s.Transition(ctx, e, tenancy.Active); return err },
		func() error { _, err := s.Place(ctx, e, "s2", "eu"); return err },
		func() error { _, err := s.Record(ctx, tenancy.Step{Tenant: e.ID, Op: "op", Name: "s"}); return err },
		func() error { _, err := s.Steps(ctx, e.ID, "op"); return err },
	}
	for i, call := range calls {
		require.ErrorIs(t, call(), context.Canceled, "call %d", i)
	}
	got, err := s.Lookup(t.Context(), e.ID)
	require.NoError(t, err)
	require.Equal(t, e, got)
	_, err = s.Lookup(t.Context(), id)
	require.ErrorIs(t, err, tenancy.ErrUnknownTenant)
	steps, err := s.Steps(t.Context(), e.ID, "op")
	require.NoError(t, err)
	require.Empty(t, steps)
}

// storeModel drives the store and a model of one entry side by side.
func storeModel(t *testing.T, s tenancy.Store) {
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		e := create(t, s, "model")
		seen := []tenancy.Tenant{e} // every version a caller may still hold
		check := func(got tenancy.Tenant, err error, from, want tenancy.Tenant, refusal error) {
			switch {
			case from.Epoch != e.Epoch:
				refusal = tenancy.ErrStaleEpoch
			case !from.ChangedAt.Equal(e.ChangedAt):
				refusal = tenancy.ErrState
			}
			if refusal != nil {
				require.ErrorIs(t, err, refusal)
				return
			}
			require.NoError(t, err)
			require.True(t, got.ChangedAt.After(e.ChangedAt))
			want.ChangedAt = got.ChangedAt
			require.Equal(t, want, got)
			e = got
			seen = append(seen, e)
		}
		pick := func(t *rapid.T) tenancy.Tenant {
			if rapid.IntRange(0, 3).Draw(t, "stale") > 0 {
				return e
			}
			return rapid.SampledFrom(seen).Draw(t, "entry")
		}
		actions := map[string]func(*rapid.T){
			"claim": func(t *rapid.T) {
				from := pick(t)
				got, err := s.Claim(ctx, from)
				check(got, err, from, e, nil)
			},
			"transition": func(t *rapid.T) {
				from, to := pick(t), rapid.SampledFrom(slices.Sorted(maps.Keys(states))).Draw(t, "to")
				got, err := s.Transition(ctx, from, to)
				want := e
				want.State, want.Prior = to, e.State
				var refusal error
				if !e.State.CanBecome(to) {
					refusal = tenancy.ErrState
				}
				check(got, err, from, want, refusal)
			},
			"place": func(t *rapid.T) {
				from := pick(t)
				got, err := s.Place(ctx, from, "model-2", "us")
				want := e
				want.Shard, want.Region, want.Epoch = "model-2", "us", e.Epoch+1
				var refusal error
				if errors.Is(e.State.CanRead(), tenancy.ErrPurged) {
					refusal = tenancy.ErrPurged
				}
				check(got, err, from, want, refusal)
			},
		}
		names := slices.Sorted(maps.Keys(actions))
		for range rapid.IntRange(1, 12).Draw(t, "calls") { // few: a database makes each of them durable
			actions[rapid.SampledFrom(names).Draw(t, "call")](t)
			got, err := s.Lookup(ctx, e.ID)
			require.NoError(t, err)
			require.Equal(t, e, got)
		}
	})
}
