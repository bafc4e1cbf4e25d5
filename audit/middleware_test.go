package audit

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"

	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// marker is what must never leave without a record.
const marker = "the-patient-has-the-flu"

func describeRead(r *http.Request) (Event, bool) {
	return Event{Action: docRead, Actor: Party{Type: "user", ID: "42", Person: true}}, !strings.HasPrefix(r.URL.Path, "/health")
}

// audited serves h behind the middleware, over HTTP/1.1 or HTTP/2.
func audited(t *testing.T, l *Log, http2 bool, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	inside := l.Middleware(describeRead)(h)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Outer", "stays")
		inside.ServeHTTP(w, r.WithContext(tenancy.With(r.Context(), acme)))
	}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.EnableHTTP2 = http2
	if http2 {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	t.Cleanup(srv.Client().CloseIdleConnections)
	return srv
}

func eachProtocol(t *testing.T, f func(t *testing.T, http2 bool)) {
	for name, http2 := range map[string]bool{"HTTP1": false, "HTTP2": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, http2)
		})
	}
}

// answer asks srv and returns all that a client can see of the response.
func answer(t *testing.T, srv *httptest.Server, path string) (status int, header http.Header, body string, err error) {
	t.Helper()
	res, err := srv.Client().Get(srv.URL + path)
	if err != nil {
		return 0, nil, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	for k, v := range res.Trailer {
		res.Header["Trailer-"+k] = v
	}
	return res.StatusCode, res.Header, string(b), err
}

// ways of answering, all with the marker.
var leaks = map[string]http.HandlerFunc{
	"Write":       func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(marker)) },
	"WriteString": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, marker) },
	"ReadFrom": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.Copy(w, io.LimitReader(strings.NewReader(marker), 100))
	},
	"a file": func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, marker, time.Time{}, strings.NewReader(marker))
	},
	"WriteHeader": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) },
	"a redirect":  func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/"+marker, http.StatusFound) },
	"a cookie": func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "c", Value: marker})
	},
	"Flush": func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		_, _ = io.WriteString(w, marker)
	},
	"a controller": func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, marker)
	},
	"an early hint": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", marker)
		w.WriteHeader(http.StatusEarlyHints)
	},
	"a deletion": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Del("X-Outer")
		_, _ = io.WriteString(w, marker)
	},
	"trying again": func(w http.ResponseWriter, _ *http.Request) {
		for range 3 {
			_, _ = io.WriteString(w, marker)
		}
	},
	"a length": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "23")
		_, _ = io.WriteString(w, marker)
	},
	"another routine": func(w http.ResponseWriter, _ *http.Request) {
		done := make(chan int)
		go func() { _, _ = io.WriteString(w, marker); close(done) }()
		<-done
	},
	"a trailer": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		w.WriteHeader(http.StatusOK)
		w.Header().Set("X-Sum", marker)
		w.Header().Set(http.TrailerPrefix+"X-Late", marker)
	},
	"a handler that unwraps": func(w http.ResponseWriter, _ *http.Request) {
		for {
			u, ok := w.(interface{ Unwrap() http.ResponseWriter })
			if !ok {
				break
			}
			w = u.Unwrap()
		}
		_, _ = io.WriteString(w, marker)
	},
	"hijacking": func(w http.ResponseWriter, _ *http.Request) {
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			_, _ = io.WriteString(w, marker)
			return
		}
		defer c.Close()
		_, _ = rw.WriteString("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + marker)
		_ = rw.Flush()
	},
	"a push": func(w http.ResponseWriter, _ *http.Request) {
		if p, ok := w.(http.Pusher); ok {
			_ = p.Push("/"+marker, nil)
		}
		_, _ = io.WriteString(w, marker)
	},
}

func TestNothingOfAResponseLeavesWithoutItsEvent(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, http2 bool) {
		for name, leak := range leaks {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				down := &double{NewMemory(), func(context.Context, []Entry) ([]Placed, error) { return nil, ErrUnavailable }}
				var said bytes.Buffer
				l := logOver(t, down)
				l.opts.Logger = slog.New(slog.NewTextHandler(&said, nil))
				srv := audited(t, l, http2, leak)
				seen := int32(0)
				trace := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
					Got1xxResponse: func(int, textproto.MIMEHeader) error { atomic.AddInt32(&seen, 1); return nil },
				})
				req, err := http.NewRequestWithContext(trace, http.MethodGet, srv.URL, nil)
				require.NoError(t, err)
				res, err := srv.Client().Transport.RoundTrip(req)
				require.NoError(t, err)
				defer res.Body.Close()
				body, err := io.ReadAll(res.Body)
				require.NoError(t, err)
				require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
				require.Equal(t, "Service Unavailable\n", string(body))
				require.Zero(t, seen, "an informational response left")
				require.Equal(t, "stays", res.Header.Get("X-Outer"), "what was there before the handler is not its to take away")
				for _, h := range []http.Header{res.Header, res.Trailer} {
					for k, v := range h {
						require.NotContains(t, k+strings.Join(v, ""), marker)
						require.NotContains(t, strings.ToLower(k+strings.Join(v, "")), "audit")
					}
				}
				require.Contains(t, said.String(), "test.document_read")
				require.NotContains(t, said.String(), marker)
			})
		}
	})
}

