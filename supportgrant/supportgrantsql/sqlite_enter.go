package supportgrantsql

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

// entering is a read on its way to its rows.
type entering struct {
	ctx   context.Context // of who reads
	r     *supportgrant.Reading
	args  []any // of its entry
	err   error // why it may not
	care  bool
	since time.Time // when the hold was taken
	end   func()    // ends the hold
	panic any       // of Record

	woken    chan struct{} // tells that it leads, or is done
	leads    bool          // under lanes.mu, as are those below
	done     bool
	deserted bool // nobody waits for it any more
}

// release ends its hold, if it has one.
func (e *entering) release() {
	if end := e.end; end != nil {
		e.end = nil
		end()
	}
}

// enter is the transaction of a read before its data: when it returns without an error the grant is held, was found live, and
// the entry is on the disk.
func (g *sqliteGuard) enter(ctx context.Context, tenant tenancy.ID, r *supportgrant.Reading) (*entering, error) {
	args, err := entryArgs(&r.Entry)
	if err != nil {
		return nil, err
	}
	e := &entering{ctx: ctx, r: r, args: append(args, r.Entry.Grant, string(r.Entry.By), `"`+r.Entry.Category+`"`)}
	if err := g.lanes.take(ctx, tenant, e, g.commit); err != nil {
		return nil, err
	}
	return e, nil
}

// commit lets all of batch enter, in one transaction: they share what a commit costs. Those that may not do not keep the others.
func (g *sqliteGuard) commit(ctx context.Context, batch []*entering) {
	done := false
	defer func() {
		for _, e := range batch {
			if !done && e.err == nil { // Record has panicked, or ended its goroutine
				e.err = errors.New("supportgrantsql: the read's transaction was given up")
			}
			if e.err != nil {
				e.release()
			}
		}
	}()
	err := g.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		for _, e := range batch { // it may have been tried before
			e.release()
			e.err = nil
		}
		if len(batch) == 1 {
			return g.let(ctx, tx, batch[0])
		}
		for _, e := range batch {
			g.beside(ctx, tx, e)
		}
		return nil
	})
	done = true
	for _, e := range batch {
		if err != nil && e.err == nil {
			e.err = err
		}
	}
}

// beside is let for one of many: what it did is undone alone.
func (g *sqliteGuard) beside(ctx context.Context, tx *sqlx.Tx, e *entering) {
	if e.err = e.ctx.Err(); e.err != nil {
		return
	}
	e.err = g.t.DB.Savepoint(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
		defer func() {
			if e.panic = recover(); e.panic != nil {
				err = errors.New("supportgrantsql: what records a read has panicked")
			}
		}()
		return g.let(among{ctx, e.ctx}, tx, e)
	})
}

// enterLive adds an entry at now if its grant is live, and says when and whether with care. The last three parameters are the grant, who
// reads, and the category as it stands in a list.
const enterLive = `WITH n AS MATERIALIZED (SELECT {now} AS now)
	INSERT INTO supportgrant_entry (id, grant_id, kind, acted_by, category, resource, columns_read, matched, keys_asked, after_key, most_rows, why, at)
	SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, n.now FROM n, supportgrant_grant AS g
	WHERE g.id = ? AND g.staff = ? AND instr(g.scope, ?) > 0 AND g.state = 'approved' AND n.now >= g.approved AND n.now < g.expires
		AND COALESCE((SELECT o.at FROM supportgrant_entry AS o WHERE o.grant_id = g.id ORDER BY o.at DESC, o.id DESC LIMIT 1), 0) <= n.now + 1000000
	RETURNING at, (SELECT c.care FROM supportgrant_grant AS c WHERE c.id = grant_id)`

// let is steps 1 to 3 of a [supportgrant.Reading].
func (g *sqliteGuard) let(ctx context.Context, tx *sqlx.Tx, e *entering) error {
	var now int64
	err := tx.QueryRowContext(ctx, g.t.SQL(enterLive), e.args...).Scan(&now, &e.care)
	if errors.Is(err, sql.ErrNoRows) {
		return supportgrant.ErrNotGranted
	}
	if err != nil {
		return err
	}
	if e.end, err = g.t.DB.Hold(ctx, e.r.Entry.Grant); err != nil {
		return err
	}
	e.since = time.Now()
	if e.r.Record == nil {
		return nil
	}
	return e.r.Record(ctx, micro(now))
}

// among is the context of one of many in a transaction: the values are its own, and those of the transaction.
type among struct {
	context.Context
	own context.Context
}

func (a among) Value(key any) any {
	if v := a.own.Value(key); v != nil {
		return v
	}
	return a.Context.Value(key)
}
