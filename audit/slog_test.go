package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"testing/slogtest"

	"github.com/stretchr/testify/require"
)

func TestALogRecordWithAnEventIsRecordedAndPassedOnWithoutIt(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	l := logOver(t, s)
	var out bytes.Buffer
	logger := slog.New(l.Handler(slog.NewJSONHandler(&out, nil)))
	e := Event{Action: docRead, Actor: Party{Type: "user", ID: "42", Name: marker, Person: true}, Reason: marker}
	logger.InfoContext(inAcme(t), "read", "doc", 7, Attr(e), slog.Group("g", Attr(e), "in", 1))
	require.Len(t, logged(t, inAcme(t), s), 2)
	require.NotContains(t, out.String(), marker)
	require.NotContains(t, out.String(), "audit")
	require.Contains(t, out.String(), `"doc":7,"g":{"in":1}`)
}

func TestAnEventIsRecordedOnceHoweverOftenItsAttributeIsLogged(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	l := logOver(t, s)
	logger := slog.New(l.Handler(l.Handler(slog.DiscardHandler))).WithGroup("g").With(Attr(Event{Action: docRead}), "k", "v")
	logger.InfoContext(inAcme(t), "one")
	logger.InfoContext(inAcme(t), "two")
	require.Len(t, logged(t, inAcme(t), s), 1)
}

func TestAnEventIsNotLostToALogLevel(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	l := logOver(t, s)
	var out bytes.Buffer
	logger := slog.New(l.Handler(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelError})))
	logger.DebugContext(inAcme(t), "hidden", Attr(Event{Action: docRead}))
	require.Len(t, logged(t, inAcme(t), s), 1)
	require.Empty(t, out.String())
}

func TestAnEventThatCannotBeRecordedIsToldToTheLogger(t *testing.T) {
	t.Parallel()
	l := logOver(t, &double{NewMemory(), func(context.Context, []Entry) ([]Placed, error) { return nil, ErrUnavailable }})
	var said, out bytes.Buffer
	l.opts.Logger = slog.New(slog.NewTextHandler(&said, nil))
	h := l.Handler(slog.NewTextHandler(&out, nil))
	slog.New(h).InfoContext(inAcme(t), "done", Attr(Event{Action: docRead, Reason: marker}))
	require.Contains(t, said.String(), "test.document_read")
	require.NotContains(t, said.String(), marker)
	require.Contains(t, out.String(), "done")
	r := slog.Record{}
	r.AddAttrs(Attr(Event{Action: docRead}))
	require.ErrorIs(t, h.Handle(inAcme(t), r), ErrUnavailable)
	require.Error(t, h.Handle(t.Context(), r), "no tenant")
}

func TestOtherHandlersPrintNothingOfAnEventButItsAction(t *testing.T) {
	t.Parallel()
	a := Attr(Event{Action: docRead, Reason: marker, Actor: Party{Type: "user", ID: marker, Person: true}})
	for _, h := range []func(*bytes.Buffer) slog.Handler{
		func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var out bytes.Buffer
		slog.New(h(&out)).Info("x", a)
		require.Contains(t, out.String(), "test.document_read")
		require.NotContains(t, out.String(), marker)
	}
}

func TestTheHandlerIsAsHandlersShouldBe(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := codec(t)
	require.NoError(t, slogtest.TestHandler(l.Handler(slog.NewJSONHandler(&out, nil)), func() (all []map[string]any) {
		for line := range bytes.Lines(out.Bytes()) {
			m := map[string]any{}
			require.NoError(t, json.Unmarshal(line, &m))
			all = append(all, m)
		}
		return all
	}))
}

// wrapped is a value that has an event in what it shows of itself.
type wrapped struct{ show func() slog.Value }

func (w wrapped) LogValue() slog.Value { return w.show() }

func TestAnEventInAValueThatShowsItselfIsRecorded(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	l := logOver(t, s)
	var out bytes.Buffer
	logger := slog.New(l.Handler(slog.NewJSONHandler(&out, nil)))
	e := Event{Action: docRead, Reason: marker}
	group := wrapped{func() slog.Value { return slog.GroupValue(slog.Int("in", 1), Attr(e)) }}
	logger.InfoContext(inAcme(t), "in a group", "g", group)
	require.Contains(t, out.String(), `"g":{"in":1}`)
	logger.InfoContext(inAcme(t), "itself", "g", wrapped{func() slog.Value { return Attr(e).Value }})
	logger.With("g", wrapped{func() slog.Value { return slog.AnyValue(group) }}).InfoContext(inAcme(t), "twice over")
	require.Len(t, logged(t, inAcme(t), s), 3)
	require.NotContains(t, out.String(), marker)
	require.NotContains(t, out.String(), "audit")

	out.Reset()
	var endless wrapped
	endless.show = func() slog.Value { return slog.AnyValue(endless) }
	logger.InfoContext(inAcme(t), "none", "a", wrapped{func() slog.Value { panic("no value") }}, "b", wrapped{func() slog.Value { return slog.IntValue(7) }}, "c", endless)
	require.Contains(t, out.String(), "panicked")
	require.Contains(t, out.String(), `"b":7`)
	require.Len(t, logged(t, inAcme(t), s), 3)
}
