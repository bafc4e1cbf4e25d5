package audit

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// apart is a store whose log of heads lies elsewhere, as on SQLite, where each tenant has a file.
type apart struct {
	Store
	heads Tree
}

func (s apart) Heads() Tree { return s.heads }

// restored is a copy of the log in s as it was when it had size leaves, beside the same log of heads.
func restored(ctx context.Context, t *testing.T, s Store, size uint64) Store {
	t.Helper()
	old := NewMemory()
	require.NoError(t, s.Leaves(ctx, 0, size, func(e Stored) error {
		_, err := old.Append(ctx, []Entry{cloneEntry(e.Entry)})
		return err
	}))
	if size > 0 {
		e, err := grow(ctx, old)
		require.NoError(t, err)
		require.Equal(t, size, e.size)
	}
	require.NoError(t, s.Signed(ctx, 0, func(c Signed) error {
		if c.Size > size {
			return nil
		}
		require.NoError(t, old.Sign(ctx, c))
		return old.Indexed(ctx, c.Size, c.HeadsIndex)
	}))
	return apart{old, s.Heads()}
}

func TestALogRestoredFromAnOldCopyIsNotSigned(t *testing.T) {
	t.Parallel()
	store, n := NewMemory(), newNotary(t)
	ctx, other := ofTenant(t, "acme"), ofTenant(t, "globex")
	l := openSigning(t, store, n)
	for i := range 6 {
		appendLeaves(ctx, t, l, store, 100)
		_, err := l.Checkpoint(ctx)
		require.NoError(t, err)
		appendLeaves(other, t, l, store, 1+i)
		_, err = l.Checkpoint(other)
		require.NoError(t, err)
	}
	for _, size := range []uint64{0, 300, 350, 500} {
		for _, more := range []int{1, 100, 250, 700} {
			old := restored(ctx, t, store, size)
			fresh := openSigning(t, old, n)
			for i := range more {
				_, err := old.Append(ctx, []Entry{leafEntry(1000 + i)})
				require.NoError(t, err)
			}
			for range 2 {
				_, err := fresh.Checkpoint(ctx)
				require.ErrorIs(t, err, ErrBackwards, "%d leaves of %d, and %d others", 600, size, more)
			}
		}
	}
	again := openSigning(t, restored(ctx, t, store, 600), n)
	_, err := again.Checkpoint(ctx)
	require.NoError(t, err, "what was restored as it was is as good as before")
	appendLeaves(ctx, t, again, again.store, 5)
	_, err = again.Checkpoint(ctx)
	require.NoError(t, err)
	requireHonest(ctx, t, again.store, n.Verifier)
}

// The heads went with the log, and so did all that it was told by them. What this process signed it remembers.
func TestAProcessRemembersWhatItSigned(t *testing.T) {
	t.Parallel()
	store, n := NewMemory(), newNotary(t)
	ctx := ofTenant(t, "acme")
	l := openSigning(t, store, n)
	for range 2 {
		appendLeaves(ctx, t, l, store, 100)
		_, err := l.Checkpoint(ctx)
		require.NoError(t, err)
	}
	for _, size := range []uint64{100, 0} {
		old := restored(ctx, t, store, size).(apart)
		l.store = apart{old.Store, NewMemory().Heads()}
		require.NoError(t, l.store.Signed(ctx, 0, func(c Signed) error {
			return l.store.(apart).Store.Indexed(ctx, c.Size, -1)
		}))
		for i := range 150 {
			_, err := l.store.Append(ctx, []Entry{leafEntry(1000 + i)})
			require.NoError(t, err)
		}
		_, err := l.Checkpoint(ctx)
		require.ErrorIs(t, err, ErrBackwards)
	}
}

func TestACheckpointThatLiesAboutItsPlaceAmongTheHeadsIsFoundOut(t *testing.T) {
	t.Parallel()
	store, n := NewMemory(), newNotary(t)
	ctx := ofTenant(t, "acme")
	l := openSigning(t, store, n)
	for range 3 {
		appendLeaves(ctx, t, l, store, 10)
		_, err := l.Checkpoint(ctx)
		require.NoError(t, err)
	}
	old := restored(ctx, t, store, 0).(apart)
	require.NoError(t, store.Leaves(ctx, 0, 10, func(e Stored) error {
		_, err := old.Append(ctx, []Entry{cloneEntry(e.Entry)})
		return err
	}))
	require.NoError(t, store.Signed(ctx, 0, func(c Signed) error {
		if c.Size > 10 {
			return nil
		}
		c.HeadsIndex = 2
		return old.Sign(ctx, c)
	}))
	_, err := openSigning(t, old, n).Checkpoint(ctx)
	require.ErrorIs(t, err, ErrCorrupt)
}
