package tombstone_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/dsar/tombstone"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// The application: people with a row, rows that know them by their address only, and readers who have no row.
var (
	appSQLite = `
		CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, created_at INTEGER NOT NULL);
		CREATE TABLE bare (id INTEGER PRIMARY KEY, email TEXT NOT NULL);
		CREATE TABLE invite (email TEXT NOT NULL);`
	appPostgres = `
		CREATE TABLE users (tenant_id text NOT NULL, id bigint, email text NOT NULL, created_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, id));
		CREATE TABLE bare (tenant_id text NOT NULL, id bigint, email text NOT NULL, PRIMARY KEY (tenant_id, id));
		CREATE TABLE invite (tenant_id text NOT NULL, email text NOT NULL);`
	appTables = []rls.Table{{Name: "users"}, {Name: "bare"}, {Name: "invite"}}
	appMap    = &dsar.Map{
		Tenant:   "tenant_id",
		Purposes: []dsar.Purpose{{Name: "p", Why: "w", Basis: dsar.Contract}},
		Subjects: []dsar.Subject{
			{Kind: "user", Table: "users", Identifiers: []dsar.Identifier{{Name: "email", Column: "email", Form: dsar.Email}}},
			{Kind: "bare", Table: "bare", Identifiers: []dsar.Identifier{{Name: "bare email", Column: "email", Form: dsar.Email}}},
			{Kind: "reader", Identifiers: []dsar.Identifier{{Name: "address", Form: dsar.Email}}},
		},
		Tables: []dsar.Table{
			{Name: "users", Key: []string{"id"}, Purpose: "p", Columns: []dsar.Column{{Name: "email text not null", Class: redact.ClassContact}},
				Plain: []string{"id bigint | integer", "created_at timestamptz not null | integer not null"}},
			{Name: "bare", Key: []string{"id"}, Purpose: "p", Columns: []dsar.Column{{Name: "email text not null", Class: redact.ClassContact}}, Plain: []string{"id bigint | integer"}},
			{Name: "invite", Purpose: "p", Links: []dsar.Link{{Columns: []string{"email"}, Identifier: "email"}}, Columns: []dsar.Column{{Name: "email text not null", Class: redact.ClassContact}}},
		},
	}
	appKeys = func(t testing.TB, ids ...string) (ks tombstone.Keys) {
		for _, id := range ids {
			secret := sha256.Sum256([]byte(id))
			k, err := tenancy.NewKey(id, secret[:])
			require.NoError(t, err)
			ks = append(ks, k)
		}
		return ks
	}
)

// world is an application's database that can be put back to an earlier day.
type world struct {
	t    *testing.T
	db   *tenantdb.DB
	ctx  context.Context
	log  *tombstone.File
	path string
	// backup returns what puts the database back to what it is now.
	backup func() (restore func())
}

func onBoth(t *testing.T, f func(t *testing.T, w *world)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); f(t, onSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); f(t, onPostgres(t)) })
}

func newWorld(t *testing.T) *world {
	path := logPath(t)
	return &world{t: t, path: path, log: openFile(t, path)}
}

func onSQLite(t *testing.T) *world {
	w := newWorld(t)
	migrations, err := sqlite.ReadMigrations("dsar", dsarsql.SQLite())
	require.NoError(t, err)
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "data"), sqlite.Options{Migrations: append(migrations, sqlite.Migration{ID: "app/1", SQL: appSQLite})})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	tenant := tenancy.Tenant{ID: tenancy.NewID(), State: tenancy.Active, Epoch: 1}
	require.NoError(t, db.Provision(t.Context(), tenant))
	w.db, w.ctx = db.TenantDB(), tenancy.With(t.Context(), tenant.ID)
	w.backup = func() func() {
		var b bytes.Buffer
		_, err := db.Export(t.Context(), tenant.ID, &b)
		require.NoError(t, err)
		return func() {
			suspended := tenant
			suspended.State = tenancy.Suspended
			require.NoError(t, db.SetState(t.Context(), suspended))
			require.NoError(t, db.Restore(t.Context(), tenant, bytes.NewReader(b.Bytes())))
		}
	}
	return w
}

