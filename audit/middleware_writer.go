package audit

import (
	"bufio"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
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

	once  sync.Once
	err   error       // why nothing may leave; set once
	taken atomic.Bool // the connection was asked for
	lost  atomic.Bool // and not given
}

// errUnrecorded stands while it is not known that the event was recorded, and for good if recording it panics.
var errUnrecorded = errors.New("audit: response without a recorded event")

// open records the event of a response with that status, at the first call. It returns an error if nothing may leave.
func (g *gatedWriter) open(status int) error { return g.openFor(outcomeOf(status)) }

func (g *gatedWriter) openFor(o Outcome) error {
	g.once.Do(func() {
		g.err = errUnrecorded
		g.event.Outcome = o
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
	if err := g.openFor(Attempted); err != nil {
		return nil, nil, err
	}
	g.taken.Store(true)
	c, rw, err := http.NewResponseController(g.out).Hijack()
	g.lost.Store(err != nil)
	return c, rw, err
}

// ended records how it ended with a connection that was taken over. It has left the server's hands, so nothing can be held back.
func (g *gatedWriter) ended(returned bool) {
	if !g.taken.Load() || g.event.Outcome != Attempted {
		return
	}
	e := g.event
	e.ID, e.Outcome, e.Time = IDFor("ended "+g.event.ID.String()), Success, time.Time{}
	if !returned || g.lost.Load() {
		e.Outcome = Failure
	}
	if e.Data = maps.Clone(e.Data); e.Data == nil {
		e.Data = map[string]any{}
	}
	e.Data["attempt"] = g.event.ID.String()
	if err := g.log.recordAnswer(g.ctx, e); err != nil {
		g.log.opts.Logger.ErrorContext(context.WithoutCancel(g.ctx), "audit: the end of a connection could not be recorded",
			"action", e.Action.Name(), "error", err)
	}
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
