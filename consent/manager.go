package consent

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// A Config says how a [Manager] works.
type Config struct {
	// Registry holds the policies.
	Registry *Registry
	// Keys sign the cookie. To rotate, make the new key Current with the old one as Previous, and drop the old one after as long as a
	// choice lasts: choices it signed are asked for anew.
	Keys tenancy.Keys
	// User returns who is signed in, "" for nobody. It says it of authenticated requests only. nil: nobody ever is.
	User func(*http.Request) string
	// Store keeps the ledger: who agreed to what, and what users said no to in any of their browsers. nil: a choice is kept in the
	// cookie and nowhere else.
	Store Store
	// Pseudonyms is the key by which a Store finds users and browsers. It is not rotated: under another key nobody is found.
	Pseudonyms tenancy.Key
	// Recorder is told of each entry of the ledger, in the entry's transaction. What it keeps shows that nobody rewrote the ledger.
	Recorder audit.Recorder
	// Controller is who answers for what is done, for receipts.
	Controller Controller
	// Failed is told why something that a request is recorded for, other than an answer, could not be: a signal of a user, or a sign-in. It
	// is tried again with the user's next request.
	Failed func(context.Context, error)
	// Place returns where the visitor is. nil: it is unknown, and the duties are all there are.
	Place func(*http.Request) Place
	// Laws are the duties by place. nil: those that ship ([Regimes]).
	Laws *Laws
	// Guard is what happens to cookies without consent, Refused is told of each. It is called while a response is written.
	Guard   GuardMode
	Refused func(context.Context, Refusal)
	// NoOverride: a signal cannot be overridden, by nobody.
	NoOverride bool
	// Widget: this is what answers in other sites' frames. Its choices have a cookie of their own, one for each site it is embedded in.
	Widget bool
}

// A Manager decides about requests, and keeps their answers in a cookie. It is safe for concurrent use.
type Manager struct {
	c          Config
	sealer     *sealer
	pseudonyms pseudonyms
	cross      *http.CrossOriginProtection
	now        func() time.Time
	newest     *atomic.Bool // the registry's last policy was in force when the clock was read
}

// New returns a manager.
func New(c Config) (*Manager, error) {
	if c.Registry == nil {
		return nil, errors.New("consent: New needs a registry")
	}
	if c.Guard > Report {
		return nil, errors.New("consent: unknown guard mode")
	}
	if c.Store == nil && c.Recorder != nil {
		return nil, errors.New("consent: a recorder is told of entries, which take a store")
	}
	if c.Store != nil && c.Pseudonyms.IsZero() {
		return nil, errors.New("consent: a store needs a key for pseudonyms")
	}
	kind := byte(kindPage)
	if c.Widget {
		kind = kindWidget
	}
	s, err := newSealer(c.Keys, kind)
	if err != nil {
		return nil, err
	}
	c.Keys = tenancy.Keys{}
	if c.Laws == nil {
		if c.Laws, err = CompileRegimes(Regimes()...); err != nil {
			return nil, err
		}
	}
	m := &Manager{c: c, sealer: s, cross: http.NewCrossOriginProtection(), now: time.Now, newest: new(atomic.Bool)}
	if c.Store != nil {
		m.pseudonyms = newPseudonyms(c.Pseudonyms)
	}
	m.c.Pseudonyms = tenancy.Key{}
	return m, nil
}

// Decide decides about r, whose context has a tenant ([tenancy.From]). Without one no cookie is believed.
func (m *Manager) Decide(r *http.Request) Decision {
	var v seen
	m.visit(r, &v)
	return v.d
}

func (m *Manager) place(r *http.Request) Place {
	if m.c.Place == nil {
		return Place{}
	}
	return m.c.Place(r)
}

// Duties returns what laws ask for in the place that r comes from.
func (m *Manager) Duties(r *http.Request) Duty {
	return m.c.Laws.Duties(m.place(r), m.now())
}

// A seen is what is known of one request.
type seen struct {
	answers bool // the request says something
	tenant  string
	user    string
	tag     UserTag   // of user, in cookies that are written now
	now     time.Time // zero if nothing depended on it
	choice  Choice
	key     *sealKey // that the choice is sealed with, nil if there is none
	sig     Signals
	out     bool  // the user opted out, and
	had     Set   // granted so much in some browser, if there is a store
	err     error // why that is not known
	d       Decision
}

func (m *Manager) visit(r *http.Request, v *seen) {
	v.sig.GPC = GPC(r.Header)
	if id, err := tenancy.From(r.Context()); err == nil {
		v.tenant = id.String()
		if v.key = m.sealer.read(r.Header, v.tenant, &v.choice); v.key != nil {
			v.choice.Confirmed = v.choice.Confirmed && !m.c.NoOverride
		}
	}
	stored := Stored{Choice: v.choice}
	// Without a store, who is known matters to a choice that somebody made who was.
	if m.c.User != nil && v.tenant != "" && (m.c.Store != nil || v.choice.User != (UserTag{})) {
		v.user = m.c.User(r)
	}
	// Reading the clock takes as long as the rest of a first visit, and all that it says there is which policy is in force. The last one stays.
	if v.answers || v.key != nil || v.user != "" || !m.newest.Load() {
		v.now = m.now()
		v.sig.Now = v.now
		if m.c.Registry.last() <= v.now.Unix() && !m.newest.Load() {
			m.newest.Store(true)
		}
	} else {
		v.sig.Now = time.Unix(m.c.Registry.last(), 0)
	}
	if v.user != "" {
		if v.choice.User != (UserTag{}) {
			v.sig.User = v.key.tag(v.tenant, v.user)
		}
		if m.c.Store != nil {
			var s State
			s, v.err = m.c.Store.State(r.Context(), m.pseudonyms.user(v.tenant, v.user))
			v.out, v.had = s.OptOut, s.Granted
			stored.Account = s.account(&v.choice)
			stored.Account.Unknown = v.err != nil
		}
	}
	v.d = decide(m.c.Registry, &v.sig, &stored)
}
