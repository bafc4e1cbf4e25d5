package tenancy

import (
	"context"
	"log/slog"
	"slices"
)

// LogHandler returns a handler that adds the tenant of the context, as "tenant", to each record on its way
// to h, outside any group. A record logged without a context, or with one that belongs to no tenant or was
// given two, gets none.
func LogHandler(h slog.Handler) slog.Handler { return &logHandler{next: h} }

// logHandler keeps open groups, and the attributes in them, to itself: next would put the tenant in there.
type logHandler struct {
	next   slog.Handler
	groups []logGroup
}

type logGroup struct {
	name  string
	attrs []slog.Attr
}

func (h *logHandler) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	id, err := From(ctx)
	if err != nil && len(h.groups) == 0 {
		return h.next.Handle(ctx, r)
	}
	var attrs []slog.Attr
	r.Attrs(func(a slog.Attr) bool { attrs = append(attrs, a); return true })
	for _, g := range slices.Backward(h.groups) {
		attrs = []slog.Attr{{Key: g.name, Value: slog.GroupValue(append(slices.Clone(g.attrs), attrs...)...)}}
	}
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	if err == nil {
		out.AddAttrs(slog.String("tenant", id.s))
	}
	out.AddAttrs(attrs...)
	return h.next.Handle(ctx, out)
}

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	if len(h.groups) == 0 {
		return &logHandler{next: h.next.WithAttrs(attrs)}
	}
	groups := slices.Clone(h.groups)
	last := &groups[len(groups)-1]
	last.attrs = append(slices.Clone(last.attrs), attrs...)
	return &logHandler{h.next, groups}
}

func (h *logHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return &logHandler{h.next, append(slices.Clone(h.groups), logGroup{name: name})}
}
