package dsar_test

import (
	"context"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/discover"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
)

// A tenant's transaction is a database as any other, under the guard of tenantdb, and goes on afterwards.
func TestATenantsTransactionIsDiscoveredAndVerified(t *testing.T) {
	t.Parallel()
	steps := []sqlite.Migration{{ID: "app/1", SQL: `
		CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE);
		CREATE TABLE note (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id), seen_by INTEGER, body TEXT);
		CREATE INDEX note_user ON note (user_id); CREATE INDEX note_seen ON note (seen_by)`}}
	db, err := sqlite.Open(t.TempDir(), sqlite.Options{Migrations: steps})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	id, err := tenancy.ParseID("acme")
	require.NoError(t, err)
	require.NoError(t, db.Provision(ctx, tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}))
	require.NoError(t, db.TenantDB().Tx(tenancy.With(ctx, id), func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO users VALUES (1, 'a@example.com')`)
		require.NoError(t, err)
		aside := []dsar.Aside{{Name: "tenancy_*", Why: "the library's own"}}
		p, err := discover.Discover(ctx, tx, discover.Options{Aside: aside})
		require.NoError(t, err)
		m := p.Map()
		require.Len(t, m.Tables, 2)
		for i := range m.Tables {
			for j := range m.Tables[i].Links {
				m.Tables[i].Links[j].Decide = ""
			}
		}
		dsar.Check(t, tx, m)
		_, err = tx.ExecContext(ctx, `INSERT INTO note (id, user_id, seen_by) VALUES (1, 1, 9)`)
		require.NoError(t, err)
		r, err := dsar.Verify(ctx, tx, m)
		require.NoError(t, err)
		require.Len(t, r.Findings, 1, "%s", r)
		require.Equal(t, "DSR014", r.Findings[0].Rule)
		return nil
	}))
}
