package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"modernc.org/sqlite"
)

// guard puts c under the rules that every statement of a caller is compiled under. SQLite asks them
// for each thing a statement would do, however it is written, nested or generated.
func (d *DB) guard(c *conn) error {
	if m := d.modules.Load(); m != nil {
		c.modules = *m
	} else {
		mods, err := c.strings(context.Background(), "PRAGMA module_list")
		if err != nil {
			return err
		}
		risky := map[string]bool{}
		for _, m := range mods {
			if !safeModules[m] {
				risky[m] = true
			}
		}
		c.modules = risky
		d.modules.Store(&risky) // a driver of our own gives every connection the same ones
	}
	return c.raw.RegisterAuthorizer(c.authorize)
}

// safeModules are the virtual tables that read nothing but the caller's own rows and arguments. They
// are made by migrations; json_each and json_tree need no making and are not listed by SQLite until
// they are used.
var safeModules = map[string]bool{
	"fts5": true, "rtree": true, "rtree_i32": true, "geopoly": true, "json_each": true, "json_tree": true,
}

// safePragmas read, or in the case of defer_foreign_keys end with the transaction. None of them does
// anything else when it is given an argument: SQLite shows us an empty argument and a missing one as
// the same, so a pragma that writes with one must not be here without it.
var safePragmas = map[string]bool{
	"data_version": true, "defer_foreign_keys": true, "foreign_key_check": true, "foreign_key_list": true,
	"freelist_count": true, "index_info": true, "index_list": true, "index_xinfo": true, "integrity_check": true,
	"page_count": true, "quick_check": true, "table_info": true, "table_list": true, "table_xinfo": true,
}

// deniedFunctions reach outside the file or report on the process. Most are not in this build of
// SQLite; they are denied should they ever be.
var deniedFunctions = map[string]bool{
	"load_extension": true, "readfile": true, "writefile": true, "edit": true, "fsdir": true, "lsmode": true,
	"fts3_tokenizer": true, "fts5": true, "sqlite_log": true, "zipfile": true, "eval": true, "rtreecheck": true,
}

// ours are the tables this package keeps in a file; callers may read them.
var ours = map[string]bool{"tenancy_file": true, "tenancy_migration": true, "tenancy_tombstone": true}

// authorize decides on one action of a statement that is being compiled. It keeps the reason of a
// refusal for the error.
func (c *conn) authorize(action sqlite.AuthorizerActionCode, arg1, arg2, schema, _ string) sqlite.AuthorizerReturnCode {
	if c.internal {
		return sqlite.AuthorizerOK
	}
	deny := func(what string, err error) sqlite.AuthorizerReturnCode {
		c.denied = fmt.Errorf("%w: %s", err, what)
		return sqlite.AuthorizerDeny
	}
	switch action {
	case sqlite.AuthSelect, sqlite.AuthRecursive, sqlite.AuthSavepoint:
		return sqlite.AuthorizerOK
	case sqlite.AuthRead:
		if schema != "main" && schema != "" {
			return deny("another schema than the tenant's", tenantdb.ErrIsolation)
		}
		if t := strings.ToLower(arg1); c.modules[t] || forbiddenTables[t] {
			return deny("virtual table "+t, tenantdb.ErrIsolation)
		}
		return sqlite.AuthorizerOK
	case sqlite.AuthFunction:
		if f := strings.ToLower(arg2); deniedFunctions[f] {
			return deny("function "+f, tenantdb.ErrIsolation)
		}
		return sqlite.AuthorizerOK
	case sqlite.AuthInsert, sqlite.AuthUpdate, sqlite.AuthDelete:
		t := strings.ToLower(arg1)
		switch {
		case schema != "main":
			return deny("temporary tables outlive the transaction", tenantdb.ErrIsolation)
		case ours[t] || strings.HasPrefix(t, "sqlite_"):
			return deny("table "+t+" is not the caller's to change", tenantdb.ErrIsolation)
		case c.modules[t]:
			return deny("virtual table "+t, tenantdb.ErrIsolation)
		case c.readOnly:
			return deny("write", tenantdb.ErrReadOnly)
		}
		return sqlite.AuthorizerOK
	case sqlite.AuthPragma:
		if safePragmas[strings.ToLower(arg1)] {
			return sqlite.AuthorizerOK
		}
		return deny("PRAGMA", tenantdb.ErrIsolation)
	case sqlite.AuthTransaction:
		return deny("BEGIN, COMMIT and ROLLBACK belong to the transaction's owner", tenantdb.ErrIsolation)
	case sqlite.AuthAttach, sqlite.AuthDetach:
		// Also when the file name is empty: it is for ATTACH ?, for an expression, and for VACUUM.
		return deny("ATTACH, DETACH or VACUUM", tenantdb.ErrIsolation)
	}
	// All that is left changes the tenant's schema or the temporary one. That is for migrations: a
	// trigger or view that an injected statement leaves behind would work on for whoever comes next.
	return deny("schema changes belong in Options.Migrations", tenantdb.ErrIsolation)
}

// forbiddenTables show raw pages, the space of other rows, or other statements. They need no CREATE
// VIRTUAL TABLE to be read.
var forbiddenTables = map[string]bool{
	"sqlite_dbpage": true, "sqlite_dbptr": true, "sqlite_dbdata": true, "dbstat": true, "sqlite_stmt": true,
	"bytecode": true, "tables_used": true, "sqlite_memstat": true, "completion": true,
}

// refusal returns the reason the rules gave for err, if it was they that made it.
func (c *conn) refusal(err error) error {
	var e *sqlite.Error
	if c.denied != nil && errors.As(err, &e) && e.Code()&0xff == codeAuth {
		return c.denied
	}
	return err
}
