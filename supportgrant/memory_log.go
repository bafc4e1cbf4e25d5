package supportgrant

import (
	"cmp"
	"context"
	"slices"
	"time"
)

type memoryNote struct {
	NoteRow
	leased time.Time
	sent   bool
}

// add adds an entry at that time.
func (r *memoryRows) add(e Entry, now time.Time) error {
	if err := kept(slices.Concat([]string{string(e.By), e.Category, e.Resource, e.Why}, e.Columns, e.Matched, e.Keys, e.After)...); err != nil {
		return err
	}
	if !slices.Contains(kinds, e.Kind) {
		return refused("an entry of no kind")
	}
	e.At, e.Ticket = now, ""
	e.Columns, e.Matched, e.Keys, e.After = slices.Clone(e.Columns), slices.Clone(e.Matched), slices.Clone(e.Keys), slices.Clone(e.After)
	r.log = append(r.log, e)
	if now.After(r.latest[e.Grant]) {
		r.latest[e.Grant] = now
	}
	return nil
}

var kinds = []Kind{KindRequested, KindConfirmed, KindApproved, KindDenied, KindCancelled, KindLapsed, KindWithdrawn, KindExpired, KindRead, KindRefused}

// Append implements [Store].
func (m *Memory) Append(ctx context.Context, e Entry) error {
	return m.write(ctx, func(r *memoryRows, now time.Time) error {
		if slices.ContainsFunc(r.log, func(o Entry) bool { return o.ID == e.ID }) {
			return nil
		}
		return r.add(e, now)
	})
}

// Log implements [Store].
func (m *Memory) Log(ctx context.Context, f Look, before Place, limit int) (out []Entry, err error) {
	err = m.read(ctx, func(r *memoryRows, _ time.Time) error {
		for _, e := range r.log {
			g := r.grants[e.Grant]
			if (f.Grant == GrantID{} || f.Grant == e.Grant) && (f.Staff == "" || f.Staff == g.Staff) && (f.Kinds == nil || slices.Contains(f.Kinds, e.Kind)) &&
				(before.IsZero() || (Place{e.At, e.ID}).compare(before) < 0) {
				e.Ticket = g.Ticket
				e.Columns, e.Matched, e.Keys, e.After = slices.Clone(e.Columns), slices.Clone(e.Matched), slices.Clone(e.Keys), slices.Clone(e.After)
				out = append(out, e)
			}
		}
		slices.SortFunc(out, func(a, b Entry) int { return Place{b.At, b.ID}.compare(Place{a.At, a.ID}) })
		if len(out) > limit {
			out = out[:limit]
		}
		return nil
	})
	return out, err
}

// Post implements [Store].
func (m *Memory) Post(ctx context.Context, n NoteRow) error {
	return m.write(ctx, func(r *memoryRows, now time.Time) error {
		if _, ok := r.notes[n.Key]; ok {
			return nil
		}
		if err := kept(n.Key, string(n.Kind)); err != nil {
			return err
		}
		n.At = now
		r.notes[n.Key] = memoryNote{NoteRow: n}
		return nil
	})
}

// Claim implements [Store].
func (m *Memory) Claim(ctx context.Context, limit int, lease time.Duration) (out []NoteRow, err error) {
	err = m.write(ctx, func(r *memoryRows, now time.Time) error {
		var due []memoryNote
		for _, n := range r.notes {
			if !n.sent && !now.Before(n.At.Add(n.Delay)) && !now.Before(n.leased) {
				due = append(due, n)
			}
		}
		slices.SortFunc(due, func(a, b memoryNote) int {
			return cmp.Or(a.At.Add(a.Delay).Compare(b.At.Add(b.Delay)), cmp.Compare(a.Key, b.Key))
		})
		for _, n := range due[:min(limit, len(due))] {
			n.leased = now.Add(lease)
			r.notes[n.Key] = n
			out = append(out, n.NoteRow)
		}
		return nil
	})
	return out, err
}

// Sent implements [Store].
func (m *Memory) Sent(ctx context.Context, key string) error {
	return m.write(ctx, func(r *memoryRows, _ time.Time) error {
		if n, ok := r.notes[key]; ok {
			n.sent = true
			r.notes[key] = n
		}
		return nil
	})
}

// Reserve implements [Store].
func (m *Memory) Reserve(ctx context.Context, id GrantID, n, most int64) (got int64, err error) {
	err = m.write(ctx, func(r *memoryRows, _ time.Time) error {
		if _, ok := r.grants[id]; !ok {
			return ErrNotFound
		}
		got = max(0, min(n, most-r.spent[id]))
		r.spent[id] += got
		return nil
	})
	return got, err
}
