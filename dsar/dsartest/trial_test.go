package dsartest_test

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/dsarsql"
	"github.com/bailiwick-dev/bailiwick/dsar/dsartest"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { door.Main(m) }

// schema is an application's: {tenant} is the column of those that have it.
const schema = `
	CREATE TABLE person ({tenant}id bigint NOT NULL, email text NOT NULL, password_hash text, referrer text, PRIMARY KEY ({key}id));
	CREATE TABLE note ({tenant}id bigint NOT NULL, person_id bigint, reply_to bigint, body text, PRIMARY KEY ({key}id));
	CREATE TABLE invite ({tenant}id bigint NOT NULL, email text, PRIMARY KEY ({key}id));
	CREATE INDEX note_person ON note ({key}person_id); CREATE INDEX note_reply ON note ({key}reply_to); CREATE INDEX invite_email ON invite ({key}email);`

var (
	onSQLite   = strings.NewReplacer("{tenant}", "", "{key}", "").Replace(schema)
	onPostgres = strings.NewReplacer("{tenant}", "tenant_id text NOT NULL, ", "{key}", "tenant_id, ").Replace(schema)
)

// the map of it, on a database of that kind.
func privacy(w *door.World) *dsar.Map {
	key := []string{"id"}
	own := []string{"id bigint not null"}
	cols := func(names ...string) []string { return names }
	tenant := ""
	if w.PG != nil {
		tenant, key = "tenant_id", []string{"tenant_id", "id"}
		own = append(own, "tenant_id text not null")
		cols = func(names ...string) []string { return append([]string{"tenant_id"}, names...) }
	}
	return &dsar.Map{Application: "Notes", Controller: dsar.Party{Name: "Notes Ltd", Address: "1 Road", Contact: "privacy@notes.test"}, Tenant: tenant,
		Subjects: []dsar.Subject{{Kind: "person", Table: "person", Identifiers: []dsar.Identifier{{Name: "email", Column: "email", Form: dsar.Email}}}},
		Purposes: []dsar.Purpose{{Name: "notes", Why: "to keep notes", Basis: dsar.Contract, Recipients: []string{"hosting"}}},
		Tables: []dsar.Table{
			{Name: "person", Key: key, Purpose: "notes", Plain: own, Columns: []dsar.Column{{Name: "email text not null", Class: redact.ClassEmail},
				{Name: "password_hash text", Class: redact.ClassPassword}, {Name: "referrer text", Class: redact.ClassEmail, Others: true}}},
			{Name: "note", Key: key, Purpose: "notes", Plain: append([]string{"person_id bigint", "reply_to bigint"}, own...), Columns: []dsar.Column{{Name: "body text", Class: redact.ClassContent}},
				Links: []dsar.Link{{Columns: cols("person_id"), To: "person", Role: dsar.Owner, Undeclared: true}, {Columns: cols("reply_to"), To: "note", Role: dsar.Reference, Undeclared: true, Then: dsar.Null}}},
			{Name: "invite", Key: key, Purpose: "notes", Plain: own, Columns: []dsar.Column{{Name: "email text", Class: redact.ClassEmail}},
				Links: []dsar.Link{{Columns: []string{"email"}, Identifier: "email", Role: dsar.Owner}}},
		}}
}

// The rows of two people and of nobody; note 3 replies to what goes.
var filling = []string{
	`INSERT INTO person (id, email, password_hash, referrer) VALUES (1, 'ada@example.test', 'hash-of-ada', 'eve@example.test'), (2, 'grace@example.test', 'hash-of-grace', 'zoe@example.test')`,
	`INSERT INTO note (id, person_id, reply_to, body) VALUES (1, 1, NULL, 'first'), (2, 2, NULL, 'second'), (3, 2, 1, 'a reply'), (4, NULL, NULL, 'of nobody')`,
	`INSERT INTO invite (id, email) VALUES (1, 'Ada@example.test'), (2, 'grace@example.test'), (3, 'nobody@example.test')`,
}

