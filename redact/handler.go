package redact

import (
	stdctx "context"
	"log/slog"
	"slices"
	"unsafe"
)

// Handler returns a [slog.Handler] that redacts records before next sees them: the message, the name and value of every
// attribute, in groups however deep, those given to With and WithGroup, what a [slog.LogValuer] returns, errors (as
// [Redactor.Error] makes them), and values of any type (as [Redactor.Any] copies them).
//
// Names decide first: of an attribute or a group whose name says that it is a secret, only a label is left. What the
// caller passed in is never changed. A value whose own code panics and what is beyond the [Limits] become labels; no
// line is lost. Whether a line is logged at all is for next to say.
func (r *Redactor) Handler(next slog.Handler) slog.Handler {
	return &handler{r: r, next: next}
}

type handler struct {
	r      *Redactor
	next   slog.Handler
	sealed bool // within a group of which only a label is left
}

func (h *handler) Enabled(ctx stdctx.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h *handler) Handle(ctx stdctx.Context, rec slog.Record) error {
	h.redact(&rec)
	return h.next.Handle(ctx, rec)
}

// redact makes another record of rec if there is something to replace in it.
func (h *handler) redact(rec *slog.Record) {
	defer func() {
		if recover() != nil { // what was not looked at is not logged
			*rec = slog.NewRecord(rec.Time, rec.Level, unreadable, rec.PC)
		}
	}()
	w := h.r.walk()
	w.cut = true
	msg := w.text(nil, rec.Message)
	changed := msg != rec.Message || h.sealed && rec.NumAttrs() > 0
	attrs := w.record[:0]
	if !h.sealed {
		depth := h.r.limits[0]
		rec.Attrs(func(a slog.Attr) bool {
			attrs = append(attrs, a)
			if w.attr(&attrs[len(attrs)-1], depth) {
				changed = true
			}
			return true
		})
	}
	if changed {
		*rec = slog.NewRecord(rec.Time, rec.Level, msg, rec.PC)
		rec.AddAttrs(attrs...)
	}
	clear(attrs)
	w.record = attrs
	w.done()
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if h.sealed || len(attrs) == 0 {
		return h
	}
	return &handler{r: h.r, next: h.next.WithAttrs(h.r.attrsOrLabel(attrs))}
}

func (h *handler) WithGroup(name string) slog.Handler {
	if h.sealed || name == "" {
		return h
	}
	f := h.r.field(name)
	if f.whole() {
		w := h.r.walk()
		label := w.hidden(f)
		w.done()
		return &handler{r: h.r, next: h.next.WithAttrs([]slog.Attr{slog.String(f.name, label)}), sealed: true}
	}
	return &handler{r: h.r, next: h.next.WithGroup(f.name)}
}

// attrsOrLabel redacts attributes of a logger.
func (r *Redactor) attrsOrLabel(attrs []slog.Attr) (out []slog.Attr) {
	defer func() {
		if recover() != nil {
			out = []slog.Attr{slog.String("attrs", unreadable)}
		}
	}()
	w := r.walk()
	w.cut = true
	out, _ = w.attrs(attrs, r.limits[0])
	w.done()
	return out
}

// attrs returns the attributes redacted, in a slice of its own if any changed.
func (w *walker) attrs(in []slog.Attr, depth int) (out []slog.Attr, changed bool) {
	out = in
	for i, a := range in {
		if !w.attr(&a, depth) {
			continue
		}
		if !changed {
			out, changed = slices.Clone(in), true
		}
		out[i] = a
	}
	return out, changed
}

// attr redacts an attribute in its place and reports whether it changed.
func (w *walker) attr(a *slog.Attr, depth int) bool {
	switch a.Value.Kind() {
	case slog.KindBool, slog.KindDuration, slog.KindTime: // under no name anything else
		if len(a.Key) < shortText && w.harmless(a.Key) {
			return false
		}
	}
	f := w.r.field(a.Key)
	v, changed := w.logged(f, a.Value, depth)
	if changed {
		a.Value = v
	}
	if f.name != a.Key {
		a.Key, changed = f.name, true
	}
	return changed
}

// logged redacts the value of an attribute and reports whether it changed.
func (w *walker) logged(f *field, v slog.Value, depth int) (slog.Value, bool) {
	if !w.node(depth) {
		return slog.StringValue(overLimit), true
	}
	switch v.Kind() {
	case slog.KindString:
		s := v.String()
		if t := w.text(f, s); t != s {
			return slog.StringValue(t), true
		}
	case slog.KindInt64:
		if t, yes := w.signed(f, v.Int64()); yes {
			return slog.StringValue(t), true
		}
	case slog.KindUint64:
		if t, yes := w.integer(f, v.Uint64(), false); yes {
			return slog.StringValue(t), true
		}
	case slog.KindFloat64:
		if t, yes := w.float(f, v.Float64()); yes {
			return slog.StringValue(t), true
		}
	case slog.KindGroup:
		g := v.Group()
		if f.whole() && len(g) > 0 {
			return slog.StringValue(w.hidden(f)), true
		}
		if g, changed := w.attrs(g, depth-1); changed {
			return slog.GroupValue(g...), true
		}
	case slog.KindLogValuer:
		t := resolved(v)
		t, _ = w.logged(f, t, depth-1)
		return t, true
	case slog.KindAny:
		switch x := v.Any().(type) {
		case nil:
			return v, false
		case error:
			if y, ok := w.failure(f, x).(error); ok {
				return slog.AnyValue(y), y != x
			}
			return slog.StringValue(w.hidden(f)), true
		default:
			t := w.anySafe(f, x, depth)
			return slog.AnyValue(t), !identical(t, x)
		}
	}
	return v, false
}

// anySafe is any for a value whose code may panic: the rest of the line is not lost with it.
func (w *walker) anySafe(f *field, v any, depth int) (out any) {
	defer func() {
		if recover() != nil {
			out = unreadable
		}
	}()
	return w.any(f, v, depth)
}

// identical reports whether two interfaces hold one value in one place: it need not be looked at, and may be incomparable.
func identical(a, b any) bool {
	return *(*[2]unsafe.Pointer)(unsafe.Pointer(&a)) == *(*[2]unsafe.Pointer)(unsafe.Pointer(&b))
}

// resolved asks a LogValuer for its value until it is no LogValuer any more. One that panics or does not end gets a label.
func resolved(v slog.Value) (out slog.Value) {
	defer func() {
		if recover() != nil {
			out = slog.StringValue(unreadable)
		}
	}()
	for range 32 {
		if v.Kind() != slog.KindLogValuer {
			return v
		}
		v = v.LogValuer().LogValue()
	}
	return slog.StringValue(overLimit)
}
