package audit

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
)

// patience is how long a response waits for its event to be recorded.
const patience = 10 * time.Second

// errInTx: an answer must not leave on the strength of an event that a rollback would take back.
var errInTx = errors.New("audit: what leaves the program is recorded outside transactions")

// Middleware returns a middleware that records the event which describe returns for a request, and lets nothing of
// the handler's response out before the event is durable: no byte of the body, no header, no trailer. If describe
// returns false, the request is none of the log's business. It is called before the handler, when r has its path
// values if the middleware is wrapped around a route of an http.ServeMux.
//
// The outcome is that of the status: Denied for 401 and 403, Failure for the others from 400 and for a handler that
// panics before it answers, Success for the rest. It is decided by the first
// thing that the handler sends. Of a connection that is taken over (http.Hijacker), which nobody can tell by a status how it went, it is Attempted; a second
// event, with the first one's id in data.attempt, tells whether the handler then returned (Success), or panicked or could not take it over (Failure). Informational responses (1xx, but for 101) and HTTP/2 pushes are left out.
//
// If the event cannot be recorded, the client gets 503 and a text that says nothing of the cause, and the handler's
// writes fail; Options.Logger learns the cause. So that a client's retry is recorded once, let describe set the
// event's ID from what the retry repeats, such as [IDFor] with the Idempotency-Key header.
//
// What the handler itself changed has happened by then. Record that in the transaction that changes it. A request without
// a tenant, and an event that the log would refuse, are refused before the handler is called.
func (l *Log) Middleware(describe func(r *http.Request) (Event, bool)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			e, ok := describe(r)
			if !ok {
				next.ServeHTTP(w, r)
				return
			}
			g := &gatedWriter{out: w, header: w.Header().Clone(), log: l, ctx: r.Context(), event: e}
			if g.header == nil {
				g.header = http.Header{}
			}
			if err := l.recordable(r.Context(), &e); err != nil {
				g.once.Do(func() { g.refuse(err) })
				return
			}
			if e.ID == (uuid.UUID{}) {
				g.event.ID = uuid.Must(uuid.NewV7())
			}
			answered := false
			defer func() {
				if !answered { // a panic is on its way through, or runtime.Goexit
					_ = g.open(http.StatusInternalServerError)
				}
				g.trail()
				g.ended(answered)
			}()
			next.ServeHTTP(g, r)
			answered = true
			_ = g.open(http.StatusOK)
		})
	}
}

// recordable finds what would surely fail later, before the handler has done anything.
func (l *Log) recordable(ctx context.Context, e *Event) error {
	if _, err := tenancy.From(ctx); err != nil {
		return err
	}
	if l.store.InTx(ctx) {
		return errInTx
	}
	if l.isClosed() {
		return ErrClosed
	}
	if isOwnAction(e.Action.Name()) {
		return badField("action", "only the log itself records it")
	}
	return checkEvent(e)
}

// recordAnswer records e although the client may be gone: the handler has done its work.
func (l *Log) recordAnswer(ctx context.Context, e Event) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	_, err := l.Append(ctx, e)
	if errors.Is(err, ErrUnknown) && ctx.Err() == nil {
		_, err = l.Append(ctx, e) // under the same ID, so at most once in the log
	}
	return err
}

// outcomeOf is the outcome that a status tells of.
func outcomeOf(status int) Outcome {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return Denied
	case status >= 400:
		return Failure
	}
	return Success
}
