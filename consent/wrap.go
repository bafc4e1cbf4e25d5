package consent

import (
	"context"
	"net/http"
)

// A wrapped request is the context of a request, with what was decided about it, and its guard.
type wrapped struct {
	context.Context
	d     Decision
	guard guard
}

func (c *wrapped) Value(key any) any {
	switch key {
	case contextKey{}:
		return &c.d
	case wrappedKey{}:
		return c
	}
	return c.Context.Value(key)
}

type wrappedKey struct{}

// Wrap decides once for each request, puts the decision into its context, and lets next set the cookies that are allowed and no
// others, in whatever way it sets them. Responses say that they vary by signal and cookie. Put it inside of what finds the request's
// tenant and around all that sets cookies.
//
// A choice that a signal contradicts is changed in the cookie with the response. A signal without a choice leaves nothing behind.
func (m *Manager) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var v seen
		m.visit(r, &v)
		c := &wrapped{Context: r.Context(), d: v.d}
		c.guard = guard{inner: w, d: v.d, mode: m.c.Guard, refused: m.c.Refused, ctx: c.Context}
		linked := m.follow(r, &v)
		if v.key != nil {
			m.settle(w, &v, linked)
		}
		defer c.guard.end()
		next.ServeHTTP(&c.guard, r.WithContext(c))
	})
}

// settle writes the cookie anew if the request changes the choice, or whose it is, or the key it is sealed with is on its way out.
func (m *Manager) settle(w http.ResponseWriter, v *seen, linked bool) {
	c, changed := v.d.next(v.choice)
	key := v.key
	if linked {
		key, changed = m.sealer.current, true
		c.User = key.tag(v.tenant, v.user)
	}
	if key != m.sealer.current {
		switch v.choice.User {
		case UserTag{}:
			key, changed = m.sealer.current, true
		case v.sig.User:
			key, changed = m.sealer.current, true
			c.User = key.tag(v.tenant, v.user)
		} // else nobody knows the user's tag under the new key
	}
	if !changed {
		return
	}
	left := c.At.Unix() + v.d.lasts() - v.now.Unix()
	if left <= 0 {
		return
	}
	h := w.Header()
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "private")
	}
	h.Add("Set-Cookie", m.sealer.setCookie(m.sealer.seal(key, v.tenant, c), left))
}

// lasts is how many seconds a choice lasts under the policy in force.
func (d Decision) lasts() int64 {
	if d.edition == nil {
		return 0
	}
	return d.edition.lasts
}
