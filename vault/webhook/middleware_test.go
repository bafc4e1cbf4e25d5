package webhook_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/vault/webhook"
	"github.com/stretchr/testify/require"
)

func server(t *testing.T, h http.Handler) *httptest.Server {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// post sends a delivery, in chunks if told, and returns status and body of the answer.
func post(t *testing.T, url string, h http.Header, body []byte, chunked bool) (int, string) {
	t.Helper()
	var r io.Reader = bytes.NewReader(body)
	if chunked {
		r = struct{ io.Reader }{r}
	}
	req, err := http.NewRequestWithContext(t.Context(), "POST", url, r)
	require.NoError(t, err)
	req.Header = h.Clone()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := c.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(b)
}

func TestTheHandlerGetsTheBodyByteForByte(t *testing.T) {
	t.Parallel()
	s := webhook.Secrets{Current: webhook.NewSecret()}
	v := verifier(t, s, webhook.Options{MaxBody: 100_000})
	var got []byte
	var length int64
	var d webhook.Delivery
	var found bool
	var failed error
	web := server(t, v.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d, found = webhook.From(r.Context())
		length = r.ContentLength
		got, failed = io.ReadAll(r.Body)
		failed = errors.Join(failed, r.Body.Close())
		w.WriteHeader(http.StatusNoContent)
	})))
	for _, body := range []string{"", "x", "{ \"a\" :1.0, \"a\":2,\t\"z\":\"\\u00e9é\"}\r\n", "\xff\x00\xfe", strings.Repeat("long ", 20_000)} {
		for _, chunked := range []bool{false, true} {
			code, _ := post(t, web.URL, signed(t, s, "msg_1", []byte(body)), []byte(body), chunked)
			require.Equal(t, http.StatusNoContent, code)
			require.NoError(t, failed)
			require.True(t, found)
			require.Equal(t, body, string(got))
			require.EqualValues(t, len(body), length)
			require.Equal(t, "msg_1", d.ID)
		}
	}
	_, found = webhook.From(t.Context())
	require.False(t, found)
}