func TestARecordedResponseIsWhatTheHandlerMadeIt(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, http2 bool) {
		for name, leak := range leaks {
			if name == "hijacking" || name == "another routine" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := NewMemory()
				srv := audited(t, logOver(t, s), http2, leak)
				plain := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("X-Outer", "stays")
					leak(w, r)
				}))
				plain.EnableHTTP2 = http2
				if http2 {
					plain.StartTLS()
				} else {
					plain.Start()
				}
				t.Cleanup(plain.Close)
				noFollow := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				srv.Client().CheckRedirect, plain.Client().CheckRedirect = noFollow, noFollow
				status, header, body, err := answer(t, srv, "/")
				require.NoError(t, err)
				wantStatus, wantHeader, wantBody, err := answer(t, plain, "/")
				require.NoError(t, err)
				header.Del("Date")
				wantHeader.Del("Date")
				if name == "a handler that unwraps" || name == "an early hint" {
					wantHeader.Del("Link")
					header.Del("Link")
				}
				require.Equal(t, wantStatus, status)
				require.Equal(t, wantHeader, header)
				require.Equal(t, wantBody, body)
				require.Len(t, logged(t, inAcme(t), s), 1)
			})
		}
	})
}

func TestTheOutcomeIsThatOfTheStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]Outcome{200: Success, 204: Success, 302: Success, 304: Success, 400: Failure, 401: Denied, 403: Denied, 404: Failure, 500: Failure} {
		s := NewMemory()
		srv := audited(t, logOver(t, s), false, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		srv.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		got, _, _, err := answer(t, srv, "/")
		require.NoError(t, err)
		require.Equal(t, status, got)
		all := logged(t, inAcme(t), s)
		require.Len(t, all, 1)
		require.Contains(t, string(all[0].Leaf), `"outcome":"`+want.String()+`"`, status)
	}
}

func TestAnInformationalResponseDoesNotDecideTheOutcome(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	srv := audited(t, logOver(t, s), false, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusForbidden)
	})
	status, _, _, err := answer(t, srv, "/")
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, status)
	require.Contains(t, string(logged(t, inAcme(t), s)[0].Leaf), `"outcome":"denied"`)
}

func TestAHandlerThatPanicsIsRecordedAsAFailure(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, http2 bool) {
		s := NewMemory()
		srv := audited(t, logOver(t, s), http2, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		_, _, _, err := answer(t, srv, "/")
		require.Error(t, err)
		all := logged(t, inAcme(t), s)
		require.Len(t, all, 1)
		require.Contains(t, string(all[0].Leaf), `"outcome":"failure"`)
	})
}

func TestAHandlerThatPanicsLateIsRecordedOnce(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	srv := audited(t, logOver(t, s), false, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, marker)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	_, _, body, err := answer(t, srv, "/")
	require.Error(t, err)
	require.Equal(t, marker, body)
	require.Len(t, logged(t, inAcme(t), s), 1)
}

func TestNothingLeavesIfRecordingPanics(t *testing.T) {
	t.Parallel()
	g := &gatedWriter{out: httptest.NewRecorder(), header: http.Header{}, log: nil, ctx: inAcme(t)}
	require.Panics(t, func() { _, _ = g.Write([]byte(marker)) })
	_, err := g.Write([]byte(marker))
	require.ErrorIs(t, err, errUnrecorded)
	require.Zero(t, g.out.(*httptest.ResponseRecorder).Body.Len())
}

func TestATakenOverConnectionIsRecordedFirst(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	srv := audited(t, logOver(t, s), false, leaks["hijacking"])
	status, _, body, err := answer(t, srv, "/")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, marker, body)
	require.Eventually(t, func() bool { return len(logged(t, inAcme(t), s)) == 2 }, time.Minute, time.Millisecond)
	all := logged(t, inAcme(t), s)
	require.Contains(t, string(all[0].Leaf), `"outcome":"attempted"`)
	require.Contains(t, string(all[1].Leaf), `"outcome":"success"`)
	require.Contains(t, string(all[1].Leaf), `"attempt":"`+all[0].ID.String()+`"`)
}

