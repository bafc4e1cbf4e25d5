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
	// OptOut ends the sale of data and targeted advertising in this browser, and for a user who is signed in in all of them, until it is
	// confirmed otherwise.
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
	// ErrInTransaction: the request's context carries a transaction. What it undoes a cookie would keep.
	ErrInTransaction = errors.New("consent: answers are recorded in no transaction of the caller's")
)

// An Outcome is what an answer comes to.
type Outcome struct {
	// Decision is what holds from the next request on.
	Decision
	// Entry is what the ledger has of it: the zero Entry without a store, and of a refusal by a browser that nothing is known of.
	Entry Entry
}

// Choose keeps an answer in the ledger and in the cookie, and returns what it comes to; w's guard goes by it at once. Call it
// before anything is written.
//
// Under a signal, or after an opt-out, a yes without Confirm leaves out what they take away. The policy's version, the time and the user are this
// side's. Errors are those above, the store's, and package tenancy's for a request without a tenant.
//
// No yes is kept that the ledger does not have. A no, and what takes a yes away, is kept in the cookie also when the store fails: then the
// Outcome says what holds in this browser, and the error is for trying again.
func (m *Manager) Choose(w http.ResponseWriter, r *http.Request, a Answer) (Outcome, error) {
	v, err := m.answers(r)
	if err != nil {
		return Outcome{}, err
	}
	e := v.d.edition
	a.Grant &^= Essential.bit()
	switch {
	case e == nil || a.Grant != 0 && !e.shows(a.Document):
		return Outcome{}, ErrOutdated
	case a.Grant&^e.declared != 0:
		return Outcome{}, ErrNotAsked
	}
	out := a.OptOut || v.choice.OptOut || v.out
	c := Choice{Granted: a.Grant, Policy: e.version, At: v.now, OptOut: out, User: v.tag}
	method := a.method(e, v)
	if a.Confirm && !a.OptOut && a.Grant&e.optOut != 0 {
		if v.sig.GPC && (c.User == UserTag{} || m.c.NoOverride) {
			return Outcome{}, ErrNotConfirmed
		}
		c.Confirmed, c.OptOut, method = v.sig.GPC, false, Confirmed
	}
	if c.OptOut || v.sig.GPC && !c.Confirmed {
		c.Granted &^= e.optOut
	}
	if c.Granted != 0 {
		if c.ID = v.choice.ID; c.ID == (BrowserID{}) || v.choice.User != (UserTag{}) && v.sig.User != v.choice.User {
			_, _ = rand.Read(c.ID[:]) // never fails
		}
	}
	doc, _ := e.document(a.Document)
	return m.keep(w, r, v, c, Entry{Method: method, Granted: c.Granted, Denied: e.declared &^ (c.Granted | Essential.bit()),
		OptOut: c.OptOut, Policy: e.version, Text: doc.Hash}, doc)
}

// method says what kind of answer a is.
func (a *Answer) method(e *edition, v *seen) Method {
	switch {
	case a.OptOut:
		return OptedOut
	case a.Grant|Essential.bit() == e.declared:
		return Accepted
	case a.Grant != 0:
		return Chosen
	case v.choice.Granted != 0 || v.had != 0:
		return Withdrawn
	}
	return Refused
}

// answers returns what is known of a request that may answer.
func (m *Manager) answers(r *http.Request) (*seen, error) {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil, ErrForged
	}
	if m.cross.Check(r) != nil {
		return nil, ErrForged
	}
	if _, err := tenancy.From(r.Context()); err != nil {
		return nil, err
	}
	v := &seen{answers: true}
	m.visit(r, v)
	if m.c.User != nil {
		if v.user == "" {
			v.user = m.c.User(r)
		}
		if v.user != "" {
			v.tag = m.sealer.current.tag(v.tenant, v.user)
		}
	}
	return v, nil
}

// keep puts c into the ledger, as e, and into the cookie.
func (m *Manager) keep(w http.ResponseWriter, r *http.Request, v *seen, c Choice, e Entry, doc Document) (out Outcome, err error) {
	stored := Stored{}
	if m.c.Store != nil {
		out.Entry, err = m.answered(r, v, &c, e, doc)
		switch {
		case err == nil && out.Entry.Seq != 0: // which is by what the account says now
			c.Granted, c.OptOut = c.Granted&^out.Entry.Denied, out.Entry.OptOut
			if out.Entry.Granted != 0 {
				c.At = out.Entry.At
			}
			if v.user != "" {
				stored.Account = Account{Denied: out.Entry.Denied, OptOut: c.OptOut}
			}
		case err != nil && (c.Granted&^v.d.allowed() != 0 || c.Confirmed && !v.choice.Confirmed):
			return Outcome{}, err
		case err != nil && c.Granted != 0: // what is left of the earlier yes, which grows no younger and stays whose it was
			c.At, c.Policy, c.OptOut, c.ID = v.choice.At, v.choice.Policy, c.OptOut || v.choice.OptOut, v.choice.ID
			if v.user == "" {
				c.User = v.choice.User
			}
		}
	}
	if c.At = c.At.Truncate(time.Second); c.Granted == 0 {
		c.At = c.At.Truncate(time.Minute)
	}
	line := m.sealer.setCookie(m.sealer.seal(m.sealer.current, v.tenant, c), v.d.lasts())
	replaceCookie(w.Header(), m.sealer.name(), line)
	stored.Choice = c
	sig := v.sig
	sig.User = c.User
	out.Decision = Decide(m.c.Registry, sig, stored)
	if in, ok := r.Context().Value(wrappedKey{}).(*wrapped); ok {
		in.guard.goBy(out.Decision)
	}
	return out, err
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
