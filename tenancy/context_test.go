package tenancy_test

import (
	"context"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestAContextHasOneTenantForLife(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		type key struct{}
		ids := []tenancy.ID{{}, acme, globex}
		ctx := context.Background()
		var id tenancy.ID
		err := tenancy.ErrNoTenant
		bound := false
		t.Repeat(map[string]func(*rapid.T){
			"with": func(t *rapid.T) {
				to := rapid.SampledFrom(ids).Draw(t, "to")
				ctx = tenancy.With(ctx, to)
				switch {
				case bound && (err != nil || id == to): // spoiled for good, or the same
				case bound:
					id, err = tenancy.ID{}, tenancy.ErrConflict
				case to.IsZero():
					bound, err = true, tenancy.ErrNoTenant
				default:
					bound, id, err = true, to, nil
				}
			},
			"switch": func(t *rapid.T) {
				to := rapid.SampledFrom(ids).Draw(t, "to")
				ctx = tenancy.Switch(ctx, to)
				bound, id, err = true, to, nil
				if to.IsZero() {
					err = tenancy.ErrNoTenant
				}
			},
			"derive": func(*rapid.T) { ctx = context.WithoutCancel(context.WithValue(ctx, key{}, 1)) },
			"": func(t *rapid.T) {
				got, gotErr := tenancy.From(ctx)
				require.Equal(t, id, got)
				require.Equal(t, err, gotErr)
			},
		})
	})
}

func TestABranchOfAContextDoesNotChangeTheOther(t *testing.T) {
	t.Parallel()
	parent := tenancy.With(t.Context(), acme)
	spoiled := tenancy.With(parent, globex)
	_, err := tenancy.From(spoiled)
	require.ErrorIs(t, err, tenancy.ErrConflict)
	id, err := tenancy.From(parent)
	require.NoError(t, err)
	require.Equal(t, acme, id)
	id, err = tenancy.From(tenancy.Switch(spoiled, globex))
	require.NoError(t, err)
	require.Equal(t, globex, id)
}
