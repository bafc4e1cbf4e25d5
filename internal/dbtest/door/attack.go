package door

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// Dump is what the tables say of ctx's tenant.
func (k Kept) Dump(t testing.TB, ctx context.Context, db *tenantdb.DB) (out []string) {
	t.Helper()
	require.NoError(t, db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		out = nil
		for _, table := range k.Tables {
			rows, err := tx.QueryxContext(ctx, `SELECT * FROM `+table.Name)
			if err != nil && db.Dialect() == tenantdb.SQLite && strings.Contains(err.Error(), "no such table") { // it is only on Postgres
				continue
			} else if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				row, err := rows.SliceScan()
				if err != nil {
					return err
				}
				out = append(out, fmt.Sprint(table.Name, row))
			}
			if err := rows.Err(); err != nil {
				return err
			}
		}
		return nil
	}))
	slices.Sort(out)
	return out
}

// mistakes are errors of who writes the test: what is tried is refused for what it does.
var mistakes = []string{"42601", "42P01", "42703", "42883", "42804", "42P18", "42702", "syntax error", "no such ", "incomplete input", "values for", "has no column"}

// Attack fails if the application's connection, as ctx's tenant, is let do one of tries, or if one of them changes anything. Statements that
// belong together are separated by "; ".
func (k Kept) Attack(t *testing.T, ctx context.Context, w *World, tries ...string) {
	t.Helper()
	before := k.Dump(t, ctx, w.DB)
	require.NotEmpty(t, before)
	for _, try := range tries {
		err := w.Exec(ctx, try)
		require.Error(t, err, try)
		for _, m := range mistakes {
			require.NotContains(t, err.Error(), m, try)
		}
		require.Equal(t, before, k.Dump(t, ctx, w.DB), try)
	}
}

// Exec runs statements, which are separated by "; ", as ctx's tenant in one transaction.
func (w *World) Exec(ctx context.Context, text string) error {
	return w.DB.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		for _, one := range strings.Split(text, "; ") {
			if _, err := tx.ExecContext(ctx, one); err != nil {
				return err
			}
		}
		return nil
	})
}

// AttackAbove is Attack by who may do more than the application, in every replication mode: session_replication_role skips most triggers.
// Each of tries must raise state.
func (k Kept) AttackAbove(t *testing.T, state string, tries ...string) {
	t.Parallel()
	w := k.OnPostgres(t)
	ctx := w.Tenant(t)
	k.Fill(t, ctx, w.DB)
	before := k.Dump(t, ctx, w.DB)
	for _, mode := range []string{"origin", "replica", "local"} {
		for _, try := range tries {
			conn, err := OpenSQL(t, w.PG.Admin.DSN).Conn(t.Context())
			require.NoError(t, err)
			_, err = conn.ExecContext(t.Context(), `SET session_replication_role = `+mode)
			require.NoError(t, err)
			_, err = conn.ExecContext(t.Context(), try)
			require.ErrorContains(t, err, state, "%s: %s", mode, try)
			require.NoError(t, conn.Close())
		}
	}
	for _, try := range tries { // the system role sees no tenant's rows, or is refused as well
		_, _ = OpenSQL(t, w.PG.System.DSN).ExecContext(t.Context(), try)
	}
	require.Equal(t, before, k.Dump(t, ctx, w.DB))
}

// AttackAcross fails if one who has the application's connection as another tenant, or without any, sees a row, or changes or adds one.
func (k Kept) AttackAcross(t *testing.T) {
	k.OnBoth(t, func(t *testing.T, w *World) {
		ctx, other := w.Tenant(t), w.Tenant(t)
		k.Fill(t, ctx, w.DB)
		before := k.Dump(t, ctx, w.DB)
		require.Empty(t, k.Dump(t, other, w.DB))
		for _, table := range k.Tables {
			for _, try := range []string{`DELETE FROM ` + table.Name, `UPDATE ` + table.Name + ` SET ` + w.anyColumn(t, ctx, table.Name)} {
				_ = w.DB.Tx(other, func(ctx context.Context, tx *sqlx.Tx) error { // refused, or of no row
					done, err := tx.ExecContext(ctx, try)
					if err != nil {
						for _, m := range mistakes {
							require.NotContains(t, strings.ReplaceAll(err.Error(), "no such table", ""), m, try)
						}
						return err
					}
					n, err := done.RowsAffected()
					require.Zero(t, n, try)
					return err
				})
			}
		}
		if w.PG != nil {
			k.addAcross(t, w, ctx, other)
		}
		require.Equal(t, before, k.Dump(t, ctx, w.DB))
	})
}

// anyColumn sets a column to what it is.
func (w *World) anyColumn(t *testing.T, ctx context.Context, table string) string {
	column := "x"
	_ = w.DB.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		rows, err := tx.QueryxContext(ctx, `SELECT * FROM `+table+` LIMIT 0`)
		if err != nil {
			return err
		}
		defer rows.Close()
		columns, err := rows.Columns()
		column = columns[len(columns)-1]
		return err
	})
	return column + ` = ` + column
}

// addAcross has other add the rows that ctx's tenant has, as that tenant's, where no trigger of the door's is in the way.
func (k Kept) addAcross(t *testing.T, w *World, ctx, other context.Context) {
	t.Helper()
	id, err := tenancy.From(ctx)
	require.NoError(t, err)
	admin, app := OpenSQL(t, w.PG.Admin.DSN), OpenSQL(t, w.PG.App.DSN)
	for _, table := range k.Tables {
		var row json.RawMessage
		require.NoError(t, admin.QueryRowContext(t.Context(), `SELECT to_jsonb(t) FROM `+table.Name+` t WHERE tenant_id = $1 LIMIT 1`, id.String()).Scan(&row), table.Name)
		_, err := admin.ExecContext(t.Context(), `ALTER TABLE `+table.Name+` DISABLE TRIGGER USER`)
		require.NoError(t, err)
		require.ErrorContains(t, w.DB.Tx(other, func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO `+table.Name+` SELECT (jsonb_populate_record(NULL::`+table.Name+`, $1)).*`, []byte(row))
			return err
		}), "42501", table.Name)
		var n int
		if err := app.QueryRowContext(t.Context(), `SELECT count(*) FROM `+table.Name).Scan(&n); err == nil { // without any tenant
			require.Zero(t, n, table.Name)
		}
	}
}
