package auditsql

import (
	"strings"
	"sync"

	"github.com/bailiwick-dev/bailiwick/audit"
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

// Openings are found by subject in stretches of 1024 events: see the index. of is what joins them as o, with three
// arguments: the first stretch, the last, and the subject. Postgres takes generate_series for a thousand rows, and compiles
// what it thinks is so much work (JIT), which takes longer than the work.
const (
	ofPostgres = `(WITH RECURSIVE s (n) AS (SELECT ?::bigint UNION ALL
			SELECT n + 1 FROM s WHERE n < LEAST(?::bigint, (SELECT COALESCE(max(place) >> 17, -1) FROM {open}))) SELECT n FROM s) s
		CROSS JOIN LATERAL (SELECT p.place, p.data FROM {open} p WHERE p.stretch = s.n AND p.subject = ? OFFSET 0) o`
	ofSQLite = `(WITH RECURSIVE s (n) AS (SELECT ? UNION ALL
			SELECT n + 1 FROM s WHERE n < min(?, (SELECT max(place) >> 17 FROM {open}))) SELECT n FROM s) s
		CROSS JOIN {open} o ON o.place >> 17 = s.n AND o.subject = ?`
)

// of returns the statement's part and its arguments for the openings of who from places from <= seq < to.
func (t *tree) of(who audit.Pseudonym, from, to uint64) (text string, args []any) {
	text = ofSQLite
	if t.pg {
		text = ofPostgres
	}
	return text + ` WHERE o.place >= ? AND o.place < ?`,
		[]any{limited(from) >> 10, limited(to) >> 10, who[:], limited(from) * perEvent, limited(to) * perEvent}
}
