package vault

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type inTx struct{}

// crowded is a store whose connections are all taken by transactions: who has none waits.
type crowded struct {
	*Memory
	asked   chan struct{}
	release chan struct{}
}

func (c *crowded) InTx(ctx context.Context) bool { return ctx.Value(inTx{}) != nil }

func (c *crowded) Epoch(ctx context.Context) (int64, error) {
	if !c.InTx(ctx) {
		close(c.asked)
		<-c.release
	}
	return c.Memory.Epoch(ctx)
}

// One who waits for a connection, to look whether the keys still hold, does not hold up those who have one: they would never give
// theirs back.
func TestWhoIsInATransactionDoesNotWaitForWhoWaitsForAConnection(t *testing.T) {
	t.Parallel()
	ctx, store := as(t, "alpha"), &crowded{NewMemory(), make(chan struct{}), make(chan struct{})}
	v := open(t, store, newKeeper(t), Options{})
	f, err := v.Field(ctx, "mail")
	require.NoError(t, err)
	sealed, err := f.AppendSeal(ctx, nil, "1", "", []byte("x"))
	require.NoError(t, err)
	r, err := v.ring(ctx)
	require.NoError(t, err)
	_, err = r.current(ctx)
	require.NoError(t, err)
	r.until.Store(-1) // it is time to look again
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(store.release)
	wg.Go(func() { _, _ = f.AppendOpen(ctx, nil, "1", "", sealed) })
	<-store.asked
	done := make(chan error)
	wg.Go(func() {
		_, err := f.AppendOpen(context.WithValue(ctx, inTx{}, true), nil, "1", "", sealed)
		done <- err
	})
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(20 * time.Second):
		t.Error("it waits")
		go func() { <-done }()
	}
}
