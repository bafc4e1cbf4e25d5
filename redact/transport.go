package redact

import (
	"bytes"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// An Exchange is an HTTP request and its response as a log may show them: everything in it is redacted.
//
// A body is shown if it is text of at most 64 KiB: JSON and forms by the names in them, other text scanned. Instead of a
// body that is longer, compressed, binary or of several parts there is a label. A body is as much of it as went by: if
// nobody read it, there is nothing of it.
type Exchange struct {
	Method, URL, Proto string
	Status             int
	RequestHeader      http.Header
	RequestBody        []byte
	RequestTrailer     http.Header
	ResponseHeader     http.Header
	ResponseBody       []byte
	ResponseTrailer    http.Header
	Start              time.Time
	Took               time.Duration
	Err                error // why there is no response
}

// LogValue is the exchange as a group, with its bodies as text and without what is empty: log.Info("call", "http", x).
func (x Exchange) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("method", x.Method), slog.String("url", x.URL), slog.Int("status", x.Status), slog.Duration("took", x.Took)}
	for _, part := range []struct {
		name            string
		header, trailer http.Header
		body            []byte
	}{{"request", x.RequestHeader, x.RequestTrailer, x.RequestBody}, {"response", x.ResponseHeader, x.ResponseTrailer, x.ResponseBody}} {
		var in []any
		if len(part.header) > 0 {
			in = append(in, slog.Any("header", part.header))
		}
		if len(part.body) > 0 {
			in = append(in, slog.String("body", string(part.body)))
		}
		if len(part.trailer) > 0 {
			in = append(in, slog.Any("trailer", part.trailer))
		}
		attrs = append(attrs, slog.Group(part.name, in...)) // slog leaves out a group without attributes
	}
	if x.Err != nil {
		attrs = append(attrs, slog.Any("err", x.Err))
	}
	return slog.GroupValue(attrs...)
}

// Labels of bodies that are not shown.
const (
	bodyTooLong = "[redacted:limit]"
	bodyEncoded = "[redacted:encoded]"
	bodyBinary  = "[redacted:binary]"
	bodyParts   = "[redacted:multipart]"
)

// maxBody is how much of a body is kept.
const maxBody = 64 << 10

// Transport returns a [http.RoundTripper] that does with requests what rt does ([http.DefaultTransport] if it is nil), and
// gives each exchange, redacted, to log: when the response's body has been read to its end or closed, or when there is
// no response. Requests and bodies pass unchanged.
func (r *Redactor) Transport(rt http.RoundTripper, log func(Exchange)) http.RoundTripper {
	if rt == nil {
		rt = http.DefaultTransport
	}
	return &transport{r, rt, log}
}

type transport struct {
	r   *Redactor
	rt  http.RoundTripper
	log func(Exchange)
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	x := t.r.exchange(req.Method, req.URL, req.Proto, req.Header)
	sent := &recorder{}
	if req.Body != nil && req.Body != http.NoBody {
		body := req.Body
		req = req.WithContext(req.Context()) // a shallow copy: a RoundTripper leaves the request alone
		req.Body = &tee{ReadCloser: body, to: sent}
	}
	resp, err := t.rt.RoundTrip(req)
	finish := sync.OnceFunc(func() {
		x.RequestBody = t.r.body(sent, req.Header)
		x.RequestTrailer = t.r.Header(req.Trailer)
		x.Took = time.Since(x.Start)
		t.log(x)
	})
	if err != nil || resp == nil {
		x.Err = t.r.Error(err)
		finish()
		return resp, err
	}
	x.Status, x.ResponseHeader = resp.StatusCode, t.r.Header(resp.Header)
	got := &recorder{}
	end := func() {
		x.ResponseBody = t.r.body(got, resp.Header)
		x.ResponseTrailer = t.r.Header(resp.Trailer)
		finish()
	}
	if resp.Body == nil || resp.Body == http.NoBody {
		end()
		return resp, nil
	}
	b := tee{ReadCloser: resp.Body, to: got, end: sync.OnceFunc(end)}
	if w, ok := resp.Body.(io.Writer); ok { // 101 Switching Protocols: the body is the connection
		resp.Body = &duplex{tee: b, Writer: w}
		return resp, nil
	}
	resp.Body = &b
	return resp, nil
}

type duplex struct {
	tee
	io.Writer
}

func (r *Redactor) exchange(method string, u *url.URL, proto string, h http.Header) Exchange {
	return Exchange{Method: r.String(method), URL: r.URL(u), Proto: r.String(proto), RequestHeader: r.Header(h), Start: time.Now()}
}

// recorder keeps the beginning of a body. The transport may still send while the response is read.
type recorder struct {
	mu   sync.Mutex
	buf  []byte
	long bool
}

func (c *recorder) keep(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.long || len(p) == 0 {
		return
	}
	if len(c.buf)+len(p) > maxBody {
		c.long, c.buf = true, nil
		return
	}
	c.buf = append(c.buf, p...)
}

// tee is a body of which a recorder gets a copy.
type tee struct {
	io.ReadCloser
	to  *recorder
	end func()
}

func (t *tee) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	t.to.keep(p[:max(n, 0)])
	if err != nil && t.end != nil {
		t.end()
	}
	return n, err
}

func (t *tee) Close() error {
	err := t.ReadCloser.Close()
	if t.end != nil {
		t.end()
	}
	return err
}

// body returns what may be shown of a recorded body.
func (r *Redactor) body(c *recorder, h http.Header) []byte {
	c.mu.Lock()
	b, long := bytes.Clone(c.buf), c.long
	c.mu.Unlock()
	if long {
		return []byte(bodyTooLong)
	}
	if len(b) == 0 {
		return nil
	}
	if e := h.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return []byte(bodyEncoded)
	}
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		return []byte(bodyParts)
	case !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0:
		return []byte(bodyBinary)
	case kind == "application/x-www-form-urlencoded":
		w := r.walk()
		defer w.done()
		return []byte(w.pairs(string(b)))
	}
	if out, err := r.JSON(nil, b); err == nil {
		return out
	}
	return r.Append(nil, b)
}
