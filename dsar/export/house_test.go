package export_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/archive"
	"github.com/bailiwick-dev/bailiwick/dsar/export"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/app"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest/door"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy/rls"
)

func TestMain(m *testing.M) { door.Main(m) }

// desk is the database of the tests: a support desk.
var desk = app.Tables{
	Postgres: `
		CREATE TABLE users (tenant_id text NOT NULL, id bigint NOT NULL, email text, name text, password_hash text, iban text, settings jsonb, score integer, PRIMARY KEY (tenant_id, id));
		CREATE TABLE ticket (tenant_id text NOT NULL, id bigint NOT NULL, user_id bigint, agent_id bigint, subject text, agent_note text, PRIMARY KEY (tenant_id, id));
		CREATE TABLE message (tenant_id text NOT NULL, id bigint NOT NULL, ticket_id bigint, body text, PRIMARY KEY (tenant_id, id));
		CREATE TABLE chat (tenant_id text NOT NULL, id bigint NOT NULL, a bigint, b bigint, peer_email text, body text, PRIMARY KEY (tenant_id, id));
		CREATE TABLE bag (tenant_id text NOT NULL, id bigint NOT NULL, user_id bigint, big bigint, num numeric, flo double precision, raw bytea, at timestamptz, doc json, ok boolean, day date, list text[], PRIMARY KEY (tenant_id, id));
		CREATE INDEX ON ticket (tenant_id, user_id); CREATE INDEX ON message (tenant_id, ticket_id);`,
	SQLite: `
		CREATE TABLE users (tenant_id text NOT NULL, id bigint NOT NULL, email text, name text, password_hash text, iban text, settings json, score integer, PRIMARY KEY (tenant_id, id));
		CREATE TABLE ticket (tenant_id text NOT NULL, id bigint NOT NULL, user_id bigint, agent_id bigint, subject text, agent_note text, PRIMARY KEY (tenant_id, id));
		CREATE TABLE message (tenant_id text NOT NULL, id bigint NOT NULL, ticket_id bigint, body text, PRIMARY KEY (tenant_id, id));
		CREATE TABLE chat (tenant_id text NOT NULL, id bigint NOT NULL, a bigint, b bigint, peer_email text, body text, PRIMARY KEY (tenant_id, id));
		CREATE TABLE bag (tenant_id text NOT NULL, id bigint NOT NULL, user_id bigint, big bigint, num numeric, flo real, raw blob, at datetime, doc json, ok boolean, day date, list text, PRIMARY KEY (tenant_id, id));
		CREATE INDEX ticket_user ON ticket (tenant_id, user_id); CREATE INDEX message_ticket ON message (tenant_id, ticket_id);`,
	Tenants: []rls.Table{{Name: "users", Column: "tenant_id"}, {Name: "ticket", Column: "tenant_id"}, {Name: "message", Column: "tenant_id"}, {Name: "chat", Column: "tenant_id"}, {Name: "bag", Column: "tenant_id"}},
}

// deskMap is its map.
func deskMap() *dsar.Map {
	to := func(column, table string, role dsar.Role) dsar.Link {
		return dsar.Link{Columns: []string{"tenant_id", column}, To: table, Role: role, Undeclared: true, Then: dsar.Null}
	}
	content := func(name string) dsar.Column { return dsar.Column{Name: name, Class: redact.ClassContent} }
	own := []string{"tenant_id text not null", "id bigint not null"}
	key := []string{"tenant_id", "id"}
	return &dsar.Map{Application: "Desk", Controller: dsar.Party{Name: "Desk Ltd", Address: "1 Road", Contact: "privacy@desk.test"}, Tenant: "tenant_id",
		Subjects: []dsar.Subject{{Kind: "user", Table: "users", Identifiers: []dsar.Identifier{{Name: "email", Column: "email", Form: dsar.Email}}}},
		Purposes: []dsar.Purpose{{Name: "support", Why: "to answer people who ask", Basis: dsar.Contract, Recipients: []string{"hosting"}}, {Name: "fraud", Why: "to find fraud", Basis: dsar.LegitimateInterests}},
		Tables: []dsar.Table{
			{Name: "users", Key: key, Purpose: "support", Plain: own, Columns: []dsar.Column{{Name: "email text", Class: redact.ClassEmail}, {Name: "name text", Class: redact.ClassName},
				{Name: "password_hash text", Class: redact.ClassPassword}, {Name: "iban text", Class: redact.ClassBankAccount},
				{Name: "settings jsonb | json", Class: redact.ClassAccount, Inside: []dsar.Column{{Name: "api.token", Class: redact.ClassAccessToken}, {Name: "invited_by", Class: redact.ClassEmail, Others: true},
					{Name: "friends[].email", Class: redact.ClassEmail, Others: true}, {Name: "theme", Class: redact.ClassPreferences}}},
				{Name: "score integer", Class: redact.ClassBehavior, Purpose: "fraud"}}},
			{Name: "ticket", Key: key, Purpose: "support", Links: []dsar.Link{to("user_id", "users", dsar.Owner), to("agent_id", "users", dsar.Accessor)},
				Plain: append([]string{"user_id bigint", "agent_id bigint"}, own...), Columns: []dsar.Column{content("subject text"), {Name: "agent_note text", Class: redact.ClassContent, Others: true}}},
			{Name: "message", Key: key, Purpose: "support", Links: []dsar.Link{to("ticket_id", "ticket", dsar.Owner)}, Plain: append([]string{"ticket_id bigint"}, own...), Columns: []dsar.Column{content("body text")}},
			{Name: "chat", Key: key, Purpose: "support", Links: []dsar.Link{to("a", "users", dsar.CoOwner), to("b", "users", dsar.CoOwner)}, Plain: append([]string{"a bigint", "b bigint"}, own...),
				Columns: []dsar.Column{{Name: "peer_email text", Class: redact.ClassEmail, Others: true}, content("body text")}},
			{Name: "bag", Key: key, Purpose: "fraud", Links: []dsar.Link{to("user_id", "users", dsar.Owner)},
				Plain:   append([]string{"user_id bigint", "big bigint", "num numeric", "flo double precision | real", "at timestamp with time zone | datetime", "ok boolean", "day date", "list text[] | text"}, own...),
				Columns: []dsar.Column{{Name: "raw bytea | blob", Class: redact.ClassContent}, {Name: "doc json", Class: redact.ClassContent}}},
		}}
}

