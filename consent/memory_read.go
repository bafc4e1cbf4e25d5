package consent

import (
	"context"
	"slices"
)

// look runs f on all entries of one moment, as the transaction sees them.
func (m *Memory) look(ctx context.Context, f func(x *memoryTx, entries []Entry) error) error {
	return m.in(ctx, func(_ context.Context, x *memoryTx) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		entries := x.ledger.entries
		if len(x.entries) > 0 {
			entries = slices.Concat(entries, x.entries)
		}
		return f(x, entries)
	})
}

// Keyed implements [Store].
func (m *Memory) Keyed(ctx context.Context, keys []Key) (out []Entry, err error) {
	err = m.look(ctx, func(_ *memoryTx, entries []Entry) error {
		for i := range entries {
			if slices.Contains(keys, entries[i].Key) {
				out = append(out, entries[i])
			}
		}
		return nil
	})
	return out, err
}

// State implements [Store].
func (m *Memory) State(ctx context.Context, who Who) (State, error) {
	s, err := m.States(ctx, []Who{who})
	if err != nil {
		return State{}, err
	}
	return s[0], nil
}

// States implements [Store].
func (m *Memory) States(ctx context.Context, whos []Who) (out []State, err error) {
	err = m.look(ctx, func(x *memoryTx, _ []Entry) error {
		for _, w := range whos {
			s, ok := x.states[w]
			if !ok {
				s = x.ledger.states[w]
			}
			out = append(out, s)
		}
		return nil
	})
	return out, err
}

// History implements [Store].
func (m *Memory) History(ctx context.Context, subject Subject, after uint64, limit int) ([]Entry, error) {
	return m.after(ctx, after, limit, func(e *Entry) bool { return e.Subject == subject })
}

// Ledger implements [Store].
func (m *Memory) Ledger(ctx context.Context, after uint64, limit int) ([]Entry, error) {
	return m.after(ctx, after, limit, func(*Entry) bool { return true })
}

func (m *Memory) after(ctx context.Context, after uint64, limit int, wanted func(*Entry) bool) (out []Entry, err error) {
	err = m.look(ctx, func(_ *memoryTx, entries []Entry) error {
		for i := range entries {
			if e := &entries[i]; e.Seq > after && len(out) < limit && wanted(e) {
				out = append(out, *e)
			}
		}
		return nil
	})
	return out, err
}

// Document implements [Store].
func (m *Memory) Document(ctx context.Context, text Hash) (d Document, err error) {
	err = m.look(ctx, func(x *memoryTx, _ []Entry) error {
		var ok bool
		if d, ok = x.texts[text]; !ok {
			if d, ok = x.ledger.texts[text]; !ok {
				return ErrNotFound
			}
		}
		d.Body = slices.Clone(d.Body)
		return nil
	})
	return d, err
}
