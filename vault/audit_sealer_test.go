package vault

import (
	"context"
	"errors"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// down is a store that cannot be reached, once it is.
type down struct {
	*Memory
	is bool
}

func (d *down) KeysByID(ctx context.Context, ids []KeyID) ([]WrappedKey, error) {
	if d.is {
		return nil, ErrUnavailable
	}
	return d.Memory.KeysByID(ctx, ids)
}

// A log must know a value that is lost from one that was changed, and both from one that nobody can open just now: it
// passes the first over, tells of the second, and fails at the third.
func TestAnAuditLogIsToldWhyASealedValueDoesNotOpen(t *testing.T) {
	t.Parallel()
	ctx, keeper, store, s := as(t, "alpha"), newKeeper(t), &down{Memory: NewMemory()}, new(AuditSealer)
	_, err := s.Seal(ctx, "user:1", []byte("x"), []byte("event 1"))
	require.ErrorIs(t, err, audit.ErrUnavailable, "before the vault is open")
	_, err = s.Open(ctx, make([]byte, Overhead), nil)
	require.ErrorIs(t, err, audit.ErrUnavailable)
	v := open(t, store, keeper, Options{Sealer: s})
	sealed, err := s.Seal(ctx, "user:1", []byte("x"), []byte("event 1"))
	require.NoError(t, err)
	nobodys, err := s.Seal(ctx, "", []byte("y"), []byte("event 1"))
	require.NoError(t, err)
	plain, err := s.Open(ctx, sealed, []byte("event 1"))
	require.NoError(t, err)
	require.Equal(t, "x", string(plain))

	elsewhere := func(what string, ctx context.Context, sealed, about []byte) {
		_, err := s.Open(ctx, sealed, about)
		require.Error(t, err, what)
		require.NotErrorIs(t, err, audit.ErrShredded, what)
		require.NotErrorIs(t, err, audit.ErrUnavailable, what)
	}
	elsewhere("of another event", ctx, sealed, []byte("event 2"))
	elsewhere("of another tenant", as(t, "beta"), sealed, []byte("event 1"))
	for i := range sealed {
		changed := append([]byte(nil), sealed...)
		changed[i] ^= 1
		elsewhere("changed", ctx, changed, []byte("event 1"))
		elsewhere("cut off", ctx, sealed[:i], []byte("event 1"))
	}
	f, err := v.Field(ctx, openingPurpose)
	require.NoError(t, err)
	_, err = f.AppendOpen(ctx, nil, "event 1", "user:1", sealed)
	require.ErrorIs(t, err, ErrNotAuthentic, "it is no value of a column")

	cold := new(AuditSealer)
	open(t, store, keeper, Options{Sealer: cold})
	store.is = true
	_, err = cold.Open(ctx, sealed, []byte("event 1"))
	require.ErrorIs(t, err, audit.ErrUnavailable, "the store is down")
	store.is = false
	over, cancel := context.WithCancel(ctx)
	cancel()
	_, err = cold.Open(over, sealed, []byte("event 1"))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, audit.ErrUnavailable)
	_, err = s.Open(context.Background(), sealed, []byte("event 1"))
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	require.ErrorIs(t, err, audit.ErrUnavailable)

	// Those of a person go with the person, and nothing shreds what is nobody's. Rotations change neither.
	_, err = v.Shred(ctx, Shredding{Subject: "user:1", Basis: "a test"})
	require.NoError(t, err)
	require.NoError(t, v.RotatePurposeKey(ctx, openingPurpose, Rotation{}))
	_, err = s.Open(ctx, sealed, []byte("event 1"))
	require.ErrorIs(t, err, audit.ErrShredded)
	_, err = cold.Open(ctx, sealed, []byte("event 1"))
	require.ErrorIs(t, err, audit.ErrShredded)
	plain, err = s.Open(ctx, nobodys, []byte("event 1"))
	require.NoError(t, err)
	require.Equal(t, "y", string(plain))
	require.NoError(t, v.Close())
	_, err = s.Open(ctx, nobodys, []byte("event 1"))
	require.True(t, errors.Is(err, audit.ErrUnavailable) && errors.Is(err, ErrClosed))
}
