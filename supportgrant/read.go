package supportgrant

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Access is what somebody of the staff wants to read under a grant.
type Access struct {
	Grant    GrantID
	Staff    Person      // who reads: authenticated by the caller
	Resource string      // by its name in the registry
	Match    []Condition // that rows must fulfil: of [Is], on columns that the resource lists, at a path by the text there; nil: all rows
	After    Cursor      // the Next of the page before; "": from the first
	Limit    int         // rows at most; 0: 50; at most [MaxPage]
}

// Page is what one guarded read returns.
type Page[T any] struct {
	Rows []T
	Next Cursor // for the next page; "": there is none
}

// Use is one guarded read. use gets the rows, all of them, while the grant is held: a withdrawal that runs meanwhile returns after use has
// returned, and one that was before is seen, and use is not called. So what must not be shown after a withdrawal is shown within
// use: written to the client, for one. Its ctx ends when the grant was held for Options.Hold; a use that goes on regardless makes
// withdrawals wait, and then fail with [ErrStillReading]. What use calls of the service to read or to end something with this ctx, which would
// wait for use itself, is [ErrInTransaction].
//
// T is a struct, whose fields are the columns that are read: by their db tag, or by their name, CreatedAt for created_at; or [Row], for
// all of the resource's. A field that the resource does not list is an [InvalidError], as is one whose privacy tag says that support
// may not see it. An audit entry that names the reader, the grant, the resource, the columns, and the key if Match has
// it, is durable before the rows are read.
//
// [ErrNotGranted]: there is no live grant for it: all the same whether it never was, has ended, is another's, does not have
// the category, or Staff or an approver has lost their role, which ends it. [ErrTooMany]: rate or budget are used up. [ErrTooSlow], [ErrUnknown],
// [ErrUnavailable], [ErrSchema]: use was not called. In a transaction of the caller's it is [ErrInTransaction]: the entry would not be durable.
func Use[T any](ctx context.Context, s *Service, a Access, use func(ctx context.Context, page Page[T]) error) error {
	if s.within(ctx) {
		return ErrInTransaction
	}
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return err
	}
	r := s.registry[a.Resource]
	if r == nil {
		return s.refusedRead(ctx, a, "there is no such resource", &InvalidError{"resource", "it is not in the registry"})
	}
	sh, err := shapeIn[T](s, r)
	if err != nil {
		return s.refusedRead(ctx, a, "columns that are not listed", err)
	}
	reading, err := s.reading(r, sh, a)
	if err != nil {
		return s.refusedRead(ctx, a, "a query that cannot be", err)
	}
	if err := s.fit(ctx, tenant); err != nil {
		return err
	}
	f, err := s.entitled(ctx, tenant, a)
	if err != nil {
		return err
	}
	if err := s.admit(ctx, a.Grant, f); errors.Is(err, ErrTooMany) {
		return s.refusedRead(ctx, a, "too many reads", err)
	} else if err != nil {
		return err
	}
	day := f.unnoted()
	if s.o.Recorder != nil || day != "" {
		reading.Record = func(ctx context.Context, now time.Time) error { return s.recordRead(ctx, reading.Entry, day, now) }
	}
	err = s.store.Read(ctx, reading, func(ctx context.Context, rows Rows) error {
		f.note(day)
		all, last, err := collect[T](sh, len(r.Key), rows, reading.Query.Limit)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return tooSlow(ctx, err)
		}
		page := Page[T]{Rows: all}
		if len(all) == reading.Query.Limit {
			page.Next = cursorOf(last)
		}
		return use(context.WithValue(ctx, useKey{s}, true), page)
	})
	if errors.Is(err, ErrNotGranted) {
		return s.refusedRead(ctx, a, s.whyNot(ctx, a, r), err)
	}
	return err
}

// useKey finds in a context that it is one of a function of [Use].
type useKey struct{ s *Service }

// within reports whether ctx is that of a transaction, or of a read that holds its grant.
func (s *Service) within(ctx context.Context) bool {
	return s.store.InTx(ctx) || ctx.Value(useKey{s}) != nil
}

// tooSlow says of a ctx that ran out what that means.
func tooSlow(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrTooSlow, ctx.Err())
	}
	return err
}

// Read is [Use] that returns the rows. They have been handed over when the hold of the grant ends, which is a moment before Read returns: a
// withdrawal may return in between. What must not come after it belongs into Use.
func Read[T any](ctx context.Context, s *Service, a Access) (page Page[T], err error) {
	err = Use(ctx, s, a, func(_ context.Context, p Page[T]) error { page = p; return nil })
	if err != nil {
		return Page[T]{}, err
	}
	return page, nil
}

// Pages goes over all pages from a.After on, each of them a guarded read of its own: the loop's body runs as the use of [Use], while the grant
// is held, and between two pages it may end. It stops at the first error, which comes with an empty page. What a slow
// body does with a page is for after the loop, or for [Read].
func Pages[T any](ctx context.Context, s *Service, a Access) iter.Seq2[Page[T], error] {
	return func(yield func(Page[T], error) bool) {
		for {
			goOn, last := true, false
			err := Use(ctx, s, a, func(_ context.Context, p Page[T]) error {
				a.After, last = p.Next, p.Next == ""
				goOn = yield(p, nil)
				return nil
			})
			if err != nil && goOn {
				yield(Page[T]{}, err)
			}
			if err != nil || !goOn || last {
				return
			}
		}
	}
}

