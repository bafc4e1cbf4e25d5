package audit

import (
	"encoding/binary"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestALogLongerThanOneStepGrowsInSteps(t *testing.T) {
	t.Parallel()
	const size = growStep + 300
	store, n := NewMemory(), newNotary(t)
	ctx := ofTenant(t, "acme")
	entries := make([]Entry, size)
	for i := range entries {
		var id uuid.UUID
		binary.BigEndian.PutUint64(id[:], uint64(i))
		entries[i] = Entry{ID: id, Action: "test.done", Hash: leafHash(uint64(i))}
	}
	_, err := store.Append(ctx, entries[:100])
	require.NoError(t, err)
	_, err = grow(ctx, store)
	require.NoError(t, err)
	_, err = store.Append(ctx, entries[100:])
	require.NoError(t, err)
	steps := 0
	counted := &tapped{store, func(call string, do func() error) error {
		if call == "Grow" {
			steps++
		}
		return do()
	}}
	c, err := openSigning(t, counted, n).Checkpoint(ctx)
	require.NoError(t, err)
	require.Equal(t, 2, steps)
	require.Equal(t, uint64(size), c.Size)
	require.Equal(t, modelRootOf(ctx, t, store, size), c.Root)
	p, err := newProver(ctx, store)
	require.NoError(t, err)
	for _, seq := range []uint64{0, 99, 100, 255, 256, 65535, 65536, size - 1} {
		_, err := p.prove(c, seq)
		require.NoError(t, err)
	}
}
