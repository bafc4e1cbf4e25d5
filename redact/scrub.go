package redact

import (
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
)

// dropCount counts what was dropped because it could not be scrubbed.
type dropCount = atomic.Uint64

// Scrub is [Copy] in place: it replaces what is sensitive in the value that p points to and in all that the value refers
// to, and follows the same tags and rules. Unexported fields that could hold text become zero.
//
// If it returns an error the value must not be used: when p's code panicked it is zero; when the value was beyond the
// [Limits] the rest of it is labels or zero, and the error wraps [ErrLimit].
func Scrub[T any](r *Redactor, p *T) (err error) {
	if p == nil {
		return errors.New("redact: nothing to scrub: the pointer is nil")
	}
	w := r.walk()
	w.inPlace = true
	defer func() {
		if recover() != nil {
			var zero T
			*p = zero
			err = fmt.Errorf("redact: a %s could not be scrubbed: its own code panicked", reflect.TypeFor[T]())
			return
		}
		if w.over {
			err = fmt.Errorf("%w: %s", ErrLimit, reflect.TypeFor[T]())
		}
		w.done()
	}()
	pl := r.plan(reflect.TypeFor[T]())
	if !pl.skip {
		w.apply(pl, nil, reflect.ValueOf(p).Elem(), r.limits[0])
	}
	return nil
}

// Hook returns a function that scrubs an event in place and returns it, or drops it (returns nil) and counts it if it
// cannot be scrubbed: the shape of the hooks of error reporters. With the Sentry SDK:
//
//	BeforeSend: redact.Hook[sentry.Event, *sentry.EventHint](r),
func Hook[E, H any](r *Redactor) func(event *E, hint H) *E {
	return func(event *E, _ H) *E {
		if event == nil {
			return nil
		}
		if Scrub(r, event) != nil {
			r.shared.dropped.Add(1)
			return nil
		}
		return event
	}
}

// Dropped returns how many events the hooks of r, and of its tenants, have dropped.
func (r *Redactor) Dropped() uint64 { return r.shared.dropped.Load() }
