package auditsql

import (
	"strings"
	"sync"

	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// dialect writes the statements of one kind of log for one kind of database. They are written once, with the
// names of the tables in braces. None names the tenant: on Postgres row-level security adds it to each, and on
// SQLite the file is the tenant's.
type dialect struct {
	prefix string // of the names of the tables
	bind   int    // of sqlx
	ready  sync.Map
}

var dialects = map[tenantdb.Dialect][2]*dialect{ // that of tenants, and that of the heads
	tenantdb.Postgres: {{prefix: "audit_", bind: sqlx.DOLLAR}, {prefix: "audit_heads.", bind: sqlx.DOLLAR}},
	tenantdb.SQLite:   {{prefix: "audit_", bind: sqlx.QUESTION}, {prefix: "audit_heads_", bind: sqlx.QUESTION}},
}

// sql returns text for the database: a constant, for it is kept.
func (d *dialect) sql(text string) string {
	if s, ok := d.ready.Load(text); ok {
		return s.(string)
	}
	s := sqlx.Rebind(d.bind, strings.NewReplacer("{", d.prefix, "}", "").Replace(text))
	d.ready.Store(text, s)
	return s
}
