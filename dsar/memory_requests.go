package dsar

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"time"
)

// copied is r as it is kept: with lists of its own and times to the microsecond.
func (r RequestRow) copied() RequestRow {
	for _, t := range []*time.Time{&r.Received, &r.Since, &r.Acknowledged, &r.Verified, &r.Approved, &r.Until, &r.Extended, &r.Ended, &r.Closed, &r.AckBy, &r.ExtendBy, &r.Due, &r.Next, &r.Leased} {
		*t = micro(*t)
	}
	r.Pauses, r.Purposes, r.Sealed = some(r.Pauses), some(r.Purposes), some(r.Sealed)
	for i := range r.Pauses {
		r.Pauses[i].Asked, r.Pauses[i].Done = micro(r.Pauses[i].Asked), micro(r.Pauses[i].Done)
	}
	return r
}

// some is a copy, and nil of what is empty.
func some[T any](all []T) []T { return append([]T(nil), all...) }

// may reports why r must never be, on its own.
func (r *RequestRow) may() error {
	ended := r.State == Ending || r.State == Closed
	switch {
	case !isID(r.ID) || !slices.Contains(Kinds(), r.Kind) || !slices.Contains(States(), r.State):
		return refused("an id, kind or state that is none")
	case r.Subject == "" || r.Ref.IsZero() || r.Law == "" || r.Received.IsZero():
		return refused("a request without a subject, ref, law or time")
	case r.Since.IsZero() || r.Since.After(r.Received):
		return refused("a clock that begins after the request")
	case (r.State == Verified || r.State == Approved || r.State == Working) && r.Verified.IsZero():
		return refused("a request that goes on, and nobody knows who asks")
	case (r.State == Approved || r.State == Working) && r.Kind == Erasure && (r.Plan == "" || r.Approved.IsZero()):
		return refused("an erasure without an approved plan")
	case ended != (r.Outcome != "") || ended == r.Ended.IsZero() || r.Outcome != "" && !slices.Contains(Outcomes(), r.Outcome):
		return refused("an end without an outcome, or an outcome without an end")
	case (r.Outcome == Refused) != (r.Ground != "") || r.Ground != "" && !slices.Contains(Grounds(), r.Ground):
		return refused("a refusal without a ground, or a ground without a refusal")
	case (r.Outcome == Joined) != (r.Into != ""):
		return refused("what joined joins another request, and nothing else does")
	case (r.State == Closed) != (len(r.Sealed) == 0) || (r.State == Closed) == r.Closed.IsZero():
		return refused("a closed request that holds something of the person, or an open one that does not")
	}
	return kept(slices.Concat([]string{r.Subject, r.Law, r.Map, r.Method, r.Plan, string(r.Into)}, r.Purposes)...)
}

// follows reports why r must never come after o.
func (r *RequestRow) follows(o *RequestRow) error {
	set := func(was, is time.Time) bool { return was.IsZero() || was.Equal(is) }
	switch {
	case o.State == Closed:
		return refused("a closed request changes")
	case r.State != o.State && !o.State.May(o.Kind, r.State):
		return refused("a move that no request makes")
	case r.Kind != o.Kind || r.Subject != o.Subject || r.Ref != o.Ref || r.Law != o.Law || !r.Received.Equal(o.Received):
		return refused("another kind, subject, ref, law or time of receipt")
	case r.Since.After(o.Since):
		return refused("a clock that begins later than it did")
	case !set(o.Verified, r.Verified) || !set(o.Ended, r.Ended):
		return refused("a time that was set changes")
	case r.State == o.State && !o.Approved.Equal(r.Approved):
		return refused("the time of approval changes without the state")
	case o.Outcome != "" && (r.Outcome != o.Outcome || r.Ground != o.Ground || r.Into != o.Into):
		return refused("an outcome that changes")
	}
	return nil
}

// active reports whether a person has at most one request in that state.
func active(s State) bool { return s == Verified || s == Approved || s == Working }

func (p Place) compare(o Place) int {
	switch {
	case p.Due.IsZero() && !o.Due.IsZero():
		return 1
	case !p.Due.IsZero() && o.Due.IsZero():
		return -1
	}
	return cmp.Or(p.Due.Compare(o.Due), cmp.Compare(p.ID, o.ID))
}

