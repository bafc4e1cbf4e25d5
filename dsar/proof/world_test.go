package proof

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// world is an application's database: people, what they own, what is kept, and a table of every type that nobody put into the map.
type world struct {
	t   testing.TB
	db  *tenantdb.DB
	ctx context.Context
	pg  *door.World
	dir string
	o   Options
}

const (
	sqliteTables = `
		CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, nick TEXT, name TEXT, city TEXT, profile TEXT);
		CREATE TABLE visit (id INTEGER PRIMARY KEY, user_id INTEGER, ip TEXT, body TEXT);
		CREATE TABLE invoice (id INTEGER PRIMARY KEY, user_id INTEGER, payer TEXT);
		CREATE TABLE invite (email TEXT);
		CREATE INDEX users_email ON users (email);
		CREATE TABLE wide (id INTEGER PRIMARY KEY, t TEXT, b BLOB, untyped, n NUMERIC, v VARCHAR(20), dt DATETIME);
		CREATE VIRTUAL TABLE words USING fts5 (body);
		CREATE VIRTUAL TABLE bare USING fts5 (body, content = '');`
	postgresTables = `
		CREATE TABLE users (tenant_id text NOT NULL, id bigint, email text NOT NULL, nick text, name text, city text, profile jsonb, PRIMARY KEY (tenant_id, id));
		CREATE TABLE visit (tenant_id text NOT NULL, id bigint, user_id bigint, ip inet, body text, PRIMARY KEY (tenant_id, id));
		CREATE TABLE invoice (tenant_id text NOT NULL, id bigint, user_id bigint, payer text, PRIMARY KEY (tenant_id, id));
		CREATE TABLE invite (tenant_id text NOT NULL, email text);
		CREATE EXTENSION hstore; CREATE EXTENSION citext;
		CREATE DOMAIN label AS text; CREATE DOMAIN labels AS label;
		CREATE TYPE pair AS (n int, v text);
		CREATE TABLE wide (tenant_id text NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY, t text, v varchar(4000), c char(900), ci citext, nm name, d labels, j json, jb jsonb, x xml, a text[],
			aa text[][], ab bytea[], b bytea, h hstore, ts tsvector, p pair, pa pair[], n numeric, i bigint, ia bigint[], u uuid, r int4range, at timestamptz, f float8, ok bool, PRIMARY KEY (tenant_id, id));
		CREATE TABLE split (tenant_id text NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY, day int NOT NULL, t text, PRIMARY KEY (tenant_id, id, day)) PARTITION BY RANGE (day);
		CREATE TABLE split_a PARTITION OF split FOR VALUES FROM (0) TO (100);
		CREATE TABLE split_b PARTITION OF split FOR VALUES FROM (100) TO (200);
		CREATE TABLE old (tenant_id text NOT NULL, id bigint, t text, PRIMARY KEY (tenant_id, id));
		CREATE TABLE older (more text, PRIMARY KEY (tenant_id, id)) INHERITS (old);`
)

var tenantTables = []rls.Table{{Name: "users"}, {Name: "visit"}, {Name: "invoice"}, {Name: "invite"}, {Name: "wide"}, {Name: "split"}, {Name: "old"}, {Name: "older"}}

var people = &dsar.Map{
	Tenant:   "tenant_id",
	Purposes: []dsar.Purpose{{Name: "p", Why: "w", Basis: dsar.Contract}},
	Subjects: []dsar.Subject{{Kind: "user", Table: "users", Identifiers: []dsar.Identifier{
		{Name: "email", Column: "email", Form: dsar.Email}, {Name: "nick", Column: "nick", Form: dsar.Fold}, {Name: "phone", Form: dsar.Phone}}}},
	Tables: []dsar.Table{
		{Name: "users", Key: []string{"id"}, Purpose: "p", Columns: []dsar.Column{
			{Name: "email text not null", Class: redact.ClassEmail}, {Name: "nick text", Class: redact.ClassAccount}, {Name: "name text", Class: redact.ClassName},
			{Name: "city text", Class: redact.ClassAddress},
			{Name: "profile jsonb | text", Class: redact.ClassAccount, Inside: []dsar.Column{{Name: "device.id", Class: redact.ClassDevice}, {Name: "contacts[].mail", Class: redact.ClassEmail}}},
		}, Plain: []string{"id bigint | integer"}},
		{Name: "visit", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"user_id"}, To: "users", Undeclared: true}},
			Columns: []dsar.Column{{Name: "ip inet | text", Class: redact.ClassIP}, {Name: "body text", Class: redact.ClassContent}}, Plain: []string{"id bigint | integer", "user_id bigint | integer"}},
		{Name: "invoice", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"user_id"}, To: "users", Undeclared: true, Then: dsar.Null}},
			Erase:   dsar.Keep(dsar.Reason{Basis: dsar.LegalObligation, Law: "§ 147 AO", Until: until}),
			Columns: []dsar.Column{{Name: "payer text", Class: redact.ClassName}}, Plain: []string{"id bigint | integer", "user_id bigint | integer"}},
		{Name: "invite", Purpose: "p", Links: []dsar.Link{{Columns: []string{"email"}, Identifier: "email"}}, Columns: []dsar.Column{{Name: "email text", Class: redact.ClassEmail}}},
	},
}

