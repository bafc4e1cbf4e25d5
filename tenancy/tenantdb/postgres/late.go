package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Defer implements [tenantdb.Deferrer]: the statement travels in the packet of COMMIT.
func (t *tx) Defer(sql string, args []any) {
	t.late = append(t.late, &pgx.QueuedQuery{SQL: sql, Arguments: args})
	t.dirty = t.dirty || locks(sql)
}

// commitLate is Commit for a transaction with statements that were put off until then. One that fails makes the server
// skip the COMMIT behind it. Where they are all there is, BEGIN travels with them too.
func (t *tx) commitLate(ctx context.Context) error {
	defer t.release()
	tail := resetOnly
	if t.dirty {
		tail = scrubList
	}
	b := pgx.Batch{QueuedQueries: t.late}
	for _, sql := range append([]string{"commit"}, tail...) {
		b.Queue(sql)
	}
	var br pgx.BatchResults
	if t.state == open {
		br = t.conn.SendBatch(ctx, &b)
	} else {
		var err error
		if br, err = t.start(ctx, b.QueuedQueries...); err != nil {
			if t.conn == nil {
				return err // nothing was sent
			}
			return &commitSent{err}
		}
	}
	var err error
	clean := true
	for range t.late {
		tag, e := br.Exec()
		if err = e; err != nil {
			break
		}
		clean = clean && leavesNothing(tag)
	}
	verdict := ""
	if err == nil {
		tag, e := br.Exec()
		verdict, err = tag.String(), e
	}
	closed := br.Close()
	switch {
	case err != nil:
		if !t.conn.Conn().IsClosed() {
			t.end("rollback")
		}
		return &commitSent{err}
	case closed != nil || !clean:
		destroy(t.conn) // committed, but not clean
	}
	if verdict == "ROLLBACK" {
		return translate(pgx.ErrTxCommitRollback)
	}
	return nil
}
