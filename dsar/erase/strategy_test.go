package erase_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/erase"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// Pitfall 28: everything that a masked value can run into.
func TestMaskedValuesFitTheirColumns(t *testing.T) {
	m := mapOf(users(), owned("profile",
		text("nick text", dsar.Null), text("name text not null", dsar.Constant("erased")), text("phone text", dsar.Random),
		dsar.Column{Name: "mail text not null", Class: redact.ClassEmail, Erase: dsar.Random}, text("city text", dsar.Truncate(2)),
		text("born date", dsar.Truncate(4)), text("age bigint", dsar.Random), text("short varchar(6)", dsar.Pseudonym), text("pic bytea | blob", dsar.Random),
		text("doc jsonb | json", dsar.Random), text("ok boolean", dsar.Constant("false"))))
	m.Tables[1].Erase, m.Tables[1].Links[0].Then = dsar.Mask, dsar.Null
	m.Tables[1].Plain = append(m.Tables[1].Plain, "lower_mail text")
	onBoth(t, usersDDL+`CREATE TABLE profile (id {id}, user_id bigint REFERENCES users (id), nick text, name text NOT NULL, phone text UNIQUE, mail text NOT NULL UNIQUE CHECK (mail LIKE '%@%'),
		city text, born date, age bigint, short varchar(6), pic {bytes}, doc {json}, ok boolean, lower_mail text GENERATED ALWAYS AS (lower(mail)) STORED);`, func(t *testing.T, a *app) {
		e := a.eraser(t, m, erase.Options{})
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers)
		for i := range 2 {
			a.exec(t, ctx, fmt.Sprintf(`INSERT INTO profile (id, user_id, nick, name, phone, mail, city, born, age, short, pic, doc, ok) VALUES
				(%d, %d, 'nix', 'Ann', '+49%d', 'Ann%d@x.test', 'Berlin', '1984-05-06', 36, 'ann', 'pic', '{"a": 1}', true)`, i+1, i+1, i, i))
		}
		before := a.read(t, ctx, `SELECT * FROM profile WHERE id = 2`)
		require.Equal(t, []string{"profile mask 1", "users delete 1"}, a.erased(t, ctx, e, person(1)))
		require.Equal(t, before, a.read(t, ctx, `SELECT * FROM profile WHERE id = 2`), "a bystander's row")
		require.Equal(t, []string{"- - erased Be"}, a.read(t, ctx, `SELECT user_id, nick, name, city FROM profile WHERE id = 1`))
		born := a.read(t, ctx, `SELECT born FROM profile WHERE id = 1`)
		require.True(t, strings.HasPrefix(born[0], "1984-01-01"), born)
		require.Regexp(t, regexp.MustCompile(`^[0-9a-f]{10,}@erased.invalid [0-9a-f]{10,}@erased.invalid$`), a.read(t, ctx, `SELECT mail, lower_mail FROM profile WHERE id = 1`)[0])
		for _, column := range []string{"phone", "age", "short", "pic", "doc"} {
			require.Empty(t, a.read(t, ctx, fmt.Sprintf(`SELECT 1 FROM profile p JOIN profile q ON p.id = 1 AND q.id = 2 AND p.%s = q.%s`, column, column)), column)
			require.NotEmpty(t, a.read(t, ctx, `SELECT 1 FROM profile WHERE id = 1 AND `+column+` IS NOT NULL`), column)
		}
		// Two people who are masked do not collide.
		require.Equal(t, []string{"profile mask 1", "users delete 1"}, a.erased(t, ctx, e, person(2)))
	})
}

