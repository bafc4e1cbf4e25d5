package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Texts are read under the transaction's tenant, and no other's, also as its first statement.
func TestTextsAreTheTenantsAsTheServerWritesThem(t *testing.T) {
	t.Parallel()
	db := newHouse(t).open(t)
	type texts interface {
		Texts(ctx context.Context, query string, args []any, fn func([][]byte) error) error
	}
	const query = `SELECT body, true, NULL, 1.50 FROM note WHERE id < $1 ORDER BY id`
	require.NoError(t, db.Read(as(t, alpha), func(ctx context.Context, _ pgx.Tx) error {
		tx := db.TenantDB().Native(ctx).(texts)
		for range 2 {
			var got []string
			require.NoError(t, tx.Texts(ctx, query, []any{"3"}, func(v [][]byte) error {
				require.Nil(t, v[2])
				got = append(got, string(v[0])+" "+string(v[1])+" "+string(v[3]))
				return nil
			}))
			require.Equal(t, []string{"alpha 1 t 1.50", "alpha 2 t 1.50"}, got)
		}
		enough := errors.New("enough")
		require.ErrorIs(t, tx.Texts(ctx, query, []any{3}, func([][]byte) error { return enough }), enough)
		require.Equal(t, 10, count(t, ctx, db), "the transaction goes on")
		require.ErrorIs(t, tx.Texts(tenancy.With(ctx, beta), query, []any{3}, nil), tenancy.ErrConflict)
		return nil
	}))
}
