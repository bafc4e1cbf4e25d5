package audit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// lane is the way to one party outside. Calls on it are made one at a time and each has its own deadline, so
// that a party which hangs holds up nobody but itself. Of what waits meanwhile the newest is kept.
type lane struct {
	name     string
	required bool
	timeout  time.Duration
	compared bool // what it has was compared with the log; guarded by headsState.turn

	mu   sync.Mutex
	busy bool
	sick bool      // the last call failed: nobody waits for the next, unless it is required
	next *laneCall // waits for the one under way
}

type laneCall struct {
	do   func(ctx context.Context) error
	done chan error // has room for one
}

func newLane(name string, required bool, timeout time.Duration) *lane {
	if timeout == 0 {
		timeout = 5 * time.Second
	}
	return &lane{name: name, required: required, timeout: timeout}
}

// send makes the call, or leaves it waiting behind the one under way. The channel tells how it ended; it is nil
// if nobody should wait for that. The call goes on when ctx ends, up to its own deadline; failed is told if it
// fails.
func (a *lane) send(ctx context.Context, busy *sync.WaitGroup, failed func(error), do func(ctx context.Context) error) <-chan error {
	c := &laneCall{do, make(chan error, 1)}
	a.mu.Lock()
	defer a.mu.Unlock()
	wait := a.required || !a.sick && !a.busy
	if a.busy {
		if a.next != nil {
			a.next.done <- fmt.Errorf("audit: %s was still busy", a.name)
		}
		a.next = c
	} else {
		a.busy = true
		busy.Go(func() { a.run(context.WithoutCancel(ctx), c, failed) })
	}
	if !wait {
		return nil
	}
	return c.done
}

func (a *lane) run(ctx context.Context, c *laneCall, failed func(error)) {
	for c != nil {
		err := a.call(ctx, c.do)
		sick := err != nil && !errors.Is(err, ErrConflict)
		if sick {
			failed(err)
		}
		c.done <- err
		a.mu.Lock()
		a.sick = sick
		c, a.next = a.next, nil
		a.busy = c != nil
		a.mu.Unlock()
	}
}

func (a *lane) call(ctx context.Context, do func(ctx context.Context) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("audit: %s panicked", a.name)
		}
	}()
	return do(ctx)
}

// await waits for what send returned, no longer than the lane's deadline.
func (a *lane) await(ctx context.Context, done <-chan error) error {
	if done == nil {
		return nil
	}
	late := time.NewTimer(a.timeout)
	defer late.Stop()
	select {
	case err := <-done:
		return err
	case <-late.C:
		return fmt.Errorf("audit: %s: %w", a.name, context.DeadlineExceeded)
	case <-ctx.Done():
		return ctx.Err()
	}
}
