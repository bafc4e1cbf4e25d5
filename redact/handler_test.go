package redact_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	. "github.com/bailiwick-dev/bailiwick/redact"
)

// What must not come out. They are put together here so that no scanner of secrets takes this file for a leak.
var (
	plantedMail  = "ines.duarte" + "@mail.example.org"
	plantedWord  = "long-Horse" + "&staple9"
	plantedToken = "ghp_" + strings.Repeat("aB3dE5fG7hJ9", 3)
	plantedCard  = "4111 1111 " + "1111 1111"
	planted      = []string{plantedMail, plantedWord, plantedToken, plantedCard, "41111111" + "11111111", "long-Horse"}
)

func noneOf(t *testing.T, out string) {
	t.Helper()
	for _, p := range planted {
		require.NotContains(t, out, p)
	}
}

// logged returns what both of slog's handlers write, without the time.
func logged(log func(l *slog.Logger)) string {
	var b bytes.Buffer
	opts := &slog.HandlerOptions{ReplaceAttr: func(g []string, a slog.Attr) slog.Attr {
		if len(g) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
			return slog.Attr{}
		}
		return a
	}}
	log(slog.New(Default().Handler(slog.NewJSONHandler(&b, opts))))
	log(slog.New(Default().Handler(slog.NewTextHandler(&b, opts))))
	return b.String()
}

type valuer func() slog.Value

func (v valuer) LogValue() slog.Value { return v() }

type itself struct{}

func (v itself) LogValue() slog.Value { return slog.AnyValue(v) }

type marshaler struct{ text string }

func (m marshaler) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"mail": m.text})
}

type textual struct{ text string }

func (m textual) MarshalText() ([]byte, error) { return []byte(m.text), nil }

type stringer struct{ text string }

func (m stringer) String() string { return m.text }

type panicky struct{ text string }

func (m panicky) String() string               { panic(m.text) }
func (m panicky) MarshalJSON() ([]byte, error) { panic(m.text) }

type panickyError struct{ text string }

func (m *panickyError) Error() string { panic(m.text) }

type person struct {
	Name     string
	Mail     string
	Password string
	hidden   string
	Next     *person
}

