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
// to, and follows the same tags and rules. Unexported fields that could hold text become zero, but for those of values that
// have no others and hold nothing sensitive.
//
// If it returns an error the value must not be used: when p's code panicked it is zero; when the value was beyond the
// [Limits] the rest of it is labels or zero, and the error wraps [ErrLimit].
func Scrub[T any](r *Redactor, p *T) error { return scrub(r, p, nil) }

func scrub[T any](r *Redactor, p *T, anew *remake) (err error) {
	if p == nil {
		return errors.New("redact: nothing to scrub: the pointer is nil")
	}
	w := r.walk()
	w.inPlace, w.remake = true, anew
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

// HookOf is [Hook] for hooks that get an event alone, and for events with values of a type V that has no exported fields,
// as the attributes of logs and metrics have them. Scrub can only make such a value zero when something in it has to be
// replaced; HookOf replaces it by what text makes of its redacted text. With the Sentry SDK:
//
//	BeforeSendLog:    redact.HookOf[sentry.Log](r, attribute.StringValue),
//	BeforeSendMetric: redact.HookOf[sentry.Metric](r, attribute.StringValue),
//
// text may be nil, with any as V. If it panics, the event is dropped and counted.
func HookOf[E, V any](r *Redactor, text func(string) V) func(event *E) *E {
	var anew *remake
	if text != nil {
		anew = &remake{reflect.TypeFor[V](), func(s string) reflect.Value { return reflect.ValueOf(text(s)) }}
	}
	return func(event *E) *E {
		if event == nil {
			return nil
		}
		if scrub(r, event, anew) != nil {
			r.shared.dropped.Add(1)
			return nil
		}
		return event
	}
}

// Dropped returns how many events the hooks of r, and of its tenants, have dropped.
func (r *Redactor) Dropped() uint64 { return r.shared.dropped.Load() }
