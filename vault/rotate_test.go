package vault

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// world is a tenant with persons' values, opened by one process and rotated by another.
type world struct {
	ctx    context.Context
	store  *Memory
	keeper Keeper
	v      *Vault
	f      *Field
	sealed [][]byte
}

func newWorld(t *testing.T, n int) *world {
	t.Helper()
	w := &world{ctx: as(t, "alpha"), store: NewMemory(), keeper: newKeeper(t)}
	w.v = open(t, w.store, w.keeper, Options{FreshFor: 50 * time.Millisecond})
	var err error
	w.f, err = w.v.Field(w.ctx, "email")
	require.NoError(t, err)
	for i := range n {
		s, err := w.f.AppendSeal(w.ctx, nil, "1", w.who(i), fmt.Append(nil, i))
		require.NoError(t, err)
		w.sealed = append(w.sealed, s)
	}
	require.NoError(t, w.v.Put(w.ctx, slackBot, text("secret"), Policy{}))
	return w
}

func (w *world) who(i int) audit.Subject {
	if i%10 == 0 {
		return ""
	}
	return audit.Subject(fmt.Sprint("user:", i))
}

func (w *world) check(f *Field, v *Vault) error {
	for i, s := range w.sealed {
		out, err := f.AppendOpen(w.ctx, nil, "1", w.who(i), s)
		if err != nil || string(out) != fmt.Sprint(i) {
			return fmt.Errorf("%d: %q %w", i, out, err)
		}
	}
	if got, err := used(w.ctx, v, slackBot); err != nil || got != "secret" {
		return fmt.Errorf("%q %w", got, err)
	}
	return nil
}

func TestKeysAreReplacedWhileTheyAreUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 60)
	stop, failed := make(chan struct{}), make(chan error, 4)
	var group sync.WaitGroup
	var rounds atomic.Int64
	for i := range 3 {
		v := open(t, w.store, w.keeper, Options{FreshFor: 50 * time.Millisecond})
		f, err := v.Field(w.ctx, "email")
		require.NoError(t, err)
		group.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				who := audit.Subject(fmt.Sprint("new:", i, ":", n))
				s, err := f.AppendSeal(w.ctx, nil, "2", who, []byte("x"))
				if err == nil {
					_, err = w.f.AppendOpen(w.ctx, nil, "2", who, s)
				}
				if err = errors.Join(err, w.check(f, v)); err != nil {
					failed <- err
					return
				}
				rounds.Add(1)
			}
		})
	}
	rotator := open(t, w.store, w.keeper, Options{})
	for range 5 {
		require.NoError(t, rotator.RotateTenantKey(w.ctx, Rotation{}))
		require.NoError(t, rotator.RotatePurposeKey(w.ctx, "email", Rotation{}))
		require.NoError(t, rotator.RotatePurposeKey(w.ctx, "slack", Rotation{}))
		seen := rounds.Load()
		require.Eventually(t, func() bool { return rounds.Load() > seen+3 || len(failed) > 0 }, 30*time.Second, time.Millisecond)
	}
	close(stop)
	group.Wait()
	close(failed)
	require.NoError(t, <-failed)
	cold := open(t, w.store, w.keeper, Options{})
	f, err := cold.Field(w.ctx, "email")
	require.NoError(t, err)
	require.NoError(t, w.check(f, cold))
	for i, s := range w.sealed {
		out, changed, err := f.Reseal(w.ctx, nil, "1", w.who(i), s)
		require.NoError(t, err)
		require.Equal(t, w.who(i) == "", changed, "what is a person's has a key of its own, and only that was wrapped anew")
		if changed {
			w.sealed[i] = out
			_, changed, err = f.Reseal(w.ctx, nil, "1", w.who(i), out)
			require.NoError(t, err)
			require.False(t, changed)
		}
	}
	require.NoError(t, w.check(f, cold))
}

