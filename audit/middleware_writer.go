package audit

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// gatedWriter is a response that nothing leaves before its event is recorded. It has all that an
// http.ResponseController can ask for, and no Unwrap: that would be a way around it. The handler's headers
// are its own until then, so that those of a refused response cannot slip out with the refusal.
type gatedWriter struct {
	out    http.ResponseWriter
	header http.Header
	log    *Log
	ctx    context.Context
	event  Event

	once sync.Once
	err  error // why nothing may leave; set once
}

// errUnrecorded stands while it is not known that the event was recorded, and for good if recording it panics.
var errUnrecorded = errors.New("audit: response without a recorded event")

// open records the event of a response with that status, at the first call. It returns an error if nothing may leave.
func (g *gatedWriter) open(status int) error {
	g.once.Do(func() {
		g.err = errUnrecorded
		g.event.Outcome = outcomeOf(status)
		if err := g.log.recordAnswer(g.ctx, g.event); err != nil {
			g.refuse(err)
			return
		}
		g.err = nil
		to := g.out.Header()
		clear(to)
		for k, v := range g.header {
			to[k] = v
		}
	})
	return g.err
}

// refuse answers in the handler's place, with the headers that were there before it.
func (g *gatedWriter) refuse(err error) {
	g.err = err
	g.log.opts.Logger.ErrorContext(context.WithoutCancel(g.ctx), "audit: response refused, its event could not be recorded",
		"action", g.event.Action.Name(), "error", err)
	http.Error(g.out, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
}

// trail hands on the trailers, which a handler sets when its body is written.
func (g *gatedWriter) trail() {
	if g.err != nil {
		return
	}
	to := g.out.Header()
	for k, v := range g.header {
		if strings.HasPrefix(k, http.TrailerPrefix) {
			to[k] = v
		}
	}
	for _, list := range g.header["Trailer"] {
		for k := range strings.SplitSeq(list, ",") {
			k = http.CanonicalHeaderKey(strings.TrimSpace(k))
			if v, ok := g.header[k]; ok {
				to[k] = v
			}
		}
	}
}

func (g *gatedWriter) Header() http.Header { return g.header }

func (g *gatedWriter) WriteHeader(status int) {
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	if g.open(status) == nil {
		g.out.WriteHeader(status)
	}
}

func (g *gatedWriter) Write(p []byte) (int, error) {
	if err := g.open(http.StatusOK); err != nil {
		return 0, err
	}
	return g.out.Write(p)
}

func (g *gatedWriter) WriteString(s string) (int, error) {
	if err := g.open(http.StatusOK); err != nil {
		return 0, err
	}
	return io.WriteString(g.out, s)
}

// ReadFrom lets the server use sendfile.
func (g *gatedWriter) ReadFrom(from io.Reader) (int64, error) {
	if err := g.open(http.StatusOK); err != nil {
		return 0, err
	}
	return io.Copy(g.out, from)
}

func (g *gatedWriter) Flush() { _ = g.FlushError() }

func (g *gatedWriter) FlushError() error {
	if !reaches[http.Flusher](g.out) && !reaches[interface{ FlushError() error }](g.out) {
		return http.ErrNotSupported // nothing leaves, so nothing is decided
	}
	if err := g.open(http.StatusOK); err != nil {
		return err
	}
	return http.NewResponseController(g.out).Flush()
}

func (g *gatedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if !reaches[http.Hijacker](g.out) {
		return nil, nil, http.ErrNotSupported
	}
	if err := g.open(http.StatusSwitchingProtocols); err != nil {
		return nil, nil, err
	}
	return http.NewResponseController(g.out).Hijack()
}

func (g *gatedWriter) SetReadDeadline(t time.Time) error {
	return http.NewResponseController(g.out).SetReadDeadline(t)
}

func (g *gatedWriter) SetWriteDeadline(t time.Time) error {
	return http.NewResponseController(g.out).SetWriteDeadline(t)
}

func (g *gatedWriter) EnableFullDuplex() error {
	return http.NewResponseController(g.out).EnableFullDuplex()
}

// reaches reports whether an http.ResponseController finds a T in w.
func reaches[T any](w http.ResponseWriter) bool {
	for {
		if _, ok := w.(T); ok {
			return true
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return false
		}
		w = u.Unwrap()
	}
}