func onPostgres(t *testing.T) *world {
	w := newWorld(t)
	d := door.Door{Name: "dsar", Migrate: func(ctx context.Context, owner *sql.DB, app, system string) error {
		if err := dsarsql.Migrate(ctx, owner, app, system); err != nil {
			return err
		}
		guard, err := rls.SQL(rls.Config{AppRole: app, SystemRole: system, Tables: appTables})
		if err == nil {
			_, err = owner.ExecContext(ctx, appPostgres+guard)
		}
		return err
	}}
	pg := d.OnPostgres(t)
	w.db, w.ctx = pg.DB, pg.Tenant(t)
	w.backup = func() func() {
		dump, err := exec.LookPath("pg_dump")
		if err != nil {
			t.Skip("pg_dump is not installed")
		}
		file := filepath.Join(t.TempDir(), "dump")
		run(t, dump, "--format=custom", "--create", "--file="+file, "--dbname="+pg.PG.Admin.DSN)
		return func() {
			other := strings.Replace(pg.PG.Admin.DSN, "/"+pg.PG.Name, "/postgres", 1)
			admin := door.OpenSQL(t, other)
			_, err := admin.ExecContext(t.Context(), "DROP DATABASE "+pg.PG.Name+" WITH (FORCE)")
			require.NoError(t, err)
			run(t, "pg_restore", "--create", "--dbname="+other, file)
			w.db = pg.Process(t).DB
		}
	}
	return w
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// guard is a new one, as a process that starts has it.
func (w *world) guard() *tombstone.Guard {
	w.t.Helper()
	m, err := dsarsql.NewMark(w.db)
	require.NoError(w.t, err)
	c, err := appMap.Compile()
	require.NoError(w.t, err)
	return &tombstone.Guard{Log: w.log, Mark: m, People: tombstone.People(w.db, c, nil), Keys: appKeys(w.t, "k1"), Eraser: &eraser{w: w}, Map: c.Hash()}
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	require.NoError(w.t, w.db.Tx(w.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, tx.Rebind(query), args...)
		return err
	}))
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	require.NoError(w.t, w.db.Read(w.ctx, func(ctx context.Context, tx *sqlx.Tx) error { return tx.GetContext(ctx, &n, tx.Rebind(query), args...) }))
	return n
}

// user adds a row that was made on a day.
func (w *world) user(id int, email string, made int) {
	w.t.Helper()
	if w.db.Dialect() == tenantdb.Postgres {
		w.exec("INSERT INTO users (id, email, created_at) VALUES (?, ?, ?)", id, email, day.AddDate(0, 0, made))
		return
	}
	w.exec("INSERT INTO users (id, email, created_at) VALUES (?, ?, ?)", id, email, made)
}

func who(id int, known ...string) dsar.Person {
	p := dsar.Person{Kind: "user", Key: []string{fmt.Sprint(id)}}
	if len(known) > 0 {
		p.Known = map[string][]string{"email": known}
	}
	return p
}

// erase is what the application does about a request.
func (w *world) erase(g *tombstone.Guard, request string, p dsar.Person) {
	w.t.Helper()
	s, err := g.Prepare(w.ctx, request, p)
	require.NoError(w.t, err)
	plan, err := g.Eraser.Plan(w.ctx, p)
	require.NoError(w.t, err)
	_, err = g.Eraser.Erase(w.ctx, dsar.Job{ID: request, Person: p, Approved: plan.Hash})
	require.NoError(w.t, err)
	require.NoError(w.t, g.Place(w.ctx, s, day))
}

// eraser is the least that erases these people.
type eraser struct {
	w    *world
	jobs []string
	fail error
}

func (e *eraser) conditions(p dsar.Person) map[string][]any {
	out := map[string][]any{}
	if len(p.Key) > 0 {
		table := map[string]string{"user": "users", "bare": "bare"}[p.Kind]
		out[table+" WHERE id = CAST(? AS integer)"] = []any{p.Key[0]}
	}
	for _, name := range []string{"email", "bare email", "address"} {
		for _, v := range p.Known[name] {
			out["invite WHERE email = '"+v+"'"] = nil
		}
	}
	return out
}

func (e *eraser) Plan(_ context.Context, p dsar.Person) (*dsar.Plan, error) {
	plan := &dsar.Plan{Hash: fmt.Sprintf("sha256:%x", sha256.Sum256(fmt.Append(nil, p.Key, p.Known)))}
	for from, args := range e.conditions(p) {
		plan.Tables = append(plan.Tables, dsar.Planned{Table: from, Action: dsar.ActDelete, Rows: int64(e.w.count("SELECT count(*) FROM "+from, args...))})
	}
	return plan, nil
}

func (e *eraser) Erase(_ context.Context, j dsar.Job) (*dsar.Erased, error) {
	if e.fail != nil {
		return nil, e.fail
	}
	if len(j.Approved) == 0 {
		return nil, errors.New("not approved")
	}
	e.jobs = append(e.jobs, j.ID)
	for from, args := range e.conditions(j.Person) {
		e.w.exec("DELETE FROM "+from, args...)
	}
	return &dsar.Erased{Plan: j.Approved}, nil
}
