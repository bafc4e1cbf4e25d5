package consent

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// An Answer is what a person answers. The zero Answer says no to all, and withdraws what was granted.
type Answer struct {
	// Grant are the categories with a yes.
	Grant Set
	// Document is the text that was shown ([Registry.Document]). A yes needs one that is in force; a no does not.
	Document Hash
	// OptOut ends the sale of data and targeted advertising in this browser, until it is confirmed otherwise.
	OptOut bool
	// Confirm says that the person was told of the signal, or of having opted out, and said in a second step that they want what it takes away.
	// Under a signal that takes a user who is signed in.
	Confirm bool
}

// What can be wrong with an answer.
var (
	// ErrForged: the request did not come from a page of this origin, or is one that changes nothing, such as GET.
	ErrForged = errors.New("consent: the answer is not of a page of this site")
	// ErrOutdated: the text that was shown is not the one in force. Show that, and ask again.
	ErrOutdated = errors.New("consent: another text is in force than was shown")
	// ErrNotAsked: the yes is to a category that the policy in force does not have.
	ErrNotAsked = errors.New("consent: a yes to what was not asked")
	// ErrNotConfirmed: a signal can be overridden by a user who is signed in only, or not at all ([Config].NoOverride).
	ErrNotConfirmed = errors.New("consent: the opt-out signal cannot be overridden here")
)

// Choose keeps an answer in the cookie, and returns what it comes to from the next request on; w's guard goes by it at once. Call it
// before anything is written.
//
// Under a signal, or after an opt-out, a yes without Confirm leaves out what they take away. The policy's version, the time and the user are this
// side's. Errors are those above, and package tenancy's for a request without a tenant.
func (m *Manager) Choose(w http.ResponseWriter, r *http.Request, a Answer) (Decision, error) {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return Decision{}, ErrForged
	}
	if m.cross.Check(r) != nil {
		return Decision{}, ErrForged
	}
	if _, err := tenancy.From(r.Context()); err != nil {
		return Decision{}, err
	}
	v := m.visit(r)
	e := v.d.edition
	a.Grant &^= Essential.bit()
	switch {
	case e == nil || a.Grant != 0 && !e.shows(a.Document):
		return Decision{}, ErrOutdated
	case a.Grant&^e.declared != 0:
		return Decision{}, ErrNotAsked
	}
	c := Choice{Granted: a.Grant, Policy: e.version, At: v.now.Truncate(time.Minute), OptOut: a.OptOut || v.choice.OptOut}
	if m.c.User != nil {
		if user := m.c.User(r); user != "" {
			c.User = m.sealer.current.tag(v.tenant, user)
		}
	}
	if a.Confirm && !a.OptOut && a.Grant&e.optOut != 0 {
		if v.sig.GPC && (c.User == UserTag{} || m.c.NoOverride) {
			return Decision{}, ErrNotConfirmed
		}
		c.Confirmed, c.OptOut = v.sig.GPC, false
	}
	if c.OptOut || v.sig.GPC && !c.Confirmed {
		c.Granted &^= e.optOut
	}
	if c.Granted != 0 {
		if c.ID = v.choice.ID; c.ID == (BrowserID{}) || v.choice.User != (UserTag{}) && v.sig.User != v.choice.User {
			_, _ = rand.Read(c.ID[:]) // never fails
		}
	}
	line := m.sealer.setCookie(m.sealer.seal(m.sealer.current, v.tenant, c), e.lasts)
	replaceCookie(w.Header(), m.sealer.name(), line)
	sig := v.sig
	sig.User = c.User
	d := Decide(m.c.Registry, sig, Stored{Choice: c})
	if in, ok := r.Context().Value(wrappedKey{}).(*wrapped); ok {
		in.guard.d = d
	}
	return d, nil
}

// replaceCookie puts line into h instead of what sets the same cookie.
func replaceCookie(h http.Header, name, line string) {
	var kept []string
	for _, l := range h["Set-Cookie"] {
		if !strings.HasPrefix(l, name+"=") {
			kept = append(kept, l)
		}
	}
	h["Set-Cookie"] = append(kept, line)
}
