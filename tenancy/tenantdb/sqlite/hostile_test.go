//go:build linux

package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// grammar makes statements that try to leave the file. A name in <angles> is a rule.
var grammar = map[string][]string{
	"start": {
		"<one>", "<one>", "<one>", "<one>; <one>", "<harmless>; <one>", "<one>; <harmless>", ";;<one>;", "EXPLAIN <one>",
		"EXPLAIN QUERY PLAN <one>", "SAVEPOINT s; <one>; RELEASE s", "<one>; ROLLBACK TO s", "\ufeff<one>", "<one> -- tail", "<one> /* open",
	},
	"one": {
		"ATTACH <database> <file> AS <name>", "ATTACH <database> <file> AS <name>", "ATTACH <database> <file> AS <name> KEY 'k'", "DETACH <database> <name>",
		"VACUUM INTO <file>", "VACUUM <name> INTO <file>", "VACUUM", "VACUUM <name>",
		"PRAGMA <schema><pragma>", "PRAGMA <schema><pragma> = <value>", "PRAGMA <schema><pragma>(<value>)",
		"SELECT * FROM pragma_<pragma>", "SELECT * FROM pragma_<pragma>(<value>)", "SELECT * FROM pragma_<pragma>(<value>, <value>)",
		"SELECT * FROM <vtab>", "SELECT * FROM <vtab>(<value>)", "SELECT * FROM <schema><vtab> AS a JOIN note", "SELECT * FROM <quoted> WHERE pgno = 1",
		"INSERT INTO <vtab> VALUES (<value>, <value>, <value>)", "UPDATE <vtab> SET data = zeroblob(4096)", "DELETE FROM <vtab>",
		"CREATE VIRTUAL TABLE <schema><name> USING <module>(<args>)", "DROP TABLE <vtab>",
		"SELECT <function>(<args>)", "SELECT * FROM <function>(<args>)", "UPDATE note SET body = <function>(<args>)",
		"INSERT INTO note (body) SELECT <function>(<args>)", "WITH c AS (SELECT <function>(<args>)) SELECT * FROM c",
		"CREATE <temp> TABLE <schema><name> AS SELECT * FROM <vtab>", "CREATE <temp> VIEW <schema><name> AS <select>",
		"CREATE <temp> TRIGGER <schema><name> AFTER INSERT ON note BEGIN <select>; END", "CREATE <temp> TRIGGER <name> BEFORE UPDATE ON main.note BEGIN UPDATE note SET body = <function>(<args>); END",
		"ALTER TABLE note RENAME TO <name>", "ALTER TABLE note ADD COLUMN <name> DEFAULT (<function>(<args>))",
		"UPDATE <master> SET sql = 'CREATE VIRTUAL TABLE x USING dbstat'", "INSERT INTO <master> VALUES ('table', 'x', 'x', 2, 'CREATE TABLE x(a)')", "DELETE FROM <master>",
		"BEGIN <txmode>", "COMMIT", "END TRANSACTION", "ROLLBACK", "COMMIT; ATTACH <file> AS x; BEGIN", "INSERT OR ROLLBACK INTO note (id) VALUES (1); ATTACH <file> AS x",
		"SELECT * FROM (<select>) UNION ALL <select>", "SELECT (SELECT count(*) FROM <vtab>)", "SELECT EXISTS (<select>)",
		"INSERT INTO note (body) VALUES (<value>) ON CONFLICT DO UPDATE SET body = (SELECT <function>(<args>))", "INSERT INTO note (body) VALUES (<value>) RETURNING <function>(<args>)",
		"REINDEX <name>", "ANALYZE <name>", "UPDATE tenancy_file SET tenant = <value>", "DELETE FROM <schema>tenancy_file",
		"INSERT INTO <name>.note SELECT * FROM note", "SELECT * FROM <name>.note", "SELECT * FROM <file>", "SELECT * FROM <name>.sqlite_schema",
	},
	"harmless": {"SELECT 1", "SELECT * FROM note", "INSERT INTO note (body) VALUES ('x')", "UPDATE note SET body = body", "DELETE FROM note WHERE id > 50"},
	"select":   {"SELECT * FROM <vtab>", "SELECT <function>(<args>)", "SELECT * FROM pragma_<pragma>(<value>)", "VALUES (<function>(<args>))"},
	"database": {"", "DATABASE", "database/**/", "DATABASE\n"},
	"schema":   {"", "", "main.", "temp.", "\"main\".", "[temp].", "o.", "`main` . "},
	"name":     {"o", "main", "temp", "\"o\"", "[o]", "'o'", "`main`", "note", "x", "?"},
	"file": {
		"'OTHER'", "'OTHER'", "\"OTHER\"", "'file:OTHER'", "'file:OTHER?mode=ro'", "'file:OTHER?mode=rwc&cache=shared'", "'file://OTHER?immutable=1&nolock=1'", "?", "?1", ":f", "@f", "$f",
		"'OTHER' || ''", "substr('xOTHER', 2)", "(SELECT 'OTHER')", "CAST('OTHER' AS TEXT)", "concat('OTHER')", "printf('%s', 'OTHER')", "upper(lower('OTHER'))",
		"'NEW'", "'file:NEW?mode=rwc'", "''", "':memory:'", "'file::memory:?cache=shared'", "NULL", "x'2f746d70'", "'OTHER-wal'", "'NEW' || char(0) || 'OTHER'", "'file:OTHER?vfs=unix-none'", "'file:OTHER?vfs=memdb'",
	},
	"pragma": {
		"database_list", "journal_mode", "wal_checkpoint", "temp_store_directory", "data_store_directory", "writable_schema", "user_version", "application_id", "schema_version", "foreign_keys",
		"query_only", "trusted_schema", "synchronous", "locking_mode", "max_page_count", "page_size", "auto_vacuum", "incremental_vacuum", "secure_delete", "busy_timeout", "optimize", "mmap_size",
		"table_info", "index_list", "integrity_check", "data_version", "defer_foreign_keys", "table_list", "module_list", "function_list", "encoding", "key", "hexkey", "rekey", "activate_extensions",
		"case_sensitive_like", "cache_spill", "shrink_memory", "soft_heap_limit", "wal_autocheckpoint", "lock_proxy_file", "ignore_check_constraints", "reverse_unordered_selects", "legacy_alter_table", "temp_store",
	},
	"value":    {"''", "0", "1", "'DELETE'", "OFF", "ON", "-1", "'note'", "\"OTHER\"", "'OTHER'", "'NEW'", "exclusive", "'main'", "NULL", "2147483647", "memory"},
	"vtab":     {"sqlite_dbpage", "dbstat", "SQLITE_DBPAGE", "DbStat", "sqlite_stmt", "bytecode", "tables_used", "sqlite_temp_master", "sqlite_temp_schema", "pragma_database_list", "fsdir", "csv", "zipfile", "generate_series", "wholenumber", "completion", "sqlite_dbdata", "carray", "json_each"},
	"quoted":   {"\"sqlite_dbpage\"", "[sqlite_dbpage]", "`sqlite_dbpage`", "'sqlite_dbpage'", "main.\"sqlite_dbpage\"", "\"main\".[dbstat]"},
	"module":   {"dbstat", "sqlite_dbpage", "fts5", "fts5vocab", "rtree", "geopoly", "csv", "zipfile", "fsdir", "unionvtab", "swarmvtab", "vtablog", "spellfix1", "echo"},
	"args":     {"<file>", "<file>, <file>", "'main'", "filename=<file>", "content='OTHER'", "main, note", "", "*", "1, 2, 3"},
	"function": {"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "fts5", "sqlite_log", "lsmode", "eval", "zipfile", "rtreecheck", "sqlite_compileoption_get", "sqlite_source_id", "printf", "json", "randomblob", "sqlite_offset", "bw_now"},
	"temp":     {"", "TEMP", "TEMPORARY"},
	"txmode":   {"", "IMMEDIATE", "EXCLUSIVE", "DEFERRED TRANSACTION"},
	"master":   {"sqlite_master", "sqlite_schema", "main.sqlite_master", "sqlite_temp_master", "temp.sqlite_schema", "\"sqlite_schema\"", "sqlite_sequence", "sqlite_stat1"},
}

// statement expands a rule, and writes it as nobody would.
func statement(r *rand.Rand, rule string) string {
	alts := grammar[rule]
	s := alts[r.IntN(len(alts))]
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '<')
		j := strings.IndexByte(s, '>')
		if i < 0 || j < i || grammar[s[i+1:j]] == nil {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		b.WriteString(statement(r, s[i+1:j]))
		s = s[j+1:]
	}
}

