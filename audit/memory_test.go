package audit

import (
	"context"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestMemoryForgetsWhatATransactionRolledBack(t *testing.T) {
	t.Parallel()
	s, ctx := NewMemory(), tenancy.With(t.Context(), tenancy.NewID())
	entry := func() []Entry {
		return []Entry{{ID: uuid.New(), Action: "a.b", Leaf: []byte("{}"), Hash: [32]byte{1}}}
	}
	boom := ErrClosed
	ran := 0
	require.ErrorIs(t, s.Tx(ctx, func(ctx context.Context) error {
		require.True(t, s.InTx(ctx))
		_, err := s.Append(ctx, entry())
		require.NoError(t, err)
		_, err = s.Park(ctx, entry())
		require.NoError(t, err)
		s.Committed(ctx, func() { ran++ })
		return boom
	}), boom)
	n, err := s.Size(ctx)
	require.NoError(t, err)
	require.Zero(t, n)
	require.NoError(t, s.Tx(ctx, func(ctx context.Context) error {
		_, err := s.Append(ctx, entry())
		require.NoError(t, err)
		_, err = s.Park(ctx, entry())
		require.NoError(t, err)
		s.Committed(ctx, func() { ran++ })
		require.Zero(t, ran)
		return nil
	}))
	require.Equal(t, 1, ran)
	drained, err := s.Drain(ctx, 10)
	require.NoError(t, err)
	require.Equal(t, 1, drained)
	n, err = s.Size(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
}

func TestMemorySpoilsWhatItsCallbacksWereLent(t *testing.T) {
	t.Parallel()
	s, ctx := NewMemory(), tenancy.With(t.Context(), tenancy.NewID())
	_, err := s.Append(ctx, []Entry{{ID: uuid.New(), Action: "a.b", Leaf: []byte("{}")}})
	require.NoError(t, err)
	var kept []byte
	require.NoError(t, s.Leaves(ctx, 0, 1, func(e Stored) error { kept = e.Leaf; return nil }))
	require.Equal(t, make([]byte, 2), kept)
	require.NoError(t, s.Leaves(ctx, 0, 1, func(e Stored) error { require.Equal(t, "{}", string(e.Leaf)); return nil }))
}
