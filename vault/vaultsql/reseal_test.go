package vaultsql_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/bailiwick-dev/bailiwick/vault/vaultsql"
	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

func TestAColumnIsBroughtUnderTheNewestKeyAndNothingElseIsTouched(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		const create = `CREATE TABLE guest (%s id text NOT NULL, email %s, note text, PRIMARY KEY (%s id))`
		if w.pg != nil {
			conn, err := pgx.Connect(t.Context(), w.pg.Owner.DSN)
			require.NoError(t, err)
			defer conn.Close(context.Background())
			rules, err := rls.SQL(rls.Config{AppRole: w.pg.App.Role, SystemRole: w.pg.System.Role, Tables: []rls.Table{{Name: "guest"}}})
			require.NoError(t, err)
			_, err = conn.Exec(t.Context(), fmt.Sprintf(create, "tenant_id text NOT NULL,", "bytea", "tenant_id,")+";"+rules)
			require.NoError(t, err)
		} else {
			files := openSQLite(t, filepath.Join(t.TempDir(), "guests"), sqlite.Migration{ID: "guest/0001", SQL: fmt.Sprintf(create, "", "blob", "")})
			w = &world{host: files, db: files.TenantDB()}
		}
		ctx := w.tenant(t)
		keeper, store := newKeeper(t), w.store(t)
		v := openVault(t, store, keeper)
		f, err := v.Field(ctx, "guest.email")
		require.NoError(t, err)
		const n = 1203
		require.NoError(t, w.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			for i := range n {
				sealed, err := f.AppendSeal(ctx, nil, fmt.Sprint(i), "", fmt.Append(nil, i, "@example.com"))
				if err != nil {
					return err
				}
				if i == 7 {
					sealed = nil
				}
				if _, err := tx.ExecContext(ctx, tx.Rebind(`INSERT INTO guest (id, email, note) VALUES (?, ?, 'stays')`), fmt.Sprint(i), sealed); err != nil {
					return err
				}
			}
			return nil
		}))
		column := vaultsql.Column{Table: "guest", ID: "id", Sealed: "email", Purpose: "guest.email"}
		changed, err := store.Reseal(ctx, v, column, nil)
		require.NoError(t, err)
		require.Zero(t, changed)
		require.NoError(t, v.RotatePurposeKey(ctx, "guest.email", vault.Rotation{}))

		stopped, stop := context.WithCancel(ctx)
		first, err := store.Reseal(stopped, v, column, func(vault.Progress) { stop() })
		require.ErrorIs(t, err, context.Canceled)
		require.Positive(t, first)
		var last vault.Progress
		rest, err := store.Reseal(ctx, v, column, func(p vault.Progress) { last = p })
		require.NoError(t, err)
		require.Equal(t, n-1, first+rest)
		require.Equal(t, vault.Progress{Done: n - 1, Total: n - 1}, last)

		var rows []struct {
			ID    string
			Email vault.Sealed
			Note  string
		}
		require.NoError(t, w.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			return tx.SelectContext(ctx, &rows, `SELECT id, email, note FROM guest`)
		}))
		require.Len(t, rows, n)
		for _, r := range rows {
			require.Equal(t, "stays", r.Note)
			if r.ID == "7" {
				require.Nil(t, r.Email)
				continue
			}
			plain, err := f.AppendOpen(ctx, nil, r.ID, "", r.Email)
			require.NoError(t, err)
			require.Equal(t, r.ID+"@example.com", string(plain))
			_, again, err := f.Reseal(ctx, nil, r.ID, "", r.Email)
			require.NoError(t, err)
			require.False(t, again)
		}
	})
}
