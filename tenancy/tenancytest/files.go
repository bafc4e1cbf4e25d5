package tenancytest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/internal/finding"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

const fileRemedy = "Open tenants' files through tenantdb/sqlite, whose authorizer decides on each statement while it is compiled."

// escape is an attack of SQL text on the one file it may reach: each statement ought to be refused.
type escape struct {
	rule       finding.Rule
	statements []string
	// after is run if a statement was accepted, so that the connection is as it was.
	after []string
}

var fileScan = rule("file.scan", "a tenant's file holds rows of another tenant", "Give each tenant a file of its own.")

var fileResidue = rule("file.residue", "a temporary table of one tenant is there for another", fileRemedy)

// escapes holds {new}, a name in the folder for temporary files at which there is nothing.
var escapes = []escape{
	{rule("file.attach", "SQL can attach another file", fileRemedy), []string{
		"ATTACH ':memory:' AS tenancytest", "ATTACH DATABASE '' AS tenancytest", "ATTACH ':mem' || 'ory:' AS tenancytest",
		"ATTACH 'file::memory:?cache=shared' AS tenancytest", "attach/**/database ':memory:' as tenancytest",
		"SELECT 1; ATTACH ':memory:' AS tenancytest", "EXPLAIN ATTACH ':memory:' AS tenancytest", "ATTACH (SELECT ':memory:') AS tenancytest",
		"ATTACH '{new}' AS tenancytest", "ATTACH 'file:{new}?mode=memory' AS tenancytest",
	}, []string{"DETACH tenancytest"}},
	{rule("file.vacuum", "SQL can write a copy of the file anywhere", fileRemedy), []string{
		// VACUUM does not run in a transaction, so the injected text ends the one it is in.
		"COMMIT; VACUUM INTO '{new}'", "VACUUM INTO '{new}'", "COMMIT; VACUUM main INTO '{n' || 'ew}'", "COMMIT; VACUUM",
	}, nil},
	{rule("file.path", "SQL can learn where files are", fileRemedy), []string{
		"PRAGMA database_list", "SELECT file FROM pragma_database_list", "SELECT * FROM pragma_database_list()", "PRAGMA main.database_list",
		"PRAGMA temp_store_directory", "PRAGMA data_store_directory",
	}, nil},
	{rule("file.pragma", "SQL can change how the file is kept, for whoever uses the connection next", fileRemedy), []string{
		"PRAGMA writable_schema = OFF", "PRAGMA main.writable_schema(0)", "PRAGMA synchronous = FULL", "PRAGMA journal_mode = WAL",
		"PRAGMA locking_mode = NORMAL", "PRAGMA foreign_keys = ON", "PRAGMA ignore_check_constraints = OFF", "PRAGMA trusted_schema = OFF",
		"PRAGMA query_only = OFF", "PRAGMA busy_timeout = 5000", "PRAGMA max_page_count = 1073741823", "PRAGMA mmap_size = 0",
		"PRAGMA hard_heap_limit = 0", "PRAGMA secure_delete = ON", "PRAGMA wal_checkpoint", "PRAGMA recursive_triggers = OFF",
		"PRAGMA case_sensitive_like = OFF", "PRAGMA cell_size_check = OFF", "SELECT 1; PRAGMA synchronous = FULL",
	}, nil},
	{rule("file.pages", "SQL can read the raw pages of the file, deleted rows and all", fileRemedy), []string{
		"SELECT count(data) FROM sqlite_dbpage", "SELECT count(*) FROM dbstat", "SELECT count(*) FROM sqlite_stmt",
		"SELECT count(*) FROM bytecode('SELECT 1')", "SELECT count(*) FROM sqlite_dbdata",
		"CREATE VIRTUAL TABLE temp.tenancytest USING dbstat(main)", "CREATE VIRTUAL TABLE temp.tenancytest USING sqlite_dbpage",
	}, []string{"DROP TABLE temp.tenancytest"}},
	{rule("file.outside", "SQL can read or write files or load code", fileRemedy), []string{
		"SELECT load_extension('{new}')", "SELECT readfile('{new}')", "SELECT writefile('{new}', 'x')", "SELECT count(*) FROM fsdir('.')",
		"SELECT fts3_tokenizer('simple')", "SELECT edit('x')", "SELECT count(*) FROM zipfile('{new}')",
		"CREATE VIRTUAL TABLE temp.tenancytest USING csv(filename = '{new}')", "CREATE VIRTUAL TABLE temp.tenancytest USING fts4(a)",
	}, []string{"DROP TABLE temp.tenancytest"}},
	{rule("file.temp", "SQL can leave temporary objects behind that shadow the tenant's tables", fileRemedy), []string{
		"CREATE TEMP TABLE tenancytest (a)", "CREATE TEMP VIEW tenancytest AS SELECT 1 AS a", "CREATE TABLE temp.tenancytest AS SELECT 1 AS a",
	}, []string{"DROP TABLE IF EXISTS temp.tenancytest", "DROP VIEW IF EXISTS temp.tenancytest"}},
	{rule("file.transaction", "SQL can end the transaction it runs in", fileRemedy), []string{"COMMIT", "END TRANSACTION", "SELECT 1; COMMIT", "ROLLBACK"}, nil},
}