func TestATakenOverConnectionIsNoSuccessIfItsHandlerPanicsOrDoesNotGetIt(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"panic": func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				c.Close()
			}
			panic(http.ErrAbortHandler)
		},
		"not given": func(w http.ResponseWriter, _ *http.Request) { _, _, _ = http.NewResponseController(w).Hijack() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := NewMemory()
			handler := logOver(t, s).Middleware(describeRead)(h)
			if name == "not given" {
				handler.ServeHTTP(stingy{httptest.NewRecorder()}, httptest.NewRequest("GET", "/", nil).WithContext(inAcme(t)))
			} else {
				srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r.WithContext(inAcme(t))) }))
				defer srv.Close()
				_, err := srv.Client().Get(srv.URL)
				require.Error(t, err)
			}
			require.Eventually(t, func() bool { return len(logged(t, inAcme(t), s)) == 2 }, time.Minute, time.Millisecond)
			all := logged(t, inAcme(t), s)
			require.Contains(t, string(all[0].Leaf), `"outcome":"attempted"`)
			require.Contains(t, string(all[1].Leaf), `"outcome":"failure"`)
		})
	}
}

// stingy says that a connection can be taken over, and does not give it.
type stingy struct{ *httptest.ResponseRecorder }

func (stingy) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, errors.New("taken already")
}

// bare is a response without anything optional.
type bare struct{ http.ResponseWriter }

func TestWhatTheServerCannotDoIsNotDecided(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	h := logOver(t, s).Middleware(describeRead)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c := http.NewResponseController(w)
		require.ErrorIs(t, c.Flush(), http.ErrNotSupported)
		_, _, err := c.Hijack()
		require.ErrorIs(t, err, http.ErrNotSupported)
		w.WriteHeader(http.StatusForbidden)
	}))
	h.ServeHTTP(bare{httptest.NewRecorder()}, httptest.NewRequest("GET", "/", nil).WithContext(inAcme(t)))
	all := logged(t, inAcme(t), s)
	require.Len(t, all, 1)
	require.Contains(t, string(all[0].Leaf), `"outcome":"denied"`)
}

func TestARetriedRequestIsRecordedOnce(t *testing.T) {
	t.Parallel()
	inner := NewMemory()
	calls := atomic.Int32{}
	s := &double{inner, func(ctx context.Context, entries []Entry) ([]Placed, error) {
		placed, err := inner.Append(ctx, entries)
		if calls.Add(1) <= 3 { // it is stored, and the answer is lost
			return nil, errors.New("connection reset")
		}
		return placed, err
	}}
	l := logOver(t, s)
	h := l.Middleware(func(r *http.Request) (Event, bool) {
		return Event{ID: IDFor(r.Header.Get("Idempotency-Key")), Action: docRead}, true
	})(leaks["Write"])
	statuses := []int{}
	for range 3 {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/", nil).WithContext(inAcme(t))
		r.Header.Set("Idempotency-Key", "k1")
		h.ServeHTTP(w, r)
		statuses = append(statuses, w.Code)
	}
	require.Equal(t, []int{503, 200, 200}, statuses)
	require.Len(t, logged(t, inAcme(t), inner), 1)
}

func TestARequestThatCannotBeRecordedIsRefusedBeforeTheHandler(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	l := logOver(t, s)
	acts := func(e Event) http.Handler {
		return l.Middleware(func(*http.Request) (Event, bool) { return e, true })(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			t.Error("the handler was called")
		}))
	}
	code := func(ctx context.Context, e Event) int {
		w := httptest.NewRecorder()
		acts(e).ServeHTTP(w, httptest.NewRequest("GET", "/", nil).WithContext(ctx))
		return w.Code
	}
	good := Event{Action: docRead}
	require.Equal(t, 503, code(t.Context(), good), "no tenant")
	require.Equal(t, 503, code(inAcme(t), Event{}), "no action")
	require.Equal(t, 503, code(inAcme(t), Event{Action: Erased}), "an action of the log's own")
	require.Equal(t, 503, code(inAcme(t), Event{Action: docRead, Reason: "\xff"}), "not UTF-8")
	require.NoError(t, s.Tx(inAcme(t), func(ctx context.Context) error {
		require.Equal(t, 503, code(ctx, good), "in a transaction")
		return nil
	}))
	require.NoError(t, l.Close(t.Context()))
	require.Equal(t, 503, code(inAcme(t), good), "closed")
}

func TestARequestIsRecordedThoughItsClientIsGone(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	ctx, gone := context.WithCancel(inAcme(t))
	h := logOver(t, s).Middleware(describeRead)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { gone() }))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil).WithContext(ctx))
	require.Len(t, logged(t, inAcme(t), s), 1)
}

func TestARequestThatIsNotAuditedPassesUntouched(t *testing.T) {
	t.Parallel()
	s := NewMemory()
	srv := audited(t, logOver(t, s), false, func(w http.ResponseWriter, _ *http.Request) {
		_, ours := w.(*gatedWriter)
		require.False(t, ours)
	})
	status, _, _, err := answer(t, srv, "/health")
	require.NoError(t, err)
	require.Equal(t, 200, status)
	require.Empty(t, logged(t, inAcme(t), s))
}

var _ interface {
	http.Flusher
	http.Hijacker
	io.ReaderFrom
	io.StringWriter
} = (*gatedWriter)(nil)
