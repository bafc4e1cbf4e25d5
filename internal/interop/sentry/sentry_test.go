package sentry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getsentry/sentry-go"
	"github.com/getsentry/sentry-go/attribute"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/redact/redacttest"
)

// server keeps what reaches it.
type server struct {
	mu  sync.Mutex
	got strings.Builder
	dsn string
}

func newServer(t *testing.T) *server {
	s := new(server)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.got.Write(b)
		_, _ = io.WriteString(w, `{"id":"0"}`)
	}))
	t.Cleanup(web.Close)
	s.dsn = strings.Replace(web.URL, "://", "://public@", 1) + "/1"
	return s
}

// take returns what reached the server since the last time.
func (s *server) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.got.Reset()
	return s.got.String()
}

func (s *server) hub(t *testing.T, r *redact.Redactor, change ...func(*sentry.ClientOptions)) *sentry.Hub {
	opts := sentry.ClientOptions{
		//lint:ignore SA1019 with it the SDK sends the most
		SendDefaultPII: true,
		Dsn:            s.dsn, AttachStacktrace: true, EnableTracing: true, TracesSampleRate: 1, ServerName: "web-1",
		DisableClientReports: true,

		BeforeSend:            redact.Hook[sentry.Event, *sentry.EventHint](r),
		BeforeSendTransaction: redact.Hook[sentry.Event, *sentry.EventHint](r),
		BeforeBreadcrumb:      redact.Hook[sentry.Breadcrumb, *sentry.BreadcrumbHint](r),
		BeforeSendLog:         redact.HookOf[sentry.Log](r, attribute.StringValue),
		BeforeSendMetric:      redact.HookOf[sentry.Metric](r, attribute.StringValue),
	}
	for _, c := range change {
		c(&opts)
	}
	c, err := sentry.NewClient(opts)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return sentry.NewHub(c, sentry.NewScope())
}

func flush(t *testing.T, h *sentry.Hub) { require.True(t, h.Flush(20*time.Second)) }

const word = "q7T-Otter" + "!2291xZ"

// full is an event with the word in every place that takes text, under a key or in a syntax that shows what it is.
func full() *sentry.Event {
	said := "login of otto.lind" + "@mail.example.com failed password=" + word
	data := func() map[string]any {
		return map[string]any{"note": said, "password": word, "deep": map[string]any{"list": []any{said, map[string]string{"token": word}}},
			"err": errors.New(said), "struct": struct{ Password, Note string }{word, said}}
	}
	e := sentry.NewEvent()
	e.Message = "survives " + said
	e.Transaction = "GET /reset?token=" + word
	e.Logger, e.ServerName = said, said
	e.Fingerprint = []string{"{{ default }}", said}
	e.Tags = map[string]string{"survives": "yes", "note": said, "api_key": word}
	e.Modules = map[string]string{"m": said}
	e.Contexts = map[string]sentry.Context{"app": data(), "credentials": {"value": word}}
	e.User = sentry.User{ID: "u-1", Email: "otto.lind" + "@mail.example.com", Username: said, Name: said, Data: map[string]string{"password": word}}
	e.Request = &sentry.Request{URL: "https://app:" + word + "@example.com/a?access_token=" + word, Method: "POST", Data: `{"password":"` + word + `"}`,
		QueryString: "a=1&access_token=" + word, Cookies: "theme=dark; session=" + word + "; id=1",
		Headers: map[string]string{"Authorization": "Bearer " + word, "Cookie": "session=" + word, "X-Api-Key": word, "Accept": "text/html"},
		Env:     map[string]string{"DB_PASSWORD": word, "REMOTE_PORT": "80"}}
	e.Breadcrumbs = []*sentry.Breadcrumb{{Category: "http", Message: said, Data: data(), Timestamp: time.Now()}}
	frames := &sentry.Stacktrace{Frames: []sentry.Frame{{Function: "main.login", Lineno: 7, Vars: data(),
		PreContext: []string{`const password = "` + word + `"`}, ContextLine: `login("otto", password="` + word + `")`, PostContext: []string{said}}}}
	e.Exception = []sentry.Exception{{Type: "*errors.errorString", Value: said, Stacktrace: frames,
		Mechanism: &sentry.Mechanism{Type: "generic", Description: said, Data: data()}}}
	e.Threads = []sentry.Thread{{ID: "1", Name: said, Stacktrace: frames}}
	e.Attachments = []*sentry.Attachment{{Filename: "debug.log", ContentType: "text/plain", Payload: []byte("log survives " + said)}}
	return e
}

func clean(t *testing.T, sent string) {
	t.Helper()
	for _, s := range []string{"q7T-Otter", "2291xZ", "otto.lind"} {
		require.NotContains(t, sent, s)
	}
}

func TestNothingPlantedInAnEventReachesTheServer(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	h := s.hub(t, redact.Default())
	h.CaptureEvent(full())
	flush(t, h)
	sent := s.take()
	require.Contains(t, sent, `"message":"survives login of [redacted:email] failed password=[redacted:credential]"`)
	require.Contains(t, sent, `"survives":"yes"`)
	require.Contains(t, sent, `"Accept":"text/html"`)
	require.Contains(t, sent, `"function":"main.login"`)
	require.Contains(t, sent, "log survives")
	clean(t, sent)
	require.Zero(t, redact.Default().Dropped())
}

