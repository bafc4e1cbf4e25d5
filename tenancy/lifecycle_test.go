package tenancy_test

import (
	"context"
	"errors"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

func TestLifecycleWalksDirectoryAndHostTogether(t *testing.T) {
	t.Parallel()
	w, id := newWorld(t), tenancy.MustParseID("acme")
	for _, c := range []struct{ op, want string }{
		{"provision", "active/active"}, {"provision", "active/active"},
		{"suspend", "suspended/suspended"}, {"suspend", "suspended/suspended"},
		{"begin export", "exporting/exporting"}, {"begin export", "exporting/exporting"},
		{"end export", "suspended/suspended"}, {"end export", "suspended/suspended"},
		{"resume", "active/active"}, {"resume", "active/active"},
		{"begin export", "exporting/exporting"},
		{"end export", "active/active"}, {"end export", "active/active"},
		{"begin export", "exporting/exporting"}, {"suspend", "suspended/suspended"},
		{"end export", "suspended/suspended"},
		{"purge", "purged/purged"}, {"purge", "purged/purged"},
	} {
		w.walk(t, id, c.op)
		require.Equal(t, c.want, w.both(id), "after %s", c.op)
	}
}

func TestLifecycleRefusesWhatTheStateDoesNotAllow(t *testing.T) {
	t.Parallel()
	paths := map[string][]string{
		"active":    {"provision"},
		"suspended": {"provision", "suspend"},
		"exporting": {"provision", "begin export"},
		"purged":    {"provision", "suspend", "purge"},
		"unknown":   nil,
	}
	want := map[string]map[string]error{
		"active":    {"purge": tenancy.ErrState},
		"suspended": {"provision": tenancy.ErrExists},
		"exporting": {"provision": tenancy.ErrExists, "resume": tenancy.ErrState},
		"purged": {"provision": tenancy.ErrPurged, "suspend": tenancy.ErrPurged, "resume": tenancy.ErrPurged,
			"begin export": tenancy.ErrPurged, "end export": tenancy.ErrPurged},
		"unknown": {"suspend": tenancy.ErrUnknownTenant, "resume": tenancy.ErrUnknownTenant,
			"begin export": tenancy.ErrUnknownTenant, "end export": tenancy.ErrUnknownTenant, "purge": tenancy.ErrUnknownTenant},
	}
	for state, path := range paths {
		for op, run := range ops {
			w, id := newWorld(t), tenancy.MustParseID("acme")
			w.walk(t, id, path...)
			err := run(t.Context(), w.lifecycle(), id)
			if refusal := want[state][op]; refusal != nil {
				require.ErrorIs(t, err, refusal, "%s while %s", op, state)
			} else {
				require.NoError(t, err, "%s while %s", op, state)
			}
		}
	}
}

func TestProvisionKeepsATenantInItsRegion(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	l := w.lifecycle()
	_, err := l.Provision(ctx, tenancy.NewID(), "us")
	require.ErrorIs(t, err, tenancy.ErrWrongRegion)
	anywhere, err := l.Provision(ctx, tenancy.NewID(), "")
	require.NoError(t, err)
	require.Equal(t, "s1", anywhere.Shard)

	id := tenancy.NewID()
	first, err := l.Provision(ctx, id, "eu")
	require.NoError(t, err)
	_, err = l.Provision(ctx, id, "us")
	require.ErrorIs(t, err, tenancy.ErrExists)
	again, err := l.Provision(ctx, id, "eu")
	require.NoError(t, err)
	again.ChangedAt = first.ChangedAt
	require.Equal(t, first, again)

	l.Shards[0].Full = true
	_, err = l.Provision(ctx, tenancy.NewID(), "eu")
	require.ErrorIs(t, err, tenancy.ErrWrongRegion, "a full shard takes no new tenant")
	_, err = l.Suspend(ctx, id)
	require.NoError(t, err, "and keeps those it has")
	l.Shards[0].Region = "us"
	_, err = l.Resume(ctx, id)
	require.ErrorIs(t, err, tenancy.ErrWrongRegion, "a shard that is said to be elsewhere now")
	l.Shards = nil
	_, err = l.Resume(ctx, id)
	require.Error(t, err)
	require.Equal(t, "suspended/suspended", w.both(id))
}

func TestProvisionLetsTheCallerChooseAmongCandidates(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	l := w.lifecycle()
	l.Shards = append(l.Shards, tenancy.Shard{Name: "s2", Region: "eu", Host: worldHost{w}},
		tenancy.Shard{Name: "us1", Region: "us", Host: worldHost{w}})
	var offered []string
	choice, fails := "s2", error(nil)
	l.Choose = func(_ context.Context, _ tenancy.ID, candidates []string) (string, error) {
		offered = candidates
		return choice, fails
	}
	e, err := l.Provision(ctx, tenancy.NewID(), "eu")
	require.NoError(t, err)
	require.Equal(t, "s2", e.Shard)
	require.Equal(t, []string{"s1", "s2"}, offered)
	choice = "us1"
	id := tenancy.NewID()
	_, err = l.Provision(ctx, id, "eu")
	require.ErrorIs(t, err, tenancy.ErrWrongRegion)
	choice, fails = "s1", errCrash
	_, err = l.Provision(ctx, id, "eu")
	require.ErrorIs(t, err, errCrash)
	_, err = w.store.Lookup(ctx, id)
	require.ErrorIs(t, err, tenancy.ErrUnknownTenant)
}

func TestAuditThatFailsStopsTheChange(t *testing.T) {
	t.Parallel()
	w, id, ctx := newWorld(t), tenancy.MustParseID("acme"), t.Context()
	w.walk(t, id, "provision")
	l := w.lifecycle()
	var told []tenancy.Act
	full, fullAt := error(nil), tenancy.Begun
	l.Audit = func(ctx context.Context, a tenancy.Act) error {
		of, err := tenancy.From(ctx)
		require.NoError(t, err)
		require.Equal(t, id, of)
		told = append(told, a)
		if a.Stage == fullAt {
			return full
		}
		return nil
	}
	_, err := l.Suspend(ctx, id)
	require.NoError(t, err)
	act := tenancy.Act{ID: told[0].ID, Name: "tenancy.suspend", Stage: tenancy.Begun, Tenant: id, Shard: "s1", Prior: tenancy.Active, To: tenancy.Suspended}
	done := act
	done.Stage = tenancy.Done
	require.Equal(t, []tenancy.Act{act, done}, told)
	full = errors.New("disk full")
	_, err = l.Resume(ctx, id)
	require.ErrorIs(t, err, full)
	require.Equal(t, "suspended/suspended", w.both(id))

	fullAt = tenancy.Done
	_, err = l.Resume(ctx, id)
	require.ErrorIs(t, err, full, "it is done, and nobody has it in writing")
	require.Equal(t, "active/active", w.both(id))
	full, told = nil, nil
	_, err = l.Resume(ctx, id)
	require.NoError(t, err, "so it is repeated")
	require.Equal(t, tenancy.Done, told[1].Stage)
}

func TestHowAChangeEndedIsToldEvenIfItsCallerIsGone(t *testing.T) {
	t.Parallel()
	w, id := newWorld(t), tenancy.MustParseID("acme")
	w.walk(t, id, "provision", "suspend")
	l := w.lifecycle()
	var told []tenancy.Act
	l.Audit = func(ctx context.Context, a tenancy.Act) error { told = append(told, a); return ctx.Err() }
	ctx, cancel := context.WithCancel(t.Context())
	l.BeforePurge = func(context.Context, tenancy.Tenant) error { cancel(); return ctx.Err() }
	_, err := l.Purge(ctx, id)
	require.ErrorIs(t, err, context.Canceled)
	l.BeforePurge = nil
	_, err = l.Purge(t.Context(), id)
	require.NoError(t, err)
	var stages []string
	for i, a := range told {
		stages = append(stages, a.Name+" "+string(a.Stage))
		require.Equal(t, told[i&^1].ID, a.ID)
	}
	require.Equal(t, []string{"tenancy.purge begun", "tenancy.purge done", "tenancy.destroy begun", "tenancy.destroy failed",
		"tenancy.destroy begun", "tenancy.destroy done"}, stages)
	require.Equal(t, map[string]any{"erased": int64(3), "left": int64(0)}, told[5].Detail)
}

// crashAt makes every call from the nth on fail, the nth itself before or after it took effect.
func (w *world) crashAt(n int, after bool) (calls *int) {
	calls = new(int)
	w.step = func(context.Context, string) (error, error) {
		*calls++
		switch {
		case *calls < n:
			return nil, nil
		case *calls == n && after:
			return nil, errCrash
		}
		return errCrash, nil
	}
	return calls
}

func TestEveryOperationResumesAfterACrashAtAnyStep(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		op   string
		path []string
		want string
	}{
		{"provision", nil, "active/active"},
		{"suspend", []string{"provision"}, "suspended/suspended"},
		{"suspend", []string{"provision", "begin export"}, "suspended/suspended"},
		{"resume", []string{"provision", "suspend"}, "active/active"},
		{"begin export", []string{"provision"}, "exporting/exporting"},
		{"begin export", []string{"provision", "suspend"}, "exporting/exporting"},
		{"end export", []string{"provision", "begin export"}, "active/active"},
		{"end export", []string{"provision", "suspend", "begin export"}, "suspended/suspended"},
		{"purge", []string{"provision", "suspend"}, "purged/purged"},
		{"purge", []string{"provision", "begin export"}, "purged/purged"},
	} {
		crashes := 0
		for n, finished := 1, false; !finished; n++ {
			for _, after := range []bool{false, true} {
				w, id := newWorld(t), tenancy.MustParseID("acme")
				w.walk(t, id, c.path...)
				calls := w.crashAt(n, after)
				err := ops[c.op](t.Context(), w.lifecycle(), id)
				if *calls < n {
					require.NoError(t, err)
					finished = true
					continue
				}
				crashes++
				require.ErrorIs(t, err, errCrash, "%s, call %d", c.op, n)
				w.step = func(context.Context, string) (error, error) { return nil, nil }
				w.walk(t, id, c.op)
				require.Equal(t, c.want, w.both(id), "%s, crashed at call %d", c.op, n)
				if r := w.rooms[id]; r.State == tenancy.Purged {
					require.Zero(t, r.rows)
				}
			}
		}
		require.Greater(t, crashes, 6, c.op)
	}
}

