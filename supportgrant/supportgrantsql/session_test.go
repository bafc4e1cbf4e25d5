package supportgrantsql_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgranttest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// desk is a database with a role for sessions of SQL, and a tenant with 300 posts, of which 100 are hidden and 100 are to be handled with care.
type desk struct {
	*door.World
	*supportgrantsql.Store
	tenant tenancy.ID
	ctx    context.Context
	people *supportgranttest.People
	config supportgrantsql.Sessions
}

var deskPosts = supportgrant.Resource{Name: "posts", Category: supportgrant.Posts, Table: "desk_post", Key: []string{"id"}, Columns: []string{"id", "title", "profile.city"},
	Where: []supportgrant.Condition{supportgrant.Is("hidden", false)}, Care: "careful"}

func newDesk(t *testing.T) *desk {
	w := onPostgres.OnPostgres(t)
	d := &desk{World: w, Store: storeIn(t, w), tenant: w.NewTenant(t), people: (&supportgranttest.People{}).Hire("sam", "sue").Appoint("ann", "bob")}
	d.ctx = tenancy.With(context.Background(), d.tenant)
	d.config = supportgrantsql.Sessions{Role: w.PG.Name + "_desk", AppRole: w.PG.App.Role, SystemRole: w.PG.System.Role, Registry: []supportgrant.Resource{deskPosts}}
	d.as(t, w.PG.Admin.DSN, `CREATE ROLE `+d.config.Role+` LOGIN NOINHERIT PASSWORD 'desk'`)
	t.Cleanup(func() { d.as(t, w.PG.Admin.DSN, `DROP OWNED BY `+d.config.Role+`; DROP ROLE `+d.config.Role) })
	d.owner(t, `CREATE TABLE desk_post (tenant_id text COLLATE "C" NOT NULL, id bigint NOT NULL, title text, secret_token text, hidden boolean, careful boolean, profile jsonb, PRIMARY KEY (tenant_id, id));
		CREATE TABLE desk_other (id bigint PRIMARY KEY); CREATE VIEW desk_view AS SELECT id, secret_token FROM desk_post`)
	guard, err := rls.SQL(rls.Config{AppRole: w.PG.App.Role, SystemRole: w.PG.System.Role, Tables: []rls.Table{{Name: "desk_post"}}})
	require.NoError(t, err)
	d.owner(t, guard)
	text, err := supportgrantsql.SessionSQL(d.config)
	require.NoError(t, err)
	d.owner(t, text)
	d.owner(t, text) // it may be run again
	for _, tenant := range []tenancy.ID{d.tenant, w.NewTenant(t)} {
		d.as(t, w.PG.Admin.DSN, `INSERT INTO desk_post SELECT '`+tenant.String()+`', n, 'title', 'secret', n % 3 = 0, n % 3 = 1, '{"city": "Bern"}' FROM generate_series(1, 300) n`)
	}
	return d
}

func (d *desk) as(t testing.TB, dsn, text string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(context.Background(), text)
	require.NoError(t, err)
}

func (d *desk) owner(t testing.TB, text string) { t.Helper(); d.as(t, d.PG.Owner.DSN, text) }