// Pitfall 28.
// Pitfall 28, with the foreign keys there.
// Pitfall 28.
// Pitfall 28: a trigger writes down what goes.
func TestWhatATriggerWritesOfErasedRowsGoesToo(t *testing.T) {
	m := mapOf(users(), owned("note", text("body text", dsar.Null)), owned("history", text("body text", dsar.Null)))
	m.Tables[2].Links[0].Undeclared = true
	m.Tables[0].Triggers, m.Tables[1].Triggers = []string{"users_log"}, []string{"note_log"}
	ddl := usersDDL + `CREATE TABLE note (id {id}, user_id bigint REFERENCES users (id), body text); CREATE TABLE history (id {id}, user_id bigint, body text);`
	onBoth(t, ddl, func(t *testing.T, a *app) {
		if !a.pg() {
			t.Skip("triggers of SQLite are in the file's migrations: the test below")
		}
		_, err := ownerOf(t, a).ExecContext(context.Background(), `
			CREATE FUNCTION note_log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO history (user_id, body) VALUES (OLD.user_id, OLD.body); RETURN NULL; END';
			CREATE FUNCTION users_log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO history (user_id, body) VALUES (OLD.id, OLD.email); RETURN NULL; END';
			CREATE TRIGGER note_log AFTER DELETE ON note FOR EACH ROW EXECUTE FUNCTION note_log();
			CREATE TRIGGER users_log AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION users_log()`)
		require.NoError(t, err)
		logged(t, a, m)
	})
	t.Run("sqlite with triggers", func(t *testing.T) {
		logged(t, onSQLite(t, ddl+`CREATE TRIGGER note_log AFTER DELETE ON note BEGIN INSERT INTO history (user_id, body) VALUES (OLD.user_id, OLD.body); END;
			CREATE TRIGGER users_log AFTER DELETE ON users BEGIN INSERT INTO history (user_id, body) VALUES (OLD.id, OLD.email); END;`), m)
	})
}

func logged(t *testing.T, a *app, m *dsar.Map) {
	ctx := a.newTenant(t)
	a.exec(t, ctx, twoUsers, `INSERT INTO note (id, user_id, body) VALUES (1, 1, 'x'), (2, 1, 'y'), (3, 2, 'z')`)
	e := a.eraser(t, m, erase.Options{})
	plan, err := e.Plan(ctx, person(1))
	require.NoError(t, err)
	done, err := e.Erase(ctx, dsar.Job{ID: "j", Person: person(1), Approved: plan.Hash})
	require.NoError(t, err)
	require.Equal(t, []string{"history delete 3", "note delete 2", "users delete 1"}, said(done.Tables))
	require.Empty(t, a.read(t, ctx, `SELECT id FROM history`))
	require.Equal(t, []string{"3"}, a.read(t, ctx, `SELECT id FROM note`))
}

