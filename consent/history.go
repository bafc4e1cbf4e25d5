package consent

import (
	"context"
	"errors"
	"iter"
	"net/http"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

var (
	errNoStore = errors.New("consent: there is no store, and so no ledger")
	errNobody  = errors.New("consent: nobody is named")
)

// page is how many entries are read at once.
const page = 500

// History returns what the ledger has of a user of ctx's tenant, in order: their entries, and before a [Linked] one those of the browser that they
// signed in with. It ends with the first error.
func (m *Manager) History(ctx context.Context, user string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		tenant, err := m.ledgerOf(ctx, user)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		m.history(ctx, m.pseudonyms.user(tenant.String(), user), yield)
	}
}

// BrowserHistory returns what the ledger has of the browser that sent r, which nobody has signed in with: the cookie is the proof that
// it may be asked about.
func (m *Manager) BrowserHistory(r *http.Request) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		tenant, err := tenancy.From(r.Context())
		switch {
		case err != nil:
			yield(Entry{}, err)
			return
		case m.c.Store == nil:
			yield(Entry{}, errNoStore)
			return
		}
		var c Choice
		if m.sealer.read(r.Header, tenant.String(), &c); c.ID != (BrowserID{}) && c.User == (UserTag{}) {
			m.history(r.Context(), m.pseudonyms.browser(tenant.String(), c.ID), yield)
		}
	}
}

func (m *Manager) history(ctx context.Context, who Who, yield func(Entry, error) bool) {
	s, err := m.c.Store.State(ctx, who)
	if err != nil {
		yield(Entry{}, err)
		return
	}
	if !s.known() {
		return
	}
	for e, err := range m.entries(ctx, s.Subject) {
		if err == nil && e.Method == Linked && e.Browser != (Subject{}) {
			for b, err := range m.entries(ctx, e.Browser) {
				if err == nil && b.Seq > e.Seq {
					break
				}
				if !yield(b, err) || err != nil {
					return
				}
			}
		}
		if !yield(e, err) {
			return
		}
	}
}

func (m *Manager) entries(ctx context.Context, s Subject) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for after := uint64(0); ; {
			es, err := m.c.Store.History(ctx, s, after, page)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, e := range es {
				if after = e.Seq; !yield(e, nil) {
					return
				}
			}
			if len(es) < page {
				return
			}
		}
	}
}

// Text returns what a person was shown, by the hash in an [Entry]: [ErrNotFound] if no entry of ctx's tenant names it.
func (m *Manager) Text(ctx context.Context, text Hash) (Document, error) {
	if m.c.Store == nil {
		return Document{}, errNoStore
	}
	return m.c.Store.Document(ctx, text)
}

// Forget removes what leads from a user of ctx's tenant to their entries, which stay: that a person agreed can still be counted and verified, and who
// it was nobody can tell. With it goes what they said no to. It returns false if nothing was known of them. The state of a browser that they
// signed in with stays: it is found by the random id in that browser's cookie, and by nothing else.
func (m *Manager) Forget(ctx context.Context, user string) (bool, error) {
	tenant, err := m.ledgerOf(ctx, user)
	if err != nil {
		return false, err
	}
	who, found := m.pseudonyms.user(tenant.String(), user), false
	err = m.c.Store.Tx(ctx, func(ctx context.Context) error {
		head, err := m.c.Store.Head(ctx)
		if err != nil {
			return err
		}
		s, err := m.c.Store.State(ctx, who)
		if found = err == nil && s.known(); !found {
			return err
		}
		entries := []Entry{{Method: Forgotten, Subject: s.Subject, At: head.Now, Key: s.key(keyOf("forget", who, head.Now, s.Seq))}}
		chain(tenant.String(), head, entries)
		if err := m.c.Store.Write(ctx, entries, nil, nil); err != nil {
			return err
		}
		if err := m.c.Store.Forget(ctx, who); err != nil {
			return err
		}
		return m.tell(ctx, &entries[0], userParty(user))
	})
	return found && err == nil, err
}
