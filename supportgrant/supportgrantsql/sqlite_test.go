package supportgrantsql_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgrantsql"
	"github.com/bailiwick-dev/bailiwick/supportgrant/supportgranttest/storetest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"
)

// posts is the application's table that is read.
const posts = `CREATE TABLE sgt_post (id INTEGER NOT NULL PRIMARY KEY, title TEXT, body TEXT, secret_token TEXT, hidden BOOLEAN, careful BOOLEAN, score REAL,
	profile JSON, at TIMESTAMP, blob BLOB)`

// files are the tenants' files of a folder, as one or several processes have them.
type files struct {
	dir   string
	moved atomic.Int64 // of the clock
}

// newFiles has its folder in memory where there is one: to sync it would take most of the time, and no test pulls the plug.
func newFiles(t testing.TB) *files {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "bailiwick-*")
	if err != nil {
		dir = t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return &files{dir: filepath.Join(dir, "data")}
}

func (f *files) open(t testing.TB) *sqlite.DB {
	t.Helper()
	steps, err := sqlite.ReadMigrations("supportgrant", supportgrantsql.SQLite())
	require.NoError(t, err)
	db, err := sqlite.Open(f.dir, sqlite.Options{Migrations: append(steps, sqlite.Migration{ID: "app/1", SQL: posts}),
		Clock: func() time.Time { return time.Now().Add(time.Duration(f.moved.Load())) }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func newStore(t testing.TB, db *sqlite.DB) *supportgrantsql.Store {
	t.Helper()
	s, err := supportgrantsql.New(db.TenantDB())
	require.NoError(t, err)
	return s
}

func newTenant(t testing.TB, db *sqlite.DB) tenancy.ID {
	t.Helper()
	id := tenancy.NewID()
	require.NoError(t, db.Provision(context.Background(), tenancy.Tenant{ID: id, State: tenancy.Active, Epoch: 1}))
	return id
}

// owner opens a tenant's file as who owns it: with no rules but the file's own.
func (f *files) owner(t testing.TB, id tenancy.ID) *sql.DB {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(f.dir, "tenants", "*", "*.db"))
	require.NoError(t, err)
	for _, path := range all {
		db, err := sql.Open("sqlite", "file:"+path+"?_busy_timeout=10000")
		require.NoError(t, err)
		var of string
		require.NoError(t, db.QueryRow(`SELECT tenant FROM tenancy_file`).Scan(&of))
		if of == id.String() {
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			return db
		}
		require.NoError(t, db.Close())
	}
	require.FailNow(t, "the tenant has no file")
	return nil
}

func raw(ctx context.Context, db *tenantdb.DB, text string, args ...any) error {
	return db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, text, args...)
		return err
	})
}

func fill(t testing.TB, db *tenantdb.DB, id tenancy.ID, rows ...supportgrant.Row) {
	t.Helper()
	for _, row := range rows {
		var names []string
		var values []any
		for name, v := range row {
			if at, ok := v.(time.Time); ok {
				v = at.UnixMicro()
			}
			names, values = append(names, name), append(values, v)
		}
		require.NoError(t, raw(tenancy.With(context.Background(), id), db,
			`INSERT INTO sgt_post (`+strings.Join(names, ", ")+`) VALUES (?`+strings.Repeat(", ?", len(names)-1)+`)`, values...))
	}
}

func (f *files) harness(t testing.TB) storetest.Harness {
	t.Helper()
	db := f.open(t)
	h := storetest.Harness{
		Stores:  []supportgrant.Store{newStore(t, db), newStore(t, f.open(t)), newStore(t, f.open(t))},
		Tenant:  func(t testing.TB) tenancy.ID { return newTenant(t, db) },
		Fill:    func(t testing.TB, id tenancy.ID, rows ...supportgrant.Row) { fill(t, db.TenantDB(), id, rows...) },
		Advance: func(d time.Duration) { f.moved.Add(int64(d)) },
		Force: func(ctx context.Context, id supportgrant.GrantID, to supportgrant.State) error {
			return raw(ctx, db.TenantDB(), `UPDATE supportgrant_grant SET state = ?, version = version + 1 WHERE id = ?`, string(to), id)
		},
		BreakLog: func(t testing.TB, id tenancy.ID) (mend func()) {
			owner := f.owner(t, id)
			_, err := owner.Exec(`CREATE TRIGGER broken BEFORE INSERT ON supportgrant_entry BEGIN SELECT RAISE(FAIL, 'the log is full'); END`)
			require.NoError(t, err)
			return func() {
				_, err := owner.Exec(`DROP TRIGGER broken`)
				require.NoError(t, err)
			}
		},
	}
	return h
}

func TestSQLiteKeepsTheContractOfAStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) storetest.Harness { return newFiles(t).harness(t) })
}
