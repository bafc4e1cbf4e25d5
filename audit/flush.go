package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

const (
	// drainLimit is how many parked events one call of Drain moves.
	drainLimit = 2048
	// drainPause is how long after a drain the next one begins at the earliest, so that one moves many events where commits
	// follow each other. A commit that no drain came shortly before waits for nothing.
	drainPause = 20 * time.Millisecond
)

// Flush returns when the events of ctx's tenant that were recorded before it, in transactions that have
// committed too, have their places in the log. [ErrIDReused]: all but those whose ids were given to other events before
// their transactions committed. The log cannot have both; these stay beside it, without a place.
func (l *Log) Flush(ctx context.Context) error {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if l.store.InTx(ctx) {
		return errors.New("audit: Flush in a transaction would give places to what may not commit")
	}
	if _, err := l.queued(ctx, tenant, newJob(0)); err != nil { // it waits for all before it, and writes nothing
		return err
	}
	_, err = l.drain(ctx, tenant, true)
	return err
}

// drain gives what is parked of ctx's tenant, which is tenant, its places. Unless all of it is asked for, it does not look
// again for what came meanwhile.
func (l *Log) drain(ctx context.Context, tenant tenancy.ID, all bool) (n int, err error) {
	for {
		moved, err := l.store.Drain(ctx, drainLimit)
		if err == nil && moved == 0 || errors.Is(err, ErrIDReused) {
			l.tellReused(ctx, tenant, err)
		}
		if err != nil {
			return n, fmt.Errorf("audit: giving places to what was recorded in transactions: %w", err)
		}
		if moved == 0 {
			return n, nil
		}
		l.tell(tenant, moved, nil)
		if n += moved; !all && moved < drainLimit {
			return n, nil
		}
	}
}

// tellReused tells the Logger of events that will never have a place, once until there are none.
func (l *Log) tellReused(ctx context.Context, tenant tenancy.ID, err error) {
	l.mu.Lock()
	told := l.reused[tenant]
	if err != nil {
		l.reused[tenant] = true
	} else {
		delete(l.reused, tenant)
	}
	l.mu.Unlock()
	if err != nil && !told {
		l.opts.Logger.ErrorContext(ctx, "audit: events recorded in transactions get no place in the log: their ids are other events'", "tenant", tenant, "error", err)
	}
}

// kick drains the tenant's log in the background: one goroutine a tenant, which goes round again if somebody
// kicked meanwhile, and else ends after a pause.
func (l *Log) kick(tenant tenancy.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed { // another process drains it, or the next one
		return
	}
	if _, running := l.kicked[tenant]; running {
		l.kicked[tenant] = true
		return
	}
	l.kicked[tenant] = false
	l.busy.Add(1)
	go l.drainKicked(tenant)
}

func (l *Log) drainKicked(tenant tenancy.ID) {
	defer l.busy.Done()
	ctx := tenancy.With(l.life, tenant)
	for {
		_, err := l.drain(ctx, tenant, false)
		if errors.Is(err, ErrIDReused) {
			err = nil
		}
		if err != nil {
			l.opts.Logger.WarnContext(ctx, "audit: events recorded in transactions wait for their places", "error", err)
		}
		pause := time.NewTimer(drainPause)
		select {
		case <-pause.C:
		case <-l.life.Done():
			pause.Stop()
		}
		l.mu.Lock()
		again := l.kicked[tenant] && err == nil
		if again {
			l.kicked[tenant] = false
		} else {
			delete(l.kicked, tenant)
		}
		l.mu.Unlock()
		if !again {
			return
		}
	}
}

// Close refuses new events ([ErrClosed]) and returns when all that were accepted are durable. If ctx
// ends before, those that are not yet on their way to the store are taken back with ErrClosed, the rest are
// given up on with [ErrUnknown], and Close returns ctx's error.
func (l *Log) Close(ctx context.Context) error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	idle := make(chan struct{})
	go func() {
		l.busy.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		l.end()
		return l.closeHeads(ctx)
	case <-ctx.Done():
	}
	l.mu.Lock()
	for _, q := range l.queues {
		for _, j := range q.jobs {
			if !j.gone {
				j.gone, j.err = true, ErrClosed
				close(j.done)
			}
		}
	}
	l.mu.Unlock()
	l.end()
	return fmt.Errorf("audit: closing: %w", ctx.Err())
}

func (l *Log) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}
