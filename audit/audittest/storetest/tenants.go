package storetest

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

var tenantTests = []test{
	{"a tenant sees and changes nothing of another's", tenantsApart},
	{"the same id in two tenants is two events", tenantsIDs},
	{"tenants do not wait for each other", tenantsFree},
	{"a transaction is of one tenant", tenantsTx},
	{"the newest checkpoint and a tile come together", tenantsSignedTile},
	{"nothing is done without a tenant", tenantsNone},
	{"a cancelled context changes nothing", contextDone},
	{"a context that ends while its call waits records nothing", contextEnds},
}

func tenantsApart(t *testing.T, b *book) {
	list := prepare(t, b)
	b.park(t, b.entry("note.written"))
	before := b.everything(t, b.ctx)
	o := newBook(t, b.Harness)
	none := o.everything(t, o.ctx)
	require.Zero(t, none.Size)
	require.Zero(t, none.Grown)
	require.Empty(t, none.Events)
	require.Empty(t, none.Signed)
	require.Empty(t, none.Holds)
	require.Equal(t, [][]byte{nil, nil}, none.Tiles)
	s := o.store()
	_, err := s.ByID(o.ctx, list[0].ID)
	require.ErrorIs(t, err, audit.ErrNotFound)
	at, _ := o.subject(t, "ann")
	require.Empty(t, at)
	require.Empty(t, o.found(t, "ann"))
	require.Zero(t, o.drain(t))
	require.ErrorIs(t, s.Release(o.ctx, "first"), audit.ErrNotFound)
	require.ErrorIs(t, s.Indexed(o.ctx, 300, 1), audit.ErrNotFound)
	require.ErrorIs(t, s.Reopen(o.ctx, who("ann"), []audit.Reopening{{Seq: 0}}), audit.ErrNotFound)
	require.Error(t, s.Prune(o.ctx, 256, 300))
	require.Error(t, s.Grow(o.ctx, 300, 301, nil, nil))
	prepare(t, o)
	change(t, o, o.ctx)
	require.Equal(t, before, b.everything(t, b.ctx))
	b.drain(t)
	b.whole(t, 301)
}

func tenantsIDs(t *testing.T, b *book) {
	o := newBook(t, b.Harness)
	id := uuid.New()
	b.append(t, b.entryID(id, "note.written", ""))
	o.append(t, o.entryID(id, "note.read", ""))
	require.Equal(t, "note.written", b.all(t)[0].Action)
	require.Equal(t, "note.read", o.all(t)[0].Action)
}

func tenantsFree(t *testing.T, b *book) {
	o := newBook(t, b.Harness)
	require.NoError(t, b.store().Tx(b.ctx, func(ctx context.Context) error {
		_, err := b.store().Append(ctx, b.entries(1))
		require.NoError(t, err)
		done := make(chan error)
		go func() {
			_, err := o.store().Append(o.ctx, o.entries(1))
			done <- err
		}()
		return <-done
	}))
	b.whole(t, 1)
	o.whole(t, 1)
}

func tenantsTx(t *testing.T, b *book) {
	o := newBook(t, b.Harness)
	require.Error(t, b.store().Tx(b.ctx, func(ctx context.Context) error {
		other := tenancy.Switch(ctx, o.tenant)
		require.False(t, b.store().InTx(other))
		_, err := b.store().Append(other, o.entries(1))
		require.Error(t, err)
		return err
	}))
	require.Zero(t, b.size(t))
	require.Zero(t, o.size(t))
}

func tenantsSignedTile(t *testing.T, b *book) {
	both := func(ctx context.Context, id audit.TileID, newest audit.Signed, data []byte) {
		t.Helper()
		for _, s := range b.Stores {
			c, got, err := s.SignedTile(ctx, id)
			require.NoError(t, err)
			require.Equal(t, newest, c)
			require.True(t, bytes.Equal(data, got), id)
			require.Equal(t, data == nil, got == nil)
		}
	}
	both(b.ctx, audit.TileID{}, audit.Signed{}, nil)
	first, second := tile(0, 0), tile(0, 1)
	b.append(t, b.entries(600)...)
	require.NoError(t, b.store().Grow(b.ctx, 0, 600, []byte("edge"), []audit.Tile{first, second}))
	c := audit.Signed{Size: 300, Note: []byte("a note"), HeadsIndex: -1}
	require.NoError(t, b.store().Sign(b.ctx, c))
	both(b.ctx, first.TileID, c, first.Data)
	require.NoError(t, b.store().Tx(b.ctx, func(ctx context.Context) error {
		c := audit.Signed{Size: 600, Note: []byte("another"), HeadsIndex: -1}
		require.NoError(t, b.store().Sign(ctx, c))
		newest, data, err := b.store().SignedTile(ctx, second.TileID)
		require.NoError(t, err)
		require.Equal(t, c, newest)
		require.True(t, bytes.Equal(second.Data, data))
		return nil
	}))
	c = audit.Signed{Size: 600, Note: []byte("another"), HeadsIndex: -1}
	both(b.ctx, second.TileID, c, second.Data)
	require.NoError(t, b.store().Indexed(b.ctx, 600, 4))
	c.HeadsIndex = 4
	both(b.ctx, audit.TileID{Level: 0, Index: 2}, c, nil)
	both(b.ctx, audit.TileID{Level: 1}, c, nil)
	both(newBook(t, b.Harness).ctx, audit.TileID{}, audit.Signed{}, nil)
}

