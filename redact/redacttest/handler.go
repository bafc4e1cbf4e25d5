package redacttest

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
)

// Handler attacks an HTTP handler, or the middleware around one: it sends requests with canaries and reads what the
// handler writes to its log. open returns a fresh handler that logs to log. The answers are not searched: what is in them
// the caller sent. For except see [Logger].
//
// Something has to be in the log after each request.
func Handler(t TB, open func(log io.Writer) http.Handler, except ...string) *Report {
	t.Helper()
	return attack(t, requestPositions(), except, func(p position[*http.Request], text string) ([]byte, bool) {
		var b bytes.Buffer
		h := open(&b)
		req := httptest.NewRequest(http.MethodPost, "/"+mark, http.NoBody)
		req.Header.Set("User-Agent", mark)
		p.plant(req, text)
		func() {
			defer func() { _ = recover() }() // http.Server recovers too
			h.ServeHTTP(httptest.NewRecorder(), req)
		}()
		return b.Bytes(), b.Len() > 0
	})
}

func requestPositions() []position[*http.Request] {
	type r = *http.Request
	header := func(name string) func(r, string) { return func(r r, s string) { r.Header[name] = []string{s} } }
	body := func(kind, text string) func(r, string) {
		return func(r r, s string) {
			r.Header.Set("Content-Type", kind)
			setBody(r, strings.ReplaceAll(text, "TEXT", s))
		}
	}
	return []position[r]{
		{"path", func(r r, s string) { r.URL.Path += "/" + s; r.RequestURI = r.URL.RequestURI() }},
		{"query", func(r r, s string) {
			r.URL.RawQuery = url.Values{"note": {s}}.Encode()
			r.RequestURI = r.URL.RequestURI()
		}},
		{"query-sensitive-name", func(r r, s string) {
			r.URL.RawQuery = url.Values{"access_token": {s}}.Encode()
			r.RequestURI = r.URL.RequestURI()
		}},
		{"query-name", func(r r, s string) { r.URL.RawQuery = url.QueryEscape(s) + "=1"; r.RequestURI = r.URL.RequestURI() }},
		{"authorization", header("Authorization")},
		{"proxy-authorization", header("Proxy-Authorization")},
		{"header-lower", header("x-api-key")},
		{"header-odd", header("X-aPI-kEY")},
		{"header-note", header("X-Note")},
		{"header-name", func(r r, s string) { r.Header[s] = []string{"1"} }},
		{"header-name-end", func(r r, s string) { r.Header["X-Token-"+s] = []string{"1"} }},
		{"header-second", func(r r, s string) { r.Header["X-Auth-Token"] = []string{"", s} }},
		{"header-forwarded", header("X-Forwarded-For")},
		{"user-agent", header("User-Agent")},
		{"referer", func(r r, s string) { r.Header.Set("Referer", "https://example.com/?note="+url.QueryEscape(s)) }},
		{"referer-raw", header("Referer")},
		{"cookie", func(r r, s string) { r.Header["Cookie"] = []string{"theme=dark; session=" + s} }},
		{"cookie-second", func(r r, s string) { r.Header["Cookie"] = []string{"theme=dark", "remember_me=" + s} }},
		{"basic-auth", func(r r, s string) { r.SetBasicAuth("bob", s) }},
		{"body-text", body("text/plain", "TEXT")},
		{"body-no-type", func(r r, s string) { setBody(r, s) }},
		{"body-json", func(r r, s string) {
			r.Header.Set("Content-Type", "application/json")
			setBody(r, `{"n":1,"note":`+string(quoted(s))+`}`)
		}},
		{"body-json-sensitive-name", func(r r, s string) {
			r.Header.Set("Content-Type", "application/json; charset=utf-8")
			setBody(r, `{"n":1,"credentials":{"value":`+string(quoted(s))+`}}`)
		}},
		{"body-form", func(r r, s string) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			setBody(r, url.Values{"note": {s}, "password": {s}}.Encode())
		}},
		{"body-xml", body("application/xml", "<note>TEXT</note>")},
		{"body-broken-json", body("application/json", `{"note":"TEXT`)},
		{"body-multipart", func(r r, s string) {
			var b bytes.Buffer
			w := multipart.NewWriter(&b)
			_ = w.WriteField("password", s)
			_ = w.WriteField("note", s)
			_ = w.Close()
			r.Header.Set("Content-Type", w.FormDataContentType())
			setBody(r, b.String())
		}},
		{"trailer", func(r r, s string) {
			setBody(r, "x")
			r.Trailer = http.Header{"X-Api-Key": {s}}
		}},
	}
}

func setBody(r *http.Request, s string) {
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(s)), int64(len(s))
}
