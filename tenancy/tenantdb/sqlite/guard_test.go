//go:build linux

package sqlite_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb/sqlite"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// attacks are refused in every way a statement can be run. OTHER stands for another tenant's file and
// NEW for a path where nothing is.
var attacks = []struct {
	sql  string
	args []any
}{
	{"ATTACH 'OTHER' AS o", nil},
	{"attach database 'file:OTHER?mode=ro' as o", nil},
	{"ATTACH ? AS o", []any{"OTHER"}},
	{"ATTACH 'OTH'||'ER' AS o", nil},
	{"ATTACH '' AS o", nil},
	{"ATTACH ':memory:' AS o", nil},
	{"SELECT 1; ATTACH 'OTHER' AS o", nil},
	{"/* */ -- x\n ATTACH [OTHER] AS o", nil},
	{"DETACH main", nil},
	{"VACUUM INTO 'NEW'", nil},
	{"VACUUM INTO ?", []any{"NEW"}},
	{"VACUUM", nil},
	{"EXPLAIN ATTACH 'OTHER' AS o", nil},

	{"PRAGMA foreign_keys = OFF", nil},
	{"PRAGMA query_only", nil},
	{"PRAGMA main.max_page_count = 1000000", nil},
	{"PRAGMA busy_timeout(0)", nil},
	{"PRAGMA temp_store_directory = '/'", nil},
	{"PRAGMA writable_schema = 1", nil},
	{"PRAGMA journal_mode = DELETE", nil},
	{"PRAGMA wal_checkpoint", nil},
	{"PRAGMA user_version = ''", nil},
	{"PRAGMA user_version('')", nil},
	{"PRAGMA application_id = ''", nil},
	{"PRAGMA secure_delete = 0", nil},
	{"PRAGMA database_list", nil},
	{"PRAGMA trusted_schema = 1", nil},
	{"SELECT * FROM pragma_database_list", nil},
	{"SELECT * FROM pragma_journal_mode('DELETE')", nil},
	{"SELECT file FROM pragma_database_list()", nil},

	{"SELECT * FROM sqlite_dbpage", nil},
	{"SELECT count(*) FROM \"SQLITE_DBPAGE\"", nil},
	{"SELECT data FROM sqlite_dbpage('main') WHERE pgno = 1", nil},
	{"UPDATE sqlite_dbpage SET data = x'00'", nil},
	{"SELECT * FROM dbstat", nil},
	{"SELECT * FROM main.dbstat AS n", nil},
	{"CREATE VIRTUAL TABLE v USING dbstat(main)", nil},
	{"CREATE VIRTUAL TABLE v USING fts5(x)", nil},
	{"CREATE VIRTUAL TABLE temp.v USING fts5vocab(note, 'row')", nil},
	{"SELECT load_extension('NEW')", nil},
	{"SELECT readfile('OTHER')", nil},
	{"SELECT writefile('NEW', 'x')", nil},
	{"SELECT fts3_tokenizer('simple')", nil},

	{"CREATE TEMP TABLE note (body)", nil},
	{"CREATE TEMPORARY VIEW note AS SELECT 1", nil},
	{"CREATE TABLE temp.x (a)", nil},
	{"CREATE TEMP TRIGGER g AFTER INSERT ON note BEGIN SELECT 1; END", nil},
	{"CREATE TABLE x (a)", nil},
	{"CREATE TRIGGER g AFTER INSERT ON note BEGIN DELETE FROM note; END", nil},
	{"CREATE VIEW x AS SELECT 1", nil},
	{"CREATE INDEX x ON note (body)", nil},
	{"DROP TABLE note", nil},
	{"ALTER TABLE note RENAME TO n", nil},
	{"ALTER TABLE note ADD COLUMN c", nil},
	{"REINDEX", nil},
	{"ANALYZE", nil},
	{"DELETE FROM sqlite_schema", nil},
	{"INSERT INTO sqlite_master SELECT * FROM sqlite_schema", nil},
	{"UPDATE tenancy_file SET state = 'active'", nil},
	{"UPDATE \"TENANCY_FILE\" SET tenant = 'globex'", nil},
	{"DELETE FROM tenancy_migration", nil},
	{"WITH c AS (SELECT 1) INSERT OR REPLACE INTO main.tenancy_file SELECT * FROM tenancy_file", nil},
	{"REPLACE INTO tenancy_file SELECT * FROM tenancy_file", nil},

	{"COMMIT", nil},
	{"END", nil},
	{"ROLLBACK", nil},
	{"BEGIN", nil},
	{"INSERT INTO note (body) VALUES ('kept'); COMMIT; BEGIN", nil},
}

