package audit

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/google/uuid"
)

// Attr makes a log record an audit event as well, on its way through [Log.Handler]:
//
//	logger.InfoContext(ctx, "document shared", audit.Attr(audit.Event{Action: DocumentShared, Actor: who}))
//
// The event gets its ID here, so that it is in the log once, however many handlers see the attribute. Any
// other handler prints the name of its action and nothing else of it.
func Attr(e Event) slog.Attr {
	if e.ID == (uuid.UUID{}) {
		e.ID = uuid.Must(uuid.NewV7())
	}
	return slog.Any("audit", attrEvent{&e})
}

type attrEvent struct{ event *Event }

// LogValue keeps what is personal in an event out of logs that were not made for it.
func (a attrEvent) LogValue() slog.Value { return slog.StringValue(a.event.Action.Name()) }

// Handler returns a handler that records the events which [Attr] put into log records, in groups, in what a slog.LogValuer
// returns and in Logger.With too, and passes the records on to next without them. A record with an event is seen at any level; next gets
// it only if its level is enabled there.
//
// A slog.Logger drops the errors of its handler, so nothing fails when an event could not be recorded: Options.Logger
// learns it, and Handle returns it. Where the operation must not go on without its event, call [Log.Append] or
// [Log.Record]. Use the logger's methods that take a context: the tenant is in it.
func (l *Log) Handler(next slog.Handler) slog.Handler { return &logHandler{log: l, next: next} }

type logHandler struct {
	log    *Log
	next   slog.Handler
	events []*Event // of Logger.With
}

// Enabled is true: whether a record has an event is not known yet.
func (h *logHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	events := slices.Clip(h.events)
	has := false
	r.Attrs(func(a slog.Attr) bool { has = mayHold(a); return !has })
	if has {
		rest := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
		r.Attrs(func(a slog.Attr) bool {
			if a, ok := withoutEvents(a, &events); ok {
				rest.AddAttrs(a)
			}
			return true
		})
		r = rest
	}
	var failed error
	for _, e := range events {
		if err := h.log.Record(ctx, *e); err != nil {
			failed = errors.Join(failed, err)
			h.log.opts.Logger.ErrorContext(ctx, "audit: event of a log record could not be recorded", "action", e.Action.Name(), "error", err)
		}
	}
	if !h.next.Enabled(ctx, r.Level) {
		return failed
	}
	return errors.Join(failed, h.next.Handle(ctx, r))
}

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	to := &logHandler{log: h.log, next: h.next, events: slices.Clip(h.events)}
	var rest []slog.Attr
	for _, a := range attrs {
		if a, ok := withoutEvents(a, &to.events); ok {
			rest = append(rest, a)
		}
	}
	if len(rest) > 0 {
		to.next = h.next.WithAttrs(rest)
	}
	return to
}

func (h *logHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return &logHandler{log: h.log, next: h.next.WithGroup(name), events: h.events}
}

// mayHold reports whether there may be an event in a.
func mayHold(a slog.Attr) bool {
	switch a.Value.Kind() {
	case slog.KindLogValuer:
		return true
	case slog.KindGroup:
		return slices.ContainsFunc(a.Value.Group(), mayHold)
	}
	return false
}

// withoutEvents returns a without the events in it, which it adds to found, and false if a was one. Without any it is as it was:
// whoever comes next asks a slog.LogValuer again.
func withoutEvents(a slog.Attr, found *[]*Event) (slog.Attr, bool) {
	if !mayHold(a) {
		return a, true
	}
	v, event := resolve(a.Value)
	if event != nil {
		*found = append(*found, event)
		return a, false
	}
	if v.Kind() != slog.KindGroup {
		return a, true
	}
	before := len(*found)
	var rest []slog.Attr
	for _, in := range v.Group() {
		if in, ok := withoutEvents(in, found); ok {
			rest = append(rest, in)
		}
	}
	if len(*found) == before {
		return a, true
	}
	return slog.Attr{Key: a.Key, Value: slog.GroupValue(rest...)}, true
}

// logValues is how often a value may be another's, as in package slog.
const logValues = 100

// resolve is slog.Value.Resolve, but for an event it comes to on the way.
func resolve(v slog.Value) (slog.Value, *Event) {
	for range logValues {
		if v.Kind() != slog.KindLogValuer {
			return v, nil
		}
		if e, ok := v.Any().(attrEvent); ok {
			return v, e.event
		}
		v = logValue(v.LogValuer())
	}
	return slog.Value{}, nil
}

// logValue asks v for its value. One that panics has none; whoever prints it says so.
func logValue(v slog.LogValuer) (value slog.Value) {
	defer func() {
		if recover() != nil {
			value = slog.Value{}
		}
	}()
	return v.LogValue()
}
