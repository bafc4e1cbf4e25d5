package consent

import (
	"bytes"
	"errors"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
)

// A hijacked connection still belongs to an HTTP client. What the handler writes is held back until it is known whether it is the head of
// a response, and that head is judged as any other. After the final one all passes: frames of another protocol, or a body, after which the
// client is told to expect nothing more.
type hijacked struct {
	net.Conn
	g    *guard
	free atomic.Bool // the head has passed
	mu   sync.Mutex
	held []byte
}

const (
	maxHead = 256 << 10 // bytes; browsers take no longer ones
	maxJunk = 8         // bytes that a client may skip before a response
)

var (
	errHead   = errors.New("consent: the head of the response is too long to look at")
	errStatus = errors.New("consent: the response has no plain status line")
)

func (c *hijacked) Write(p []byte) (int, error) {
	if c.free.Load() {
		return c.Conn.Write(p)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.free.Load() {
		return c.Conn.Write(p)
	}
	c.held = append(c.held, p...)
	for {
		out, done, err := c.next()
		if err != nil {
			return 0, err
		}
		if len(out) > 0 {
			if _, err := c.Conn.Write(out); err != nil {
				return 0, err
			}
		}
		if done {
			break
		}
	}
	if !c.free.Load() && len(c.held) > maxHead {
		return 0, errHead
	}
	return len(p), nil
}

// ReadFrom lets io.Copy end in the server's own, once that is free.
func (c *hijacked) ReadFrom(src io.Reader) (int64, error) {
	if c.free.Load() {
		return io.Copy(c.Conn, src)
	}
	return io.Copy(struct{ io.Writer }{c}, src)
}

// next returns what may be sent of what is held, and whether there is nothing more to be had before another write.
func (c *hijacked) next() (out []byte, done bool, err error) {
	// Some clients skip a few bytes before a response.
	start := -1
	if at := responseStart.FindIndex(c.held[:min(len(c.held), maxJunk+5)]); at != nil {
		start = at[0]
	}
	switch {
	case start < 0 && len(c.held) < maxJunk+5:
		return nil, true, nil
	case start < 0:
		return c.release(nil), true, nil // not for a client of HTTP
	}
	n := headLen(c.held[start:])
	if n < 0 {
		return nil, true, nil
	}
	head, more, err := c.g.filterHead(c.held[start : start+n])
	if err != nil {
		return nil, true, err
	}
	c.held = c.held[start+n:]
	if !more {
		return c.release(head), true, nil
	}
	return head, len(c.held) == 0, nil
}

// release sends head and all that is held, and whatever comes.
func (c *hijacked) release(head []byte) []byte {
	out := append(head, c.held...)
	c.held = nil
	c.free.Store(true)
	return out
}

// headLen returns how long the head at the beginning of b is with the empty line that ends it, -1 if it has not ended. Clients take a line
// feed without a carriage return, and some the reverse, which filterHead sees to.
func headLen(b []byte) int {
	for i := 0; ; {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			return -1
		}
		line := b[i : i+n]
		i += n + 1
		if len(bytes.Trim(line, "\r")) == 0 {
			return i
		}
	}
}

// filterHead returns a head without the fields that may not be sent, and whether another head follows it.
func (g *guard) filterHead(head []byte) (out []byte, more bool, err error) {
	lines := bytes.SplitAfter(head, []byte("\n"))
	status := bytes.TrimRight(lines[0], "\r\n")
	if !statusLine.Match(status) {
		return nil, false, errStatus
	}
	code := string(status[len("HTTP/1.1 "):][:3])
	more = code[0] == '1' && code != "101"
	out = append(append(out, status...), "\r\n"...)
	for i := 1; i < len(lines); i++ {
		field := bytes.TrimRight(lines[i], "\r\n")
		if len(field) == 0 {
			break
		}
		folded := false
		for i+1 < len(lines) && len(lines[i+1]) > 0 && (lines[i+1][0] == ' ' || lines[i+1][0] == '\t') {
			i++
			folded = true
			field = append(append(field[:len(field):len(field)], ' '), bytes.Trim(lines[i], " \t\r\n")...)
		}
		name, value, _ := strings.Cut(string(field), ":")
		name = trimBlanks(name)
		switch {
		case g.mode == Enforce && bytes.IndexByte(field, '\r') >= 0:
			continue // a line to some clients, and two to others
		case strings.EqualFold(name, "Set-Cookie") && (!g.judge(trimBlanks(value)) || folded && g.mode == Enforce):
			continue
		case !more && code != "101" && strings.EqualFold(name, "Connection"):
			continue
		}
		out = append(append(out, field...), "\r\n"...)
	}
	if !more && code != "101" {
		out = append(out, "Connection: close\r\n"...) // nothing after the body is looked at, so nothing may be read as a response
	}
	return append(out, "\r\n"...), more, nil
}

// responseStart is what a response begins with, in either case.
var responseStart = regexp.MustCompile(`(?i)HTTP/`)

// statusLine is the one form in which all clients find the same code.
var statusLine = regexp.MustCompile(`^HTTP/1\.[01] [1-5][0-9][0-9]( [^\r]*)?$`)