// Place returns the place of r in the order of requests.
func (r *RequestRow) Place() Place { return Place{r.Due, r.ID} }

// Add implements [Store].
func (m *Memory) Add(ctx context.Context, r RequestRow) (out RequestRow, err error) {
	err = m.write(ctx, func(rows *memoryRows, _ time.Time) error {
		if old, ok := rows.requests[r.ID]; ok {
			out = old.copied()
			return ErrExists
		}
		r := r.copied()
		r.Version, r.Lease, r.Leased = 1, "", time.Time{}
		if r.State != Open {
			return refused("a request that does not begin as open")
		}
		if err := r.may(); err != nil {
			return err
		}
		rows.requests[r.ID] = r
		out = r.copied()
		return nil
	})
	return out, err
}

// Request implements [Store].
func (m *Memory) Request(ctx context.Context, id ID) (out RequestRow, err error) {
	err = m.read(ctx, func(rows *memoryRows, _ time.Time) error {
		r, ok := rows.requests[id]
		if !ok {
			return ErrNotFound
		}
		out = r.copied()
		return nil
	})
	return out, err
}

// Update implements [Store].
func (m *Memory) Update(ctx context.Context, r RequestRow) (out RequestRow, err error) {
	err = m.write(ctx, func(rows *memoryRows, _ time.Time) error {
		old, ok := rows.requests[r.ID]
		switch {
		case !ok:
			return ErrNotFound
		case old.Version != r.Version:
			return ErrConflict
		}
		r := r.copied()
		r.Version, r.Lease, r.Leased = old.Version+1, old.Lease, old.Leased
		if err := r.may(); err != nil {
			return err
		}
		if err := r.follows(&old); err != nil {
			return err
		}
		if active(r.State) && !active(old.State) {
			for _, o := range rows.requests {
				if o.ID != r.ID && o.Ref == r.Ref && o.Kind == r.Kind && active(o.State) {
					return ErrExists
				}
			}
		}
		rows.requests[r.ID] = r
		out = r.copied()
		return nil
	})
	return out, err
}

// Requests implements [Store].
func (m *Memory) Requests(ctx context.Context, f Find) (out []RequestRow, err error) {
	err = m.read(ctx, func(rows *memoryRows, _ time.Time) error {
		for _, r := range rows.requests {
			if (f.Ref.IsZero() || f.Ref == r.Ref) && (f.States == nil || slices.Contains(f.States, r.State)) &&
				(f.Kinds == nil || slices.Contains(f.Kinds, r.Kind)) && (f.After == Place{} || r.Place().compare(f.After) > 0) {
				out = append(out, r.copied())
			}
		}
		slices.SortFunc(out, func(a, b RequestRow) int { return a.Place().compare(b.Place()) })
		if f.Limit > 0 && len(out) > f.Limit {
			out = out[:f.Limit]
		}
		return nil
	})
	return out, err
}

// Claim implements [Store].
func (m *Memory) Claim(ctx context.Context, c Claiming) (out []RequestRow, err error) {
	err = m.write(ctx, func(rows *memoryRows, now time.Time) error {
		if c.Lease == "" || len(c.Lease) > 64 || c.For <= 0 {
			return refused("a lease without a name or time")
		}
		var due []RequestRow
		for _, r := range rows.requests {
			if (c.ID == r.ID || c.ID == "" && !r.Next.IsZero() && !now.Before(r.Next)) && (r.Lease == "" || !now.Before(r.Leased)) {
				due = append(due, r)
			}
		}
		slices.SortFunc(due, func(a, b RequestRow) int { return cmp.Or(a.Next.Compare(b.Next), cmp.Compare(a.ID, b.ID)) })
		for _, r := range due[:max(0, min(c.Limit, len(due)))] {
			r.Lease, r.Leased = c.Lease, micro(now.Add(c.For))
			rows.requests[r.ID] = r
			out = append(out, r.copied())
		}
		return nil
	})
	return out, err
}

