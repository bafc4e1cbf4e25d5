package consent

import (
	"context"
	"errors"
	"net/http"
	"time"

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
	c      Config
	sealer *sealer
	cross  *http.CrossOriginProtection
	now    func() time.Time
}

// New returns a manager.
func New(c Config) (*Manager, error) {
	if c.Registry == nil {
		return nil, errors.New("consent: New needs a registry")
	}
	if c.Guard > Report {
		return nil, errors.New("consent: unknown guard mode")
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
	return &Manager{c: c, sealer: s, cross: http.NewCrossOriginProtection(), now: time.Now}, nil
}

// Decide decides about r, whose context has a tenant ([tenancy.From]). Without one no cookie is believed.
func (m *Manager) Decide(r *http.Request) Decision {
	v := m.visit(r)
	return v.d
}

// Duties returns what laws ask for in the place that r comes from.
func (m *Manager) Duties(r *http.Request) Duty {
	var p Place
	if m.c.Place != nil {
		p = m.c.Place(r)
	}
	return m.c.Laws.Duties(p, m.now())
}

// A seen is what is known of one request.
type seen struct {
	tenant string
	user   string
	now    time.Time
	choice Choice
	key    *sealKey // that the choice is sealed with, nil if there is none
	sig    Signals
	d      Decision
}

func (m *Manager) visit(r *http.Request) (v seen) {
	v.now = m.now()
	v.sig = Signals{GPC: GPC(r.Header), Now: v.now}
	if id, err := tenancy.From(r.Context()); err == nil {
		v.tenant = id.String()
		v.choice, v.key = m.sealer.read(r.Header, v.tenant)
		v.choice.Confirmed = v.choice.Confirmed && !m.c.NoOverride
	}
	// Who is known matters to a choice that somebody made who was.
	if m.c.User != nil && v.choice.User != (UserTag{}) {
		if v.user = m.c.User(r); v.user != "" {
			v.sig.User = v.key.tag(v.tenant, v.user)
		}
	}
	v.d = Decide(m.c.Registry, v.sig, Stored{Choice: v.choice})
	return v
}
