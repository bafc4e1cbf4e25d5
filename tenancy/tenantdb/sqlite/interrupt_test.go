package sqlite_test

import (
	"context"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// Its first row comes at once, and a second one never.
const endless = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT i FROM c WHERE i < 2"

func TestAQueryEndsWithItsContextBetweenRowsToo(t *testing.T) {
	t.Parallel()
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes})
	provision(t, db, acme)
	tdb := db.TenantDB()
	ways := map[string]func(ctx context.Context, tx *sqlx.Tx) (*sqlx.Rows, error){
		"query": func(ctx context.Context, tx *sqlx.Tx) (*sqlx.Rows, error) { return tx.QueryxContext(ctx, endless) },
		"prepared": func(ctx context.Context, tx *sqlx.Tx) (*sqlx.Rows, error) {
			s, err := tx.PreparexContext(ctx, endless)
			require.NoError(t, err)
			return s.QueryxContext(ctx)
		},
	}
	for name, query := range ways {
		run := func(cancel func(), way func(ctx context.Context, tx *sqlx.Tx) (*sqlx.Rows, error)) func(context.Context, *sqlx.Tx) error {
			return func(ctx context.Context, tx *sqlx.Tx) error {
				rows, err := way(ctx, tx)
				require.NoError(t, err, name)
				require.True(t, rows.Next(), name)
				cancel()
				require.False(t, rows.Next(), name)
				return rows.Err()
			}
		}
		ctx, cancel := context.WithCancel(in(acme))
		require.ErrorIs(t, tdb.Tx(ctx, run(cancel, query)), context.Canceled, name)
		ctx, cancel = context.WithCancel(in(acme))
		require.ErrorIs(t, tdb.Read(ctx, run(cancel, query)), context.Canceled, name)

		// The query's own context ends: the transaction goes on.
		require.NoError(t, tdb.Tx(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO note (body) VALUES (?)", name)
			require.NoError(t, err)
			part, cancel := context.WithCancel(ctx)
			err = run(cancel, func(_ context.Context, tx *sqlx.Tx) (*sqlx.Rows, error) { return query(part, tx) })(ctx, tx)
			require.ErrorIs(t, err, context.Canceled, name)
			return tx.GetContext(ctx, new(string), "SELECT body FROM note WHERE body = ?", name)
		}))
	}
	require.Len(t, bodies(t, db, acme), len(ways))
}