// A rotation that was stopped after any batch is finished by the next.
func TestARotationGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 40)
	ctx, stop := context.WithCancel(w.ctx)
	var seen []Progress
	err := w.v.RotatePurposeKey(ctx, "email", Rotation{Progress: func(p Progress) { seen = append(seen, p); stop() }})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []Progress{{36, 36}}, seen)
	require.NoError(t, w.v.RotatePurposeKey(w.ctx, "email", Rotation{}))
	rows, _, err := w.store.Keys(w.ctx)
	require.NoError(t, err)
	for _, r := range rows {
		n, err := w.store.CountUnder(w.ctx, r.ID)
		require.NoError(t, err)
		if r.State == Retired {
			require.Zero(t, n)
		}
	}
	require.NoError(t, w.check(w.f, w.v))
	require.NoError(t, w.v.RotateTenantKey(w.ctx, Rotation{}))
	rows, _, err = w.store.Keys(w.ctx)
	require.NoError(t, err)
	tenants := 0
	for _, r := range rows {
		if r.Level == OfTenant {
			tenants++
		}
	}
	require.Equal(t, 1, tenants, "the old one is destroyed")
	require.NoError(t, w.check(w.f, w.v))
}

// asked is a store that counts who is asked for what is under them.
type asked struct {
	*Memory
	under map[KeyID]bool
}

func (a *asked) Under(ctx context.Context, parent KeyID, after int64, limit int) ([]WrappedKey, error) {
	a.under[parent] = true
	return a.Memory.Under(ctx, parent, after, limit)
}

// Older keys that nothing is under any more, and that nobody has destroyed yet, cost a rotation no reading of all keys each.
func TestARotationGoesThroughNoKeyThatHasNothingUnderIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5)
	store := &asked{Memory: w.store}
	v := open(t, store, w.keeper, Options{})
	for range 4 {
		store.under = map[KeyID]bool{}
		require.NoError(t, v.RotatePurposeKey(w.ctx, "email", Rotation{}))
		require.Len(t, store.under, 1)
	}
	require.NoError(t, w.check(w.f, w.v))
}

func TestTheRootIsReplacedWithItsKeeper(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5)
	tenants := func(yield func(tenancy.ID, error) bool) {
		for _, name := range []string{"alpha", "beta", "gamma"} {
			id, err := tenancy.ParseID(name)
			if !yield(id, err) {
				return
			}
		}
	}
	require.NoError(t, w.v.Put(as(t, "beta"), slackBot, text("secret of beta"), Policy{}))
	next := newKeeper(t)
	v := open(t, w.store, next, Options{Previous: w.keeper})
	_, err := v.DestroyRoots(context.Background(), tenants)
	require.ErrorIs(t, err, ErrInUse)
	var last Progress
	require.NoError(t, v.RotateRoot(context.Background(), tenants, Rotation{Progress: func(p Progress) { last = p }}))
	require.Equal(t, Progress{2, 2}, last, "one key of each tenant that has any")
	require.NoError(t, w.check(w.f, w.v))
	_, err = Open(context.Background(), w.store, next, Options{})
	require.ErrorIs(t, err, ErrRoot, "the old root is still there")
	_, err = v.DestroyRoots(context.Background(), tenants)
	require.ErrorIs(t, err, ErrInUse, "the new root is young")
	w.store.roots[1].Created = time.Now().Add(-2 * settled)
	require.ErrorIs(t, w.v.Put(as(t, "gamma"), slackBot, text("secret of gamma"), Policy{}), ErrRoot, "in a process that has the old keeper alone")
	require.NoError(t, v.Put(as(t, "gamma"), slackBot, text("secret of gamma"), Policy{}))
	n, err := v.DestroyRoots(context.Background(), tenants)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	cold := open(t, w.store, next, Options{})
	f, err := cold.Field(w.ctx, "email")
	require.NoError(t, err)
	require.NoError(t, w.check(f, cold))
	for _, tenant := range []string{"beta", "gamma"} {
		got, err := used(as(t, tenant), cold, slackBot)
		require.NoError(t, err)
		require.Equal(t, "secret of "+tenant, got)
	}
}
