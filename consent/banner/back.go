package banner

import (
	"net/http"
	"net/url"
	"strings"
)

// maxBack is how long the address to go back to may be.
const maxBack = 2000

// here returns the path and query of the page that r asks for, for the form to bring back.
func here(r *http.Request) string {
	if own, ok := back(r.RequestURI); ok { // as it was asked for, before any router changed r.URL
		return own
	}
	own, _ := back(r.URL.RequestURI())
	return own
}

// back returns where to send a browser that came from s: a path of this origin, with its query. For all else it is "/", and false.
// Browsers take a backslash for a slash and leave out tabs and line ends, so that "/\host" and "/\t/host" are other origins.
func back(s string) (string, bool) {
	u, err := url.Parse(s)
	if err != nil || len(s) > maxBack || !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || u.Host != "" || u.Scheme != "" || u.Opaque != "" ||
		strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c == '\\' || c >= 0x7f }) {
		return "/", false
	}
	return s, true
}
