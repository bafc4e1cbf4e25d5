package vault

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// What is called wrongly does nothing, and leaves everything as it was.
func TestAWrongCallDoesNothing(t *testing.T) {
	t.Parallel()
	ctx := as(t, "alpha")
	v := open(t, NewMemory(), newKeeper(t), Options{})
	require.NoError(t, v.Put(ctx, slackBot, text("xoxb"), Policy{}))
	require.ErrorIs(t, v.Use(ctx, slackBot, nil), errNoFunc)
	require.ErrorIs(t, v.Update(ctx, slackBot, 1, nil), errNoFunc)
	_, err := v.Disconnect(ctx, Disconnection{Ref: slackBot})
	require.ErrorIs(t, err, errNoFunc)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://example.com/", nil)
	require.NoError(t, err)
	_, err = v.Transport(slackBot, "example.com", nil, nil).RoundTrip(req)
	require.ErrorIs(t, err, errNoFunc)
	got, err := used(ctx, v, slackBot)
	require.NoError(t, err, "it is not being disconnected")
	require.Equal(t, "xoxb", got)

	long, nul, bad := strings.Repeat("x", 1<<20), "a\x00b", "\xff"
	for _, r := range []Ref{{}, {Purpose: long, ID: "x"}, {Purpose: "x", ID: long}, {Purpose: "x", ID: "x", Subject: audit.Subject(long)}, {Purpose: nul, ID: "x"},
		{Purpose: "x", ID: nul}, {Purpose: "x", ID: "x", Subject: audit.Subject(nul)}, {Purpose: bad, ID: "x"}, {Purpose: "x", ID: bad}} {
		err := v.Put(ctx, r, text("x"), Policy{})
		require.ErrorIs(t, err, ErrRef)
		require.Less(t, len(err.Error()), 100, "the value is not in it")
		_, err = used(ctx, v, r)
		require.ErrorIs(t, err, ErrRef)
		require.ErrorIs(t, v.Remove(ctx, r, audit.Party{}), ErrRef)
		_, err = v.NewWriter(ctx, r, nil)
		require.ErrorIs(t, err, ErrRef)
		_, err = v.NewReader(ctx, r, nil)
		require.ErrorIs(t, err, ErrRef)
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, v.Put(over, slackBot, text("next"), Policy{}), context.Canceled)
	_, err = used(over, v, slackBot)
	require.ErrorIs(t, err, context.Canceled)
	_, err = v.Shred(over, Shredding{Subject: "user:1", Basis: "x"})
	require.ErrorIs(t, err, context.Canceled)

	require.NoError(t, v.Close())
	require.NoError(t, v.Close())
	require.ErrorIs(t, v.Put(ctx, slackBot, text("x"), Policy{}), ErrClosed)
	_, err = used(ctx, v, slackBot)
	require.ErrorIs(t, err, ErrClosed)
	_, err = v.Field(ctx, "mail")
	require.ErrorIs(t, err, ErrClosed)
	_, err = v.Shred(ctx, Shredding{Subject: "user:1", Basis: "x"})
	require.ErrorIs(t, err, ErrClosed)
	require.ErrorIs(t, v.RotateTenantKey(ctx, Rotation{}), ErrClosed)
	nobody := func(func(tenancy.ID, error) bool) {}
	require.ErrorIs(t, v.RotateRoot(ctx, nobody, Rotation{}), ErrClosed)
	_, err = v.DestroyRoots(ctx, nobody)
	require.ErrorIs(t, err, ErrClosed)
	_, err = v.DestroyPurposeKeys(ctx, "slack", audit.Party{})
	require.ErrorIs(t, err, ErrClosed)
	for _, err := range v.Due(ctx, 0) {
		require.ErrorIs(t, err, ErrClosed)
	}
	require.Empty(t, v.roots.Load().byID, "nothing is left of the keys")
	for i := range v.opened.slots {
		require.Nil(t, v.opened.slots[i].Load())
	}
}