func TestTheGuardRefusesWhatReachesBeyondTheTenantsRows(t *testing.T) {
	t.Parallel()
	w := newWitness(t)
	for _, a := range attacks {
		query := w.fill(a.sql)
		args := make([]any, len(a.args))
		for i, v := range a.args {
			args[i] = w.fill(v.(string))
		}
		for way, run := range waysToRun {
			for _, begin := range []func(context.Context, tenantdb.Func, ...tenantdb.Option) error{w.db.TenantDB().Tx, w.db.TenantDB().Read} {
				err := begin(in(acme), func(ctx context.Context, tx *sqlx.Tx) error { return run(ctx, tx, query, args) })
				require.Error(t, err, "%s by %s", a.sql, way)
				if !strings.Contains(err.Error(), "no such function") && !strings.Contains(err.Error(), "SQL logic error") { // not in this build at all
					require.True(t, isRefusal(err), "%s by %s: %v", a.sql, way, err)
				}
			}
		}
	}
	w.look()
}

func TestWhatAReadOnlyTransactionMayNotDo(t *testing.T) {
	t.Parallel()
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes})
	provision(t, db, acme)
	require.NoError(t, exec(db, acme, "INSERT INTO note (body) VALUES ('a')"))
	for _, query := range []string{
		"INSERT INTO note (body) VALUES ('b')", "UPDATE note SET body = 'b'", "DELETE FROM note",
		"REPLACE INTO note (id, body) VALUES (1, 'b')", "INSERT INTO note (body) VALUES ('b') RETURNING id",
		"WITH x AS (SELECT 1) DELETE FROM note", "SELECT 1; DELETE FROM note",
		"INSERT INTO note (id, body) VALUES (1, 'b') ON CONFLICT (id) DO UPDATE SET body = 'b'",
	} {
		// The same text was just compiled for a transaction that may write, on the same connection.
		_ = db.TenantDB().Tx(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, query)
			require.NoError(t, err, query)
			return context.Canceled
		})
		for way, run := range waysToRun {
			err := db.TenantDB().Read(in(acme), func(ctx context.Context, tx *sqlx.Tx) error { return run(ctx, tx, query, nil) })
			require.ErrorIs(t, err, tenantdb.ErrReadOnly, "%s by %s", query, way)
		}
	}
	require.Equal(t, []string{"a"}, bodies(t, db, acme))
}

