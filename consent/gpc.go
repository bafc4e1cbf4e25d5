package consent

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// GPC reports whether a request's header carries Global Privacy Control (W3C, w3.org/TR/gpc): a Sec-GPC field that is exactly "1". Any
// other value is no signal; of several fields, one that is is enough. Trailers are not looked at.
func GPC(h http.Header) bool {
	for _, v := range h["Sec-Gpc"] {
		if v == "1" || len(v) > 1 && trimBlanks(v) == "1" {
			return true
		}
	}
	return false
}

// trimBlanks removes what is around a field's value and no part of it (RFC 9110, section 5.5). net/http does it, but not all that fill a header do.
func trimBlanks(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// GPCResourcePath is where [GPCResource] belongs.
const GPCResourcePath = "/.well-known/gpc.json"

// GPCResource returns a handler of [GPCResourcePath], the GPC Support Resource: it says that the site honours the signal, as you
// understood the specification on the day of lastUpdate.
func GPCResource(lastUpdate time.Time) http.Handler {
	body := fmt.Appendf(nil, `{"gpc":true,"lastUpdate":%q}`+"\n", lastUpdate.UTC().Format(time.DateOnly))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(body)))
		h.Set("Cache-Control", "public, max-age=86400")
		_, _ = w.Write(body) // net/http leaves it out for HEAD
	})
}
