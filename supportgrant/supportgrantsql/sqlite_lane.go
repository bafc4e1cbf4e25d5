package supportgrantsql

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// lanes are where reads of a tenant wait for the one that writes: those that come while one batch of them is being committed are
// the next. So one transaction at most of all reads stands in the way of a withdrawal, which waits its turn like any other.
type lanes struct {
	mu sync.Mutex
	of map[tenancy.ID]*lane // those in use
}

type lane struct{ waiting []*entering }

// mostAtOnce is how many reads one transaction lets in.
const mostAtOnce = 128

// take commits e, alone or with others.
func (l *lanes) take(ctx context.Context, tenant tenancy.ID, e *entering, commit func(ctx context.Context, batch []*entering)) error {
	l.mu.Lock()
	if l.of[tenant] == nil {
		l.of[tenant] = &lane{}
		l.mu.Unlock()
		return l.alone(ctx, tenant, e, commit)
	}
	e.woken = make(chan struct{}, 1)
	l.of[tenant].waiting = append(l.of[tenant].waiting, e)
	l.mu.Unlock()
	for {
		select {
		case <-e.woken:
			batch := l.batch(tenant, e)
			switch {
			case batch == nil:
				if e.panic != nil {
					panic(e.panic)
				}
				return e.err
			case len(batch) == 1:
				return l.alone(ctx, tenant, e, commit)
			}
			go l.together(tenant, batch, commit)
		case <-ctx.Done():
			l.desert(tenant, e)
			return ctx.Err()
		}
	}
}

// alone commits e by itself, with its own context.
func (l *lanes) alone(ctx context.Context, tenant tenancy.ID, e *entering, commit func(ctx context.Context, batch []*entering)) error {
	defer l.next(tenant)
	commit(ctx, []*entering{e})
	return e.err
}

// batch returns those that e leads, e among them; nil if it is done.
func (l *lanes) batch(tenant tenancy.ID, e *entering) []*entering {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.done {
		return nil
	}
	e.leads = false
	of := l.of[tenant]
	n := min(len(of.waiting), mostAtOnce)
	batch := of.waiting[:n:n]
	of.waiting = append([]*entering(nil), of.waiting[n:]...)
	return batch
}

// together commits a batch. It is given up when all who wait for it have gone.
func (l *lanes) together(tenant tenancy.ID, batch []*entering, commit func(ctx context.Context, batch []*entering)) {
	defer l.next(tenant)
	ctx, cancel := context.WithCancel(tenancy.With(context.Background(), tenant))
	defer cancel()
	defer l.tell(batch)
	var left atomic.Int64
	left.Store(int64(len(batch)))
	for _, e := range batch {
		defer context.AfterFunc(e.ctx, func() {
			if left.Add(-1) == 0 {
				cancel()
			}
		})()
	}
	commit(ctx, batch)
}

// tell tells all of batch that they are done, and ends the holds of those who have gone.
func (l *lanes) tell(batch []*entering) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range batch {
		if e.done = true; e.deserted {
			e.release()
		} else {
			e.woken <- struct{}{}
		}
	}
}

// next has the first of those who wait lead the others.
func (l *lanes) next(tenant tenancy.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lead(tenant)
}

func (l *lanes) lead(tenant tenancy.ID) {
	if of := l.of[tenant]; len(of.waiting) == 0 {
		delete(l.of, tenant)
	} else {
		of.waiting[0].leads = true
		of.waiting[0].woken <- struct{}{}
	}
}

// desert gives e up, whose context has ended.
func (l *lanes) desert(tenant tenancy.ID, e *entering) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.deserted = true
	if e.done {
		e.release()
		return
	}
	if of := l.of[tenant]; of != nil {
		of.waiting = slices.DeleteFunc(of.waiting, func(w *entering) bool { return w == e })
	}
	if e.leads { // and has not begun to
		l.lead(tenant)
	}
}
