package export

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strconv"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

const fetchStyle = `:root{color-scheme:light dark}body{font:1.05rem/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1.25rem}button{font:inherit;padding:.6rem 1.2rem}`

var fetchPolicy = func() string {
	sum := sha256.Sum256([]byte(fetchStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}()

const fetchPage = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Your data</title><style>` + fetchStyle + `</style></head>
<body><main><h1>Your data</h1>
<p>This link works once. The file is encrypted: you need your key or passphrase to open it.</p>
<form method="post"><button>Download</button></form></main></body>
</html>
`

// ServeHTTP serves the download whose token is the last part of the path: mount it under "/downloads/". GET shows a page with a button, as mail
// scanners and previews fetch links; POST hands the file over, once. Whatever is not there, or not for who asks, is the same 404.
func (d *Downloads) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for k, v := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Robots-Tag": "noindex",
		"Content-Security-Policy": fetchPolicy} {
		h.Set(k, v)
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost:
		if d.cross.Check(r) != nil {
			http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
			return
		}
	default:
		h.Set("Allow", "GET, HEAD, POST")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	name := place(path.Base(r.URL.Path))
	t, r, ok := d.find(r, name)
	if !ok {
		http.Error(w, http.StatusText(http.StatusNotFound), http.StatusNotFound)
		return
	}
	if r.Method != http.MethodPost {
		h.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, fetchPage)
		return
	}
	d.hand(w, r, name, t)
}

// find returns the ticket, if it is good and for who asks, and the request in its tenant.
func (d *Downloads) find(r *http.Request, name string) (Ticket, *http.Request, bool) {
	t, err := d.read(filepath.Join(d.o.Dir, name+".json"))
	if err != nil {
		return t, r, false
	}
	if is, err := tenancy.From(r.Context()); err == nil && is != t.Tenant {
		return t, r, false
	} else if err != nil {
		r = r.WithContext(tenancy.With(r.Context(), t.Tenant))
	}
	now, err := d.o.Now(r.Context())
	if err != nil || !t.good(now) {
		return t, r, false
	}
	if d.o.Allow(r, t) != nil {
		_ = d.record(r.Context(), actionFetched, audit.Denied, t) // nothing leaves, whether that is recorded or not
		return t, r, false
	}
	return t, r, true
}

// hand hands the file over. Who claims the ticket first gets it.
func (d *Downloads) hand(w http.ResponseWriter, r *http.Request, name string, t Ticket) {
	at := filepath.Join(d.o.Dir, name)
	if os.Rename(at+".json", at+".taken") != nil {
		http.Error(w, http.StatusText(http.StatusNotFound), http.StatusNotFound)
		return
	}
	f, err := os.Open(at + ".age")
	if err == nil {
		defer f.Close()
		err = d.record(r.Context(), actionFetched, audit.Success, t)
	}
	if err != nil {
		_ = os.Rename(at+".taken", at+".json") // nothing has left
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.FormatInt(t.Bytes, 10))
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="your-data-%s.zip.age"`, t.Made.UTC().Format("2006-01-02")))
	if n, err := io.Copy(w, f); err != nil || n != t.Bytes {
		_ = d.record(context.WithoutCancel(r.Context()), actionFetched, audit.Failure, t)
		return // see Renew
	}
	d.remove(name)
}
