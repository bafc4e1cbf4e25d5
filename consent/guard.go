package consent

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"time"
)

// A GuardMode says what happens to cookies that a handler sets without consent.
type GuardMode uint8

const (
	// Enforce removes them.
	Enforce GuardMode = iota
	// Report leaves them, and tells of them: for finding out what an application sets.
	Report
)

// A Refusal tells of a cookie that a handler set without consent.
type Refusal struct {
	// Cookie is its name, of at most 64 bytes, "" if it had none. Its value is not told.
	Cookie string
	// Category is what the name was declared for, if Declared.
	Category Category
	Declared bool
	// Reason is why the category is denied; for what nobody declared it is [DeniedUndeclared].
	Reason Reason
	// Removed: the cookie was taken out of the response.
	Removed bool
}

// A guard is the http.ResponseWriter that a handler gets. It has no Unwrap: what a handler can do with a response, it does here.
type guard struct {
	inner   http.ResponseWriter
	d       Decision
	mode    GuardMode
	refused func(context.Context, Refusal)
	ctx     context.Context
	sent    bool      // the response's head, so that what is in the map now can only be a trailer
	vary    [1]string // the room for one field
	// passed are the first lines of a field that were judged to stay, by what d says. What is in the map can be changed meanwhile; these cannot.
	passed [4]string
	room   [3]string // for what is left of a field
}

// goBy makes d what lines are judged by from now on.
func (g *guard) goBy(d Decision) { g.d, g.passed = d, [4]string{} }

// judge reports whether a Set-Cookie line may be sent.
func (g *guard) judge(line string) bool {
	name := setCookieName(line)
	if name == CookieName || name == WidgetCookieName {
		return true // it is of use only as it was signed
	}
	why := DeniedUndeclared
	var c Category
	declared := false
	if g.d.edition != nil && name != "" {
		if c, declared = g.d.edition.names.lookup(name); declared {
			if g.d.Allows(c) {
				return true
			}
			why = g.d.Why(c)
		}
	}
	if deletes(line, time.Now) {
		return true
	}
	if g.refused != nil {
		g.refused(g.ctx, Refusal{Cookie: name[:min(64, len(name))], Category: c, Declared: declared, Reason: why, Removed: g.mode == Enforce})
	}
	return g.mode != Enforce
}

// strip takes out of h what may not be sent, in one walk, and returns what it has as Vary. Lines that passed before in the same place
// are not judged again.
func (g *guard) strip(h http.Header) (vary []string) {
	for key, lines := range h {
		switch {
		case isSetCookie(key):
			if kept := g.sift(lines); len(kept) == len(lines) {
				continue
			} else if len(kept) == 0 {
				delete(h, key)
			} else {
				h[key] = kept
			}
		case key == "Vary":
			vary = lines
		}
	}
	return vary
}

// sift returns the lines that may be sent.
func (g *guard) sift(lines []string) []string {
	kept, removed := lines, false
	for i, line := range lines {
		n := i
		if removed {
			n = len(kept)
		}
		ok := n < len(g.passed) && line != "" && line == g.passed[n]
		if !ok {
			if ok = g.judge(line); ok && n < len(g.passed) {
				g.passed[n] = line
			}
		}
		switch {
		case ok && removed:
			kept = append(kept, line)
		case !ok && !removed:
			// The slice may be shared with other responses: what is left goes into another one.
			kept, removed = append(g.spare(len(lines)-1), lines[:i]...), true
		}
	}
	return kept
}

// spare returns an empty slice with room for n lines.
func (g *guard) spare(n int) []string {
	if n > len(g.room) || g.room[0] != "" {
		return make([]string, 0, n)
	}
	return g.room[:0:n]
}

// varyOn is what a shared cache must not mix up: answers differ by signal and cookie.
const varyOn = "Sec-GPC, Cookie"

// head is called before the response's head is sent.
func (g *guard) head() {
	h := g.inner.Header()
	if v := g.strip(h); v == nil {
		g.vary[0] = varyOn
		h["Vary"] = g.vary[:]
	} else if !slices.Contains(v, varyOn) {
		h["Vary"] = append(v[:len(v):len(v)], varyOn)
	}
}

// begin is called before the first byte of the response.
func (g *guard) begin() {
	if !g.sent {
		g.sent = true
		g.head()
	}
}

// end is called when the handler has returned or panicked: it may have sent nothing, and it may have left trailers. A handler around this one may
// send something yet.
func (g *guard) end() {
	if g.sent {
		g.strip(g.inner.Header())
		return
	}
	g.head()
}

func (g *guard) Header() http.Header { return g.inner.Header() }

func (g *guard) WriteHeader(code int) {
	switch {
	case g.sent:
	case code >= 100 && code < 200 && code != http.StatusSwitchingProtocols:
		g.head() // more heads follow
	default:
		g.begin()
	}
	g.inner.WriteHeader(code)
}

func (g *guard) Write(b []byte) (int, error) {
	g.begin()
	return g.inner.Write(b)
}

func (g *guard) WriteString(s string) (int, error) {
	g.begin()
	return io.WriteString(g.inner, s)
}

func (g *guard) ReadFrom(src io.Reader) (int64, error) {
	g.begin()
	if w, ok := g.inner.(io.ReaderFrom); ok {
		return w.ReadFrom(src)
	}
	return io.Copy(struct{ io.Writer }{g.inner}, src) // a source may be shown what it is copied to
}

func (g *guard) Flush() { _ = g.FlushError() }

func (g *guard) FlushError() error {
	g.begin()
	return http.NewResponseController(g.inner).Flush()
}

func (g *guard) SetReadDeadline(t time.Time) error {
	return http.NewResponseController(g.inner).SetReadDeadline(t)
}

func (g *guard) SetWriteDeadline(t time.Time) error {
	return http.NewResponseController(g.inner).SetWriteDeadline(t)
}

func (g *guard) EnableFullDuplex() error {
	return http.NewResponseController(g.inner).EnableFullDuplex()
}

// Push lets the client have another resource early. What answers for it is a request of its own.
func (g *guard) Push(target string, o *http.PushOptions) error {
	if p, ok := g.inner.(http.Pusher); ok {
		return p.Push(target, o)
	}
	return http.ErrNotSupported
}

// Hijack gives the handler a connection whose writes are looked at until the response's head has passed.
func (g *guard) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(g.inner).Hijack()
	if err != nil {
		return nil, nil, err
	}
	own := &hijacked{Conn: conn, g: g}
	return own, bufio.NewReadWriter(rw.Reader, bufio.NewWriter(own)), nil
}