// calls are all calls of a store, each as one that would change something or find something.
func calls(s audit.Store, b *book) map[string]func(context.Context) error {
	fine := func(audit.Stored) error { return nil }
	return map[string]func(context.Context) error{
		"Append": func(ctx context.Context) error { _, err := s.Append(ctx, b.entries(1)); return err },
		"Size":   func(ctx context.Context) error { _, err := s.Size(ctx); return err },
		"Hashes": func(ctx context.Context) error { _, err := s.Hashes(ctx, 0, 2); return err },
		"Leaves": func(ctx context.Context) error { return s.Leaves(ctx, 0, 2, fine) },
		"Grown":  func(ctx context.Context) error { _, _, err := s.Grown(ctx); return err },
		"Grow":   func(ctx context.Context) error { return s.Grow(ctx, 300, 301, []byte("edge"), nil) },
		"Tiles":  func(ctx context.Context) error { _, err := s.Tiles(ctx, []audit.TileID{{}}); return err },
		"Sign":   func(ctx context.Context) error { return s.Sign(ctx, audit.Signed{Size: 301, Note: []byte("n")}) },
		"Signed": func(ctx context.Context) error { return s.Signed(ctx, 0, func(audit.Signed) error { return nil }) },
		"Newest": func(ctx context.Context) error { _, err := s.Newest(ctx); return err },
		"Tx":     func(ctx context.Context) error { return s.Tx(ctx, func(context.Context) error { return nil }) },
		"Park":   func(ctx context.Context) error { _, err := s.Park(ctx, b.entries(1)); return err },
		"Drain":  func(ctx context.Context) error { _, err := s.Drain(ctx, 10); return err },
		"Find":   func(ctx context.Context) error { return s.Find(ctx, audit.Find{Limit: 1}, fine) },
		"ByID":   func(ctx context.Context) error { _, err := s.ByID(ctx, b.all(failing{})[0].ID); return err },
		"Subjects": func(ctx context.Context) error {
			return s.Subjects(ctx, who("ann"), func(uint64, []byte) error { return nil })
		},
		"Reopen":   func(ctx context.Context) error { return s.Reopen(ctx, who("ann"), []audit.Reopening{{Seq: 1}}) },
		"Prune":    func(ctx context.Context) error { return s.Prune(ctx, 256, 300) },
		"PrunedTo": func(ctx context.Context) error { _, err := s.PrunedTo(ctx); return err },
		"Hold":     func(ctx context.Context) error { return s.Hold(ctx, audit.Hold{ID: "third"}) },
		"Release":  func(ctx context.Context) error { return s.Release(ctx, "first") },
		"Holds":    func(ctx context.Context) error { _, err := s.Holds(ctx); return err },
		"SignedTile": func(ctx context.Context) error {
			_, _, err := s.SignedTile(ctx, audit.TileID{})
			return err
		},
		"Indexed": func(ctx context.Context) error { return s.Indexed(ctx, 300, 4) },
	}
}

// failing panics where a test would end.
type failing struct{}

func (failing) Errorf(string, ...any) {}
func (failing) FailNow()              { panic("a check failed") }

func tenantsNone(t *testing.T, b *book) {
	prepare(t, b)
	b.append(t, b.pruning(256))
	before := b.everything(t, b.ctx)
	for name, call := range calls(b.store(), b) {
		require.ErrorIs(t, call(context.Background()), tenancy.ErrNoTenant, name)
		spoilt := tenancy.With(b.ctx, tenancy.NewID())
		require.ErrorIs(t, call(spoilt), tenancy.ErrConflict, name)
	}
	require.False(t, b.store().InTx(context.Background()))
	require.Equal(t, before, b.everything(t, b.ctx))
}

func contextDone(t *testing.T, b *book) {
	prepare(t, b)
	b.append(t, b.pruning(256))
	before := b.everything(t, b.ctx)
	ctx, cancel := context.WithCancel(b.ctx)
	cancel()
	for name, call := range calls(b.store(), b) {
		require.ErrorIs(t, call(ctx), context.Canceled, name)
	}
	_, err := b.store().Heads().Append(ctx, b.entries(1))
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, b.drain(t))
	require.Equal(t, before, b.everything(t, b.ctx))
	for name, call := range calls(b.store(), b) { // they are what they should be
		if name != "Prune" && name != "Reopen" && name != "Hold" && name != "ByID" && name != "Hashes" { // which depend on the order
			require.NoError(t, call(b.ctx), name)
		}
	}
}

func contextEnds(t *testing.T, b *book) {
	s, last := b.store(), b.Stores[len(b.Stores)-1]
	require.NoError(t, s.Tx(b.ctx, func(ctx context.Context) error {
		_, err := s.Append(ctx, b.entries(1))
		require.NoError(t, err)
		done := make(chan error)
		short, cancel := context.WithTimeout(b.ctx, 50*time.Millisecond)
		defer cancel()
		go func() {
			_, err := last.Append(short, b.entries(1))
			done <- err
		}()
		require.ErrorIs(t, <-done, context.DeadlineExceeded)
		return nil
	}))
	b.append(t, b.entries(1)...)
	b.whole(t, 2)
}
