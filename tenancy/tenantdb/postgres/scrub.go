package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// What a tenant's work can leave on a connection for the next tenant: settings, cursors WITH HOLD, LISTEN,
// temporary tables, lastval(), session advisory locks, and statements prepared by SQL. Those that pgx prepared stay: they
// hold no data.
//
// One statement of the kinds that leavesNothing lists can leave settings, lastval() and locks only, so that their reset
// follows in its packet, or in that of COMMIT. A statement of another kind in a transaction is followed by the whole
// scrub; on its own it costs the connection, or, behind a pooler, where that would be the wrong one, the whole scrub
// follows every statement. What PREPARE made can be taken away only together with what pgx prepared: it costs the
// connection. A pooler's connection keeps it.

// scrub follows COMMIT or ROLLBACK in one string. It runs where they ran, even behind a pooler: the server
// is not given to anybody else in the middle of a string.
var (
	resetOnly = []string{"reset all", "discard sequences"}
	scrubList = append(resetOnly[:2:2], "close all", "unlisten *", "discard temp", "select pg_advisory_unlock_all()")
	reset     = "; " + strings.Join(resetOnly, "; ")
	scrub     = "; " + strings.Join(scrubList, "; ")
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
func locks(sql string) bool { return mentions(sql, "advisory") }

// prepares reports whether sql, of which the server does not tell the kind, may prepare statements by itself, or drop
// those of pgx.
func prepares(sql string) bool { return mentions(sql, "prepare ") || mentions(sql, "deallocate ") }

// mentions reports whether word, in lower case, is part of sql, in any.
func mentions(sql, word string) bool {
	first := word[:1] + strings.ToUpper(word[:1])
	for i := strings.IndexAny(sql, first); i >= 0 && len(sql)-i >= len(word); {
		if strings.EqualFold(sql[i:i+len(word)], word) {
			return true
		}
		next := strings.IndexAny(sql[i+1:], first)
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
	switch kind(tag) {
	case "", "MERGE", "EXPLAIN", "SHOW", "NOTIFY", "SET", "RESET", "SAVEPOINT", "RELEASE", "ROLLBACK", "COPY":
		return true
	}
	return false
}

// kind is the first word of tag.
func kind(tag pgconn.CommandTag) string {
	verb, _, _ := strings.Cut(tag.String(), " ")
	return verb
}

// destroy makes sure that nobody uses the connection again.
func destroy(conn *pgxpool.Conn) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // do not wait for the server
	_ = conn.Conn().Close(ctx)
}