// fileRules are the attacks on SQLite files.
func fileRules() (out []finding.Rule) {
	for _, e := range escapes {
		out = append(out, e.rule)
	}
	return append(out, fileScan, fileResidue)
}

// attackFiles tries to leave A's file by SQL text, and looks in it for rows of B.
func (k *kit) attackFiles(ctx context.Context) error {
	for _, id := range []tenancy.ID{k.A, k.B} {
		if err := k.fillFile(ctx, id); err != nil {
			return err
		}
	}
	theirs, err := k.contents(ctx, k.B)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(theirs)) {
		if !k.listed(name) {
			continue
		}
		if theirs[name] == 0 {
			errs = append(errs, fmt.Errorf("tenancytest: %s has no row of tenant B: give the target a Seed that inserts one", name))
		}
		seen, err := k.shared(ctx, name)
		errs = append(errs, k.tell(fileScan, name, seen, err))
	}
	if len(k.ran) == 0 {
		errs = append(errs, errors.New("tenancytest: nothing was attacked: tenant B's file has no table in which a row could be made"))
	}
	for _, e := range escapes {
		errs = append(errs, k.escape(ctx, e))
	}
	return errors.Join(append(errs, k.fileResidue(ctx))...)
}

// escape runs each statement in a transaction of A's own.
func (k *kit) escape(ctx context.Context, e escape) error {
	dir, err := os.MkdirTemp("", "tenancytest")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := strings.ReplaceAll(filepath.ToSlash(filepath.Join(dir, "new")), "'", "''")
	for _, s := range e.statements {
		s = strings.NewReplacer("{new}", path, "{n' || 'ew}", path[:len(path)-2]+"' || '"+path[len(path)-2:]).Replace(s)
		accepted := false
		err := k.DB.Tx(tenancy.Switch(ctx, k.A), func(ctx context.Context, tx *sqlx.Tx) error {
			accepted = drain(ctx, tx, s) == nil
			if !accepted {
				return errUndo
			}
			for _, a := range e.after {
				_ = drain(ctx, tx, a) // best effort: the report says what went wrong
			}
			return errUndo
		})
		if !accepted && !errors.Is(err, errUndo) {
			return fmt.Errorf("tenancytest: %s: %w", e.rule.ID, err)
		}
		if accepted {
			words := strings.Fields(s)
			return k.tell(e.rule, Session, "accepted: "+strings.Join(words[:min(3, len(words))], " ")+" ...", nil)
		}
	}
	return k.tell(e.rule, Session, "", nil)
}

// drain runs a text and reads whatever it returns.
func drain(ctx context.Context, tx *sqlx.Tx, text string) error {
	rows, err := tx.QueryContext(ctx, text)
	if err != nil {
		return err
	}
	for rows.Next() {
	}
	return errors.Join(rows.Err(), rows.Close())
}

// fileResidue lets A leave a temporary table and B look for it.
func (k *kit) fileResidue(ctx context.Context) error {
	err := k.DB.Tx(tenancy.Switch(ctx, k.A), func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, "CREATE TEMP TABLE tenancytest_left (a)")
		return err
	})
	if err != nil { // refused, as it should be
		return k.tell(fileResidue, Session, "", nil)
	}
	var n int64
	err = k.DB.Tx(tenancy.Switch(ctx, k.B), func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &n, "SELECT count(*) FROM sqlite_temp_master WHERE name = 'tenancytest_left'")
	})
	seen := ""
	if err == nil && n > 0 {
		seen = "it was there"
	}
	return k.tell(fileResidue, Session, seen, nil)
}
