package tenancy

import (
	"slices"
	"time"
)

// meter is what a [Limiter] knows of one tenant. Its shard's lock guards it.
type meter struct {
	Usage
	limit  Limit
	queue  []chan struct{} // who waits, the first first
	tokens float64         // what its rate has left, as of filled
	filled time.Time
	last   time.Time // when it last had work
}

const meterIdle = 10 * time.Minute

// meter returns the meter of id. A new one pays for its place by looking at a few others: each that has
// had no work for long is forgotten. Its bucket starts full, as it would be after such a pause.
func (s *limitShard) meter(id ID, now time.Time) *meter {
	if m, ok := s.tenants[id]; ok {
		return m
	}
	looked := 0
	for other, m := range s.tenants { // in random order
		if m.idle(now) {
			delete(s.tenants, other)
		}
		if looked++; looked == 8 {
			break
		}
	}
	m := &meter{}
	s.tenants[id] = m
	return m
}

func (m *meter) idle(now time.Time) bool {
	return m.InFlight == 0 && len(m.queue) == 0 && now.Sub(m.last) >= meterIdle &&
		(m.limit.Rate <= 0 || now.Sub(m.filled).Seconds()*m.limit.Rate >= float64(m.limit.Burst))
}

// take takes a token, or returns how long until there is one, an hour at most. time.Now's steady clock measures the time
// between, so that setting the wall clock changes nothing.
func (m *meter) take(now time.Time) time.Duration {
	if m.limit.Rate <= 0 {
		return 0
	}
	if m.filled.IsZero() {
		m.tokens = float64(m.limit.Burst)
	} else {
		m.tokens = min(float64(m.limit.Burst), m.tokens+now.Sub(m.filled).Seconds()*m.limit.Rate)
	}
	m.filled = now
	if m.tokens >= 1 {
		m.tokens--
		return 0
	}
	return time.Duration(min((1-m.tokens)/m.limit.Rate, 3600)*float64(time.Second)) + 1
}

// giveBack returns the token of work that was not admitted after all.
func (m *meter) giveBack() { m.tokens = min(float64(m.limit.Burst), m.tokens+1) }

// admit lets in who waits, as far as there is room.
func (m *meter) admit() {
	for len(m.queue) > 0 && m.InFlight < m.limit.Concurrent {
		close(m.queue[0])
		m.queue = slices.Delete(m.queue, 0, 1)
		m.InFlight++
		m.Admitted++
	}
}

// leave takes w out of the queue, and reports whether it was there.
func (m *meter) leave(w chan struct{}) bool {
	i := slices.Index(m.queue, w)
	if i >= 0 {
		m.queue = slices.Delete(m.queue, i, i+1)
	}
	return i >= 0
}

func (m *meter) usage() Usage {
	u := m.Usage
	u.Waiting = len(m.queue)
	return u
}