// By way of rows of their own, which go: the keys of what they lead to are noted first.
func TestMembersOfJSONAreErasedInside(t *testing.T) {
	m := mapOf(users(), owned("event", dsar.Column{Name: "payload jsonb | json", Class: redact.ClassSystem, Inside: []dsar.Column{
		{Name: "actor.email text", Class: redact.ClassEmail, Erase: dsar.Null}, {Name: "to[].name", Class: redact.ClassName, Erase: dsar.Constant("gone")}, {Name: "pin", Class: redact.ClassContent, Erase: dsar.Pseudonym}}}),
		dsar.Table{Name: "log", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{
			{Columns: []string{"payload"}, Path: "actor.id", To: "users", Role: dsar.Mentioned, Then: dsar.Null}, {Columns: []string{"payload"}, Path: "cc[]", Identifier: "email", Role: dsar.Mentioned, Then: dsar.Constant("erased")}},
			Columns: []dsar.Column{{Name: "payload jsonb | json", Class: redact.ClassSystem}}, Plain: []string{"id bigint not null"}})
	m.Tables[1].Erase, m.Tables[1].Links[0].Then = dsar.Mask, dsar.Null
	onBoth(t, usersDDL+`CREATE TABLE event (id {id}, user_id bigint REFERENCES users (id), payload {json}); CREATE TABLE log (id {id}, payload {json});`, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers,
			`INSERT INTO event (id, user_id, payload) VALUES (1, 1, '{"actor":{"email":"a@x.test","n":12345678901234567890},"to":[{"name":"Bo"},{"x":1}],"pin":"1234"}'), (2, 1, NULL), (3, 1, '[]'), (4, 2, '{"pin":"9"}')`,
			`INSERT INTO log (id, payload) VALUES (1, '{"actor":{"id":1},"cc":["A@x.test","b@x.test"]}'), (2, '{"actor":{"id":2},"cc":["b@x.test"]}'), (3, '{"actor":{"id":"1"}}')`)
		e := a.eraser(t, m, erase.Options{})
		require.Equal(t, []string{"event mask 3", "log cut 2", "users delete 1"}, a.erased(t, ctx, e, person(1)))
		spaces := strings.NewReplacer(" ", "")
		rows := a.read(t, ctx, `SELECT id, payload FROM event WHERE id = 1`)
		require.Regexp(t, `^1\{"(actor|to|pin)`, spaces.Replace(rows[0]))
		require.Contains(t, spaces.Replace(rows[0]), `12345678901234567890`)
		require.Contains(t, spaces.Replace(rows[0]), `"email":null`)
		require.Contains(t, spaces.Replace(rows[0]), `[{"name":"gone"},{"x":1}]`)
		require.NotContains(t, rows[0], "1234\"")
		require.Contains(t, a.read(t, ctx, `SELECT payload FROM event WHERE id = 4`)[0], `"9"`)
		logs := a.read(t, ctx, `SELECT id, payload FROM log`)
		require.Contains(t, spaces.Replace(logs[0]), `"id":null`)
		require.Contains(t, spaces.Replace(logs[0]), `["erased","b@x.test"]`)
		require.Contains(t, spaces.Replace(logs[1]), `"id":2`)
		require.Contains(t, spaces.Replace(logs[2]), `"id":null`)
	})
}

// Links of rows that stay lead to a stand-in of that person's own: not to nobody, and not to one for all.
func TestAPseudonymOfALinkIsAStandInOfThatPersonsOwn(t *testing.T) {
	m := mapOf(users(text("name text not null", dsar.Strategy{})), dsar.Table{Name: "post", Key: []string{"id"}, Purpose: "p", Links: []dsar.Link{{Columns: []string{"by"}, To: "users", Role: dsar.Mentioned, Then: dsar.Pseudonym}},
		Columns: []dsar.Column{text("body text", dsar.Null)}, Plain: []string{"id bigint not null", "by bigint not null"}})
	m.Tables[0].Plain = append(m.Tables[0].Plain, "rank bigint not null")
	onBoth(t, `CREATE TABLE users (id {id}, email text UNIQUE, name text NOT NULL, rank bigint NOT NULL);
		CREATE TABLE post (id {id}, by bigint NOT NULL REFERENCES users (id), body text);`, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, `INSERT INTO users (id, email, name, rank) VALUES (101, 'a@x.test', 'Ann', 3), (102, 'b@x.test', 'Bo', 4), (103, 'c@x.test', 'Cy', 5)`,
			`INSERT INTO post (id, by, body) VALUES (1, 101, 'x'), (2, 101, 'y'), (3, 102, 'z')`)
		e := a.eraser(t, m, erase.Options{Batch: 1})
		require.Equal(t, []string{"post cut 2", "users delete 1"}, a.erased(t, ctx, e, person(101)))
		require.Equal(t, []string{"post cut 1", "users delete 1"}, a.erased(t, ctx, e, person(102)))
		require.Equal(t, []string{"users delete 1"}, a.erased(t, ctx, e, person(103)), "nothing leads to them: they need none")
		who := a.read(t, ctx, `SELECT p.by FROM post p ORDER BY p.id`)
		require.Equal(t, who[0], who[1])
		require.NotEqual(t, who[0], who[2])
		left := a.read(t, ctx, `SELECT email, name, rank FROM users`)
		require.Len(t, left, 2)
		for _, row := range left {
			require.NotContains(t, row, "x.test")
			require.NotContains(t, row, "Ann")
		}
	})
}