const deskRows = `
	INSERT INTO users VALUES ({tenant}, 1, 'ada@example.com', 'Ada', 'secret-hash', 'DE02-secret-iban', '{"theme": "dark", "api": {"token": "secret-token", "n": 1}, "invited_by": "bob@example.com", "friends": [{"email": "eve@example.com", "since": 2020}], "password_hash": "secret-copy"}', 7)
	INSERT INTO users VALUES ({tenant}, 2, 'bob@example.com', 'Bob', 'secret-bob', NULL, NULL, 1)
	INSERT INTO ticket VALUES ({tenant}, 1, 1, 2, 'my printer', 'bob says she is rude'), ({tenant}, 2, 2, 1, 'bobs printer', 'x'), ({tenant}, 3, 2, NULL, 'bobs other', NULL)
	INSERT INTO message VALUES ({tenant}, 1, 1, '=HYPERLINK("https://evil.test")'), ({tenant}, 2, 1, '<script>alert(1)</script>'), ({tenant}, 3, 2, 'of bob')
	INSERT INTO chat VALUES ({tenant}, 1, 1, 2, 'bob@example.com', 'hi'), ({tenant}, 2, 2, 1, 'ada@example.com', 'ho'), ({tenant}, 3, 2, NULL, NULL, 'bob alone')
`

// house is a desk that is filled.
type house struct {
	*door.World
	ctx context.Context
	c   *dsar.Compiled
}

func onBoth(t *testing.T, f func(*testing.T, *house)) {
	t.Helper()
	desk.OnBoth(t, func(t *testing.T, w *door.World) {
		c, err := deskMap().Compile()
		require.NoError(t, err)
		h := &house{World: w, ctx: w.Tenant(t), c: c}
		app.Fill(t, h.ctx, w, deskRows)
		f(t, h)
	})
}

func keys(t testing.TB) (note.Signer, note.Verifier) {
	t.Helper()
	s, v, err := archive.Key("desk.test", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{5}, 32)))
	require.NoError(t, err)
	return s, v
}

// exporter is one whose archives stay where they are made.
func (h *house) exporter(t testing.TB, change func(*export.Options)) *export.Exporter {
	t.Helper()
	s, _ := keys(t)
	o := export.Options{Signer: s, Unencrypted: true}
	if change != nil {
		change(&o)
	}
	e, err := export.New(h.DB, h.c, o)
	require.NoError(t, err)
	return e
}

// open returns an archive that verifies.
func open(t testing.TB, b []byte) *archive.Archive {
	t.Helper()
	_, key := keys(t)
	_, err := archive.Verify(bytes.NewReader(b), int64(len(b)), key)
	require.NoError(t, err)
	a, err := archive.Open(bytes.NewReader(b), int64(len(b)), key)
	require.NoError(t, err)
	return a
}

// lines returns the rows of a table of an archive.
func lines(t testing.TB, a *archive.Archive, table string) (out []map[string]any) {
	t.Helper()
	for line, err := range a.Lines(table) {
		require.NoError(t, err)
		var m map[string]any
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		require.NoError(t, d.Decode(&m))
		out = append(out, m)
	}
	return out
}

// all is what is in the data files of an archive.
func all(t testing.TB, a *archive.Archive) string {
	var b strings.Builder
	for _, table := range a.Manifest.Tables {
		for line, err := range a.Lines(table.Name) {
			require.NoError(t, err)
			b.Write(line)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func names(a *archive.Archive) (out []string) {
	for _, t := range a.Manifest.Tables {
		out = append(out, t.Name)
	}
	return out
}

var ada = dsar.Person{Kind: "user", Known: map[string][]string{"email": {"ADA@example.com"}}}