// reading is what the store is asked for, or what is wrong with a.
func (s *Service) reading(r *Resource, sh *shape, a Access) (Reading, error) {
	q := Query{Columns: append(slices.Clone(sh.columns), r.Key...), Match: slices.Clone(a.Match), Limit: a.Limit}
	if q.Limit == 0 {
		q.Limit = 50
	}
	if q.Limit < 1 || q.Limit > MaxPage {
		return Reading{}, &InvalidError{"limit", fmt.Sprintf("it is not from 1 to %d", MaxPage)}
	}
	if err := personOf("staff", a.Staff); err != nil {
		return Reading{}, err
	}
	if len(q.Match) > 16 {
		return Reading{}, &InvalidError{"match", "it has more than 16 conditions"}
	}
	e := Entry{ID: newID(), Kind: KindRead, Grant: a.Grant, By: a.Staff, Category: r.Category.Name(), Resource: r.Name, Columns: sh.columns, Limit: q.Limit}
	for i := range q.Match {
		m := &q.Match[i]
		if m.Op != Equal || !slices.Contains(r.Columns, m.Column) || !m.normalize() {
			return Reading{}, &InvalidError{"match", "a condition is none, or on a column that the resource does not list"}
		}
		if strings.Contains(m.Column, ".") { // what is read by path is text
			m.Value = keyText(m.Value)
		}
		if !slices.Contains(e.Matched, m.Column) {
			e.Matched = append(e.Matched, m.Column)
		}
	}
	for _, k := range r.Key {
		i := slices.IndexFunc(q.Match, func(m Condition) bool { return m.Column == k })
		if i < 0 {
			e.Keys = nil
			break
		}
		e.Keys = append(e.Keys, keyText(q.Match[i].Value))
	}
	var err error
	if q.After, err = a.After.key(len(r.Key)); err != nil {
		return Reading{}, err
	}
	for _, v := range q.After {
		e.After = append(e.After, keyText(v))
	}
	return Reading{Entry: e, Query: q, Resource: *r, Hold: s.o.Hold}, nil
}

// keyText is the value of a key as the log has it.
func keyText(v any) string {
	switch v := v.(type) {
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case []byte:
		return fmt.Sprintf("%x", v)
	}
	return fmt.Sprint(v)
}

// entitled asks who reads, and who approved, whether they still may. If they may not the grant ends: it does not come back with a role.
func (s *Service) entitled(ctx context.Context, tenant tenancy.ID, a Access) (*facts, error) {
	f, err := s.factsOf(ctx, tenant, a.Grant)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && (f == nil || f.staff != a.Staff):
		return nil, s.refusedRead(ctx, a, s.whyNot(ctx, a, s.registry[a.Resource]), ErrNotGranted)
	case err != nil:
		return nil, err
	}
	gone := ""
	if ok, err := s.staffActive(ctx, a.Staff); err != nil {
		return nil, err
	} else if !ok {
		gone = "who asked is not active on the staff any more"
	}
	for _, p := range f.approvers {
		if ok, err := s.canApprove(ctx, p); err != nil {
			return nil, err
		} else if !ok {
			gone = "who approved may not any more"
		}
	}
	if gone == "" {
		return f, nil
	}
	if _, _, err := s.endOne(ctx, a.Grant, "", gone, Cancelled, nil); err != nil {
		return nil, err
	}
	return nil, s.refusedRead(ctx, a, gone, ErrNotGranted)
}

// whyNot is why there is no live grant for a, as the log has it and who asked is not told.
func (s *Service) whyNot(ctx context.Context, a Access, r *Resource) string {
	g, err := s.Grant(ctx, a.Grant)
	switch {
	case errors.Is(err, ErrNotFound):
		return "there is no such grant"
	case err != nil:
		return "no live grant"
	case g.Staff != a.Staff:
		return "the grant is another's"
	case g.State != Approved:
		return "the grant is " + string(g.State)
	case !g.Scope.Has(r.Category):
		return "the grant does not have the category"
	}
	return "no live grant"
}

// refusedRead records that a read was refused, and returns err.
func (s *Service) refusedRead(ctx context.Context, a Access, why string, err error) error {
	by := a.Staff
	if personOf("staff", by) != nil {
		by = ""
	}
	resource := a.Resource
	if s.registry[resource] == nil { // not what somebody makes up
		resource = ""
	}
	return s.refuse(ctx, a.Grant, by, resource, why, err)
}

// recordRead is what commits with a read's entry.
func (s *Service) recordRead(ctx context.Context, e Entry, day string, now time.Time) error {
	if day != "" {
		if err := s.postReads(ctx, e.Grant, now); err != nil {
			return err
		}
	}
	return s.record(ctx, e, "", map[string]any{"category": e.Category, "columns": e.Columns, "matched": e.Matched, "limit": e.Limit})
}