func TestAnAbandonedProvisioningCanBePurged(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 8; n++ {
		w, id := newWorld(t), tenancy.MustParseID("acme")
		w.crashAt(n, true)
		_ = ops["provision"](t.Context(), w.lifecycle(), id)
		w.step = func(context.Context, string) (error, error) { return nil, nil }
		if e, err := w.store.Lookup(t.Context(), id); err != nil || e.State != tenancy.Provisioning {
			continue
		}
		w.walk(t, id, "purge")
		require.Equal(t, "purged/purged", w.both(id))
		require.ErrorIs(t, ops["provision"](t.Context(), w.lifecycle(), id), tenancy.ErrPurged)
	}
}

func TestPurgeReturnsTheFirstReceiptForEver(t *testing.T) {
	t.Parallel()
	w, id, ctx := newWorld(t), tenancy.MustParseID("acme"), t.Context()
	w.walk(t, id, "provision", "suspend")
	l := w.lifecycle()
	first, err := l.Purge(ctx, id)
	require.NoError(t, err)
	require.Equal(t, tenancy.Receipt{Tenant: id, Shard: "s1", Erased: map[string]int64{"note": 3}, PurgedAt: first.PurgedAt}, first)
	for range 2 {
		again, err := l.Purge(ctx, id)
		require.NoError(t, err)
		require.Equal(t, first, again)
	}
	require.Equal(t, 1, w.rooms[id].purges)
}

