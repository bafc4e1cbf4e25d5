package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// What a tenant's work can leave on a connection for the next tenant: settings, cursors WITH HOLD, LISTEN,
// temporary tables, lastval(), session advisory locks. Prepared statements stay: they hold no data.
//
// One statement of the kinds that leavesNothing lists can leave settings and locks only, so that their reset follows in its
// packet, or in that of COMMIT. A statement of another kind in a transaction is followed by the whole scrub; on its own
// it costs the connection, or, behind a pooler, where that would be the wrong one, the whole scrub follows
// every statement. lastval() is taken for harmless where it would cost a message of its own.

// scrub follows COMMIT or ROLLBACK in one string. It runs where they ran, even behind a pooler: the server
// is not given to anybody else in the middle of a string.
const scrub = "; reset all; close all; unlisten *; discard temp; discard sequences; select pg_advisory_unlock_all()"

var (
	resetOnly = []string{"reset all"}
	scrubList = []string{"reset all", "close all", "unlisten *", "discard temp", "discard sequences", "select pg_advisory_unlock_all()"}
)

// tail is what follows a one-shot's queries in their packet.
func (db *DB) tail(queries []*pgx.QueuedQuery) []string {
	if len(queries) == 1 && !db.pooled && !locks(queries[0].SQL) {
		return resetOnly
	}
	return scrubList
}

// locks reports whether sql may take session locks by itself. A lock that a function of the application takes is freed
// when its connection is used again.
func locks(sql string) bool {
	for i := strings.IndexAny(sql, "aA"); i >= 0 && len(sql)-i >= len("advisory"); {
		if strings.EqualFold(sql[i:i+len("advisory")], "advisory") {
			return true
		}
		next := strings.IndexAny(sql[i+1:], "aA")
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}

// clean destroys the connection after a statement that may have left more behind than the tail undid.
// What failed was undone by the server, but for session locks.
func (s *shot) clean(sql string, tag pgconn.CommandTag, err error) {
	if err != nil && locks(sql) ||
		err == nil && !s.db.pooled && !leavesNothing(tag) {
		destroy(s.conn)
	}
}

func leavesNothing(tag pgconn.CommandTag) bool {
	if tag.Select() || tag.Insert() || tag.Update() || tag.Delete() {
		return true
	}
	verb, _, _ := strings.Cut(tag.String(), " ")
	switch verb {
	case "", "MERGE", "EXPLAIN", "SHOW", "NOTIFY", "SET", "RESET", "SAVEPOINT", "RELEASE", "ROLLBACK", "COPY":
		return true
	}
	return false
}

// destroy makes sure that nobody uses the connection again.
func destroy(conn *pgxpool.Conn) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // do not wait for the server
	_ = conn.Conn().Close(ctx)
}
