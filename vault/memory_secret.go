package vault

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"
)

// Secret implements [Store].
func (m *Memory) Secret(ctx context.Context, purpose, id string) (out StoredSecret, err error) {
	err = m.secret(ctx, purpose, id, func(s *memorySecret) error {
		out = m.told(s)
		out.Sealed = bytes.Clone(out.Sealed)
		return nil
	})
	return out, err
}

func (m *Memory) told(s *memorySecret) StoredSecret {
	out := s.StoredSecret
	out.Stale = m.clock().Sub(s.Used) > time.Minute
	return out
}

func (m *Memory) secret(ctx context.Context, purpose, id string, f func(*memorySecret) error) error {
	return m.of(ctx, func(t *memoryTenant) error {
		s := t.secrets[[2]string{purpose, id}]
		if s == nil {
			return ErrNotFound
		}
		return f(s)
	})
}

// PutSecret implements [Store].
func (m *Memory) PutSecret(ctx context.Context, s StoredSecret) error {
	return m.of(ctx, func(t *memoryTenant) error {
		at := [2]string{s.Purpose, s.ID}
		old, now := t.secrets[at], m.clock()
		s.Sealed, s.Created, s.Replaced, s.Used = bytes.Clone(s.Sealed), now, now, time.Time{}
		next := &memorySecret{StoredSecret: s}
		switch {
		case old == nil && s.Version != 1, old != nil && old.Version != s.Version-1, !t.isActive(s.Key):
			return ErrConflict
		case old != nil:
			clear(old.Sealed)
			next.Created, next.Used, next.lease, next.until = old.Created, old.Used, old.lease, old.until
		}
		t.secrets[at] = next
		return nil
	})
}

// CloseSecret implements [Store].
func (m *Memory) CloseSecret(ctx context.Context, purpose, id string) error {
	return m.secret(ctx, purpose, id, func(s *memorySecret) error { s.Closing = true; return nil })
}

// RemoveSecret implements [Store].
func (m *Memory) RemoveSecret(ctx context.Context, purpose, id string) error {
	return m.of(ctx, func(t *memoryTenant) error {
		at := [2]string{purpose, id}
		if t.secrets[at] == nil {
			return ErrNotFound
		}
		clear(t.secrets[at].Sealed)
		delete(t.secrets, at)
		return nil
	})
}

// Secrets implements [Store].
func (m *Memory) Secrets(ctx context.Context, purpose, id string, f func(StoredSecret) error) error {
	var all []StoredSecret
	err := m.of(ctx, func(t *memoryTenant) error {
		for at, s := range t.secrets {
			if cmp.Or(cmp.Compare(at[0], purpose), cmp.Compare(at[1], id)) > 0 {
				s := m.told(s)
				s.Sealed = nil
				all = append(all, s)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(all, byPlace)
	for _, s := range all {
		if err := f(s); err != nil {
			return err
		}
	}
	return nil
}

// SecretsUnder implements [Store].
func (m *Memory) SecretsUnder(ctx context.Context, key KeyID, purpose, id string, limit int) (out []StoredSecret, err error) {
	err = m.of(ctx, func(t *memoryTenant) error {
		for at, s := range t.secrets {
			if s.Key == key && cmp.Or(cmp.Compare(at[0], purpose), cmp.Compare(at[1], id)) > 0 {
				out = append(out, m.told(s))
				out[len(out)-1].Sealed = bytes.Clone(s.Sealed)
			}
		}
		return nil
	})
	slices.SortFunc(out, byPlace)
	return out[:min(limit, len(out))], err
}

// ResealSecrets implements [Store].
func (m *Memory) ResealSecrets(ctx context.Context, rows []StoredSecret, from KeyID) (n int, err error) {
	err = m.of(ctx, func(t *memoryTenant) error {
		for i := range rows {
			if !t.follows(from, rows[i].Key) {
				return ErrConflict
			}
		}
		for i := range rows {
			row := &rows[i]
			if s := t.secrets[[2]string{row.Purpose, row.ID}]; s != nil && s.Version == row.Version && s.Key == from {
				clear(s.Sealed)
				s.Key, s.Sealed = row.Key, bytes.Clone(row.Sealed)
				n++
			}
		}
		return nil
	})
	return n, err
}

// follows reports whether next is the active key in the place of the retired one from.
func (t *memoryTenant) follows(from, next KeyID) bool {
	i := slices.IndexFunc(t.keys, func(k WrappedKey) bool { return k.ID == from && k.State == Retired })
	return i >= 0 && slices.ContainsFunc(t.keys, func(k WrappedKey) bool {
		old := &t.keys[i]
		return k.ID == next && k.State == Active && k.Level == old.Level && k.Purpose == old.Purpose && k.Subject == old.Subject
	})
}

func byPlace(a, b StoredSecret) int {
	return cmp.Or(cmp.Compare(a.Purpose, b.Purpose), cmp.Compare(a.ID, b.ID))
}

// Used implements [Store].
func (m *Memory) Used(ctx context.Context, purpose, id string) error {
	return m.secret(ctx, purpose, id, func(s *memorySecret) error {
		if now := m.clock(); now.Sub(s.Used) > time.Minute {
			s.Used = now.Truncate(time.Minute)
		}
		return nil
	})
}

// Lease implements [Store].
func (m *Memory) Lease(ctx context.Context, purpose, id, by string, d time.Duration) (ok bool, err error) {
	err = m.secret(ctx, purpose, id, func(s *memorySecret) error {
		now := m.clock()
		if ok = s.lease == by || !now.Before(s.until); ok {
			s.lease, s.until = by, now.Add(d)
		}
		return nil
	})
	return ok, err
}

// Release implements [Store].
func (m *Memory) Release(ctx context.Context, purpose, id, by string) error {
	return m.secret(ctx, purpose, id, func(s *memorySecret) error {
		if s.lease == by {
			s.lease, s.until = "", time.Time{}
		}
		return nil
	})
}
