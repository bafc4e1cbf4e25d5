package rbac

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Proof is what somebody of the public knows of an order, ticket or booking.
type Proof struct {
	Number string `json:"number"`
	Email  string `json:"email"`
}

// ErrNoMatch: nothing is shown by this proof. That there is nothing of that number, and that it is somebody else's, look alike.
var ErrNoMatch = errors.New("rbac: nothing is found by this proof")

// LookupOptions say what is looked up, and what is shown of it.
type LookupOptions[T any] struct {
	Surface *Surface
	// Find returns the one of that number in ctx's tenant; nil or [ErrNotFound] if there is none. The number is the public's.
	Find func(ctx context.Context, number string) (*T, error)
	// Number and Email are those of a T. What Find returns is not shown if it has another number.
	Number, Email func(*T) string
	// Status is what the number alone shows, where the surface has MaySeeStatus; Full is what the number and the e-mail
	// address show, where it has MaySeeAll.
	Status, Full            *redact.View[T]
	MaySeeStatus, MaySeeAll Permission
	// PerClient, PerNumber and PerTenant are how often a minute is looked up: from one address (an IPv6 /64), for one
	// number, and in one tenant by this surface; 0: 10, 10 and 600. What is over is [tenancy.ErrBusy], and an event.
	PerClient, PerNumber, PerTenant int
}

// Lookup lets the public look up what it can prove to know of. It is for forms and for the tools of a chat model: whatever
// text comes in, what goes out is what a view lists. It is safe for concurrent use.
type Lookup[T any] struct {
	a                      *Authorizer
	o                      LookupOptions[T]
	client, number, tenant *pace
}

// NewLookup returns a Lookup. It is an error if something is missing, or the surface cannot see even the status.
func NewLookup[T any](a *Authorizer, o LookupOptions[T]) (*Lookup[T], error) {
	switch {
	case a == nil || o.Surface == nil || o.Surface.c != a.c || o.Find == nil || o.Number == nil || o.Email == nil || o.Status == nil || o.Full == nil:
		return nil, errors.New("rbac: a lookup needs a surface of its catalogue, Find, Number, Email, Status and Full")
	case !o.Surface.stand.set.has(o.MaySeeStatus):
		return nil, errors.New("rbac: the lookup's surface may not see the status")
	case !a.c.holds(o.MaySeeAll):
		return nil, errors.New("rbac: MaySeeAll is no permission of the catalogue")
	}
	each := func(n, usual, cells int) *pace {
		if n <= 0 {
			n = usual
		}
		return newPace(time.Minute/time.Duration(n), n, cells)
	}
	return &Lookup[T]{a, o, each(o.PerClient, 10, paceCells), each(o.PerNumber, 10, paceCells), each(o.PerTenant, 600, paceCells)}, nil
}

// Answer is what may be shown.
type Answer struct {
	JSON json.RawMessage
	Full bool // and not the status only
}

const maxProof = 320 // bytes; the longest e-mail address

// Ask shows what proof proves. p is the surface's principal, see [Authorizer.Surface], and addr the client's.
//
// The number alone shows the status. With an e-mail address it is all or nothing: if that is not the right one it is
// [ErrNoMatch], the same as for a number that there is not, after the same work. Each call proves anew: an answer is about
// the one number that it was asked with.
func (l *Lookup[T]) Ask(ctx context.Context, p Principal, proof Proof, addr netip.Addr) (Answer, error) {
	tenant, err := tenancy.From(ctx)
	switch {
	case err != nil:
		return Answer{}, err
	case p.via == nil || p.via.surface != l.o.Surface.name || p.via.a != l.a || p.tenant != tenant:
		return Answer{}, denied(BySurface)
	}
	number, email := strings.TrimSpace(proof.Number), normalEmail(proof.Email)
	view, x := l.o.Status, l.o.MaySeeStatus
	if email != "" {
		view, x = l.o.Full, l.o.MaySeeAll
	}
	if err := p.Require(x); err != nil {
		return Answer{}, err
	}
	if err := l.admit(p, number, addr); err != nil {
		return Answer{}, err
	}
	if number == "" || len(number) > maxProof || len(email) > maxProof {
		return Answer{}, ErrNoMatch // which says nothing of what there is
	}
	found, err := l.o.Find(ctx, number)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Answer{}, fmt.Errorf("%w: the lookup failed: %w", ErrUnavailable, err)
	}
	var is, has string // of none: the same work is done
	if found != nil && err == nil {
		is, has = strings.TrimSpace(l.o.Number(found)), normalEmail(l.o.Email(found))
	}
	proved := alike(number, is)
	if email != "" {
		proved = alike(email, has) && proved
	}
	if !proved || found == nil {
		return Answer{}, ErrNoMatch
	}
	out, err := view.Append(nil, found)
	if err != nil {
		return Answer{}, err
	}
	return Answer{out, email != ""}, nil
}

// admit is nil while it is not asked too often.
func (l *Lookup[T]) admit(p Principal, number string, addr netip.Addr) error {
	type perNumber struct {
		tenant tenancy.ID
		number string
	}
	type perClient struct {
		tenant tenancy.ID
		client netip.Prefix
	}
	addr = addr.Unmap().WithZone("")
	bits := 64
	if addr.Is4() {
		bits = 32
	}
	client, _ := addr.Prefix(bits)
	now := int64(time.Since(l.a.started))
	wait := take(l.client, now, perClient{p.tenant, client})
	if wait == 0 {
		wait = take(l.number, now, perNumber{p.tenant, number})
	}
	if wait == 0 {
		wait = take(l.tenant, now, p.tenant)
	}
	if wait > 0 {
		p.asked("too many lookups")
		return fmt.Errorf("rbac: too many lookups: %w", &tenancy.BusyError{Rate: true, RetryAfter: wait})
	}
	return nil
}

// alike compares in a time that tells nothing of where they differ.
func alike(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func normalEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// ServeHTTP answers a POST of a [Proof] in JSON with what it shows, in JSON, and refuses as [Refuse] does. It is for a route
// of a [Mux] whose rule is the surface's. What is in the request beside number and email is refused.
func (l *Lookup[T]) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		problem(w, http.StatusMethodNotAllowed, "")
		return
	}
	var proof Proof
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096))
	d.DisallowUnknownFields()
	if err := d.Decode(&proof); err != nil {
		problem(w, http.StatusBadRequest, "")
		return
	}
	if _, err := d.Token(); err != io.EOF {
		problem(w, http.StatusBadRequest, "")
		return
	}
	f, _ := r.Context().Value(fromKey{}).(from)
	out, err := l.Ask(r.Context(), From(r.Context()), proof, f.addr)
	if err != nil {
		Refuse(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(out.JSON)
}
