package retention

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// patience is for how long a plan that waits to be confirmed is not made anew: it looks through all that has a period, and a worker comes by every minute.
const patience = time.Hour

// waiting are the plans, by tenant, that somebody has to confirm.
type waiting struct {
	mu    sync.Mutex
	plans map[tenancy.ID]unconfirmed
}

type unconfirmed struct {
	plan    *Plan
	job     string
	periods []dsar.RetentionRow // the tenant's own, as they were
}

// find returns the plan of the job that waits, if the tenant's periods are what they were and it is not too old.
func (w *waiting) find(ctx context.Context, job string, periods []dsar.RetentionRow, now time.Time) *Plan {
	id, err := tenancy.From(ctx)
	if err != nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	u, ok := w.plans[id]
	if !ok || u.job != job || !slices.Equal(u.periods, periods) {
		return nil
	}
	if age := now.Sub(u.plan.At); age < 0 || age >= patience {
		return nil
	}
	return u.plan
}

// put notes a plan; nil: none waits any more.
func (w *waiting) put(ctx context.Context, job string, periods []dsar.RetentionRow, p *Plan) {
	id, err := tenancy.From(ctx)
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if p == nil {
		delete(w.plans, id)
		return
	}
	if w.plans == nil {
		w.plans = map[tenancy.ID]unconfirmed{}
	}
	w.plans[id] = unconfirmed{p, job, periods}
}
