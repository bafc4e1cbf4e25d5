package dsar_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/discover"
	"github.com/bailiwick-dev/bailiwick/dsar/internal/shapes"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
	"github.com/bailiwick-dev/bailiwick/internal/dbtest"
)

// onBoth runs f with an empty database of each kind.
func onBoth(t *testing.T, f func(*testing.T, *sql.DB, schema.Dialect)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, open(t, "sqlite", "file:"+filepath.Join(t.TempDir(), "a.db")), schema.SQLite)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, open(t, "pgx", dbtest.Postgres(t).Admin.DSN), schema.Postgres)
	})
}

func open(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func exec(t require.TestingT, db dsar.DB, statements ...string) {
	for _, s := range statements {
		_, err := db.ExecContext(context.Background(), s)
		require.NoError(t, err, s)
	}
}

// shape returns a shape in the dialect, with an index for each foreign key that lacks one.
func shape(t testing.TB, name string, dialect schema.Dialect) *shapes.Shape {
	t.Helper()
	all := shapes.Load(t, "tuned")
	s := all[slices.IndexFunc(all, func(s *shapes.Shape) bool { return s.Name == name })]
	s.DB.Dialect = dialect
	return s
}

// decided is the map that discovery proposes, with every question answered by yes.
func decided(t require.TestingT, db dsar.DB, roots []string) *dsar.Map {
	p, err := discover.Discover(context.Background(), db, discover.Options{Subjects: roots})
	require.NoError(t, err)
	m := p.Map()
	for i := range m.Tables {
		x := &m.Tables[i]
		x.Decide = ""
		for j := range x.Links {
			x.Links[j].Decide = ""
		}
		if x.Purpose != "" && len(x.Links) == 0 && !slices.Contains(roots, x.Name) {
			x.Purpose, x.NotPersonal = "", "the firm's own"
			for j := range x.Columns {
				x.Columns[j].Class = firm
			}
		}
	}
	return m
}

// settled makes the shape in the database, with a map that has nothing to find.
func settled(t testing.TB, db *sql.DB, s *shapes.Shape) *dsar.Map {
	t.Helper()
	exec(t, db, shapes.DDL(s.DB)...)
	m := decided(t, db, s.Roots)
	r, err := dsar.Verify(context.Background(), db, m)
	require.NoError(t, err)
	for _, f := range r.Findings {
		require.Equal(t, "DSR020", f.Rule, "%s", r)
		exec(t, db, f.Fix)
	}
	r, err = dsar.Verify(context.Background(), db, m)
	require.NoError(t, err)
	require.Empty(t, r.Findings, "%s", r)
	return m
}

func onPostgres(t testing.TB) *sql.DB { return open(t, "pgx", dbtest.Postgres(t).Admin.DSN) }

var ctx = context.Background()