// disguise changes case, white space and comments outside of quotes, which change nothing for SQLite.
func disguise(r *rand.Rand, s string) string {
	gaps := []string{" ", "  ", "\t", "\n", "\r\n", "/**/", " /* ; */ ", " -- ;\n", "\f"}
	var b strings.Builder
	var quote rune
	for _, c := range s {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '[':
			quote = ']'
		case c == ' ' && r.IntN(4) == 0:
			b.WriteString(gaps[r.IntN(len(gaps))])
			continue
		case r.IntN(6) == 0 && c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		case r.IntN(6) == 0 && c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// No text of the grammar, run by any way and in either kind of transaction, opens or changes another
// tenant's file or makes a new one. BAILIWICK_SOAK=1 tries a million.
func TestNoStatementReachesAnotherFile(t *testing.T) {
	t.Parallel()
	count, seed := 10_000, uint64(1)
	if os.Getenv("BAILIWICK_SOAK") == "1" {
		count, seed = 1_000_000, rand.Uint64()
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	w := newWitness(t)
	tdb := w.db.TenantDB()
	ways := []string{"exec", "query", "prepared exec", "prepared query"}
	refused, ran := 0, 0
	for done := 0; done < count; {
		run := tdb.Tx
		if r.IntN(3) == 0 {
			run = tdb.Read
		}
		_ = run(in(acme), func(ctx context.Context, tx *sqlx.Tx) error {
			for range 40 {
				done++
				query := disguise(r, statement(r, "start"))
				way := ways[r.IntN(len(ways))]
				path := w.fill([]string{"OTHER", "NEW", "file:OTHER"}[r.IntN(3)])
				// Parameters go by number and by name; too many are not an error to this driver.
				err := waysToRun[way](ctx, tx, w.fill(query), []any{path, path, path, path, path, path})
				switch {
				case err == nil:
					ran++
				case isRefusal(err):
					refused++
				case errors.Is(err, tenantdb.ErrDoomed): // SQLite ended the transaction: begin another
					return err
				}
			}
			return fmt.Errorf("undo")
		})
		if done%10_000 < 40 {
			w.look()
		}
	}
	w.look()
	require.Greater(t, refused, count/4, "the grammar no longer attacks")
	require.Greater(t, ran, count/50, "the grammar no longer writes valid SQL")
	t.Logf("%d statements: %d refused by the guard, %d ran, the rest failed otherwise", count, refused, ran)
}