// leaky is a host that does not keep its word when it purges.
type leaky struct {
	worldHost
	r tenancy.Receipt
}

func (h leaky) Purge(context.Context, tenancy.Tenant) (tenancy.Receipt, error) { return h.r, nil }

func TestPurgeIsNotDoneWhileAnythingIsLeft(t *testing.T) {
	t.Parallel()
	id := tenancy.MustParseID("acme")
	for _, r := range []tenancy.Receipt{{Tenant: id, Left: 1}, {Tenant: tenancy.MustParseID("other")}} {
		w := newWorld(t)
		w.walk(t, id, "provision", "suspend")
		l := w.lifecycle()
		l.Shards[0].Host = leaky{worldHost{w}, r}
		_, err := l.Purge(t.Context(), id)
		require.Error(t, err)
		require.Equal(t, "purging/purging", w.both(id))
		w.walk(t, id, "purge")
		require.Equal(t, "purged/purged", w.both(id))
	}
}

func TestTheKeysAreShreddedAfterTheDoorIsShutAndBeforeTheDataGoes(t *testing.T) {
	t.Parallel()
	w, id := newWorld(t), tenancy.MustParseID("acme")
	w.walk(t, id, "provision", "suspend")
	w.calls = nil
	w.walk(t, id, "purge")
	require.Equal(t, []string{"lookup", "audit", "claim", "host purging", "directory purging", "audit", "audit", "steps",
		"before purge", "host purge", "record", "directory purged", "audit"}, w.calls)
}
