package postgres_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
)

func TestMain(m *testing.M) {
	// The throwaway server outlives the test that started it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/bailiwick-dev/bailiwick/internal/pgserver.Start.func1"))
}

var (
	alpha = tenancy.MustParseID("alpha")
	beta  = tenancy.MustParseID("beta")
)

// house is a database as an application has it: two tenants, and notes of theirs under row-level security.
type house struct {
	*dbtest.PG
	shard string
	keys  tenancy.Keys
	sys   *postgres.System
	owner *pgxpool.Pool // superuser: looks behind the scenes
}

func testKey(t testing.TB, id string) tenancy.Key {
	k, err := tenancy.NewKey(id, []byte(strings.Repeat(id, 16)))
	require.NoError(t, err)
	return k
}

func allow(context.Context, tenancy.Act) error { return nil }

func newHouse(t testing.TB) *house { return newHouseAs(t, "main") }

// newHouseAs is newHouse under another shard's name.
func newHouseAs(t testing.TB, shard string) *house {
	t.Helper()
	ctx := t.Context()
	h := &house{PG: dbtest.Postgres(t), shard: shard, keys: tenancy.Keys{Current: testKey(t, "k1")}}
	h.setup(t, h.setupOptions())
	h.exec(t, h.Owner.DSN, tableSQL("note", h.App.Role, "id bigint NOT NULL, body text NOT NULL", "id"))
	var err error
	h.sys, err = postgres.OpenSystem(ctx, h.System.DSN, postgres.SystemOptions{Audit: allow, AllowOldServer: true})
	require.NoError(t, err)
	t.Cleanup(h.sys.Close)
	for _, id := range []tenancy.ID{alpha, beta} {
		require.NoError(t, h.sys.Provision(ctx, tenancy.Tenant{ID: id, State: tenancy.Active, Region: "eu", Epoch: 1}))
	}
	h.owner, err = pgxpool.New(ctx, h.Admin.DSN)
	require.NoError(t, err)
	t.Cleanup(h.owner.Close)
	h.exec(t, h.Admin.DSN, `INSERT INTO note (tenant_id, id, body)
		SELECT t, i, t || ' ' || i FROM unnest(ARRAY['alpha', 'beta']) t, generate_series(1, 10) i`)
	return h
}

func (h *house) setupOptions() postgres.SetupOptions {
	return postgres.SetupOptions{AppRole: h.App.Role, SystemRole: h.System.Role, Keys: h.keys, Shard: h.shard, Region: "eu"}
}

func (h *house) setup(t testing.TB, o postgres.SetupOptions) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), h.Owner.DSN)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.NoError(t, postgres.Setup(t.Context(), conn, o))
}

// tableSQL is what package rls prints for a table, by hand.
func tableSQL(name, app, columns, key string) string {
	return strings.NewReplacer("$t", name, "$app", app, "$cols", columns, "$key", key).Replace(`
		CREATE TABLE $t (tenant_id text COLLATE "C" NOT NULL DEFAULT tenancy.claimed(), $cols, PRIMARY KEY (tenant_id, $key));
		ALTER TABLE $t ENABLE ROW LEVEL SECURITY;
		ALTER TABLE $t FORCE ROW LEVEL SECURITY;
		CREATE POLICY tenancy_allow ON $t AS PERMISSIVE FOR ALL TO $app USING (true) WITH CHECK (true);
		CREATE POLICY tenancy_guard ON $t AS RESTRICTIVE FOR ALL TO PUBLIC
			USING (tenant_id = (SELECT tenancy.id())) WITH CHECK (tenant_id = (SELECT tenancy.id()));
		CREATE TRIGGER tenancy_fence BEFORE INSERT OR UPDATE OR DELETE ON $t FOR EACH STATEMENT EXECUTE FUNCTION tenancy.fence();
		GRANT SELECT, INSERT, DELETE ON $t TO $app;
		DO $$ BEGIN EXECUTE (SELECT 'GRANT UPDATE (' || string_agg(quote_ident(attname), ', ') || ') ON $t TO $app'
			FROM pg_attribute WHERE attrelid = '$t'::regclass AND attnum > 0 AND attname <> 'tenant_id'); END $$;`)
}

func (h *house) exec(t testing.TB, dsn, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, err, sql)
}

func (h *house) open(t testing.TB, opts ...postgres.Option) *postgres.DB {
	t.Helper()
	return h.openDSN(t, h.App.DSN, opts...)
}

func (h *house) openDSN(t testing.TB, dsn string, opts ...postgres.Option) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), dsn, h.keys, append(opts, postgres.AllowOldServer(), postgres.WithSystem(h.sys))...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// with adds a parameter to a DSN.
func with(dsn, params string, args ...any) string {
	sep := "?"
	if strings.Contains(dsn, "?") {
		sep = "&"
	}
	return dsn + sep + fmt.Sprintf(params, args...)
}

// deadline keeps a test that waits from waiting for ever.
func deadline(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func as(t testing.TB, id tenancy.ID) context.Context { return tenancy.With(deadline(t), id) }

const (
	wait = 30 * time.Second
	tick = 5 * time.Millisecond
)

func subst(s string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(s) }

func joinLines(lines []string) string { return strings.Join(lines, "\n") }

// soak is how often a test repeats: little in every run, much with BAILIWICK_SOAK=1.
func soak(little, much int) int {
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		return much
	}
	return little
}