func TestOrdinaryStatementsPassTheGuard(t *testing.T) {
	t.Parallel()
	steps := append(notes[:1:1], sqlite.Migration{ID: "test/2", SQL: `
		CREATE TABLE child (id INTEGER PRIMARY KEY AUTOINCREMENT, note INTEGER NOT NULL REFERENCES note ON DELETE CASCADE DEFERRABLE);
		CREATE VIEW bodies AS SELECT body FROM note;
		CREATE TRIGGER bodies_in INSTEAD OF INSERT ON bodies BEGIN INSERT INTO note (body) VALUES (new.body); END;
		CREATE VIRTUAL TABLE found USING fts5(body);
		CREATE VIRTUAL TABLE place USING rtree(id, x0, x1);`})
	db := open(t, tempDir(t), sqlite.Options{Migrations: steps})
	provision(t, db, acme)
	for _, query := range []string{
		"INSERT INTO note (id, body) VALUES (1, 'a'), (2, 'b') RETURNING id",
		"PRAGMA defer_foreign_keys = ON; INSERT INTO child (note) VALUES (9); INSERT INTO note (id, body) VALUES (9, 'late')",
		"INSERT INTO bodies VALUES ('by view')",
		"INSERT INTO found VALUES ('some words')", "SELECT * FROM found('words')", "INSERT INTO found(found) VALUES ('optimize')",
		"INSERT INTO place VALUES (1, 0, 1)", "SELECT * FROM place WHERE x0 < 1",
		"SELECT * FROM json_each('[1,2]')", "SELECT * FROM json_tree('{}')",
		"WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 9) SELECT sum(i) FROM s",
		"SELECT * FROM pragma_table_info('note')", "PRAGMA table_xinfo(note)", "PRAGMA foreign_key_check", "PRAGMA integrity_check",
		"SELECT count(*) FROM sqlite_schema", "SELECT state FROM tenancy_file",
		"SAVEPOINT a; UPDATE note SET body = upper(body); ROLLBACK TO a; RELEASE a",
		"DELETE FROM note WHERE id = 9", "SELECT last_insert_rowid(), changes()",
	} {
		require.NoError(t, exec(db, acme, query), query)
	}
	require.Equal(t, []string{"a", "b", "by view"}, bodies(t, db, acme))
}

// A statement can make SQLite roll the whole transaction back under the caller. Without a look at the
// transaction after each error, the statements that follow would each be committed alone.
func TestNothingIsCommittedAfterTheDatabaseEndedTheTransaction(t *testing.T) {
	t.Parallel()
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes})
	provision(t, db, acme)
	for way, run := range waysToRun {
		err := db.TenantDB().Tx(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO note (id, body) VALUES (1, 'first')")
			require.NoError(t, err)
			require.Error(t, run(ctx, tx, "INSERT OR ROLLBACK INTO note (id, body) VALUES (1, 'again') RETURNING id", nil), way)
			_, err = tx.ExecContext(ctx, "INSERT INTO note (body) VALUES ('alone')")
			require.ErrorIs(t, err, tenantdb.ErrDoomed, way)
			return nil // as a caller would that swallows errors
		})
		require.ErrorIs(t, err, tenantdb.ErrDoomed, way)
		require.NotErrorIs(t, err, tenantdb.ErrOutcomeUnknown)
		require.Empty(t, bodies(t, db, acme), way)
	}
	require.NoError(t, exec(db, acme, "INSERT INTO note (body) VALUES ('later')"))
}

func TestErrorsHoldNoValuesAndNoPaths(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	db := open(t, dir, sqlite.Options{Migrations: append(notes[:1:1], sqlite.Migration{ID: "t/2", SQL: `CREATE VIRTUAL TABLE found USING fts5(body); CREATE UNIQUE INDEX u ON note (body)`})})
	provision(t, db, acme)
	require.NoError(t, exec(db, acme, "INSERT INTO note (body) VALUES ('hunter2')"))
	for _, a := range []struct {
		query string
		args  []any
	}{
		{"INSERT INTO note (body) VALUES (?)", []any{"hunter2"}},
		{"INSERT INTO note (id, body) VALUES (?, 'x')", []any{"hunter2"}},
		{"SELECT * FROM found(?)", []any{`"hunter2`}},
		{"SELECT * FROM found(?)", []any{`body : (hunter2`}},
		{"SELECT * FROM found(?)", []any{"hunter2 : x"}},
		{"SELECT * FROM found(?)", []any{"*hunter2"}},
		{"SELECT * FROM found('x') WHERE rank MATCH ?", []any{"hunter2("}},
		{`SELECT "hunter2"`, nil},
		{`SELECT 'hunter2`, nil},
		{"SELECT 1 hunter2 'hunter2'", nil},
		{"SELECT json('hunter2')", nil},
	} {
		err := exec(db, acme, a.query, a.args...)
		require.Error(t, err, a.query)
		require.NotContains(t, err.Error(), "hunter2", a.query)
		require.NotContains(t, err.Error(), dir, a.query)
	}
	err := db.TenantDB().Read(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
		var n int
		return fmt.Errorf("count: %w", tx.GetContext(ctx, &n, "SELECT body FROM note"))
	})
	require.EqualError(t, err, "count: sql: Scan error on column index 0: the value does not fit its destination")
	err = exec(db, acme, "INSERT INTO note (body) VALUES (?)", "hunter2")
	var e *sqlite.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, 2067, e.Code())
	require.Contains(t, err.Error(), "note.body")
}

