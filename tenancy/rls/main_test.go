package rls_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/postgres"
)

func TestMain(m *testing.M) {
	// The throwaway server outlives the test that started it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/bailiwick-dev/bailiwick/internal/pgserver.Start.func1"))
}

// desk is a database as an application has it, guarded by what SQL prints.
type desk struct {
	*dbtest.PG
	cfg   rls.Config
	owner *sql.DB
	admin *sql.DB
}

// deskSQL is a small support desk: text and uuid tenant columns, a composite foreign key, a partial
// unique index, an identity column and a shared table.
const deskSQL = `
CREATE SCHEMA app;
CREATE TABLE app.note (
	tenant_id text COLLATE "C" NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY, body text, pinned bool NOT NULL DEFAULT false,
	author text, PRIMARY KEY (tenant_id, id));
CREATE UNIQUE INDEX ON app.note (tenant_id, lower(body)) WHERE pinned;
CREATE TABLE app.comment (
	tenant_id text COLLATE "C" NOT NULL, id uuid NOT NULL DEFAULT gen_random_uuid(), note_id bigint NOT NULL, body text,
	PRIMARY KEY (tenant_id, id),
	FOREIGN KEY (tenant_id, note_id) REFERENCES app.note (tenant_id, id) ON DELETE CASCADE);
CREATE TABLE public.doc (
	tenant_id uuid NOT NULL, id uuid NOT NULL, title text, PRIMARY KEY (tenant_id, id));
CREATE TABLE public.country (code text PRIMARY KEY, name text);
`

func newDesk(t testing.TB) *desk {
	t.Helper()
	ctx := context.Background()
	d := &desk{PG: dbtest.Postgres(t)}
	conn, err := pgx.Connect(ctx, d.Owner.DSN)
	require.NoError(t, err)
	key, err := tenancy.NewKey("k1", []byte(strings.Repeat("k1", 16)))
	require.NoError(t, err)
	require.NoError(t, postgres.Setup(ctx, conn, postgres.SetupOptions{
		AppRole: d.App.Role, SystemRole: d.System.Role, Keys: tenancy.Keys{Current: key}, Shard: "main", Region: "eu"}))
	require.NoError(t, conn.Close(ctx))
	d.cfg = rls.Config{AppRole: d.App.Role, SystemRole: d.System.Role,
		Tables: []rls.Table{{Name: "app.note"}, {Name: "app.comment"}, {Name: "doc", Type: rls.UUID}},
		Shared: []string{"country"}}
	d.owner, d.admin = open(t, d.Owner.DSN), open(t, d.Admin.DSN)
	exec(t, d.owner, deskSQL)
	guard, err := rls.SQL(d.cfg)
	require.NoError(t, err)
	exec(t, d.owner, guard)
	return d
}

func open(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func exec(t testing.TB, db rls.DB, query string) {
	t.Helper()
	_, err := db.ExecContext(context.Background(), query)
	require.NoError(t, err, query)
}

// roles puts the desk's role names into statements.
func (d *desk) roles(query string) string {
	return strings.NewReplacer("$app", d.App.Role, "$sys", d.System.Role, "$owner", d.Owner.Role, "$db", d.Name).Replace(query)
}

// inspectWith inspects the desk as it would be after query, which is run by a superuser and undone.
func (d *desk) inspectWith(t testing.TB, query string, cfg rls.Config) *rls.Report {
	t.Helper()
	tx, err := d.admin.BeginTx(context.Background(), nil)
	require.NoError(t, err)
	defer tx.Rollback()
	exec(t, tx, d.roles(query))
	r, err := rls.Inspect(context.Background(), tx, cfg)
	require.NoError(t, err)
	return r
}

func replaceAll(s, old, with string) string { return strings.ReplaceAll(s, old, with) }