func TestDerivedTablesAreMadeAgain(t *testing.T) {
	m := mapOf(users(), owned("note", text("body text", dsar.Null)), dsar.Table{Name: "found", Derived: "note"})
	ddl := usersDDL + `CREATE TABLE note (id {id}, user_id bigint REFERENCES users (id), body text);`
	fill := func(t *testing.T, a *app) context.Context {
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers, `INSERT INTO note (id, user_id, body) VALUES (1, 1, 'wombat'), (2, 2, 'wallaby')`)
		return ctx
	}
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		a := onSQLite(t, ddl+`CREATE VIRTUAL TABLE found USING fts5(body, content='note', content_rowid='id')`)
		ctx := fill(t, a)
		a.exec(t, ctx, `INSERT INTO found (found) VALUES ('rebuild')`)
		require.Len(t, a.read(t, ctx, `SELECT rowid FROM found('wombat')`), 1)
		a.erased(t, ctx, a.eraser(t, m, erase.Options{}), person(1))
		require.Empty(t, a.read(t, ctx, `SELECT rowid FROM found('wombat')`))
		require.Len(t, a.read(t, ctx, `SELECT rowid FROM found('wallaby')`), 1)
	})
	t.Run("postgres", func(t *testing.T) {
		a := onPostgres(t, ddl)
		ctx := fill(t, a)
		admin := adminOf(t, a)
		_, err := admin.ExecContext(t.Context(), `CREATE MATERIALIZED VIEW found AS SELECT id, body FROM note`)
		require.NoError(t, err)
		e := a.eraser(t, m, erase.Options{Refresh: func(ctx context.Context, table string) error {
			_, err := admin.ExecContext(ctx, `REFRESH MATERIALIZED VIEW `+table)
			return err
		}})
		a.erased(t, ctx, e, person(1))
		var n int
		require.NoError(t, admin.QueryRowContext(t.Context(), `SELECT count(*) FROM found WHERE body = 'wombat'`).Scan(&n))
		require.Zero(t, n)
		// The application's role may not: the job stays open, and says so.
		denied := a.eraser(t, m, erase.Options{})
		plan, err := denied.Plan(ctx, person(2))
		require.NoError(t, err)
		_, err = denied.Erase(ctx, dsar.Job{ID: "two", Person: person(2), Approved: plan.Hash})
		require.ErrorContains(t, err, "found is to be made again")
		_, err = e.Erase(ctx, dsar.Job{ID: "two", Person: person(2), Approved: plan.Hash})
		require.NoError(t, err)
	})
}

func TestAColumnThatIsSealedIsLeftToTheKeyThatIsShredded(t *testing.T) {
	m := mapOf(users(), owned("note", text("body text", dsar.Shred)))
	m.Tables[1].Erase, m.Tables[1].Links[0].Then = dsar.Mask, dsar.Null
	onBoth(t, usersDDL+`CREATE TABLE note (id {id}, user_id bigint REFERENCES users (id), body text);`, func(t *testing.T, a *app) {
		ctx := a.newTenant(t)
		a.exec(t, ctx, twoUsers, `INSERT INTO note (id, user_id, body) VALUES (1, 1, 'sealed')`)
		c, err := m.Compile()
		require.NoError(t, err)
		_, err = erase.New(a.DB, c, journal(t, a), erase.Options{})
		require.ErrorContains(t, err, "Options.Shred")
		shredded := ""
		e := a.eraser(t, m, erase.Options{Shred: func(_ context.Context, p dsar.Person) error { shredded = p.Key[0]; return nil }})
		require.Equal(t, []string{"note mask 1", "users delete 1"}, a.erased(t, ctx, e, person(1)))
		require.Equal(t, "1", shredded)
	})
}
