package redacttest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// mark is in every message, and has to come out.
const mark = "redacttest"

// Logger attacks a logger. open returns a fresh one that writes to w what the application's writes to its log; if it
// writes later, what open returns is flushed by the time a call returns. The level may be Info or lower.
//
// What is in except is not tried: a position such as "attr-name", a pair such as "message/mail-html", or a form
// everywhere, such as "*/iban".
func Logger(t TB, open func(w io.Writer) *slog.Logger, except ...string) *Report {
	t.Helper()
	return attack(t, logPositions(), except, func(p position[*slog.Logger], text string) ([]byte, bool) {
		var b bytes.Buffer
		p.plant(open(&b), text)
		return b.Bytes(), bytes.Contains(b.Bytes(), []byte(mark))
	})
}

// logPositions are those of a record, and in its attributes those of the values.
func logPositions() []position[*slog.Logger] {
	type l = *slog.Logger
	ps := []position[l]{
		{"message", func(l l, s string) { l.Info(mark + " " + s) }},
		{"message-long", func(l l, s string) { l.Info(mark + strings.Repeat(" the train was late", 300) + " " + s) }},
		{"message-lines", func(l l, s string) { l.Info(mark + "\ngoroutine 1 [running]:\n\t" + s + "\nmain.main()") }},
		{"message-printed", func(l l, s string) { l.Info(fmt.Sprintf("%s %+v", mark, record{Note: s, Next: &record{Note: s}})) }},
		{"message-go-syntax", func(l l, s string) { l.Info(fmt.Sprintf("%s %#v %q", mark, record{Note: s}, s)) }},
		{"message-error", func(l l, s string) { l.Error(mark, "err", s) }},
		{"attr-name", func(l l, s string) { l.Info(mark, s, 1) }},
		{"attr-sensitive-name", func(l l, s string) { l.Info(mark, "password", s) }},
		{"attr-many", func(l l, s string) { l.Info(mark, "a", 1, "b", 2, "c", 3, "d", 4, "e", 5, "f", 6, "note", s) }},
		{"attr-missing-value", func(l l, s string) { l.Info(mark, []any{s}...) }},
		{"attr-typed", func(l l, s string) {
			l.LogAttrs(context.Background(), slog.LevelInfo, mark, slog.String("note", s), slog.Int("n", 1))
		}},
		{"group", func(l l, s string) { l.Info(mark, slog.Group("http", "status", 500, "note", s)) }},
		{"group-deep", func(l l, s string) { l.Info(mark, slog.Group("a", slog.Group("b", slog.Group("c", "note", s)))) }},
		{"group-inline", func(l l, s string) { l.Info(mark, slog.Group("", "note", s)) }},
		{"group-sensitive-name", func(l l, s string) { l.Info(mark, slog.Group("authorization", "scheme", "x", "value", s)) }},
		{"group-name", func(l l, s string) { l.Info(mark, slog.Group(s, "n", 1)) }},
		{"with", func(l l, s string) { l.With("note", s).Info(mark) }},
		{"with-group", func(l l, s string) { l.With(slog.Group("a", "note", s)).Info(mark) }},
		{"with-twice", func(l l, s string) { l.With("a", 1).With("note", s).Info(mark, "b", 2) }},
		{"within-group", func(l l, s string) { l.WithGroup("a").Info(mark, "note", s) }},
		{"within-group-with", func(l l, s string) { l.WithGroup("a").With("note", s).WithGroup("b").Info(mark, "n", 1) }},
		{"within-sensitive-group", func(l l, s string) { l.WithGroup("credentials").Info(mark, "n", s) }},
		{"within-group-name", func(l l, s string) { l.WithGroup(s).Info(mark, "n", 1) }},
		{"record", func(l l, s string) {
			r := slog.NewRecord(time.Now(), slog.LevelError, mark, 0)
			r.AddAttrs(slog.Any("note", s))
			_ = l.Handler().Handle(context.Background(), r)
		}},
		{"handler-with", func(l l, s string) {
			h := l.Handler().WithAttrs([]slog.Attr{slog.String("note", s)}).WithGroup("g")
			_ = h.Handle(context.Background(), slog.NewRecord(time.Now(), slog.LevelError, mark, 0))
		}},
		{"valuer-in-with", func(l l, s string) { l.With("note", valuer{slog.StringValue(s)}).Info(mark) }},
	}
	for _, v := range values {
		ps = append(ps, position[l]{"attr-" + v.name, func(l l, s string) { l.Info(mark, "note", v.wrap(s)) }})
	}
	return ps
}
