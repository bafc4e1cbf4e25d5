package dsar

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"
)

// AddHold implements [Store].
func (m *Memory) AddHold(ctx context.Context, h HoldRow) (out HoldRow, err error) {
	err = m.write(ctx, func(rows *memoryRows, now time.Time) error {
		if old, ok := rows.holds[h.ID]; ok {
			out = old
			return ErrExists
		}
		if !isID(h.ID) || h.Basis == "" {
			return refused("a hold without an id or basis")
		}
		if err := kept(h.Table, h.Basis, h.By); err != nil {
			return err
		}
		out = h
		out.Placed, out.Until, out.Released, out.Why = now, micro(h.Until), time.Time{}, ""
		rows.holds[h.ID] = out
		return nil
	})
	return out, err
}

// ReleaseHold implements [Store].
func (m *Memory) ReleaseHold(ctx context.Context, id ID, why string) (out HoldRow, err error) {
	err = m.write(ctx, func(rows *memoryRows, now time.Time) error {
		h, ok := rows.holds[id]
		if !ok {
			return ErrNotFound
		}
		if err := kept(why); err != nil {
			return err
		}
		if h.Released.IsZero() {
			h.Released, h.Why = now, why
			rows.holds[id] = h
		}
		out = h
		return nil
	})
	return out, err
}

// Holds implements [Store].
func (m *Memory) Holds(ctx context.Context, ended bool) (out []HoldRow, err error) {
	err = m.read(ctx, func(rows *memoryRows, now time.Time) error {
		for _, h := range rows.holds {
			if ended || h.In(now) {
				out = append(out, h)
			}
		}
		slices.SortFunc(out, func(a, b HoldRow) int { return cmp.Or(a.Placed.Compare(b.Placed), cmp.Compare(a.ID, b.ID)) })
		return nil
	})
	return out, err
}

func (r *RestraintRow) is(ref Ref, k Kind, purpose string) bool {
	return r.Lifted.IsZero() && r.Ref == ref && r.Kind == k && r.Purpose == purpose
}

// AddRestraint implements [Store].
func (m *Memory) AddRestraint(ctx context.Context, r RestraintRow) error {
	return m.write(ctx, func(rows *memoryRows, now time.Time) error {
		if r.Ref.IsZero() || !applies(r.Kind) || r.Kind == Rectification || !isID(r.Request) {
			return refused("a restraint of nobody, or of a kind that restrains nothing")
		}
		if err := kept(r.Purpose); err != nil {
			return err
		}
		if slices.ContainsFunc(rows.restraints, func(o RestraintRow) bool { return o.is(r.Ref, r.Kind, r.Purpose) }) {
			return nil
		}
		r.Since, r.Lifted = now, time.Time{}
		rows.restraints = append(slices.Clip(rows.restraints), r)
		return nil
	})
}

// Lift implements [Store].
func (m *Memory) Lift(ctx context.Context, ref Ref, k Kind, purpose string) error {
	return m.write(ctx, func(rows *memoryRows, now time.Time) error {
		for i := range rows.restraints {
			if rows.restraints[i].is(ref, k, purpose) {
				rows.restraints = slices.Clone(rows.restraints)
				rows.restraints[i].Lifted = now
				return nil
			}
		}
		return ErrNotFound
	})
}

// Restraints implements [Store].
func (m *Memory) Restraints(ctx context.Context, ref Ref) (out []RestraintRow, err error) {
	err = m.read(ctx, func(rows *memoryRows, _ time.Time) error {
		for _, r := range rows.restraints {
			if r.Ref == ref && r.Lifted.IsZero() {
				out = append(out, r)
			}
		}
		slices.SortFunc(out, func(a, b RestraintRow) int {
			return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Purpose, b.Purpose))
		})
		return nil
	})
	return out, err
}

// SetRetention implements [Store].
func (m *Memory) SetRetention(ctx context.Context, r RetentionRow) error {
	return m.write(ctx, func(rows *memoryRows, now time.Time) error {
		if r.Category == "" || r.For.Years < 0 || r.For.Months < 0 || r.For.Days < 0 {
			return refused("a period of no category, or less than no time")
		}
		if err := kept(r.Category, r.By); err != nil {
			return err
		}
		r.Set = now
		rows.retentions[r.Category] = r
		if r.For.IsZero() {
			delete(rows.retentions, r.Category)
		}
		return nil
	})
}

// Retentions implements [Store].
func (m *Memory) Retentions(ctx context.Context) (out []RetentionRow, err error) {
	err = m.read(ctx, func(rows *memoryRows, _ time.Time) error {
		for _, name := range slices.Sorted(maps.Keys(rows.retentions)) {
			out = append(out, rows.retentions[name])
		}
		return nil
	})
	return out, err
}