func TestAStrangerGetsAStatusAndNothingElse(t *testing.T) {
	t.Parallel()
	s := webhook.Secrets{Current: webhook.NewSecret()}
	var seen bool
	var down error
	v := verifier(t, s, webhook.Options{MaxBody: 100, Seen: func(context.Context, webhook.Delivery) (bool, error) { return seen, down }})
	web := server(t, v.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was reached") })))
	body := []byte(`{"planted":"canary-4711"}`)
	long := bytes.Repeat([]byte("b"), 101)
	now := unixNow()
	stale := headers("canary-4711", "1674087231", byHand(s.Current, "canary-4711", "1674087231", body))
	for _, c := range []struct {
		name string
		h    http.Header
		body []byte
		seen bool
		down error
		want int
	}{
		{"no headers", http.Header{}, body, false, nil, 400},
		{"malformed", headers("canary-4711", "+"+now, "v1,x"), body, false, nil, 400},
		{"stale", stale, body, false, nil, 403},
		{"not signed", headers("canary-4711", now, byHand(webhook.NewSecret(), "canary-4711", now, body)), body, false, nil, 403},
		{"re-serialised", signed(t, s, "canary-4711", []byte(`{"planted": "canary-4711"}`)), body, false, nil, 403},
		{"replayed", signed(t, s, "canary-4711", body), body, true, nil, 409},
		{"store down", signed(t, s, "canary-4711", body), body, false, errors.New("dial canary-4711"), 503},
		{"too large", signed(t, s, "canary-4711", long), long, false, nil, 413},
	} {
		for _, chunked := range []bool{false, true} {
			seen, down = c.seen, c.down
			code, said := post(t, web.URL, c.h, c.body, chunked)
			require.Equal(t, c.want, code, c.name)
			require.Equal(t, http.StatusText(c.want)+"\n", said, c.name)
		}
	}
}

func TestErrorsRepeatNothingOfTheRequest(t *testing.T) {
	t.Parallel()
	s := webhook.Secrets{Current: webhook.NewSecret()}
	v := verifier(t, s, webhook.Options{})
	const canary = "canary4711"
	now := unixNow()
	for _, h := range []http.Header{
		headers(canary+".", now, "v1,x"), headers(canary, canary, "v1,x"), headers(canary, now, canary), headers(canary, now, canary+",x"),
		headers(canary, now, "v1,"+canary), headers(canary, "1674087231", "v9,"+canary), headers(canary, now, "v9,"+canary),
		headers(canary, now, byHand(webhook.NewSecret(), canary, now, nil)),
		{webhook.HeaderID: {canary, canary}, webhook.HeaderTimestamp: {now}, webhook.HeaderSignature: {canary}},
	} {
		_, err := v.Verify(t.Context(), h, []byte(canary))
		require.Error(t, err)
		require.NotContains(t, err.Error(), canary)
		require.NotContains(t, err.Error(), now)
		require.NotContains(t, err.Error(), s.Current.Reveal()[6:16])
	}
}

// counted is a body that tells how much of it was read.
type counted struct {
	left, read int
	err        error
}

func (c *counted) Read(p []byte) (int, error) {
	n := min(len(p), c.left)
	if n == 0 {
		return 0, c.err
	}
	c.left -= n
	c.read += n
	return n, nil
}

func (c *counted) Close() error { return nil }

func TestABodyIsReadOnlyBehindGoodHeadersAndNotBeyondTheLimit(t *testing.T) {
	t.Parallel()
	s := webhook.Secrets{Current: webhook.NewSecret()}
	v := verifier(t, s, webhook.Options{MaxBody: 1000})
	now := unixNow()
	good := signed(t, s, "msg_1", nil)
	for _, c := range []struct {
		name   string
		h      http.Header
		length int64
		want   error
		most   int
	}{
		{"no headers", http.Header{}, -1, webhook.ErrMissingHeader, 0},
		{"malformed", headers("a.b", now, "v1,x"), -1, webhook.ErrMalformed, 0},
		{"stale", headers("a", "1674087231", "v9,x"), -1, webhook.ErrStale, 0},
		{"says that it is too large", good, 1001, webhook.ErrTooLarge, 0},
		{"does not say how large it is", good, -1, webhook.ErrTooLarge, 1001},
	} {
		body := &counted{left: 1 << 30, err: io.EOF}
		r := &http.Request{Method: "POST", Header: c.h, Body: body, ContentLength: c.length}
		d, b, err := v.VerifyRequest(r)
		only(t, err, c.want, c.name)
		require.Zero(t, d)
		require.Nil(t, b)
		require.LessOrEqual(t, body.read, c.most, c.name)
	}
	broken := errors.New("connection reset")
	_, _, err := v.VerifyRequest(&http.Request{Header: good, Body: &counted{left: 10, err: broken}, ContentLength: -1})
	only(t, err, webhook.ErrBody)
	require.ErrorIs(t, err, broken)

	exact := bytes.Repeat([]byte("b"), 1000)
	r := &http.Request{Header: signed(t, s, "msg_1", exact), Body: io.NopCloser(bytes.NewReader(exact)), ContentLength: -1}
	_, b, err := v.VerifyRequest(r)
	require.NoError(t, err)
	require.Equal(t, exact, b)
	again, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.Equal(t, exact, again, "and it can be read again")

	_, b, err = v.VerifyRequest(&http.Request{Header: good})
	require.NoError(t, err, "a request without a body has an empty one")
	require.Empty(t, b)
}

func TestRefuseIsToldWhy(t *testing.T) {
	t.Parallel()
	s := webhook.Secrets{Current: webhook.NewSecret()}
	var why error
	v := verifier(t, s, webhook.Options{Refuse: func(w http.ResponseWriter, r *http.Request, err error) {
		why = err
		w.WriteHeader(http.StatusTeapot)
	}})
	web := server(t, v.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	code, _ := post(t, web.URL, http.Header{}, nil, false)
	require.Equal(t, http.StatusTeapot, code)
	only(t, why, webhook.ErrMissingHeader)
	require.Panics(t, func() { v.Middleware(nil) })
}

// A header that comes twice over the wire reaches the verifier as two.
func TestHeadersThatComeTwiceOverTheWireAreRefused(t *testing.T) {
	t.Parallel()
	s := webhook.Secrets{Current: webhook.NewSecret()}
	web := server(t, verifier(t, s, webhook.Options{}).Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })))
	body := []byte("body")
	h := signed(t, s, "msg_1", body)
	send := func(lines ...string) int {
		conn, err := net.Dial("tcp", strings.TrimPrefix(web.URL, "http://"))
		require.NoError(t, err)
		defer conn.Close()
		_, err = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n"+strings.Join(lines, "\r\n")+"\r\n\r\n"+string(body))
		require.NoError(t, err)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode
	}
	id, ts, sig := "webhook-id: msg_1", "wEBHOOK-timestamp: "+h.Get(webhook.HeaderTimestamp), "Webhook-Signature: "+h.Get(webhook.HeaderSignature)
	require.Equal(t, 204, send(id, ts, sig))
	require.Equal(t, 400, send(id, ts, sig, "WEBHOOK-ID: msg_2"))
	require.Equal(t, 400, send("WEBHOOK-ID: msg_2", id, ts, sig))
	require.Equal(t, 400, send(id, ts, sig, sig))
	require.Equal(t, 400, send(id, ts, sig, "webhook-timestamp: 1"))
}