// house is the application's database with the tables of package dsarsql; more is a step of its own on SQLite.
func house(more string) door.Door {
	return door.Door{Name: "dsar", SQLite: dsarsql.SQLite(), Migrate: func(ctx context.Context, owner *sql.DB, app, system string) error {
		if _, err := owner.ExecContext(ctx, onPostgres); err != nil {
			return err
		}
		guard, err := rls.SQL(rls.Config{AppRole: app, SystemRole: system, Tables: []rls.Table{{Name: "person"}, {Name: "note"}, {Name: "invite"}}})
		if err != nil {
			return err
		}
		if _, err := owner.ExecContext(ctx, guard); err != nil {
			return err
		}
		return dsarsql.Migrate(ctx, owner, app, system)
	}, More: []sqlite.Migration{{ID: "app/1", SQL: onSQLite}, {ID: "app/2", SQL: more}}}
}

// filled is a tenant with the rows.
func filled(t *testing.T, w *door.World) context.Context {
	ctx := w.Tenant(t)
	for _, text := range filling {
		require.NoError(t, w.Exec(ctx, text))
	}
	return ctx
}

// notes is a test that only takes notes.
type notes struct{ all []string }

func (n *notes) Helper()                      {}
func (n *notes) Errorf(f string, args ...any) { n.all = append(n.all, fmt.Sprintf(f, args...)) }
func (n *notes) Fatalf(f string, args ...any) { n.Errorf("fatal: "+f, args...) }

func tried(w *door.World, ctx context.Context, m *dsar.Map, o dsartest.Trial) string {
	var n notes
	dsartest.Try(&n, ctx, w.DB, m, o)
	return strings.Join(n.all, "\n")
}

func TestAMapThatIsRightPasses(t *testing.T) {
	house("SELECT 1").OnBoth(t, func(t *testing.T, w *door.World) {
		ctx := filled(t, w)
		require.Empty(t, tried(w, ctx, privacy(w), dsartest.Trial{}))
		var left int
		require.NoError(t, w.DB.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
			return tx.GetContext(ctx, &left, `SELECT (SELECT count(*) FROM person) + (SELECT count(*) FROM note) + (SELECT count(*) FROM invite)`)
		}))
		require.Equal(t, 2, left, "what is nobody's")
	})
}

// Each way in which a map is wrong is seen, and said without a value.
func TestEachWayInWhichAMapIsWrongIsNoticed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(m *dsar.Map)
		more  string
		fill  string
		want  string
	}{
		"a secret that is copied into a text":     {fill: `UPDATE note SET body = 'see hash-of-grace' WHERE id = 1`, want: "shows a secret, of person.password_hash, in note"},
		"a column about others that is not named": {spoil: func(m *dsar.Map) { m.Tables[0].Columns[2].Others = false }, fill: `UPDATE person SET referrer = 'grace@example.test'`, want: "shows the email of another person in person"},
		"a table that no link leads from": {spoil: func(m *dsar.Map) {
			m.Tables[2].Links, m.Tables[2].NotPersonal = nil, "it was forgotten"
			m.Tables[2].Columns[0].Class = redact.ClassOperations
		}, want: "something is left in invite.email"},
		"a value in a text":                         {fill: `UPDATE note SET body = 'ask ada@example.test' WHERE id = 4`, want: "something is left in note.body"},
		"a trigger that changes the row of nobody":  {more: `CREATE TRIGGER rude AFTER DELETE ON person BEGIN UPDATE note SET body = 'changed' WHERE person_id IS NULL; END`, want: "an erasure changed 1 rows of note that have nothing to do with the person"},
		"a trigger that takes another person's row": {more: `CREATE TRIGGER rude AFTER DELETE ON person BEGIN DELETE FROM person WHERE id = 2; END`, want: "took another person away"},
		"a trigger that brings a row back":          {more: `CREATE TRIGGER rude AFTER DELETE ON invite BEGIN INSERT INTO invite (id, email) VALUES (OLD.id + 100, OLD.email); END`, want: "a trigger writes more of the person's rows"},
		"one person alone":                          {fill: `DELETE FROM person WHERE id = 2`, want: "fatal: dsartest: there are 1 people to try"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := house(cmp.Or(c.more, "SELECT 1")).OnSQLite(t)
			ctx, m := filled(t, w), privacy(w)
			if c.spoil != nil {
				c.spoil(m)
			}
			if c.fill != "" {
				require.NoError(t, w.Exec(ctx, c.fill))
			}
			said := tried(w, ctx, m, dsartest.Trial{})
			require.NotEmpty(t, said)
			require.Contains(t, said, c.want)
			for _, value := range []string{"example.test", "hash-of"} {
				require.NotContains(t, said, value)
			}
		})
	}
}