// Renew implements [Store].
func (m *Memory) Renew(ctx context.Context, id ID, lease string, d time.Duration) error {
	return m.write(ctx, func(rows *memoryRows, now time.Time) error {
		r, ok := rows.requests[id]
		if !ok || lease == "" || r.Lease != lease || !now.Before(r.Leased) {
			return ErrLease
		}
		r.Leased = micro(now.Add(d))
		rows.requests[id] = r
		return nil
	})
}

// Free implements [Store].
func (m *Memory) Free(ctx context.Context, id ID, lease string) error {
	return m.write(ctx, func(rows *memoryRows, _ time.Time) error {
		if r, ok := rows.requests[id]; ok && r.Lease == lease {
			r.Lease, r.Leased = "", time.Time{}
			rows.requests[id] = r
		}
		return nil
	})
}

// Purge implements [Store].
func (m *Memory) Purge(ctx context.Context, before time.Time, limit int) (n int, err error) {
	err = m.write(ctx, func(rows *memoryRows, now time.Time) error {
		if !before.Before(now) {
			return refused("what was closed just now goes")
		}
		closed := slices.SortedFunc(maps.Values(rows.requests), func(a, b RequestRow) int { return cmp.Or(a.Closed.Compare(b.Closed), cmp.Compare(a.ID, b.ID)) })
		n = 0
		for _, r := range closed {
			if r.State == Closed && r.Closed.Before(before) && n < limit {
				delete(rows.requests, r.ID)
				delete(rows.steps, r.ID)
				delete(rows.events, r.ID)
				n++
			}
		}
		return nil
	})
	return n, err
}

// PutStep implements [Store].
func (m *Memory) PutStep(ctx context.Context, s StepRow) error {
	return m.write(ctx, func(rows *memoryRows, _ time.Time) error {
		if _, ok := rows.requests[s.Request]; !ok {
			return ErrNotFound
		}
		if s.Name == "" || s.Begun.IsZero() {
			return refused("a step without a name or beginning")
		}
		if err := kept(s.Name, s.Why, string(s.Result)); err != nil {
			return err
		}
		s.Begun, s.Done, s.Result = micro(s.Begun), micro(s.Done), some(s.Result)
		all := slices.Clone(rows.steps[s.Request])
		at := slices.IndexFunc(all, func(o StepRow) bool { return o.Name == s.Name })
		switch {
		case at < 0:
			all = append(all, s)
		case !all[at].Done.IsZero() && !all[at].equal(&s):
			return refused("a step that is done changes")
		default:
			all[at] = s
		}
		rows.steps[s.Request] = all
		return nil
	})
}

func (s *StepRow) equal(o *StepRow) bool {
	return s.Tries == o.Tries && s.Begun.Equal(o.Begun) && s.Done.Equal(o.Done) && s.Why == o.Why && bytes.Equal(s.Result, o.Result)
}

// Steps implements [Store].
func (m *Memory) Steps(ctx context.Context, id ID) (out []StepRow, err error) {
	err = m.read(ctx, func(rows *memoryRows, _ time.Time) error {
		out = some(rows.steps[id])
		for i := range out {
			out[i].Result = some(out[i].Result)
		}
		slices.SortFunc(out, func(a, b StepRow) int { return cmp.Or(a.Begun.Compare(b.Begun), cmp.Compare(a.Name, b.Name)) })
		return nil
	})
	return out, err
}

// Append implements [Store].
func (m *Memory) Append(ctx context.Context, e EventRow) (out EventRow, err error) {
	err = m.write(ctx, func(rows *memoryRows, now time.Time) error {
		if _, ok := rows.requests[e.Request]; !ok {
			return ErrNotFound
		}
		if err := kept(e.Kind, e.By, e.What); err != nil {
			return err
		}
		if e.Kind == "" {
			return refused("an event of no kind")
		}
		out = e
		out.Seq, out.At = int64(len(rows.events[e.Request]))+1, now
		rows.events[e.Request] = append(slices.Clip(rows.events[e.Request]), out)
		return nil
	})
	return out, err
}

// Events implements [Store].
func (m *Memory) Events(ctx context.Context, id ID) (out []EventRow, err error) {
	err = m.read(ctx, func(rows *memoryRows, _ time.Time) error {
		out = some(rows.events[id])
		return nil
	})
	return out, err
}
