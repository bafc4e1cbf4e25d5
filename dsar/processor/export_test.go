package processor

import "net/http"

// For the tests of this package.

// Public is public.
var Public = public

// WithoutProxy reports whether g's client asks no proxy.
func WithoutProxy(g Guard) bool { return g.client().Transport.(*http.Transport).Proxy == nil }
