package consent

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// userParty is a user in the audit log, which can forget them.
func userParty(user string) audit.Party { return audit.Party{Type: "user", ID: user, Person: true} }

// browserParty is a browser that nobody is known by.
var browserParty = audit.Party{Type: "browser"}

// keyOf derives a key from what a request is and when it came: the same within a minute is a retry.
func keyOf(kind string, who Who, now time.Time, parts ...uint64) (k Key) {
	b := append(append(appendText(nil, "consent "+kind), who[:]...), make([]byte, 0, 64)...)
	b = binary.BigEndian.AppendUint64(b, uint64(now.Unix()/60))
	for _, p := range parts {
		b = binary.BigEndian.AppendUint64(b, p)
	}
	sum := sha256.Sum256(b)
	copy(k[keyTime:], sum[:])
	k.when(now)
	return k
}

// answered records an answer: of the user who is signed in, or else of the browser, if it granted something now or before. Of others
// nothing is known, and nothing is recorded.
func (m *Manager) answered(r *http.Request, v *seen, c *Choice, e Entry, doc Document) (Entry, error) {
	ch := change{entry: e, lasts: time.Duration(v.d.lasts()) * time.Second, doc: doc, party: browserParty, again: true}
	switch id := c.ID; {
	case v.user != "":
		ch.who, ch.party = m.pseudonyms.user(v.tenant, v.user), userParty(v.user)
	case id != (BrowserID{}):
		ch.who = m.pseudonyms.browser(v.tenant, id)
	case v.choice.ID != (BrowserID{}) && v.choice.User == (UserTag{}):
		ch.who = m.pseudonyms.browser(v.tenant, v.choice.ID)
	default:
		return Entry{}, nil
	}
	if m.c.Store.InTx(r.Context()) { // the cookie would stay if that were undone
		return Entry{}, ErrInTransaction
	}
	m.circumstances(&ch.entry, m.place(r), v.now)
	ch.entry.Signal = v.sig.GPC
	optOut := v.d.edition.optOut
	ch.judge = func(e *Entry, s *State) bool { // the account may have opted out since it was looked at
		if s.OptOut && e.Method != Confirmed {
			e.OptOut = true
		}
		if e.OptOut {
			e.Granted, e.Denied = e.Granted&^optOut, e.Denied|optOut
		}
		return true
	}
	bits := uint64(e.Granted)<<32 | uint64(e.Denied)<<16 | uint64(e.Method)<<8
	ch.entry.Key = keyOf("answer", ch.who, v.now, bits, uint64(e.Policy), binary.BigEndian.Uint64(e.Text[:8]), uint64(v.choice.At.Unix()), uint64(v.choice.Granted))
	entries, err := m.record(r.Context(), ch)
	if err != nil {
		return Entry{}, err
	}
	return entries[0], nil
}

// follow records what a request of a user tells beside an answer: that they signed in where a browser had answered, and that their browser
// sends a signal. It reports whether c is the user's now.
func (m *Manager) follow(r *http.Request, v *seen) (linked bool) {
	if m.c.Store == nil || v.user == "" || v.err != nil || v.d.edition == nil {
		return false
	}
	who := m.pseudonyms.user(v.tenant, v.user)
	var changes []change
	if v.key != nil && v.choice.made() && v.choice.User == (UserTag{}) {
		changes = append(changes, m.link(r, v, who))
	}
	if present, honoured := v.d.Signal(); present && honoured && !v.out {
		e := Entry{Method: Signalled, OptOut: true, Signal: true, Denied: v.d.edition.optOut, Policy: v.d.edition.version, Key: keyOf("signal", who, v.now)}
		m.circumstances(&e, m.place(r), v.now)
		changes = append(changes, change{who: who, entry: e, party: userParty(v.user), again: true, judge: func(_ *Entry, s *State) bool { return !s.OptOut }})
	}
	if len(changes) == 0 {
		return false
	}
	if m.c.Store.InTx(r.Context()) {
		m.failed(r.Context(), ErrInTransaction)
		return false
	}
	if _, err := m.record(r.Context(), changes...); err != nil {
		m.failed(r.Context(), err)
		return false
	}
	return changes[0].entry.Method == Linked
}

// link is what makes a browser's answer the user's: each no of it, and each yes that still lasts and that no no of the user's stands against.
func (m *Manager) link(r *http.Request, v *seen, who Who) change {
	c := &v.choice
	asked := m.c.Registry.asked(v.d.edition, c.Policy)
	e := Entry{Method: Linked, Granted: c.Granted & asked, Denied: asked &^ (c.Granted | Essential.bit()), OptOut: c.OptOut, Policy: c.Policy,
		Signal: v.sig.GPC}
	m.circumstances(&e, m.place(r), v.now)
	// The yes ends when the browser's does.
	ch := change{who: who, party: userParty(v.user), lasts: c.At.Add(time.Duration(v.d.lasts()) * time.Second).Sub(v.now)}
	if c.ID != (BrowserID{}) {
		ch.browser = m.pseudonyms.browser(v.tenant, c.ID)
	}
	if void := v.d.void(); void == DeniedExpired || void == DeniedClock {
		e.Granted = 0
	}
	said := uint64(c.Granted)<<32 | uint64(c.Policy)<<16
	if c.OptOut {
		said |= 1
	}
	e.Key = keyOf("link", who, c.At, said, binary.BigEndian.Uint64(ch.browser[:8]))
	ch.entry = e
	ch.judge = func(e *Entry, s *State) bool {
		e.Granted &^= s.Denied
		return true
	}
	return ch
}

func (m *Manager) failed(ctx context.Context, err error) {
	if m.c.Failed != nil {
		m.c.Failed(ctx, err)
	}
}