func TestNothingOfATransactionIsLeftOnItsConnection(t *testing.T) {
	t.Parallel()
	db := open(t, tempDir(t), sqlite.Options{Migrations: notes})
	provision(t, db, acme)
	tdb := db.TenantDB()
	ends := map[string]func(ctx context.Context, tx *sqlx.Tx) error{
		"error":          func(context.Context, *sqlx.Tx) error { return context.Canceled },
		"open savepoint": func(ctx context.Context, tx *sqlx.Tx) error { _, err := tx.ExecContext(ctx, "SAVEPOINT s"); return err },
		"open rows": func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.QueryContext(ctx, "SELECT 1 UNION SELECT 2")
			return err
		},
		"open statement":    func(ctx context.Context, tx *sqlx.Tx) error { _, err := tx.PrepareContext(ctx, "SELECT 1"); return err },
		"committed by hand": func(_ context.Context, tx *sqlx.Tx) error { return tx.Commit() },
		"panic":             func(context.Context, *sqlx.Tx) error { panic("x") },
		"deferred keys": func(ctx context.Context, tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, "PRAGMA defer_foreign_keys = 1")
			return err
		},
	}
	for name, end := range ends {
		func() {
			defer func() { _ = recover() }()
			_ = tdb.Tx(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
				_, err := tx.ExecContext(ctx, "INSERT INTO note (body) VALUES ('x')")
				require.NoError(t, err)
				return end(ctx, tx)
			})
		}()
		require.NoError(t, exec(db, acme, "DELETE FROM note"), name)
		require.NoError(t, tdb.Tx(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
			var n int
			require.NoError(t, tx.GetContext(ctx, &n, "SELECT defer_foreign_keys FROM pragma_defer_foreign_keys"))
			require.Zero(t, n, name)
			_, err := tx.ExecContext(ctx, "ROLLBACK TO s")
			require.Error(t, err, name)
			return nil
		}))
	}
	require.Equal(t, 1, db.OpenTenants())
}

func isRefusal(err error) bool {
	for _, target := range []error{tenantdb.ErrIsolation, tenantdb.ErrReadOnly} {
		if strings.Contains(err.Error(), target.Error()) {
			return true
		}
	}
	return false
}

var waysToRun = map[string]func(ctx context.Context, tx *sqlx.Tx, query string, args []any) error{
	"exec": func(ctx context.Context, tx *sqlx.Tx, query string, args []any) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	},
	"query": func(ctx context.Context, tx *sqlx.Tx, query string, args []any) error {
		rows, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		for rows.Next() {
		}
		if err := rows.Err(); err != nil {
			return err
		}
		return rows.Close()
	},
	"prepared exec": func(ctx context.Context, tx *sqlx.Tx, query string, args []any) error {
		s, err := tx.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		_, err = s.ExecContext(ctx, args...)
		return err
	},
	"prepared query": func(ctx context.Context, tx *sqlx.Tx, query string, args []any) error {
		s, err := tx.PreparexContext(ctx, query)
		if err != nil {
			return err
		}
		rows, err := s.QueryxContext(ctx, args...)
		if err != nil {
			return err
		}
		for rows.Next() {
		}
		if err := rows.Err(); err != nil {
			return err
		}
		return rows.Close()
	},
}
