package tenancytest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
)

// schema is one of the schemas that the kit is tried on.
type schema struct {
	file, column string
	uuid         bool
	tables       []string // the tenant tables that the application uses
	added        []string // of these, the ones that are only added to
	views        []string
	shared       []string
}

var schemas = map[string]schema{
	"desk":   {file: "desk.sql", column: "tenant_id", tables: []string{"organisation", "member", "ticket", "reply"}, views: []string{"open_ticket"}},
	"clinic": {file: "clinic.sql", column: "clinic", uuid: true, tables: []string{"patient", "chart", "visit", "access_log"}, added: []string{"access_log"}},
	"yard": {file: "yard.sql", column: "tenant_id", tables: []string{"yard", "part", "event", "stock", "booking"},
		views: []string{"part_tree", "part_total"}, shared: []string{"currency"}},
}

// place is a database with one of the schemas, ready to be attacked.
type place struct {
	Target
	pg     *dbtest.PG
	admin  *sql.DB
	schema schema
}

func newPlace(t *testing.T, name string) *place {
	t.Helper()
	s := schemas[name]
	ctx := t.Context()
	p := &place{pg: dbtest.Postgres(t), schema: s}
	secret, err := tenancy.NewKey("k1", []byte(strings.Repeat("secret k", 8)))
	require.NoError(t, err)
	keys := tenancy.Keys{Current: secret}
	owner, err := pgx.Connect(ctx, p.pg.Owner.DSN)
	require.NoError(t, err)
	defer owner.Close(context.WithoutCancel(ctx))
	require.NoError(t, postgres.Setup(ctx, owner, postgres.SetupOptions{AppRole: p.pg.App.Role, SystemRole: p.pg.System.Role, Keys: keys, Shard: "one"}))
	_, err = owner.Exec(ctx, read(t, s.file))
	require.NoError(t, err)
	_, err = owner.Exec(ctx, s.guards(p.pg.App.Role))
	require.NoError(t, err)
	sys, err := postgres.OpenSystem(ctx, p.pg.System.DSN, postgres.SystemOptions{AllowOldServer: true,
		Audit: func(context.Context, postgres.SystemUse) error { return nil }})
	require.NoError(t, err)
	t.Cleanup(sys.Close)
	p.A, p.B = tenancy.MustParseID("acme"), tenancy.MustParseID("bell")
	if s.uuid {
		p.A, p.B = tenancy.NewID(), tenancy.NewID()
	}
	for _, id := range []tenancy.ID{p.A, p.B} {
		require.NoError(t, sys.Provision(ctx, tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}))
	}
	db, err := postgres.Open(ctx, p.pg.App.DSN+"&pool_max_conns=2", keys, postgres.AllowOldServer())
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	p.DB, p.Column = db.TenantDB(), s.column
	p.admin, err = sql.Open("pgx", p.pg.Admin.DSN)
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.admin.Close() })
	return p
}

// guards is the contract of tenancy/rls, written by hand.
func (s schema) guards(app string) string {
	var b strings.Builder
	scope, initial := "(SELECT tenancy.id())", "tenancy.id()"
	if s.uuid {
		scope, initial = scope+"::uuid", initial+"::uuid"
	}
	for _, t := range s.tables {
		rule := s.column + " = " + scope
		fmt.Fprintf(&b, `ALTER TABLE %[1]s ALTER COLUMN %[2]s SET DEFAULT %[3]s;
ALTER TABLE %[1]s ENABLE ROW LEVEL SECURITY;
ALTER TABLE %[1]s FORCE ROW LEVEL SECURITY;
CREATE POLICY tenancy_allow ON %[1]s TO %[4]s USING (true) WITH CHECK (true);
CREATE POLICY tenancy_guard ON %[1]s AS RESTRICTIVE TO PUBLIC USING (%[5]s) WITH CHECK (%[5]s);
CREATE TRIGGER tenancy_fence BEFORE INSERT OR UPDATE OR DELETE ON %[1]s FOR EACH STATEMENT EXECUTE FUNCTION tenancy.fence();
GRANT SELECT, INSERT ON %[1]s TO %[4]s;
`, t, s.column, initial, app, rule)
		if !contains(s.added, t) {
			fmt.Fprintf(&b, `GRANT DELETE ON %[1]s TO %[2]s;
DO $$ BEGIN EXECUTE (SELECT format('GRANT UPDATE (%%s) ON %[1]s TO %[2]s', string_agg(quote_ident(attname), ', '))
  FROM pg_attribute WHERE attrelid = '%[1]s'::regclass AND attnum > 0 AND attname <> '%[3]s' AND NOT attisdropped HAVING count(*) > 0); END $$;
`, t, app, s.column)
		}
	}
	for _, v := range append(append([]string{}, s.views...), s.shared...) {
		fmt.Fprintf(&b, "GRANT SELECT ON %s TO %s;\n", v, app)
	}
	return b.String()
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// recorder is a TB that keeps what it is told.
type recorder struct {
	ctx    context.Context
	errors []string
	logs   []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Logf(format string, args ...any) {
	r.logs = append(r.logs, fmt.Sprintf(format, args...))
}
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}
