package audit

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

const (
	// heartbeat is how long the log of heads stays without a new signature when nothing happens. A log of which
	// the end was cut off shows by a newest signature that is older.
	heartbeat = time.Minute
	// runTenant is how long Run works on one tenant's checkpoint, and runAtOnce on how many tenants.
	runTenant = 10 * time.Second
	runAtOnce = 4
	// runRetry is how long a tenant is left alone whose checkpoint failed.
	runRetry = 15 * time.Second
	// runListed is how many of the tenants that Options.Tenants lists are looked after in one round.
	runListed = 64
)

// Run makes checkpoints until ctx ends: every Options.Interval, or earlier if a log has Options.Every new events,
// of each tenant this process wrote to and, in turn, of those that Options.Tenants lists; and then of the log of
// heads, at least once a minute. What fails is told to the Logger and tried again. Many processes may run it. It also ends when
// the log is closed.
func (l *Log) Run(ctx context.Context) {
	r := runner{log: l, failing: map[tenancy.ID]time.Time{}}
	tick := time.NewTicker(l.opts.Interval)
	defer tick.Stop()
	for ctx.Err() == nil && !l.isClosed() {
		r.round(ctx)
		select {
		case <-tick.C:
		case <-l.signing.due:
		case <-l.life.Done():
		case <-ctx.Done():
		}
	}
}

// runner is what one call of Run remembers from round to round.
type runner struct {
	log    *Log
	listed []tenancy.ID // still to be looked after before they are listed again
	signed time.Time    // when the log of heads was
	news   bool         // since then there is a checkpoint in it

	mu      sync.Mutex
	failing map[tenancy.ID]time.Time // when it failed last
}

func (r *runner) round(ctx context.Context) {
	written := r.log.written()
	r.checkpoints(ctx, written)
	r.checkpoints(ctx, r.nextListed(ctx))
	now := r.log.signing.now()
	if ctx.Err() != nil || !r.news && now.Sub(r.signed) < heartbeat && !now.Before(r.signed) {
		return
	}
	_, err := r.log.Heads(ctx)
	switch {
	case err == nil:
		r.signed, r.news = now, false
	case !errors.Is(err, ErrNotFound):
		r.failed(ctx, "heads", err)
	}
}

// written returns the tenants that have something unsigned from this process.
func (l *Log) written() []tenancy.ID {
	l.signing.mu.Lock()
	defer l.signing.mu.Unlock()
	ids := make([]tenancy.ID, 0, len(l.signing.unsigned))
	for id := range l.signing.unsigned {
		ids = append(ids, id)
	}
	return ids
}

// nextListed returns the next share of the tenants that the options list.
func (r *runner) nextListed(ctx context.Context) []tenancy.ID {
	if len(r.listed) == 0 && r.log.opts.Tenants != nil {
		for id, err := range r.log.opts.Tenants(ctx) {
			if err != nil {
				r.failed(ctx, "the list of tenants", err)
				break
			}
			r.listed = append(r.listed, id)
		}
	}
	n := min(runListed, len(r.listed))
	share := r.listed[:n]
	r.listed = r.listed[n:]
	return share
}

// checkpoints makes those of the tenants, a few at once, so that one whose database hangs does not hold up the
// others.
func (r *runner) checkpoints(ctx context.Context, ids []tenancy.ID) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, runAtOnce)
	for _, id := range ids {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			r.checkpoint(tenancy.Switch(ctx, id), id)
		})
	}
	wg.Wait()
}

func (r *runner) checkpoint(ctx context.Context, id tenancy.ID) {
	r.mu.Lock()
	failed, ok := r.failing[id]
	r.mu.Unlock()
	if ok && time.Since(failed) < runRetry {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, runTenant)
	defer cancel()
	c, err := r.log.Checkpoint(ctx)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	r.mu.Lock()
	delete(r.failing, id)
	if err != nil {
		r.failing[id] = time.Now()
	} else if c.Size > 0 && !c.Time.Before(r.signed.Truncate(time.Second)) {
		r.news = true
	}
	r.mu.Unlock()
	if err != nil {
		r.failed(ctx, "tenant "+id.String(), err)
	}
}

func (r *runner) failed(ctx context.Context, of string, err error) {
	if r.log.isClosed() && (errors.Is(err, ErrClosed) || errors.Is(err, context.Canceled)) {
		return
	}
	if ctx.Err() == nil || !errors.Is(err, context.Canceled) {
		r.log.opts.Logger.Error("audit: no checkpoint", "of", of, "error", err)
	}
}
