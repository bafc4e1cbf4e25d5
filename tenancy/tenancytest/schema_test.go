package tenancytest

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
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
	db     *postgres.DB
	admin  *sql.DB
	schema schema
	rls    rls.Config
}

func newPlace(t *testing.T, name string) *place { t.Helper(); return newShard(t, name, "one") }

func newShard(t *testing.T, name, shard string) *place {
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
	require.NoError(t, postgres.Setup(ctx, owner, postgres.SetupOptions{AppRole: p.pg.App.Role, SystemRole: p.pg.System.Role, Keys: keys, Shard: shard}))
	_, err = owner.Exec(ctx, read(t, s.file))
	require.NoError(t, err)
	p.rls = s.config(p.pg)
	guards, err := rls.SQL(p.rls)
	require.NoError(t, err)
	_, err = owner.Exec(ctx, guards)
	require.NoError(t, err)
	for _, v := range s.views {
		_, err = owner.Exec(ctx, "GRANT SELECT ON "+v+" TO "+p.pg.App.Role)
		require.NoError(t, err)
	}
	sys, err := postgres.OpenSystem(ctx, p.pg.System.DSN, postgres.SystemOptions{AllowOldServer: true,
		Audit: func(context.Context, tenancy.Act) error { return nil }})
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
	p.db, p.DB, p.Column = db, db.TenantDB(), s.column
	p.admin, err = sql.Open("pgx", p.pg.Admin.DSN)
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.admin.Close() })
	return p
}

// config is what tenancy/rls prints and inspects.
func (s schema) config(pg *dbtest.PG) rls.Config {
	c := rls.Config{AppRole: pg.App.Role, SystemRole: pg.System.Role, Column: s.column, Shared: s.shared}
	for _, name := range s.tables {
		t := rls.Table{Name: name}
		if s.uuid {
			t.Type = rls.UUID
		}
		if slices.Contains(s.added, name) {
			t.Privileges = []string{"SELECT", "INSERT"}
		}
		c.Tables = append(c.Tables, t)
	}
	return c
}

// inspect is the inspector of tenancy/rls.
func (p *place) inspect(ctx context.Context) (found []string, err error) {
	r, err := rls.Inspect(ctx, p.admin, p.rls)
	if err != nil {
		return nil, err
	}
	for _, f := range r.Findings {
		found = append(found, f.Rule+" "+f.Object+" "+f.Message)
	}
	return found, nil
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
