package redact

import (
	"net/http"
	"sync"
	"time"
)

// Middleware returns a wrapper for handlers that gives each exchange, redacted, to log when the handler is done, also when
// it panics (the panic goes on). The handler sees requests and bodies unchanged, and the response can still be flushed,
// hijacked and given deadlines through [http.ResponseController].
func (r *Redactor) Middleware(log func(Exchange)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
			x := r.exchange(req.Method, req.URL, req.Proto, req.Header)
			got, sent := &recorder{}, &recorder{}
			if req.Body != nil && req.Body != http.NoBody {
				body := req.Body
				req = req.WithContext(req.Context())
				req.Body = &tee{ReadCloser: body, to: got}
			}
			w := &responseTee{ResponseWriter: rw, to: sent}
			defer func() {
				x.Took = time.Since(x.Start)
				x.Status, x.ResponseHeader = w.status(), r.Header(w.head())
				x.RequestBody, x.RequestTrailer = r.body(got, req.Header), r.Header(req.Trailer)
				x.ResponseBody = r.body(sent, w.head())
				log(x)
			}()
			next.ServeHTTP(w, req)
		})
	}
}

// responseTee is a response of which a recorder gets a copy.
type responseTee struct {
	http.ResponseWriter
	to     *recorder
	once   sync.Once
	code   int
	header http.Header // as it was sent
}

func (w *responseTee) WriteHeader(code int) {
	if code >= 200 || code == http.StatusSwitchingProtocols { // others come before the response
		w.once.Do(func() { w.code, w.header = code, w.Header().Clone() })
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *responseTee) Write(p []byte) (int, error) {
	w.once.Do(func() { w.code, w.header = http.StatusOK, w.Header().Clone() })
	n, err := w.ResponseWriter.Write(p)
	w.to.keep(p[:max(n, 0)])
	return n, err
}

// Flush sends what was written. It is here because many handlers ask for a [http.Flusher].
func (w *responseTee) Flush() {
	w.once.Do(func() { w.code, w.header = http.StatusOK, w.Header().Clone() })
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap is for [http.ResponseController].
func (w *responseTee) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *responseTee) status() int {
	if w.code == 0 {
		return http.StatusOK
	}
	return w.code
}

func (w *responseTee) head() http.Header {
	if w.header == nil {
		return w.Header()
	}
	return w.header
}
