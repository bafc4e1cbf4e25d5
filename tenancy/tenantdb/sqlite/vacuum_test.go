package sqlite_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

func schema(statements string) []sqlite.Migration {
	return []sqlite.Migration{{ID: "v/1", SQL: statements}}
}

// inFiles counts the canaries in what Files gives.
func inFiles(t *testing.T, db *sqlite.DB, id tenancy.ID) (n int, names []string) {
	t.Helper()
	require.NoError(t, db.TenantDB().Files(in(id), func(name string, r io.Reader) error {
		b, err := io.ReadAll(r)
		n += strings.Count(string(b), canary)
		names = append(names, name)
		return err
	}))
	return n, names
}

// Deleting moves rows together and leaves copies of those that stay; they outlive the rows.
func TestNothingOfRemovedRowsIsInTheFileAfterVacuum(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	db := open(t, dir, sqlite.Options{Migrations: schema(`CREATE TABLE x (id INTEGER PRIMARY KEY, who TEXT, body TEXT); CREATE INDEX xw ON x (who);
		CREATE VIRTUAL TABLE f USING fts5 (body)`)})
	provision(t, db, acme)
	require.NoError(t, db.TenantDB().Tx(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
		for i := range 2000 {
			who := fmt.Sprintf("other%d@example.test", i)
			if i%4 == 0 {
				who = fmt.Sprintf("%d-%s", i, canary)
			}
			for _, q := range []string{"INSERT INTO x (who, body) VALUES (?1, 'hello ' || ?1)", "INSERT INTO f (body) VALUES ('hello ' || ?1)"} {
				if _, err := tx.ExecContext(ctx, q, who); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	n, names := inFiles(t, db, acme)
	require.NotZero(t, n)
	require.Equal(t, []string{"file", "log"}, names)
	require.NoError(t, exec(db, acme, "DELETE FROM x WHERE who LIKE '%'||?||'%'", canary))
	require.NoError(t, exec(db, acme, "DELETE FROM f WHERE body LIKE '%'||?||'%'", canary))
	require.NoError(t, db.TenantDB().Vacuum(in(acme)))
	require.Zero(t, canaries(t, dir))
	n, _ = inFiles(t, db, acme)
	require.Zero(t, n)
	var rows, hits int
	require.NoError(t, db.TenantDB().Read(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
		if err := tx.GetContext(ctx, &hits, "SELECT count(*) FROM f WHERE f MATCH 'other1'"); err != nil {
			return err
		}
		return tx.GetContext(ctx, &rows, "SELECT count(*) FROM x")
	}))
	require.Equal(t, []int{1500, 1}, []int{rows, hits})
	require.NoError(t, exec(db, acme, "INSERT INTO x (who) VALUES ('after')"))
}

func TestVacuumWaitsForNobodyWhoReads(t *testing.T) {
	t.Parallel()
	db := erased(t, tempDir(t))
	require.NoError(t, exec(db, acme, "INSERT INTO note (body) VALUES ('stays')"))
	require.NoError(t, db.TenantDB().Read(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
		var body string
		require.NoError(t, tx.GetContext(ctx, &body, "SELECT body FROM note"))
		require.ErrorIs(t, db.TenantDB().Vacuum(in(acme)), tenantdb.ErrConflict, "the log stays as long as somebody reads from it")
		return tx.GetContext(ctx, &body, "SELECT body FROM note")
	}))
	require.NoError(t, db.TenantDB().Vacuum(in(acme)))
	require.Equal(t, []string{"stays"}, bodies(t, db, acme))
}

func TestVacuumRefusesToRenumberRowsThatAnIndexOfTextsRefersTo(t *testing.T) {
	t.Parallel()
	const index = "CREATE VIRTUAL TABLE f USING fts5 (body, content = 'x');"
	for ddl, refused := range map[string]bool{
		"CREATE TABLE x (body TEXT);" + index: true,
		"CREATE TABLE x (body TEXT); CREATE VIRTUAL TABLE f USING fts5 (body, content=x, tokenize = 'porter');":                                      true,
		"CREATE TABLE x (id INTEGER PRIMARY KEY, body TEXT);" + index:                                                                                false,
		"CREATE TABLE x (body TEXT); CREATE INDEX xb ON x (body);" + index:                                                                           false,
		"CREATE TABLE x (body TEXT); CREATE TABLE xy (id INTEGER PRIMARY KEY, body TEXT); CREATE VIRTUAL TABLE f USING fts5 (body, content = 'xy');": false,
	} {
		db := open(t, tempDir(t), sqlite.Options{Migrations: schema(ddl)})
		provision(t, db, acme)
		require.NoError(t, exec(db, acme, "INSERT INTO x (body) VALUES ('a'), ('b'), ('c')"))
		require.NoError(t, exec(db, acme, "DELETE FROM x WHERE body = 'a'"))
		var before, after []int
		rowids := func(into *[]int) {
			require.NoError(t, db.TenantDB().Read(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
				return tx.SelectContext(ctx, into, "SELECT rowid FROM x ORDER BY body")
			}))
		}
		rowids(&before)
		err := db.TenantDB().Vacuum(in(acme))
		if refused {
			require.ErrorIs(t, err, tenantdb.ErrUnsafe, ddl)
		} else {
			require.NoError(t, err, ddl)
		}
		if rowids(&after); strings.Contains(ddl, "content = 'x')") {
			require.Equal(t, before, after, ddl)
		}
	}
}

func TestVacuumAndFilesAreForATenantThatMayBeUsed(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	db := erased(t, dir)
	none := func(string, io.Reader) error { t.Error("read"); return nil }
	require.ErrorIs(t, db.TenantDB().Vacuum(context.Background()), tenancy.ErrNoTenant)
	require.ErrorIs(t, db.TenantDB().Files(context.Background(), none), tenancy.ErrNoTenant)
	require.ErrorIs(t, db.TenantDB().Vacuum(in(tenancy.NewID())), tenancy.ErrUnknownTenant)
	require.ErrorIs(t, db.TenantDB().Files(in(tenancy.NewID()), none), tenancy.ErrUnknownTenant)
	require.NoError(t, db.SetState(t.Context(), tenancy.Tenant{ID: acme, State: tenancy.Suspended, Epoch: 1}))
	require.ErrorIs(t, db.TenantDB().Vacuum(in(acme)), tenancy.ErrNotActive)
	ctx, cancel := context.WithCancel(in(acme))
	cancel()
	err := db.TenantDB().Files(ctx, func(_ string, r io.Reader) error { _, err := io.Copy(io.Discard, r); return err })
	require.ErrorIs(t, err, context.Canceled)
	require.NotContains(t, err.Error(), dir)
}
