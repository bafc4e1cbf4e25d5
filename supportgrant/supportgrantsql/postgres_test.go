package supportgrantsql_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgranttest/storetest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

var onPostgres = door.Door{Name: "supportgrant", SQLite: supportgrantsql.SQLite(), Migrate: supportgrantsql.Migrate}

// postgresHarness is a store in a fresh Postgres database, as two processes have it.
func postgresHarness(t testing.TB) storetest.Harness { h, _ := postgresWorld(t); return h }

func postgresWorld(t testing.TB) (storetest.Harness, *door.World) {
	w := onPostgres.OnPostgres(t)
	owner, admin := door.OpenSQL(t, w.PG.Owner.DSN), door.OpenSQL(t, w.PG.Admin.DSN)
	exec := func(t testing.TB, text string, args ...any) {
		t.Helper()
		_, err := owner.ExecContext(context.Background(), text, args...)
		require.NoError(t, err)
	}
	exec(t, `CREATE TABLE sgt_post (tenant_id text COLLATE "C" NOT NULL, id bigint NOT NULL, title text COLLATE "C", body text, secret_token text, hidden boolean, careful boolean,
		score double precision, profile jsonb, at timestamptz, blob bytea, PRIMARY KEY (tenant_id, id))`)
	exec(t, `CREATE TABLE broken (tenant_id text PRIMARY KEY)`)
	exec(t, `GRANT SELECT ON broken TO PUBLIC`)
	exec(t, `CREATE FUNCTION break_log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF EXISTS (SELECT FROM public.broken b WHERE b.tenant_id = NEW.tenant_id) THEN RAISE EXCEPTION 'the log is full'; END IF; RETURN NEW; END $$`)
	exec(t, `CREATE TRIGGER break_log BEFORE INSERT ON supportgrant_entry FOR EACH ROW EXECUTE FUNCTION break_log()`)
	guard, err := rls.SQL(rls.Config{AppRole: w.PG.App.Role, SystemRole: w.PG.System.Role, Tables: []rls.Table{{Name: "sgt_post", Privileges: []string{"SELECT", "INSERT"}}}})
	require.NoError(t, err)
	exec(t, guard)
	return storetest.Harness{
		Stores: []supportgrant.Store{storeIn(t, w), storeIn(t, w.Process(t))},
		Tenant: w.NewTenant,
		Fill: func(t testing.TB, tenant tenancy.ID, rows ...supportgrant.Row) {
			require.NoError(t, w.DB.Tx(tenancy.With(context.Background(), tenant), func(ctx context.Context, tx *sqlx.Tx) error {
				for _, r := range rows {
					var names, marks []string
					var args []any
					for name, v := range r {
						names, args = append(names, name), append(args, v)
						marks = append(marks, fmt.Sprintf("$%d", len(args)))
					}
					if _, err := tx.ExecContext(ctx, `INSERT INTO sgt_post (`+strings.Join(names, ", ")+`) VALUES (`+strings.Join(marks, ", ")+`)`, args...); err != nil {
						return err
					}
				}
				return nil
			}))
		},
		Force: func(ctx context.Context, id supportgrant.GrantID, to supportgrant.State) error {
			_, err := admin.ExecContext(ctx, `UPDATE supportgrant_grant SET state = $1, version = version + 1 WHERE id = $2`, string(to), id)
			return err
		},
		BreakLog: func(t testing.TB, tenant tenancy.ID) (mend func()) {
			exec(t, `INSERT INTO broken VALUES ($1)`, tenant.String())
			return func() { exec(t, `DELETE FROM broken WHERE tenant_id = $1`, tenant.String()) }
		},
	}, w
}

func TestPostgresKeepsToTheContractOfStores(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) storetest.Harness { return postgresHarness(t) })
}
