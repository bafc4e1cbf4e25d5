package totp

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
)

// Memory is a [Store] for tests and demonstrations: it is one for all tenants, and forgets all when the program ends, so that who
// restarts it may guess again.
type Memory struct {
	now  func() time.Time
	mu   sync.Mutex
	rows map[string]memoryRow
}

type memoryRow struct {
	step     uint64
	failures int
	last     time.Time
}

// NewMemory returns an empty store with that clock, time.Now if it is nil.
func NewMemory(now func() time.Time) *Memory {
	if now == nil {
		now = time.Now
	}
	return &Memory{now: now, rows: map[string]memoryRow{}}
}

// Attempt does as [Store] says.
func (m *Memory) Attempt(ctx context.Context, authenticator string) (State, error) {
	if err := ctx.Err(); err != nil {
		return State{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now, row := m.now(), m.rows[authenticator]
	st := State{LastStep: row.step, Failures: row.failures + 1, Now: now}
	if !row.last.IsZero() {
		st.Since = max(0, now.Sub(row.last))
	}
	m.rows[authenticator] = memoryRow{row.step, st.Failures, now}
	return st, nil
}

// Succeed does as [Store] says.
func (m *Memory) Succeed(ctx context.Context, authenticator string, step uint64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	row, known := m.rows[authenticator]
	if !known || step <= row.step {
		return fmt.Errorf("totp: step not later than the last: %w", supportgrant.ErrMFA)
	}
	m.rows[authenticator] = memoryRow{step, 0, row.last}
	return nil
}
