package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// report is what an error reporter sends, in the shape of Sentry's events.
type report struct {
	Message   string            `json:"message"`
	Level     string            `json:"level"`
	Timestamp time.Time         `json:"timestamp"`
	Tags      map[string]string `json:"tags,omitempty"`
	Extra     map[string]any    `json:"extra,omitempty"`
	Request   *reportedRequest  `json:"request,omitempty"`
	Stack     string            `json:"stack,omitempty"`
}

type reportedRequest struct {
	Method, URL string
	Headers     http.Header
	Cookies     string
}

// reporter sends reports to w, one JSON object a line, after BeforeSend has taken out what must not leave.
type reporter struct {
	beforeSend func(event *report, hint *http.Request) *report
	mu         sync.Mutex
	w          io.Writer
}

func newReporter(r *redact.Redactor, w io.Writer) *reporter {
	return &reporter{beforeSend: redact.Hook[report, *http.Request](r), w: w}
}

// error reports an error outside of a request.
func (r *reporter) error(ctx context.Context, err error) { r.send(ctx, err.Error(), nil, "") }

func (r *reporter) send(ctx context.Context, message string, req *http.Request, stack string) {
	e := &report{Message: message, Level: "error", Timestamp: time.Now().UTC(), Stack: stack}
	if id, err := tenancy.From(ctx); err == nil {
		e.Tags = map[string]string{"tenant": id.String()}
	}
	if req != nil { // all of it, as reporters do: the hook has to see to it
		e.Request = &reportedRequest{req.Method, req.URL.String(), req.Header.Clone(), req.Header.Get("Cookie")}
	}
	if e = r.beforeSend(e, req); e == nil {
		return
	}
	b, err := json.Marshal(e)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = r.w.Write(append(b, '\n'))
}

// recovered answers for a handler that panics, and reports that.
func (r *reporter) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		defer func() {
			p := recover()
			switch p {
			case nil:
				return
			case http.ErrAbortHandler:
				panic(p)
			}
			r.send(req.Context(), fmt.Sprint(p), req, string(debug.Stack()))
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, req)
	})
}
