package vault

import (
	"context"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// A process whose own clock is hours before or behind the store's destroys nothing too early, and lists and notes what it would
// with a right one.
func TestWhatDependsOnTimeGoesByTheStoresClock(t *testing.T) {
	t.Parallel()
	for name, off := range map[string]time.Duration{"the store's is behind": -5 * time.Hour, "the store's is ahead": 5 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, store := as(t, "alpha"), NewMemory()
			now := time.Now().Add(off)
			store.clock = func() time.Time { return now }
			v := open(t, store, newKeeper(t), Options{})
			require.NoError(t, v.Put(ctx, slackBot, text("secret"), Policy{Expires: now.Add(3 * time.Hour)}))
			require.NoError(t, v.Put(ctx, Ref{Purpose: "slack", ID: "old"}, text("secret"), Policy{RotateEvery: 3 * time.Hour}))
			due := func(within time.Duration) (n int) {
				for _, err := range v.Due(ctx, within) {
					require.NoError(t, err)
					n++
				}
				return n
			}
			require.Zero(t, due(179*time.Minute))
			require.Equal(t, 2, due(181*time.Minute))

			tenants := func(yield func(tenancy.ID, error) bool) { yield(tenancy.From(ctx)) }
			require.NoError(t, v.RotatePurposeKey(ctx, "slack", Rotation{}))
			require.NoError(t, v.RotateRoot(context.Background(), tenants, Rotation{}))
			for range 2 {
				_, err := v.DestroyPurposeKeys(ctx, "slack", audit.Party{})
				require.ErrorIs(t, err, ErrInUse)
				_, err = v.DestroyRoots(context.Background(), tenants)
				require.ErrorIs(t, err, ErrInUse)
				now = now.Add(settled/2 - time.Minute)
			}
			now = now.Add(3 * time.Minute)
			n, err := v.DestroyPurposeKeys(ctx, "slack", audit.Party{})
			require.NoError(t, err)
			require.Equal(t, 1, n)
			n, err = v.DestroyRoots(context.Background(), tenants)
			require.NoError(t, err)
			require.Equal(t, 1, n)

			for range 3 {
				_, err = used(ctx, v, slackBot)
				require.NoError(t, err)
				info, err := v.Info(ctx, slackBot)
				require.NoError(t, err)
				require.True(t, now.Truncate(time.Minute).Equal(info.Used), "to the minute")
				now = now.Add(2 * time.Minute)
			}
		})
	}
}
