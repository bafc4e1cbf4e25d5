package discover_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"
	"pgregory.net/rapid"

	"github.com/bailiwick-dev/bailiwick/dsar/discover"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
)

// clinic declares no foreign key and hides what its names would tell.
const clinic = `
CREATE TABLE person (id uuid PRIMARY KEY, email text NOT NULL UNIQUE, login text UNIQUE);
CREATE TABLE visit (id bigint PRIMARY KEY, p_ref uuid NOT NULL, owner_id uuid, seen_with text, remarks text);
CREATE TABLE room (id bigint PRIMARY KEY, user_id bigint NOT NULL, label text);
CREATE TABLE alert (id bigint PRIMARY KEY, target_id uuid, target_type text, item_id uuid, item_type text);
CREATE TABLE trail (id bigint PRIMARY KEY, at_whom text, by_login text, doc jsonb);
CREATE TABLE team (id uuid PRIMARY KEY, title text);
`

func fill(t testing.TB, db *sql.DB) {
	t.Helper()
	exec := func(query string, args ...any) {
		for i := range args {
			query = strings.Replace(query, "?", fmt.Sprintf("'%v'", args[i]), 1)
		}
		_, err := db.Exec(query)
		require.NoError(t, err, query)
	}
	id := func(kind, n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", kind, n*7919) }
	for i := range 30 {
		exec(`INSERT INTO person VALUES (?, ?, ?)`, id(1, i), fmt.Sprintf("p%d@example.com", i), fmt.Sprintf("login%d", i))
		exec(`INSERT INTO team VALUES (?, ?)`, id(2, i), fmt.Sprintf("team %d", i))
	}
	for i := range 30 {
		// owner_id is a team in spite of its name; p_ref a person in spite of its own.
		exec(`INSERT INTO visit VALUES (?, ?, ?, ?, 'fine')`, i, id(1, i), id(2, i), fmt.Sprintf("P%d@Example.com", i))
		exec(`INSERT INTO room VALUES (?, ?, 'x')`, i, i+5000)
		exec(`INSERT INTO alert VALUES (?, ?, ?, ?, 'App\Models\Team')`, i, id(1, i), `App\Models\Person`, id(2, i))
		exec(`INSERT INTO trail VALUES (?, ?, ?, ?)`, i, fmt.Sprintf("p%d@example.com", i), fmt.Sprintf("login%d", i),
			fmt.Sprintf(`{"actor": {"id": "%s"}, "to": [{"email": "p%d@example.com"}], "cc": ["p%d@example.com"], "size": %d}`, id(1, i), i, i, i))
	}
}

func TestValuesTellWhatNamesDoNot(t *testing.T) {
	t.Parallel()
	try := func(t *testing.T, db *sql.DB) {
		_, err := db.Exec(clinic)
		require.NoError(t, err)
		fill(t, db)
		p, err := discover.Discover(context.Background(), db, discover.Options{})
		require.NoError(t, err)
		require.Equal(t, []string{"person"}, p.Subjects)
		var got []string
		for _, l := range p.Links {
			if l.Subject {
				at := l.Table + "." + l.Columns[0]
				switch {
				case l.Path != "":
					at += " " + l.Path
				case len(l.When) > 0:
					at += " when " + l.When[0].Column + " is " + l.When[0].Value
				case l.Identifier != "":
					at += " by " + l.Identifier
				case len(l.ToColumns) > 0:
					at += " to " + l.ToColumns[0]
				}
				got = append(got, at)
				require.NotEmpty(t, l.Evidence)
				require.False(t, l.Accepted && l.Score < 0.9, at)
			}
		}
		slices.Sort(got)
		require.Equal(t, []string{`alert.target_id when target_type is App\Models\Person`, "trail.at_whom by email", "trail.by_login to login",
			"trail.doc actor.id", "trail.doc cc[]", "trail.doc to[].email", "visit.p_ref", "visit.seen_with by email"}, got)
		_, err = p.Map().Compile()
		require.NoError(t, err)
		var b bytes.Buffer
		require.NoError(t, p.WriteGo(&b, "clinic"))
		require.NotContains(t, b.String(), "example.com", "a value of a row is in the map")

		_, err = db.Exec("SELECT 1") // nothing is left open
		require.NoError(t, err)
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "a.db"))
		require.NoError(t, err)
		defer db.Close()
		try(t, db)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		db, err := sql.Open("pgx", dbtest.Postgres(t).Admin.DSN)
		require.NoError(t, err)
		defer db.Close()
		try(t, db)
	})
}

// Where every table counts its keys as text from k1 on, values are keys of people everywhere, and names alone speak.
func TestKeysThatEveryTableHasSayNothing(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "a.db"))
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec(`CREATE TABLE users (id text PRIMARY KEY, email text NOT NULL);
		CREATE TABLE teams (id text PRIMARY KEY, title text);
		CREATE TABLE visits (id text PRIMARY KEY, user_id text NOT NULL, team_ref text)`)
	require.NoError(t, err)
	for i := range 9 {
		_, err := db.Exec(`INSERT INTO users VALUES (?1, ?1 || '@example.com'); INSERT INTO teams VALUES (?1, 'a'); INSERT INTO visits VALUES (?1, ?1, ?1)`, fmt.Sprintf("k%d", i))
		require.NoError(t, err)
	}
	p, err := discover.Discover(context.Background(), db, discover.Options{})
	require.NoError(t, err)
	var got []string
	for _, l := range p.Links {
		if l.Subject {
			got = append(got, l.Table+"."+l.Columns[0])
		}
	}
	require.Equal(t, []string{"visits.user_id"}, got)
}

// Whatever a schema looks like, discovery answers, and its map compiles and is Go.
func TestAnySchemaGivesAMap(t *testing.T) {
	t.Parallel()
	name := rapid.OneOf(rapid.StringMatching(`[a-zA-Z_ ."é-]{1,8}`), rapid.SampledFrom([]string{"users", "user_id", "owner_id", "owner_type", "email", "id", "by", "created_by", "from", "uid", "_", "1", "parent_id", "user_type", "tenant_id"}))
	family := rapid.SampledFrom([]string{"bigint", "text", "uuid", "boolean", "jsonb", "bigint[]", "", "date", "geometry"})
	rapid.Check(t, func(t *rapid.T) {
		d := &schema.Database{Dialect: schema.SQLite}
		for _, n := range rapid.SliceOfNDistinct(name, 0, 6, rapid.ID[string]).Draw(t, "tables") {
			x := &schema.Table{Name: n, Kind: schema.Ordinary}
			for _, c := range rapid.SliceOfNDistinct(name, 1, 6, rapid.ID[string]).Draw(t, "columns") {
				typ := family.Draw(t, "type")
				x.Columns = append(x.Columns, &schema.Column{Name: c, Type: typ, Family: schema.FamilyOf(typ), NotNull: rapid.Bool().Draw(t, "not null")})
			}
			if rapid.Bool().Draw(t, "key") {
				x.Key = []string{x.Columns[0].Name}
			}
			d.Tables = append(d.Tables, x)
		}
		d.Sort()
		p := discover.FromSchema(d, discover.Options{})
		_, err := p.Map().Compile()
		if err != nil && len(p.Subjects) > 0 {
			require.NoError(t, err)
		}
		var b bytes.Buffer
		require.NoError(t, p.WriteGo(&b, "any"))
	})
}
