package sqlite_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/stretchr/testify/require"
)

// aged is what another program had in its file: small pages, deleted rows, rows that follow each other.
func aged(t *testing.T, more string) []byte {
	return altered(t, nil, "PRAGMA page_size = 1024; CREATE TABLE shop (id INTEGER PRIMARY KEY, name TEXT);"+
		"CREATE TABLE sale (id INTEGER PRIMARY KEY, shop_id INTEGER REFERENCES shop);"+
		"INSERT INTO shop VALUES (1, 'kiosk'), (2, '"+canary+"'); INSERT INTO sale VALUES (7, 1); DELETE FROM shop WHERE id = 2;"+more)
}

func TestAFileOfAnotherProgramBecomesATenants(t *testing.T) {
	t.Parallel()
	dir, ctx := tempDir(t), context.Background()
	db := open(t, dir, sqlite.Options{Migrations: notes})
	active := tenancy.Tenant{ID: acme, State: tenancy.Active, Epoch: 1}
	require.Contains(t, string(aged(t, "")), canary)
	require.NoError(t, db.Adopt(ctx, active, bytes.NewReader(aged(t, ""))))

	var name string
	require.NoError(t, db.TenantDB().Row(in(acme), "SELECT name FROM sale JOIN shop ON shop.id = shop_id", nil, []any{&name}))
	require.Equal(t, "kiosk", name)
	require.NoError(t, exec(db, acme, "INSERT INTO note (body) VALUES ('on top')"))
	require.Error(t, exec(db, acme, "INSERT INTO sale VALUES (8, 99)"), "its foreign keys hold")
	snapshot := export(t, db, acme)
	require.NotContains(t, string(snapshot), canary, "what was deleted stayed behind")

	// From now on it is a tenant's like any other.
	set(t, db, tenancy.Suspended)
	require.NoError(t, db.Restore(ctx, active, bytes.NewReader(snapshot)))
	require.ErrorIs(t, db.Adopt(ctx, active, bytes.NewReader(aged(t, ""))), tenancy.ErrState, "it has a file")
	require.Equal(t, []string{"on top"}, bodies(t, db, acme))
	set(t, db, tenancy.Suspended)
	_, err := db.Purge(ctx, tenancy.Tenant{ID: acme, State: tenancy.Purging, Epoch: 1})
	require.NoError(t, err)
	require.ErrorIs(t, db.Adopt(ctx, active, bytes.NewReader(aged(t, ""))), tenancy.ErrPurged)
}

func TestAFileIsAdoptedWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	dir, ctx := tempDir(t), context.Background()
	db := open(t, dir, sqlite.Options{Migrations: notes})
	provision(t, db, globex)
	good := aged(t, "")
	id := tenancy.MustParseID("fresh")
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"a tenant's own":         {export(t, db, globex), sqlite.ErrCorrupt},
		"nothing":                {nil, sqlite.ErrCorrupt},
		"not a database":         {bytes.Repeat([]byte("x"), 10000), sqlite.ErrCorrupt},
		"cut short":              {good[:2048], sqlite.ErrCorrupt},
		"in UTF-16":              {altered(t, nil, "PRAGMA encoding = 'UTF-16le'; CREATE TABLE a (b)"), sqlite.ErrCorrupt},
		"rows that lead nowhere": {aged(t, "INSERT INTO sale VALUES (9, 55)"), tenantdb.ErrSchema},
		"a view of a tenant's":   {aged(t, "CREATE VIEW tenancy_file AS SELECT 1 AS one"), sqlite.ErrCorrupt},
	} {
		require.ErrorIs(t, db.Adopt(ctx, tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}, bytes.NewReader(c.file)), c.want, name)
	}
	require.ErrorContains(t, db.Adopt(ctx, tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}, bytes.NewReader(aged(t, "CREATE TABLE note (a)"))), "test/1")
	require.ErrorIs(t, db.Adopt(ctx, tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}, failing{os.ErrClosed}), os.ErrClosed)
	for _, f := range filesIn(t, dir) {
		require.NotEqual(t, ".tmp", filepath.Ext(f), "a failed adoption left its copy behind")
	}
	require.NoError(t, db.Adopt(ctx, tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}, bytes.NewReader(good)), "and then it is")
}
