package processor

import (
	"net/http"
	"time"
)

// For the tests of this package.

// Public is public.
var Public = public

// WithoutProxy reports whether g's client asks no proxy.
func WithoutProxy(g Guard) bool { return g.client().Transport.(*http.Transport).Proxy == nil }

// Age makes what p knows of /discovery that much older.
func Age(p *OpenDSR, d time.Duration) { p.known.last.read = p.known.last.read.Add(-d) }
