package rls_test

import (
	"context"
	"fmt"
	"os"

	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
)

func ExampleSQL() {
	sql, err := rls.SQL(rls.Config{
		AppRole: "app",
		Tables:  []rls.Table{{Name: "note"}},
		Shared:  []string{"country"},
	})
	fmt.Println(err)
	fmt.Print(sql)
	// Output:
	// <nil>
	// -- the database
	// -- +goose StatementBegin
	// DO $tenancy$
	// BEGIN
	//   EXECUTE pg_catalog.format('REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC, app', pg_catalog.current_database());
	// END
	// $tenancy$;
	// -- +goose StatementEnd
	// GRANT USAGE ON SCHEMA tenancy TO app;
	// GRANT EXECUTE ON FUNCTION tenancy.id(), tenancy.claimed() TO app;
	// REVOKE CREATE ON SCHEMA public FROM PUBLIC, app;
	// GRANT USAGE ON SCHEMA public TO app;
	// ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM PUBLIC, app;
	// ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM PUBLIC, app;
	//
	// -- public.note
	// -- +goose StatementBegin
	// DO $tenancy$
	// BEGIN
	//   ALTER TABLE public.note ALTER COLUMN tenant_id SET NOT NULL;
	//   ALTER TABLE public.note ALTER COLUMN tenant_id SET DEFAULT tenancy.claimed();
	//   ALTER TABLE public.note ENABLE ROW LEVEL SECURITY;
	//   ALTER TABLE public.note FORCE ROW LEVEL SECURITY;
	//   DROP POLICY IF EXISTS tenancy_guard ON public.note;
	//   CREATE POLICY tenancy_guard ON public.note AS RESTRICTIVE FOR ALL TO PUBLIC
	//     USING (tenant_id = (SELECT tenancy.id()))
	//     WITH CHECK (tenant_id = (SELECT tenancy.id()));
	//   DROP POLICY IF EXISTS tenancy_allow ON public.note;
	//   CREATE POLICY tenancy_allow ON public.note AS PERMISSIVE FOR ALL TO app
	//     USING (true) WITH CHECK (true);
	//   CREATE OR REPLACE TRIGGER tenancy_fence BEFORE INSERT OR UPDATE OR DELETE ON public.note
	//     FOR EACH STATEMENT EXECUTE FUNCTION tenancy.fence();
	//   ALTER TABLE public.note ENABLE TRIGGER tenancy_fence;
	//   REVOKE ALL ON TABLE public.note FROM PUBLIC, app;
	//   GRANT SELECT, INSERT, DELETE ON TABLE public.note TO app;
	//   EXECUTE coalesce((SELECT 'GRANT UPDATE (' || pg_catalog.string_agg(pg_catalog.quote_ident(attname), ', ' ORDER BY attnum)
	//       || ') ON TABLE public.note TO app'
	//     FROM pg_catalog.pg_attribute WHERE attrelid = 'public.note'::pg_catalog.regclass
	//       AND attnum > 0 AND NOT attisdropped AND attname <> 'tenant_id'), '');
	// END
	// $tenancy$;
	// -- +goose StatementEnd
	//
	// REVOKE ALL ON TABLE public.country FROM PUBLIC, app;
	// GRANT SELECT ON TABLE public.country TO app;
}

func ExampleInspect() {
	var db rls.DB // *sql.DB of the live database, as its owner
	inspect := func() error {
		rep, err := rls.Inspect(context.Background(), db, rls.Config{
			AppRole: "app",
			Tables:  []rls.Table{{Name: "note"}, {Name: "billing.invoice", Type: rls.UUID}},
			Shared:  []string{"country"},
			Waive: []rls.Waiver{{Rule: "RLS082", Object: "publication everything",
				Reason: "feeds our own standby, which has the same policies"}},
		})
		if err != nil {
			return err
		}
		fmt.Print(rep)       // what is wrong, what was seen, what mends it
		fmt.Print(rep.Fix()) // the statements alone
		if err := rep.WriteSARIF(os.Stdout, "db/migrations"); err != nil {
			return err
		}
		return rep.Err(rls.Warning) // for the exit status
	}
	_ = inspect
}
