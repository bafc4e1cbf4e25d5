package supportgrantsql

import (
	"context"
	"sync"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// ending ends a grant, and if it can does so once nobody holds it: the lock that those who read share is taken before the grant is changed. Those
// who held it have handed over, and those who come wait until this transaction has ended, and leave the processor to it. Then there is nothing to drain. It does not
// insist: one that holds for longer than reads mostly do is left to Drain, and the withdrawal is in force for the others.
func (g *postgresGuard) ending(ctx context.Context, tx *sqlx.Tx, id supportgrant.GrantID, set string, args []any) (out supportgrant.GrantRow, err error) {
	lock, err := lockOf(ctx, id)
	if err != nil {
		return out, err
	}
	of := quietOf(ctx, id)
	var nobody bool
	const bar = `WITH b AS MATERIALIZED (SELECT supportgrant_bar(?) AS nobody)`
	row := tx.QueryRowxContext(ctx, g.t.SQL(moveText(bar, set, ` FROM b`)+`, b.nobody`), append([]any{lock}, args...)...)
	out, err = scanGrant(func(dest ...any) error { return row.Scan(append(dest, &nobody)...) })
	if err == nil && nobody {
		g.t.DB.AfterCommit(ctx, func() { g.quiet.add(of) })
	}
	return out, err
}

// quiet are grants that ended while nobody held them, until somebody asks. What ended stays ended, so that it is never wrong; one that is
// forgotten is drained for nothing.
type quiet struct {
	mu  sync.Mutex
	ids map[quietGrant]struct{}
}

type quietGrant struct {
	tenant tenancy.ID
	id     supportgrant.GrantID
}

func quietOf(ctx context.Context, id supportgrant.GrantID) quietGrant {
	tenant, _ := tenancy.From(ctx) // which lockOf has found
	return quietGrant{tenant, id}
}

func (q *quiet) add(id quietGrant) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ids == nil || len(q.ids) >= 1024 {
		q.ids = map[quietGrant]struct{}{}
	}
	q.ids[id] = struct{}{}
}

func (q *quiet) forget(id quietGrant) (was bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, was = q.ids[id]
	delete(q.ids, id)
	return was
}