// The SDK copies what the scope holds into the event before the hook, and parts of it are turned into JSON early.
func TestNothingPlantedInAScopeReachesTheServer(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	h := s.hub(t, redact.Default())
	e := full()
	h.ConfigureScope(func(sc *sentry.Scope) {
		sc.SetUser(e.User)
		sc.SetTags(e.Tags)
		sc.SetContexts(e.Contexts)
		sc.SetFingerprint(e.Fingerprint)
		sc.AddAttachment(e.Attachments[0])
		req := httptest.NewRequest(http.MethodPost, "https://example.com/login?access_token="+word, strings.NewReader(`{"password":"`+word+`"}`))
		req.Header.Set("Authorization", "Bearer "+word)
		req.AddCookie(&http.Cookie{Name: "session", Value: "q7T-Otter2291xZ"})
		sc.SetRequest(req)
		_, _ = io.ReadAll(req.Body)
	})
	h.AddBreadcrumb(e.Breadcrumbs[0], nil)
	h.CaptureMessage(e.Message)
	h.CaptureException(fmt.Errorf("survives: %w", errors.New(e.Message)))
	h.Recover(errors.New(e.Message))
	h.Recover(e.Message)
	flush(t, h)
	sent := s.take()
	require.Equal(t, 4, strings.Count(sent, `"platform":"go"`), "four events")
	require.Contains(t, sent, `"category":"http"`)
	clean(t, sent)
}

func TestNothingPlantedInATransactionReachesTheServer(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	h := s.hub(t, redact.Default())
	ctx := sentry.SetHubOnContext(context.Background(), h)
	e := full()
	tx := sentry.StartTransaction(ctx, "GET /reset?token="+word)
	tx.SetTag("api_key", word)
	tx.SetData("note", e.Message)
	span := tx.StartChild("db.query", sentry.WithDescription("UPDATE users SET password = '"+word+"'"))
	span.SetTag("note", e.Message)
	span.SetData("password", word)
	span.SetData("rows", 7)
	span.Finish()
	tx.Finish()
	flush(t, h)
	sent := s.take()
	require.Contains(t, sent, `"type":"transaction"`)
	require.Contains(t, sent, `"op":"db.query"`)
	require.Contains(t, sent, `"rows":7`)
	clean(t, sent)
	require.NotPanics(t, func() { span.SetTag("after", "x"); tx.SetData("after", 1); _ = tx.Context() }, "the application's own spans work on")
}

func TestNothingPlantedInLogsAndMetricsReachesTheServer(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	h := s.hub(t, redact.Default())
	ctx := sentry.SetHubOnContext(context.Background(), h)
	e := full()
	l := sentry.NewLogger(ctx)
	l.SetAttributes(attribute.String("password", word), attribute.Int("n", 7))
	l.Info().String("note", e.Message).StringSlice("notes", []string{e.Message}).Emit(e.Message)
	l.Error().Emitf("survives %s", e.Message)
	m := sentry.NewMeter(ctx)
	m.Count("logins", 1, sentry.WithAttributes(attribute.String("note", e.Message), attribute.String("api_key", word)))
	flush(t, h)
	sent := s.take()
	require.Contains(t, sent, "survives")
	require.Contains(t, sent, `"n":{"value":7,"type":"integer"}`)
	require.Contains(t, sent, `"password":{"value":"[redacted:credential]","type":"string"}`)
	require.Contains(t, sent, `"name":"logins","value":1`)
	clean(t, sent)
}

// The whole kit, through the SDK: each canary in the text of an error, in a value of a breadcrumb, a context and a frame.
func TestNoCanaryComesOutOfTheSDK(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	h := s.hub(t, redact.Default())
	redacttest.Reporter(t, func(w io.Writer) func(error) {
		return func(err error) {
			h.CaptureException(err)
			flush(t, h)
			_, _ = io.WriteString(w, s.take())
		}
	})
	redacttest.Values(t, func(w io.Writer) func(any) {
		return func(v any) {
			e := sentry.NewEvent()
			e.Message = "a value"
			e.Contexts = map[string]sentry.Context{"c": v.(map[string]any)}
			e.Breadcrumbs = []*sentry.Breadcrumb{{Data: v.(map[string]any)}}
			e.Exception = []sentry.Exception{{Type: "x", Stacktrace: &sentry.Stacktrace{Frames: []sentry.Frame{{Vars: v.(map[string]any)}}}}}
			h.CaptureEvent(e)
			flush(t, h)
			_, _ = io.WriteString(w, s.take())
		}
	})
}

type bomb struct{ s string }

func (b bomb) Error() string { panic(b.s) }

// Without the hook all of it is sent: the tests above look at the right bytes.
func TestWithoutTheHookItIsSent(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	h := s.hub(t, redact.Default(), func(o *sentry.ClientOptions) { o.BeforeSend = nil })
	h.CaptureEvent(full())
	flush(t, h)
	require.Greater(t, strings.Count(s.take(), "q7T-Otter"), 30)
}

func TestAnEventThatCannotBeScrubbedIsDroppedAndCounted(t *testing.T) {
	t.Parallel()
	r, err := redact.New(redact.Limits(8, 200, 1<<16))
	require.NoError(t, err)
	s := newServer(t)
	h := s.hub(t, r)
	deep := any(word)
	for range 40 {
		deep = map[string]any{"d": deep}
	}
	wide := make([]string, 5000)
	for i := range wide {
		wide[i] = word
	}
	var n uint64
	for name, v := range map[string]any{"deep": deep, "wide": wide, "long": strings.Repeat(word, 10_000)} {
		h.CaptureEvent(&sentry.Event{Message: name, Contexts: map[string]sentry.Context{"c": {"v": v}}})
		flush(t, h)
		n++
		require.Equal(t, n, r.Dropped(), name)
		require.Empty(t, s.take(), name)
	}
	// A value whose own code panics is a label, or the event is dropped: the application goes on.
	h.CaptureEvent(&sentry.Event{Message: "bomb", Contexts: map[string]sentry.Context{"c": {"v": bomb{word}, "password": word}}})
	flush(t, h)
	clean(t, s.take())
}
