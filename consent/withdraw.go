package consent

import (
	"context"
	"net/http"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Withdraw takes back what was granted for categories, or for all without any, in the cookie and in the ledger; for a user who is signed in, in
// all browsers. What else was granted stays, and grows no younger. It needs no text, and is one request from any page of the site. Errors
// are those of [Manager.Choose]; as there the cookie loses the yes also when the store fails.
func (m *Manager) Withdraw(w http.ResponseWriter, r *http.Request, categories ...Category) (Outcome, error) {
	v, err := m.answers(r)
	if err != nil {
		return Outcome{}, err
	}
	e := v.d.edition
	if e == nil {
		return Outcome{}, ErrOutdated
	}
	no := m.denied(e, categories)
	c := v.choice
	if v.d.void() != 0 {
		c = Choice{Policy: e.version, At: v.now, OptOut: c.OptOut}
	}
	if c.Granted&^no == 0 {
		c.ID, c.Confirmed, c.User = BrowserID{}, false, v.tag
	} else if v.user != "" { // what is left is still the yes of whom it was of
		c.User = v.tag
	}
	c.Granted &^= no
	return m.keep(w, r, v, c, Entry{Method: Withdrawn, Denied: no, OptOut: c.OptOut, Policy: e.version}, Document{})
}

// denied returns the categories that are asked about, or those of them that are named.
func (m *Manager) denied(e *edition, categories []Category) Set {
	all := e.declared &^ Essential.bit()
	if len(categories) == 0 {
		return all
	}
	return Of(categories...) & all
}

// WithdrawFor is Withdraw for a user of ctx's tenant who asks for it in another way, such as by letter. It holds in all their browsers from
// their next request on.
func (m *Manager) WithdrawFor(ctx context.Context, user string, categories ...Category) (Entry, error) {
	return m.answerFor(ctx, user, func(e *edition) Entry { return Entry{Method: Withdrawn, Denied: m.denied(e, categories)} })
}

// OptOutFor ends the sale of a user's data and targeted advertising to them, in all their browsers from their next request on (Cal. Civ. Code
// 1798.120; 11 CCR 7026).
func (m *Manager) OptOutFor(ctx context.Context, user string) (Entry, error) {
	return m.answerFor(ctx, user, func(e *edition) Entry { return Entry{Method: OptedOut, OptOut: true, Denied: e.optOut} })
}

func (m *Manager) answerFor(ctx context.Context, user string, answer func(*edition) Entry) (Entry, error) {
	tenant, err := m.ledgerOf(ctx, user)
	if err != nil {
		return Entry{}, err
	}
	now := m.now()
	ed := m.c.Registry.at(now.Unix())
	if ed == nil {
		return Entry{}, ErrOutdated
	}
	e := answer(ed)
	e.Policy = ed.version
	who := m.pseudonyms.user(tenant.String(), user)
	e.Key = keyOf(e.Method.String(), who, now, uint64(e.Denied))
	out, err := m.record(ctx, change{who: who, entry: e, party: userParty(user), again: true})
	if err != nil {
		return Entry{}, err
	}
	return out[0], nil
}

// ledgerOf returns the tenant of ctx, in whose ledger a user may be.
func (m *Manager) ledgerOf(ctx context.Context, user string) (tenancy.ID, error) {
	tenant, err := tenancy.From(ctx)
	switch {
	case err != nil:
		return tenancy.ID{}, err
	case m.c.Store == nil:
		return tenancy.ID{}, errNoStore
	case user == "":
		return tenancy.ID{}, errNobody
	}
	return tenant, nil
}