func TestNothingPlantedInARecordComesOutOfTheHandler(t *testing.T) {
	t.Parallel()
	link, err := url.Parse("https://ana:" + "pw9&x" + "@h.example/p?token=" + plantedToken)
	require.NoError(t, err)
	_, typeError := json.Marshal(map[string]any{"c": make(chan int)})
	var unmarshal error = json.Unmarshal([]byte(`{"a":"b"}`), &struct{ A int }{})
	who := person{Name: "ines", Mail: plantedMail, Password: plantedWord, hidden: plantedMail}
	who.Next = &who
	for name, a := range map[string]slog.Attr{
		"key":             slog.String("password", plantedWord),
		"key of a number": slog.Int64("card", 41111111_11111111),
		"number":          slog.Int64("n", 41111111_11111111),
		"pin":             slog.Int("pin", 4711),
		"value":           slog.String("note", "write to "+plantedMail),
		"weak key":        slog.String("token", plantedWord),
		"group":           slog.Group("http", slog.Group("in", slog.String("note", plantedMail))),
		"secret group":    slog.Group("authorization", slog.String("value", plantedWord)),
		"inline group":    slog.Group("", slog.String("secret", plantedWord)),
		"valuer":          slog.Any("v", valuer(func() slog.Value { return slog.StringValue(plantedMail) })),
		"valuer group":    slog.Any("v", valuer(func() slog.Value { return slog.GroupValue(slog.String("password", plantedWord)) })),
		"valuer panics":   slog.Any("v", valuer(func() slog.Value { panic(plantedWord) })),
		"valuer itself":   slog.Any("v", itself{}),
		"valuer valuer": slog.Any("v", valuer(func() slog.Value {
			return slog.AnyValue(valuer(func() slog.Value { return slog.AnyValue(map[string]any{"x": plantedMail}) }))
		})),
		"error":            slog.Any("err", errors.New("no "+plantedMail)),
		"error chain":      slog.Any("err", fmt.Errorf("a: %w", fmt.Errorf("b: %w", errors.New(plantedMail)))),
		"joined errors":    slog.Any("err", errors.Join(errors.New(plantedMail), fs.ErrNotExist)),
		"url error":        slog.Any("err", &url.Error{Op: "Get", URL: link.String(), Err: errors.New(plantedCard)}),
		"path error":       slog.Any("err", &fs.PathError{Op: "open", Path: "/home/" + plantedMail, Err: fs.ErrNotExist}),
		"type error":       slog.Any("err", typeError),
		"unmarshal error":  slog.Any("err", unmarshal),
		"error panics":     slog.Any("err", &panickyError{plantedMail}),
		"secret error":     slog.Any("password", errors.New(plantedWord)),
		"nil error":        slog.Any("err", error(nil)),
		"raw json":         slog.Any("body", json.RawMessage(`{"password":"`+plantedWord+`","mail":"`+plantedMail+`"}`)),
		"broken raw json":  slog.Any("body", json.RawMessage(`{"password":"`+plantedWord)),
		"json string":      slog.String("body", `{"token":{"v":"`+plantedWord+`"},"n":[{"password":"`+plantedWord+`"}]}`),
		"bytes":            slog.Any("body", []byte("mail "+plantedMail)),
		"json number":      slog.Any("n", json.Number("41111111"+"11111111")),
		"marshaler":        slog.Any("m", marshaler{plantedMail}),
		"textual":          slog.Any("m", textual{plantedMail}),
		"stringer":         slog.Any("m", stringer{plantedMail}),
		"pointer stringer": slog.Any("m", &stringer{plantedMail}),
		"panicky":          slog.Any("m", panicky{plantedMail}),
		"url":              slog.Any("u", link),
		"header":           slog.Any("h", http.Header{"Authorization": {"Bearer " + plantedWord}, "x-api-key": {plantedWord}}),
		"values":           slog.Any("q", url.Values{"password": {plantedWord}, "q": {plantedMail}}),
		"map key":          slog.Any("m", map[string]int{plantedMail: 1}),
		"map any":          slog.Any("m", map[string]any{"a": []any{map[string]any{"password": plantedWord}, plantedMail}}),
		"map any any":      slog.Any("m", map[any]any{"password": plantedWord}),
		"name and value":   slog.Any("m", []map[string]any{{"name": "password", "value": plantedWord}}),
		"struct":           slog.Any("p", who),
		"struct pointer":   slog.Any("p", &who),
		"slice":            slog.Any("p", []person{who}),
		"anonymous":        slog.Any("p", struct{ Password, note string }{plantedWord, plantedMail}),
		"array":            slog.Any("p", [2]string{plantedMail, "x"}),
		"slog value":       slog.Any("p", []any{slog.StringValue(plantedMail)}),
		"attrs":            slog.Any("p", []slog.Attr{slog.String("password", plantedWord)}),
		"key itself":       slog.String(plantedMail, "x"),
		"request":          slog.Any("r", &http.Request{Method: "GET", URL: link, Header: http.Header{"Cookie": {plantedWord}}}),
		"cookie":           slog.String("cookie", "a="+plantedWord+"; b="+plantedWord),
		"credentials":      slog.Any("credentials", map[string]string{"user": "x", "y": plantedWord}),
		"secret struct":    slog.Any("secret", struct{ A string }{plantedWord}),
	} {
		out := logged(func(l *slog.Logger) {
			l.Info("hello", a)
			l.With(a).Info("hello", "after", 1)
			l.WithGroup("g").With("one", 1).Info("hello", slog.Group("two", a))
			l.With("one", 1, a).WithGroup("token").Info("hello", a)
		})
		for _, p := range append([]string{"4711", "pw9&x"}, planted...) {
			require.NotContains(t, out, p, name)
		}
		require.Equal(t, 8, strings.Count(out, "\n"), "%s: no line is lost: %s", name, out)
		require.Equal(t, name == "map any any", strings.Contains(out, "!ERROR"), name) // JSON has no such maps
		require.NotContains(t, out, "PANIC", name)
	}
}

func TestNothingPlantedInAMessageComesOutOfTheHandler(t *testing.T) {
	t.Parallel()
	for _, msg := range []string{
		"sent to " + plantedMail, fmt.Sprintf("%+v", person{Password: plantedWord, Mail: plantedMail}),
		fmt.Sprintf("%q", `{"password":"`+plantedWord+`"}`), "password%3D" + plantedWord,
	} {
		noneOf(t, logged(func(l *slog.Logger) { l.Info(msg) }))
	}
}

