package retention

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Marks keep, for each tenant, the latest time that the database's clock is known to have shown.
type Marks interface {
	// Mark returns it, in UTC to the microsecond; the zero time if there is none.
	Mark(ctx context.Context) (time.Time, error)
	// Put writes it in the place of the one there is.
	Put(ctx context.Context, t time.Time) error
}

const (
	// apart is how far two clocks that are right may be from each other.
	apart = 24 * time.Hour
	// backwards is how far a clock that is set right may go back.
	backwards = 5 * time.Minute
)

// now returns the database's time if it is to be believed, and moves the mark on.
func (s *Sweeper) now(ctx context.Context) (time.Time, error) {
	now, err := s.store.Now(ctx)
	if err != nil {
		return time.Time{}, err
	}
	if d := now.Sub(s.o.Clock()); d > apart || d < -apart {
		return time.Time{}, fmt.Errorf("%w: it is more than a day from this machine's", ErrClock)
	}
	mark, err := s.marks.Mark(ctx)
	if err != nil {
		return time.Time{}, err
	}
	switch d := now.Sub(mark); {
	case mark.IsZero():
	case d < -backwards:
		return time.Time{}, fmt.Errorf("%w: it went back", ErrClock)
	case d > s.o.Gap:
		return time.Time{}, fmt.Errorf("%w: it is far ahead of the last sweep", ErrClock)
	}
	if now.After(mark) {
		err = s.marks.Put(ctx, now)
	}
	return now, err
}

// Trust says that the clock is right, after [ErrClock]: at is the time as whoever looked knows it, and has to be the database's to within a day.
func (s *Sweeper) Trust(ctx context.Context, at time.Time) error {
	now, err := s.store.Now(ctx)
	if err != nil {
		return err
	}
	if d := now.Sub(at); d > apart || d < -apart {
		return fmt.Errorf("%w: it shows another day", ErrClock)
	}
	return s.marks.Put(ctx, now)
}

// MemoryMarks are [Marks] in memory, for tests: they end with the process.
type MemoryMarks struct {
	mu sync.Mutex
	by map[tenancy.ID]time.Time
}

// Mark implements [Marks].
func (m *MemoryMarks) Mark(ctx context.Context) (time.Time, error) {
	id, err := tenancy.From(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.by[id], err
}

// Put implements [Marks].
func (m *MemoryMarks) Put(ctx context.Context, t time.Time) error {
	id, err := tenancy.From(ctx)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.by == nil {
		m.by = map[tenancy.ID]time.Time{}
	}
	m.by[id] = t
	return nil
}
