package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// running runs l until the test's end, or until the function is called.
func running(t *testing.T, l *Log) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return stop
}

// signedSize is the size of the newest checkpoint in the tree.
func signedSize(ctx context.Context, t *testing.T, tree Tree) uint64 {
	t.Helper()
	s, err := tree.Newest(ctx)
	if errors.Is(err, ErrNotFound) {
		return 0
	}
	require.NoError(t, err)
	return s.Size
}

func TestRunSignsWhatThisProcessWrote(t *testing.T) {
	t.Parallel()
	store, n := NewMemory(), newNotary(t)
	l := openSigning(t, store, n, func(o *Options) { o.Interval = 5 * time.Millisecond })
	running(t, l)
	for i, id := range []string{"acme", "globex", "initech"} {
		ctx := ofTenant(t, id)
		require.NoError(t, l.Record(ctx, Event{Action: docRead}))
		require.Eventually(t, func() bool {
			return signedSize(ctx, t, store) == 1 && signedSize(ctx, t, store.Heads()) == uint64(i+1)
		}, time.Minute, time.Millisecond)
	}
	requireHonest(ofTenant(t, "globex"), t, storeOf{store}, n.Verifier)
}

// storeOf hides the leaves of the log of heads, of which requireHonest knows one tenant only.
type storeOf struct{ Store }

func (s storeOf) Heads() Tree { return noLeaves{s.Store.Heads()} }

type noLeaves struct{ Tree }

func (noLeaves) Leaves(context.Context, uint64, uint64, func(Stored) error) error { return nil }

func TestRunSignsEarlyWhatGrowsFast(t *testing.T) {
	t.Parallel()
	store, n := NewMemory(), newNotary(t)
	l := openSigning(t, store, n, func(o *Options) { o.Interval, o.Every = time.Hour, 10 })
	running(t, l)
	ctx := ofTenant(t, "acme")
	for range 25 {
		require.NoError(t, l.Record(ctx, Event{Action: docRead}))
	}
	require.Eventually(t, func() bool { return signedSize(ctx, t, store) >= 10 }, time.Minute, time.Millisecond)
}

func TestRunSignsWhatWasParkedByATransaction(t *testing.T) {
	t.Parallel()
	store, n := NewMemory(), newNotary(t)
	l := openSigning(t, store, n, func(o *Options) { o.Interval = 5 * time.Millisecond })
	running(t, l)
	ctx := ofTenant(t, "acme")
	require.NoError(t, store.Tx(ctx, func(ctx context.Context) error { return l.Record(ctx, Event{Action: docRead}) }))
	require.Eventually(t, func() bool { return signedSize(ctx, t, store) == 1 }, time.Minute, time.Millisecond)
}

func TestRunLooksAfterTheTenantsThatAreListed(t *testing.T) {
	t.Parallel()
	store, n := NewMemory(), newNotary(t)
	var ids []tenancy.ID
	for i := range 3*runListed + 5 {
		id := tenancy.MustParseID(fmt.Sprintf("tenant-%d", i))
		ids = append(ids, id)
		ctx := tenancy.With(t.Context(), id)
		// As a process does that dies before its events got their places.
		require.NoError(t, store.Tx(ctx, func(ctx context.Context) error {
			_, err := store.Park(ctx, []Entry{leafEntry(i)})
			return err
		}))
	}
	failed := errors.New("the list ends early")
	var said lockedText
	l := openSigning(t, store, n, func(o *Options) {
		o.Interval = time.Millisecond
		o.Logger = slog.New(slog.NewTextHandler(&said, nil))
		o.Tenants = func(context.Context) iter.Seq2[tenancy.ID, error] {
			return func(yield func(tenancy.ID, error) bool) {
				for _, id := range ids {
					if !yield(id, nil) {
						return
					}
				}
				yield(tenancy.ID{}, failed)
			}
		}
	})
	stop := running(t, l)
	require.Eventually(t, func() bool {
		return signedSize(t.Context(), t, store.Heads()) == uint64(len(ids))
	}, time.Minute, 5*time.Millisecond)
	stop()
	for _, id := range ids {
		require.Equal(t, uint64(1), signedSize(tenancy.With(t.Context(), id), t, store))
	}
	require.Contains(t, said.String(), failed.Error())
}

// brokenFor is a store that fails for one tenant.
type brokenFor struct {
	Store
	id tenancy.ID
}

func (b brokenFor) Newest(ctx context.Context) (Signed, error) {
	if id, _ := tenancy.From(ctx); id == b.id {
		return Signed{}, ErrUnavailable
	}
	return b.Store.Newest(ctx)
}

func TestATenantThatFailsDoesNotHoldUpOthersAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	store, n := NewMemory(), newNotary(t)
	var said lockedText
	l := openSigning(t, brokenFor{store, acme}, n, func(o *Options) {
		o.Interval = time.Millisecond
		o.Logger = slog.New(slog.NewTextHandler(&said, nil))
	})
	running(t, l)
	require.NoError(t, l.Record(ofTenant(t, "acme"), Event{Action: docRead, ID: uuid.New()}))
	for i := range 3 {
		other := ofTenant(t, "globex")
		require.NoError(t, l.Record(other, Event{Action: docRead}))
		require.Eventually(t, func() bool { return signedSize(other, t, store) == uint64(i+1) }, time.Minute, time.Millisecond)
	}
	require.Eventually(t, func() bool { // a try may be under way, which gives back what it took, and tells
		l.signing.mu.Lock()
		defer l.signing.mu.Unlock()
		return l.signing.unsigned[acme] != nil && strings.Contains(said.String(), "tenant acme")
	}, time.Minute, time.Millisecond, "it is still to be signed")
}

func TestRunGivesASignOfLifeWhenNothingHappens(t *testing.T) {
	t.Parallel()
	store, n, anchor := NewMemory(), newNotary(t), &testAnchor{}
	l := openSigning(t, store, n, anchoredAt(anchor, true))
	r := runner{log: l, failing: map[tenancy.ID]time.Time{}}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		after time.Duration
		write bool
		notes int
	}{{0, false, 0}, {0, true, 1}, {time.Second, false, 1}, {59 * time.Second, false, 1}, {60 * time.Second, false, 2},
		{61 * time.Second, true, 3}, {62 * time.Second, false, 3}, {121 * time.Second, false, 4}, {-time.Hour, false, 5}} {
		l.signing.now = func() time.Time { return now.Add(x.after) }
		if x.write {
			require.NoError(t, l.Record(ofTenant(t, "acme"), Event{Action: docRead}))
		}
		r.round(t.Context())
		require.Equal(t, x.notes, anchor.count(), "after %v", x.after)
	}
}

func TestRunEndsQuietlyWhenTheLogIsClosed(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	l := openSigning(t, NewMemory(), newNotary(t), func(o *Options) {
		o.Interval, o.Logger = time.Millisecond, slog.New(slog.NewTextHandler(&said, nil))
	})
	done := make(chan struct{})
	go func() { defer close(done); l.Run(context.Background()) }()
	ctx := ofTenant(t, "acme")
	for range 20 {
		require.NoError(t, l.Record(ctx, Event{Action: docRead}))
	}
	require.NoError(t, l.Close(ctx))
	<-done
	require.Empty(t, said.String())
}