func TestInnocentRecordsPassUnchanged(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 9, 0, 0, 1, time.UTC)
	var bare, ours bytes.Buffer
	opts := &slog.HandlerOptions{AddSource: true, ReplaceAttr: func(g []string, a slog.Attr) slog.Attr {
		if len(g) == 0 && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	for _, l := range []*slog.Logger{slog.New(slog.NewJSONHandler(&bare, opts)), slog.New(Default().Handler(slog.NewJSONHandler(&ours, opts)))} {
		log := func(l *slog.Logger) {
			l.Info("order shipped", "monkey", "banana", "author", "ines", "next_page_token_count", 3, "at", at, "took", time.Second,
				"tokens", 512, "err", errors.New("timeout"), "addr", netip.MustParseAddr("10.0.0.1"), "nil", nil, "password", "",
				"list", []string{"a", "b"}, "map", map[string]any{"a": 1.5, "b": nil, "t": at}, "public_key", "abc",
				slog.Group("g", "a", 1, slog.Group("b", "c", true)), "raw", json.RawMessage(`{"a": 1}`))
		}
		log(l)
		log(l.With("shop", "s_1").WithGroup("x").With("y", uint64(2)))
	}
	require.Equal(t, bare.String(), ours.String())
}

func TestAGroupThatNamesASecretIsOneLabel(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	l := slog.New(Default().Handler(slog.NewJSONHandler(&b, nil))).With("a", 1).WithGroup("authorization").With("b", 2)
	l.WithGroup("c").Info("x", "d", 4)
	require.Contains(t, b.String(), `"a":1,"authorization":"[redacted:credential]"}`)
}

func TestSiblingLoggersDoNotShareWhatWasRedacted(t *testing.T) {
	t.Parallel()
	attrs := []slog.Attr{slog.String("mail", plantedMail), slog.Group("g", slog.String("password", plantedWord))}
	data := map[string]any{"password": plantedWord, "list": []any{plantedMail}}
	var wg sync.WaitGroup
	h := Default().Handler(slog.DiscardHandler)
	text := slog.New(Default().Handler(slog.NewTextHandler(new(lockedBuffer), nil)))
	for range 4 {
		wg.Go(func() {
			h.WithAttrs(attrs)
			text.With("m", data).Info("x", "m", data)
			text.LogAttrs(context.Background(), slog.LevelInfo, "y", attrs...)
		})
	}
	wg.Wait()
	require.Equal(t, plantedMail, attrs[0].Value.String())
	require.Equal(t, plantedWord, attrs[1].Value.Group()[0].Value.String())
	require.Equal(t, map[string]any{"password": plantedWord, "list": []any{plantedMail}}, data)
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func TestTheNextHandlerDecidesWhatIsEnabledAndItsErrorsComeBack(t *testing.T) {
	t.Parallel()
	h := Default().Handler(slog.NewTextHandler(failing{}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	require.False(t, h.Enabled(context.Background(), slog.LevelInfo))
	require.True(t, h.Enabled(context.Background(), slog.LevelWarn))
	require.ErrorIs(t, h.Handle(context.Background(), slog.Record{}), fs.ErrClosed)
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, fs.ErrClosed }

func TestWhatIsTooDeepOrTooLargeToLogIsALabel(t *testing.T) {
	t.Parallel()
	deep := any(plantedMail)
	for range 10_000 {
		deep = map[string]any{"d": deep}
	}
	cycle := map[string]any{"mail": plantedMail}
	cycle["self"] = cycle
	large := map[int]string{}
	for i := range 150_000 {
		large[i] = plantedMail
	}
	group := slog.String("mail", plantedMail)
	for range 100 {
		group = slog.Group("g", group)
	}
	for _, a := range []slog.Attr{slog.Any("deep", deep), slog.Any("cycle", cycle), group, slog.String("s", strings.Repeat(plantedMail+" ", 300_000))} {
		out := logged(func(l *slog.Logger) { l.Info("x", a) })
		noneOf(t, out)
		require.Contains(t, out, "[redacted:limit]")
		require.Equal(t, 2, strings.Count(out, "\n"))
	}
	noneOf(t, logged(func(l *slog.Logger) { l.Info("x", "large", large) }))
}

func TestTheHandlerAllocatesTwiceAtMost(t *testing.T) {
	h := Default().Handler(enabled{slog.DiscardHandler})
	l := slog.New(h)
	ctx := context.Background()
	clean := testing.AllocsPerRun(200, func() {
		l.LogAttrs(ctx, slog.LevelInfo, "order shipped", slog.String("a", "clean text"), slog.Int("b", 2))
	})
	require.Zero(t, clean)
	dirty := testing.AllocsPerRun(200, func() {
		l.LogAttrs(ctx, slog.LevelInfo, "order shipped", slog.String("email", plantedMail), slog.String("password", plantedWord))
	})
	require.LessOrEqual(t, dirty, 2.0)
}

type enabled struct{ slog.Handler }

func (enabled) Enabled(context.Context, slog.Level) bool { return true }
