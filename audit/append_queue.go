package audit

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
)

// What one write of a queue takes at most, unless a single call brings more.
const (
	batchEvents = 2048
	batchBytes  = 4 << 20
)

// queue is what waits to be appended to one tenant's log. There is one while something waits or is being written,
// and a goroutine that writes it: whatever came while the last write was under way is the next write. There is no
// timer, so that a lone writer waits for nobody. The queue needs no bound of its own: each job's caller waits.
type queue struct {
	jobs []*job
}

// job is what one call of Append brings; it is never divided.
type job struct {
	ctx     context.Context
	entries []Entry
	bytes   int
	named   bool // an id is the caller's, so that another job may have the same
	taken   bool // on its way to the store
	gone    bool // taken back
	done    chan struct{}
	placed  []Placed
	err     error
}

func newJob(n int) *job { return &job{entries: make([]Entry, 0, n), done: make(chan struct{})} }

// add puts an entry into j.
func (j *job) add(en Entry) {
	j.entries = append(j.entries, en)
	j.bytes += len(en.Leaf)
	for i := range en.Open {
		j.bytes += len(en.Open[i].Data)
	}
}

func (j *job) repeatsID() bool {
	if !j.named || len(j.entries) == 1 {
		return false
	}
	seen := make(map[uuid.UUID]struct{}, len(j.entries))
	for i := range j.entries {
		seen[j.entries[i].ID] = struct{}{}
	}
	return len(seen) < len(j.entries)
}

// queued hands j to the tenant's queue and waits for it.
func (l *Log) queued(ctx context.Context, tenant tenancy.ID, j *job) ([]Placed, error) {
	j.ctx = ctx
	if err := l.enqueue(tenant, j); err != nil {
		return nil, err
	}
	select {
	case <-j.done:
		return j.placed, j.err
	case <-ctx.Done():
	}
	l.mu.Lock()
	j.gone = !j.taken
	l.mu.Unlock()
	select {
	case <-j.done: // it was just in time
		return j.placed, j.err
	default:
	}
	if j.gone {
		return nil, fmt.Errorf("audit: nothing recorded: %w", ctx.Err())
	}
	return nil, fmt.Errorf("%w: %w", ErrUnknown, ctx.Err())
}

func (l *Log) enqueue(tenant tenancy.ID, j *job) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	q := l.queues[tenant]
	if q == nil {
		q = &queue{}
		l.queues[tenant] = q
		l.busy.Add(1)
		go l.write(tenant, q)
	}
	q.jobs = append(q.jobs, j)
	return nil
}

// write writes the queue until it is empty.
func (l *Log) write(tenant tenancy.ID, q *queue) {
	defer l.busy.Done()
	for {
		l.gather(q)
		batch := l.take(tenant, q)
		if batch == nil {
			return
		}
		l.writeBatch(tenant, batch)
	}
}

// gather lets writers who were just woken, or are about to queue up, go first, as long as some come: they fit into this write.
func (l *Log) gather(q *queue) {
	for before, n := -1, 0; n > before && n < batchEvents; {
		runtime.Gosched()
		l.mu.Lock()
		before, n = n, len(q.jobs)
		l.mu.Unlock()
	}
}

// take takes the next batch off q, and q out of the log if there is none.
func (l *Log) take(tenant tenancy.ID, q *queue) (batch []*job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	events, bytes, taken := 0, 0, 0
	var ids map[uuid.UUID]struct{}
	for _, j := range q.jobs {
		if j.gone {
			taken++
			continue
		}
		events, bytes = events+len(j.entries), bytes+j.bytes
		if len(batch) > 0 && (events > batchEvents || bytes > batchBytes || j.repeats(ids)) {
			break
		}
		if j.named && ids == nil {
			ids = map[uuid.UUID]struct{}{}
		}
		j.addTo(ids)
		j.taken = true
		batch = append(batch, j)
		taken++
	}
	q.jobs = slices.Delete(q.jobs, 0, taken)
	if len(batch) == 0 {
		delete(l.queues, tenant)
	}
	return batch
}

// repeats reports whether j brings an id that is among ids. An id twice in a batch would be the store's to sort out.
func (j *job) repeats(ids map[uuid.UUID]struct{}) bool {
	if !j.named || ids == nil {
		return false
	}
	return slices.ContainsFunc(j.entries, func(e Entry) bool { _, ok := ids[e.ID]; return ok })
}

func (j *job) addTo(ids map[uuid.UUID]struct{}) {
	if !j.named {
		return
	}
	for i := range j.entries {
		ids[j.entries[i].ID] = struct{}{}
	}
}

// writeBatch appends the jobs' entries in one call of the store, and wakes who waits for them. If an id in the
// batch was used for another event, halves of it are tried, so that only the job that brought it fails.
func (l *Log) writeBatch(tenant tenancy.ID, batch []*job) {
	entries := batch[0].entries
	if len(batch) > 1 {
		n := 0
		for _, j := range batch {
			n += len(j.entries)
		}
		entries = make([]Entry, 0, n)
		for _, j := range batch {
			entries = append(entries, j.entries...)
		}
	}
	var placed []Placed
	var err error
	if len(entries) > 0 {
		placed, err = l.store.Append(batchContext{l.life, batch[0].ctx}, entries)
	}
	switch {
	case err == nil && len(placed) != len(entries):
		err = fmt.Errorf("%w: the store told of %d places for %d events", ErrUnknown, len(placed), len(entries))
	case err == nil:
		l.tell(tenant, len(placed), placed)
	case errors.Is(err, ErrIDReused) && len(batch) > 1:
		half := len(batch) / 2
		l.writeBatch(tenant, batch[:half])
		l.writeBatch(tenant, batch[half:])
		return
	case !certain(err):
		err = fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	for _, j := range batch {
		switch n := len(j.entries); {
		case err == nil:
			j.placed, placed = placed[:n:n], placed[n:]
		case n > 0: // who only waits for those before does not fail with them
			j.err = err
		}
		close(j.done)
	}
}

// batchContext is that of a batch: it has the values of one of its writers, and ends with the log, not with any
// writer, because the write is not one writer's own.
type batchContext struct {
	context.Context // the log's life; it has no values but package context's own
	values          context.Context
}

func (c batchContext) Value(key any) any {
	if v := c.Context.Value(key); v != nil {
		return v
	}
	return c.values.Value(key)
}
