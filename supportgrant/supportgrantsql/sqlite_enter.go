package supportgrantsql

import (
	"context"
	"database/sql"
	"errors"
	"strings"
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
	e := &entering{ctx: ctx, r: r, args: args}
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

// let is steps 1 to 3 of a [supportgrant.Reading].
func (g *sqliteGuard) let(ctx context.Context, tx *sqlx.Tx, e *entering) error {
	var now int64
	var staff supportgrant.Person
	var state supportgrant.State
	var scope []byte
	var approved, expires, latest sql.NullInt64
	err := tx.QueryRowContext(ctx, g.t.SQL(`SELECT {now}, staff, state, scope, care, approved, expires, (SELECT max(at) FROM supportgrant_entry WHERE grant_id = g.id)
		FROM supportgrant_grant AS g WHERE id = ?`), e.r.Entry.Grant).Scan(&now, &staff, &state, &scope, &e.care, &approved, &expires, &latest)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return supportgrant.ErrNotGranted
	case err != nil:
		return err
	case state != supportgrant.Approved || staff != e.r.Entry.By || e.r.Entry.Category == "" || !strings.Contains(string(scope), `"`+e.r.Entry.Category+`"`),
		now < approved.Int64 || now >= expires.Int64 || latest.Int64 > now+time.Second.Microseconds():
		return supportgrant.ErrNotGranted
	}
	if e.end, err = g.t.DB.Hold(ctx, e.r.Entry.Grant); err != nil {
		return err
	}
	e.since = time.Now()
	if _, err := tx.ExecContext(ctx, insertEntry+`?)`, append(e.args, now)...); err != nil {
		return err
	}
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