// connect is a session that is not bound.
func (d *desk) connect(t testing.TB) *pgx.Conn {
	t.Helper()
	cfg, err := pgx.ParseConfig(d.PG.App.DSN)
	require.NoError(t, err)
	cfg.User, cfg.Password = d.config.Role, "desk"
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec // nothing is prepared, as by psql
	conn, err := pgx.ConnectConfig(context.Background(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// bound is a session under a grant.
func (d *desk) bound(t testing.TB, g supportgrant.GrantRow) *pgx.Conn {
	t.Helper()
	conn := d.connect(t)
	d.bind(t, conn, g)
	return conn
}

func (d *desk) bind(t testing.TB, conn *pgx.Conn, g supportgrant.GrantRow) {
	t.Helper()
	token, err := d.Session(d.ctx, d.people, g.ID, g.Staff)
	require.NoError(t, err)
	_, err = conn.Exec(context.Background(), `SELECT supportgrant.bind($1)`, token)
	require.NoError(t, err)
}

func (d *desk) granted(t testing.TB) supportgrant.GrantRow {
	return live(t, d.ctx, d, asked(time.Hour))
}

func (d *desk) withdraw(t testing.TB, g supportgrant.GrantRow) {
	t.Helper()
	_, err := d.Move(d.ctx, supportgrant.Move{ID: g.ID, Version: g.Version, From: supportgrant.Approved, To: supportgrant.Withdrawn, By: "ann", Why: "enough"})
	require.NoError(t, err)
}

const allPosts = `SELECT id FROM desk_post`

// rows counts what a statement returns.
func rowsOf(conn *pgx.Conn, text string) (n int, err error) {
	rows, err := conn.Query(context.Background(), text)
	if err != nil {
		return 0, err
	}
	for rows.Next() {
		n++
	}
	return n, rows.Err()
}

func exactly(t testing.TB, want int, conn *pgx.Conn, text string) {
	t.Helper()
	n, err := rowsOf(conn, text)
	require.NoError(t, err)
	require.Equal(t, want, n, text)
}

func denied(t testing.TB, state string, conn *pgx.Conn, text string) {
	t.Helper()
	n, err := rowsOf(conn, text)
	var pg *pgconn.PgError
	require.True(t, errors.As(err, &pg), "%s: %v", text, err)
	require.Equal(t, state, pg.Code, "%s: %v", text, err)
	require.Zero(t, n)
}

func run(t testing.TB, conn *pgx.Conn, text string, args ...any) {
	t.Helper()
	_, err := conn.Exec(context.Background(), text, args...)
	require.NoError(t, err, text)
}

func TestASessionOfSQLReadsWhatAGrantGives(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	conn := d.bound(t, d.granted(t))
	exactly(t, 100, conn, allPosts)
	exactly(t, 100, conn, `SELECT id, title FROM desk_post WHERE id > 0`)
	careful := asked(time.Hour)
	careful.Care = true
	exactly(t, 200, d.bound(t, live(t, d.ctx, d, careful)), allPosts)
	exactly(t, 0, d.bound(t, live(t, d.ctx, d, asked(time.Hour, "account"))), allPosts)

	log, err := d.Log(d.ctx, supportgrant.Look{Kinds: []supportgrant.Kind{supportgrant.KindRead}}, supportgrant.Place{}, 10)
	require.NoError(t, err)
	require.Len(t, log, 3)
	require.Equal(t, "sql", log[0].Resource)
}

// The eight situations in which policies as they are usually written give rows of a grant that has ended.
func TestNoSessionOfSQLReadsLate(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for name, late := range map[string]func(t *testing.T, conn *pgx.Conn, g supportgrant.GrantRow){
		"a new statement": func(t *testing.T, conn *pgx.Conn, g supportgrant.GrantRow) {
			d.withdraw(t, g)
			exactly(t, 0, conn, allPosts)
		},
		"an open transaction": func(t *testing.T, conn *pgx.Conn, g supportgrant.GrantRow) {
			run(t, conn, `BEGIN`)
			exactly(t, 100, conn, allPosts)
			d.withdraw(t, g)
			exactly(t, 0, conn, allPosts)
		},
		"an older snapshot": func(t *testing.T, conn *pgx.Conn, g supportgrant.GrantRow) {
			for _, level := range []string{`REPEATABLE READ`, `SERIALIZABLE`, `REPEATABLE READ READ ONLY`} {
				run(t, conn, `BEGIN ISOLATION LEVEL `+level)
				denied(t, "25001", conn, allPosts)
				run(t, conn, `ROLLBACK`)
			}
		},
		"a cursor": func(t *testing.T, conn *pgx.Conn, g supportgrant.GrantRow) {
			run(t, conn, `BEGIN`)
			run(t, conn, `DECLARE k NO SCROLL CURSOR FOR `+allPosts)
			exactly(t, 10, conn, `FETCH 10 FROM k`)
			d.withdraw(t, g)
			exactly(t, 0, conn, `FETCH ALL FROM k`)
		},
		"a long statement": func(t *testing.T, conn *pgx.Conn, g supportgrant.GrantRow) {
			run(t, conn, `SET statement_timeout = '60s'`)
			rows, err := conn.Query(t.Context(), `SELECT repeat('x', 20000), pg_sleep(0.02) FROM desk_post`)
			require.NoError(t, err)
			n := 0
			for rows.Next() {
				if n++; n == 1 {
					d.withdraw(t, g)
				}
			}
			require.NoError(t, rows.Err())
			require.Less(t, n, 100)
		},
		"a setting that names another tenant": func(t *testing.T, conn *pgx.Conn, g supportgrant.GrantRow) {
			other := d.connect(t)
			var scope string
			require.NoError(t, conn.QueryRow(t.Context(), `SHOW tenancy.scope`).Scan(&scope))
			run(t, other, `SELECT set_config('tenancy.scope', $1, false)`, scope)
			exactly(t, 0, other, allPosts) // of a backend that is not bound
			neighbour := d.NewTenant(t)
			run(t, conn, `SELECT set_config('tenancy.scope', $1, false)`, scope[:89]+neighbour.String())
			denied(t, "42501", conn, allPosts)
		},
		"who is not active": func(t *testing.T, conn *pgx.Conn, g supportgrant.GrantRow) {
			d.people.Dismiss("sam")
			defer d.people.Hire("sam")
			_, err := d.Session(d.ctx, d.people, g.ID, "sam")
			require.ErrorIs(t, err, supportgrant.ErrNotGranted)
			d.withdraw(t, g) // as Service.WithdrawStaff does
			exactly(t, 0, conn, allPosts)
		},
	} {
		g := d.granted(t)
		conn := d.bound(t, g)
		exactly(t, 100, conn, allPosts)
		t.Run(name, func(t *testing.T) { late(t, conn, g) })
	}
	t.Run("after its time", func(t *testing.T) {
		g := live(t, d.ctx, d, asked(2*time.Second))
		conn := d.bound(t, g)
		run(t, conn, `BEGIN`)
		require.Eventually(t, func() bool {
			var over bool
			require.NoError(t, conn.QueryRow(t.Context(), `SELECT clock_timestamp() >= $1`, g.Expires).Scan(&over))
			return over
		}, 30*time.Second, 50*time.Millisecond)
		exactly(t, 0, conn, allPosts)
	})
}

func TestASessionOfSQLCanDoNothingElse(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	conn := d.bound(t, d.granted(t))
	for _, text := range []string{
		`SELECT secret_token FROM desk_post`, `SELECT * FROM desk_post`, `SELECT desk_post FROM desk_post`, `SELECT count(secret_token) FROM desk_post`, `SELECT id FROM desk_post ORDER BY secret_token`,
		`SELECT id FROM desk_post WHERE secret_token LIKE 'a%'`, `SELECT profile FROM desk_post`, `SELECT hidden FROM desk_post`, `SELECT tenant_id FROM desk_post`,
		`EXPLAIN SELECT secret_token FROM desk_post`, `EXPLAIN ANALYZE SELECT id FROM desk_post WHERE secret_token = ''`, `COPY desk_post TO STDOUT`, `COPY desk_post (secret_token) TO STDOUT`,
		`COPY (SELECT 1) TO PROGRAM 'true'`, `COPY (SELECT 1) TO '/dev/null'`, `SELECT secret_token FROM desk_view`, `SELECT id FROM desk_other`, `SELECT id FROM supportgrant_grant`,
		`SELECT digest FROM supportgrant.session`, `INSERT INTO supportgrant.session DEFAULT VALUES`, `SELECT tag FROM tenancy.key`, `SELECT id FROM tenancy.tenant`,
		`INSERT INTO desk_post (id) VALUES (1)`, `UPDATE desk_post SET title = ''`, `DELETE FROM desk_post`, `SELECT id FROM desk_post FOR UPDATE`, `TRUNCATE desk_post`,
		`CREATE TABLE public.mine (x int)`, `CREATE TEMPORARY TABLE mine (x int)`, `CREATE SCHEMA mine`, `CREATE FUNCTION supportgrant.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
		`SET ROLE ` + d.PG.App.Role, `SET ROLE ` + d.PG.Owner.Role, `SET SESSION AUTHORIZATION ` + d.PG.App.Role, `ALTER ROLE ` + d.config.Role + ` BYPASSRLS`, `ALTER TABLE desk_post DISABLE ROW LEVEL SECURITY`, `DROP POLICY supportgrant_guard ON desk_post`,
		`SELECT rolpassword FROM pg_authid`, `SELECT pg_read_file('postgresql.conf')`, `SELECT pg_ls_dir('.')`,
	} {
		denied(t, "42501", conn, text)
	}
	run(t, conn, `SET row_security = off`)
	denied(t, "42501", conn, allPosts)
	run(t, conn, `RESET row_security`)
	exactly(t, 100, conn, allPosts)
	tag, err := conn.PgConn().CopyTo(t.Context(), &strings.Builder{}, `COPY desk_post (id) TO STDOUT`)
	require.NoError(t, err)
	require.EqualValues(t, 100, tag.RowsAffected())
}

func TestATokenOpensOneSessionOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx, g := t.Context(), d.granted(t)
	exactly(t, 0, d.connect(t), allPosts)
	token, err := d.Session(d.ctx, d.people, g.ID, "sam")
	require.NoError(t, err)
	conn, other := d.connect(t), d.connect(t)
	const bind = `SELECT supportgrant.bind($1)`
	run(t, conn, `BEGIN`)
	run(t, conn, bind, token)
	denied(t, "25001", conn, allPosts) // what is not committed could be bound again
	run(t, conn, `ROLLBACK`)
	run(t, conn, `BEGIN; SAVEPOINT s`)
	run(t, conn, bind, token)
	denied(t, "25001", conn, allPosts)
	run(t, conn, `ROLLBACK`)
	run(t, conn, bind, token)
	exactly(t, 100, conn, allPosts)
	for _, wrong := range []string{token, token + "x", "", strings.Repeat("A", 43)} {
		_, err = other.Exec(ctx, bind, wrong)
		var pg *pgconn.PgError
		require.ErrorAs(t, err, &pg)
		require.Equal(t, "28000", pg.Code)
	}
	exactly(t, 0, other, allPosts)
	run(t, conn, `DISCARD ALL`)
	exactly(t, 0, conn, allPosts) // the scope is gone; the session can be bound anew
	d.bind(t, conn, g)
	exactly(t, 100, conn, allPosts)

	token, err = d.Session(d.ctx, d.people, g.ID, "sam")
	require.NoError(t, err)
	d.withdraw(t, g)
	_, err = other.Exec(ctx, bind, token)
	require.Error(t, err)
	for name, refused := range map[string]func() (string, error){
		"withdrawn": func() (string, error) { return d.Session(d.ctx, d.people, g.ID, "sam") },
		"another's": func() (string, error) { return d.Session(d.ctx, d.people, d.granted(t).ID, "sue") },
		"another tenant's": func() (string, error) {
			return d.Session(tenancy.With(ctx, d.NewTenant(t)), d.people, d.granted(t).ID, "sam")
		},
		"of who may not approve any more": func() (string, error) {
			g := d.granted(t)
			d.people.Demote("ann")
			defer d.people.Appoint("ann")
			return d.Session(d.ctx, d.people, g.ID, "sam")
		},
	} {
		_, err := refused()
		require.ErrorIs(t, err, supportgrant.ErrNotGranted, name)
	}
	d.people.Fail(true)
	_, err = d.Session(d.ctx, d.people, d.granted(t).ID, "sam")
	require.ErrorIs(t, err, supportgrant.ErrUnavailable)
}
