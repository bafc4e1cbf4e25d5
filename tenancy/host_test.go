package tenancy_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// world is a directory and one host whose every call goes through step, where a test may crash the
// caller or hold it up. After every call the host must not be looser than the directory.
type world struct {
	t     require.TestingT
	store *tenancy.Memory
	step  func(ctx context.Context, call string) (before, after error)

	mu    sync.Mutex
	rooms map[tenancy.ID]room
	calls []string
	// broken is the first breach of the promise, for the test's own goroutine to find.
	broken string
}

// room is what the fake host holds of a tenant.
type room struct {
	tenancy.Tenant
	rows   int64
	purges int
}

func newWorld(t require.TestingT) *world {
	return &world{t: t, store: tenancy.NewMemory(), rooms: map[tenancy.ID]room{},
		step: func(context.Context, string) (error, error) { return nil, nil }}
}

func (w *world) lifecycle() *tenancy.Lifecycle {
	return &tenancy.Lifecycle{
		Store:  worldStore{w.store, w},
		Shards: []tenancy.Shard{{Name: "s1", Region: "eu", Host: worldHost{w}}},
		Audit: func(ctx context.Context, a tenancy.Act) error {
			return w.do(ctx, "audit", func() error { return nil })
		},
		BeforePurge: func(ctx context.Context, t tenancy.Tenant) error {
			id, err := tenancy.From(ctx)
			require.NoError(w.t, err)
			require.Equal(w.t, t.ID, id)
			return w.do(ctx, "before purge", func() error { return nil })
		},
	}
}

func (w *world) do(ctx context.Context, call string, effect func() error) error {
	before, after := w.step(ctx, call)
	if before != nil {
		return before
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, call)
	err := effect()
	w.neverLooser()
	if after != nil {
		return after
	}
	return err
}

// freedom is how much a state allows, in a test's own words.
var freedom = map[tenancy.State]int{tenancy.Active: 2, tenancy.Exporting: 1, tenancy.Moving: 1}

func (w *world) neverLooser() {
	for id, r := range w.rooms {
		d, err := w.store.Lookup(context.Background(), id)
		if (err != nil || freedom[r.State] > freedom[d.State]) && w.broken == "" {
			w.broken = fmt.Sprintf("the host says %s and the directory %s after %q", r.State, d.State, w.calls)
		}
	}
}

// both returns the state of id in the directory and in the host.
func (w *world) both(id tenancy.ID) string {
	d, err := w.store.Lookup(context.Background(), id)
	require.NoError(w.t, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	require.Empty(w.t, w.broken)
	return fmt.Sprint(d.State, "/", w.rooms[id].State)
}

type worldHost struct{ w *world }

func (h worldHost) put(t tenancy.Tenant, make bool) error {
	r, ok := h.w.rooms[t.ID]
	switch {
	case !ok && !make:
		return tenancy.ErrUnknownTenant
	case r.State == tenancy.Purged:
		return tenancy.ErrPurged
	case ok && r.Epoch != t.Epoch:
		return tenancy.ErrStaleEpoch
	case !t.ChangedAt.IsZero() && t.ChangedAt.Before(r.ChangedAt):
		return tenancy.ErrState
	case !ok:
		r.rows = 3
	}
	r.Tenant = t
	h.w.rooms[t.ID] = r
	return nil
}

func (h worldHost) Provision(ctx context.Context, t tenancy.Tenant) error {
	return h.w.do(ctx, "host provision", func() error { return h.put(t, true) })
}

func (h worldHost) SetState(ctx context.Context, t tenancy.Tenant) error {
	return h.w.do(ctx, "host "+string(t.State), func() error { return h.put(t, false) })
}

func (h worldHost) Purge(ctx context.Context, t tenancy.Tenant) (rec tenancy.Receipt, err error) {
	err = h.w.do(ctx, "host purge", func() error {
		r, ok := h.w.rooms[t.ID]
		if !ok {
			return tenancy.ErrUnknownTenant
		}
		rec = tenancy.Receipt{Tenant: t.ID, Erased: map[string]int64{"note": r.rows}, PurgedAt: time.Now().UTC()}
		r.rows, r.State = 0, tenancy.Purged
		r.purges++
		h.w.rooms[t.ID] = r
		return nil
	})
	return rec, err
}

type worldStore struct {
	tenancy.Store
	w *world
}

func (s worldStore) Lookup(ctx context.Context, id tenancy.ID) (t tenancy.Tenant, err error) {
	err = s.w.do(ctx, "lookup", func() (err error) { t, err = s.Store.Lookup(ctx, id); return err })
	return t, err
}

func (s worldStore) Create(ctx context.Context, e tenancy.Tenant) (t tenancy.Tenant, err error) {
	err = s.w.do(ctx, "create", func() (err error) { t, err = s.Store.Create(ctx, e); return err })
	return t, err
}

func (s worldStore) Claim(ctx context.Context, e tenancy.Tenant) (t tenancy.Tenant, err error) {
	err = s.w.do(ctx, "claim", func() (err error) { t, err = s.Store.Claim(ctx, e); return err })
	return t, err
}

func (s worldStore) Transition(ctx context.Context, e tenancy.Tenant, to tenancy.State) (t tenancy.Tenant, err error) {
	err = s.w.do(ctx, "directory "+string(to), func() (err error) { t, err = s.Store.Transition(ctx, e, to); return err })
	return t, err
}

func (s worldStore) Record(ctx context.Context, e tenancy.Step) (t tenancy.Step, err error) {
	err = s.w.do(ctx, "record", func() (err error) { t, err = s.Store.Record(ctx, e); return err })
	return t, err
}

func (s worldStore) Steps(ctx context.Context, id tenancy.ID, op string) (t []tenancy.Step, err error) {
	err = s.w.do(ctx, "steps", func() (err error) { t, err = s.Store.Steps(ctx, id, op); return err })
	return t, err
}

var errCrash = errors.New("crashed")

// ops are the operations of a lifecycle by name.
var ops = map[string]func(context.Context, *tenancy.Lifecycle, tenancy.ID) error{
	"provision": func(ctx context.Context, l *tenancy.Lifecycle, id tenancy.ID) error {
		_, err := l.Provision(ctx, id, "eu")
		return err
	},
	"suspend": func(ctx context.Context, l *tenancy.Lifecycle, id tenancy.ID) error {
		_, err := l.Suspend(ctx, id)
		return err
	},
	"resume": func(ctx context.Context, l *tenancy.Lifecycle, id tenancy.ID) error {
		_, err := l.Resume(ctx, id)
		return err
	},
	"begin export": func(ctx context.Context, l *tenancy.Lifecycle, id tenancy.ID) error {
		_, err := l.BeginExport(ctx, id)
		return err
	},
	"end export": func(ctx context.Context, l *tenancy.Lifecycle, id tenancy.ID) error {
		_, err := l.EndExport(ctx, id)
		return err
	},
	"purge": func(ctx context.Context, l *tenancy.Lifecycle, id tenancy.ID) error {
		_, err := l.Purge(ctx, id)
		return err
	},
}

// walk does the operations named, which must succeed.
func (w *world) walk(t testing.TB, id tenancy.ID, names ...string) {
	t.Helper()
	for _, n := range names {
		require.NoError(t, ops[n](t.Context(), w.lifecycle(), id), n)
	}
}