func onBoth(t *testing.T, f func(t *testing.T, w *world)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); f(t, onSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); f(t, onPostgres(t)) })
}

func onSQLite(t testing.TB) *world {
	dir := filepath.Join(t.TempDir(), "data")
	db, err := sqlite.Open(dir, sqlite.Options{Migrations: []sqlite.Migration{{ID: "app/1", SQL: sqliteTables}}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	id := tenancy.NewID()
	require.NoError(t, db.Provision(t.Context(), tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}))
	return &world{t: t, db: db.TenantDB(), ctx: tenancy.With(t.Context(), id), dir: dir}
}

func onPostgres(t testing.TB) *world {
	d := door.Door{Name: "app", Migrate: func(ctx context.Context, owner *sql.DB, app, system string) error {
		return nil
	}}
	pg := d.OnPostgres(t)
	guard, err := rls.SQL(rls.Config{AppRole: pg.PG.App.Role, SystemRole: pg.PG.System.Role, Tables: tenantTables})
	require.NoError(t, err)
	admin := door.OpenSQL(t, pg.PG.Admin.DSN)
	_, err = admin.ExecContext(t.Context(), postgresTables+guard)
	require.NoError(t, err)
	return &world{t: t, db: pg.DB, ctx: pg.Tenant(t), pg: pg}
}

func (w *world) admin() *sql.DB { return door.OpenSQL(w.t, w.pg.PG.Admin.DSN) }

func (w *world) prover() *Prover {
	w.t.Helper()
	c, err := people.Compile()
	require.NoError(w.t, err)
	p, err := New(w.db, c, w.o)
	require.NoError(w.t, err)
	return p
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	require.NoError(w.t, w.try(query, args...), query)
}

func (w *world) try(query string, args ...any) error {
	return w.db.Tx(w.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, tx.Rebind(query), args...)
		return err
	})
}

// bystanders fills every table with rows of other people.
func (w *world) bystanders(n int) {
	w.t.Helper()
	require.NoError(w.t, w.db.Tx(w.ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		for i := 1000; i < 1000+n; i++ {
			mail := fmt.Sprintf("bystander%d@example.test", i)
			for query, args := range map[string][]any{
				"INSERT INTO users (id, email, nick, name, city, profile) VALUES (?, ?, ?, ?, 'Springfield', ?)": {i, mail, fmt.Sprintf("by%d", i), fmt.Sprintf("Some Body %d", i), `{"device":{"id":"0000"}}`},
				"INSERT INTO visit (id, user_id, ip, body) VALUES (?, ?, ?, ?)":                                  {i, i, "203.0.113.7", "I know joann and Jane Roebuck, and mail to xjane.roe@example.test " + mail},
				"INSERT INTO invoice (id, user_id, payer) VALUES (?, ?, ?)":                                      {i, i, fmt.Sprintf("Some Body %d", i)},
				"INSERT INTO invite (email) VALUES (?)":                                                          {mail},
				"INSERT INTO wide (t) VALUES (?)":                                                                {strings.Repeat("Lorem ipsum dolor sit amet, ", i%7)},
			} {
				if _, err := tx.ExecContext(ctx, tx.Rebind(query), args...); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

// jane is added with all that is hers.
func (w *world) jane() dsar.Person {
	w.t.Helper()
	w.exec("INSERT INTO users (id, email, nick, name, city, profile) VALUES (7, 'Jane.Roe@example.test', 'jr', 'Jane Roe', 'Springfield', ?)",
		`{"device":{"id":"dev-5e1f-00a7"},"contacts":[{"mail":"mother.of.jane@example.test"},{"mail":1}]}`)
	w.exec("INSERT INTO visit (id, user_id, ip, body) VALUES (1, 7, '198.51.100.77', 'hello'), (2, 7, '203.0.113.7', 'again')")
	w.exec("INSERT INTO invoice (id, user_id, payer) VALUES (1, 7, 'Jane Roe')")
	w.exec("INSERT INTO invite (email) VALUES ('jane.roe+old@example.test')")
	return dsar.Person{Kind: "user", Key: []string{"7"}, Known: map[string][]string{"phone": {"+61 400 123 456"}}}
}

// gone erases her, as package erase would.
func (w *world) gone() {
	w.t.Helper()
	w.exec("DELETE FROM visit WHERE user_id = 7")
	w.exec("UPDATE invoice SET user_id = NULL WHERE user_id = 7")
	w.exec("DELETE FROM invite WHERE email LIKE 'jane%'")
	w.exec("DELETE FROM users WHERE id = 7")
}
