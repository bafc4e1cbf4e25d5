package discover_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/discover"
	"github.com/bailiwick-dev/bailiwick/dsar/internal/shapes"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
)

// answered is the proposal's map once somebody has said yes to every link, and to what tables ask.
func answered(p *discover.Proposal) *dsar.Map {
	m := p.Map()
	for i := range m.Tables {
		for j := range m.Tables[i].Links {
			m.Tables[i].Links[j].Decide = ""
		}
	}
	return m
}

// misfits are the findings that are neither questions nor the want of an index, which no map mends.
func misfits(t *testing.T, db *sql.DB, m *dsar.Map) (out []string) {
	t.Helper()
	r, err := dsar.Verify(t.Context(), db, m)
	require.NoError(t, err)
	for _, f := range r.Findings {
		if f.Rule != "DSR040" && f.Rule != "DSR020" {
			out = append(out, f.Rule+" "+f.Object+": "+f.Evidence)
		}
	}
	return out
}

func sqliteWith(t *testing.T, statements ...string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "x.db")+"?_pragma=journal_mode(MEMORY)&_pragma=synchronous(OFF)")
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	tx, err := db.Begin()
	require.NoError(t, err)
	for _, s := range statements {
		_, err := tx.Exec(s)
		require.NoError(t, err, s)
	}
	require.NoError(t, tx.Commit())
	return db
}

func TestProposalsForTheExamplesPassVerification(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"dsar/shop.sql", "tour/schema_sqlite.sql", "tour/schema_postgres.sql", "helpdesk/schema/sqlite.sql", "helpdesk/schema/postgres.sql"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("../../examples", file))
			require.NoError(t, err)
			var db *sql.DB
			if strings.Contains(file, "postgres") {
				db, err = sql.Open("pgx", dbtest.Postgres(t).Owner.DSN)
				require.NoError(t, err)
				defer db.Close()
				_, err = db.Exec(string(text))
				require.NoError(t, err)
			} else {
				db = sqliteWith(t, string(text))
			}
			p, err := discover.Discover(t.Context(), db, discover.Options{})
			require.NoError(t, err)
			require.Empty(t, misfits(t, db, p.Map()))
			require.Empty(t, misfits(t, db, answered(p)))
		})
	}
}

// Whatever foreign keys do to rows by themselves, a proposal says so, or asks.
func TestProposalsPassVerificationWhateverForeignKeysDo(t *testing.T) {
	t.Parallel()
	for _, l := range shapes.Load(t, "heldout") {
		for _, does := range []schema.Action{schema.NoAction, schema.Cascade, schema.SetNull} {
			t.Run(l.Name+" "+string(does), func(t *testing.T) {
				t.Parallel()
				d := *l.DB
				d.Dialect, d.Tables = schema.SQLite, nil
				for _, x := range l.DB.Tables {
					y := *x
					y.Foreign = slices.Clone(x.Foreign)
					for i := range y.Foreign {
						y.Foreign[i].OnDelete = does
					}
					d.Tables = append(d.Tables, &y)
				}
				db := sqliteWith(t, shapes.DDL(&d)...)
				p, err := discover.Discover(t.Context(), db, discover.Options{Subjects: l.Roots})
				require.NoError(t, err)
				require.Empty(t, misfits(t, db, p.Map()))
				m := answered(p)
				for i := range m.Tables { // these two are for a person to change, and are asked about
					m.Tables[i].Links = slices.Clone(m.Tables[i].Links)
					for j := range m.Tables[i].Links {
						if was := p.Map().Tables[i].Links[j].Decide; strings.Contains(was, "change that") {
							m.Tables[i].Links[j].Decide = was
						}
					}
				}
				require.Empty(t, misfits(t, db, m))
			})
		}
	}
}

func TestWhatAForeignKeyDoesToRowsIsInTheProposal(t *testing.T) {
	t.Parallel()
	db := sqliteWith(t, `CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL UNIQUE, username text NOT NULL, invited_by integer REFERENCES users ON DELETE CASCADE)`,
		`CREATE TABLE posts (id integer PRIMARY KEY, user_id integer NOT NULL REFERENCES users ON DELETE CASCADE, title text)`,
		`CREATE TABLE comments (id integer PRIMARY KEY, user_id integer NOT NULL REFERENCES users ON DELETE CASCADE, post_id integer NOT NULL REFERENCES posts ON DELETE CASCADE,
			parent_id integer REFERENCES comments ON DELETE CASCADE, receiver_id integer REFERENCES users ON DELETE SET NULL, body text)`,
		`CREATE TABLE uploads (id integer PRIMARY KEY, user_id integer NOT NULL REFERENCES users ON DELETE SET NULL)`,
		`CREATE TABLE notes (id integer PRIMARY KEY, username text, body text)`)
	p, err := discover.Discover(t.Context(), db, discover.Options{})
	require.NoError(t, err)
	m := p.Map()
	links := map[string]dsar.Link{}
	shared := map[string]dsar.Sharing{}
	for _, x := range m.Tables {
		shared[x.Name] = x.Shared
		for _, l := range x.Links {
			links[x.Name+"."+l.Columns[0]] = l
		}
	}
	require.Equal(t, map[string]dsar.Sharing{"users": dsar.LastOwnerWins, "posts": dsar.LastOwnerWins, "comments": dsar.DeleteForAll, "uploads": dsar.LastOwnerWins, "notes": dsar.LastOwnerWins}, shared)
	require.Equal(t, dsar.Link{Columns: []string{"user_id"}, To: "users"}, links["comments.user_id"])
	for _, at := range []string{"comments.post_id", "comments.parent_id"} {
		require.Equal(t, dsar.CoOwner, links[at].Role)
		require.True(t, links[at].Then.IsZero(), "the row does not stay")
		require.Contains(t, links[at].Decide, "ON DELETE CASCADE takes the row along")
	}
	require.Equal(t, dsar.Accessor, links["comments.receiver_id"].Role, "the row stays when they go")
	require.True(t, links["comments.receiver_id"].Then.Is(dsar.Null))
	require.Equal(t, dsar.Accessor, links["users.invited_by"].Role, "nobody goes with another")
	require.Contains(t, links["users.invited_by"].Decide, "takes other people along")
	require.Contains(t, links["uploads.user_id"].Decide, "ON DELETE SET NULL leaves it behind")
	require.Equal(t, "username", links["notes.username"].Identifier, "two people may have one user name, and a link to a row is to one")
	var b bytes.Buffer
	require.NoError(t, p.WriteGo(&b, "x"))
	require.Contains(t, b.String(), "Shared:  dsar.DeleteForAll,")
	require.Contains(t, b.String(), `{Name: "username", Column: "username", Form: dsar.Fold}`)
}
