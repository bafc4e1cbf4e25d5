package tenancy

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

// What can be wrong with a carrier. None of the errors repeats it.
var (
	// ErrCarrierMalformed: the text is not a carrier.
	ErrCarrierMalformed = errors.New("tenancy: malformed carrier")
	// ErrCarrierForged: it is signed by no live key, or was changed since it was signed.
	ErrCarrierForged = errors.New("tenancy: carrier is not validly signed")
	// ErrCarrierExpired: it is past its time, or lasts longer than this courier would let one last: the
	// sender has a longer lifetime, or the clocks differ.
	ErrCarrierExpired = errors.New("tenancy: carrier has expired")
	// ErrCarrierAudience: it was signed for another audience.
	ErrCarrierAudience = errors.New("tenancy: carrier is for another audience")
)

// Carrier is the tenant of a context as text, for the header of a job, a message or an outbox row: at most
// 120 characters of A-Z, a-z, 0-9, '-' and '_'. It is no secret, but whoever can read it can use it until
// it expires, for any payload: what reads a queue has to trust what may write to it, or sign the payload.
type Carrier string

// The parts of a carrier, by their offsets: the signature, and what it is over.
const (
	carrierVersion = "1"

	carrierMAC      = 22                           // 16 bytes in base64url
	carrierKey      = carrierMAC + 1               // after the version
	carrierExpiry   = carrierKey + 2               // after the key's name
	carrierAudience = carrierExpiry + 10           // after seconds since 1970
	carrierTenant   = carrierAudience + carrierMAC // after 16 bytes of the audience's hash
)

// Courier carries tenants from one process to another, for one audience. It is safe for concurrent use.
// Sender and receiver read their own clocks, which may differ by a minute.
type Courier struct {
	keys     Keys
	current  func() []byte // closures, as in Key: printing a Courier prints no key
	previous func() []byte // nil if there is none
	audience string        // its hash as text
	ttl      time.Duration
	made     time.Time
}

const carrierSkew = time.Minute

// NewCourier returns a courier for audience, the name of a queue, topic or service: what is signed for one
// is refused by another. Its carriers last for ttl, from a second to 90 days.
//
// To rotate, first make the new key Previous everywhere, then Current with the old one as Previous,
// then drop the old one after ttl.
func NewCourier(keys Keys, audience string, ttl time.Duration) (*Courier, error) {
	switch {
	case keys.Current.IsZero():
		return nil, errors.New("tenancy: a courier needs a key")
	case keys.Current.id == keys.Previous.id:
		return nil, errors.New("tenancy: two live keys of the same name")
	case audience == "":
		return nil, errors.New("tenancy: a courier needs an audience")
	case ttl < time.Second || ttl > 90*24*time.Hour:
		return nil, errors.New("tenancy: a carrier lasts from a second to 90 days")
	}
	const purpose = "tenancy carrier v1"
	hash := sha256.Sum256([]byte(audience))
	derive := func(k Key) func() []byte { own := k.Derive(purpose); return func() []byte { return own } }
	c := &Courier{keys: keys, current: derive(keys.Current), ttl: ttl, made: time.Now(),
		audience: base64.RawURLEncoding.EncodeToString(hash[:16])}
	if !keys.Previous.IsZero() {
		c.previous = derive(keys.Previous)
	}
	return c, nil
}

// Detach returns ctx's tenant as a carrier.
func (c *Courier) Detach(ctx context.Context) (Carrier, error) {
	id, err := From(ctx)
	if err != nil {
		return "", err
	}
	body := fmt.Sprintf("%s%s%010d%s%s", carrierVersion, c.keys.Current.id, c.now().Add(c.ttl).Unix(), c.audience, id)
	return Carrier(sign(c.current(), body) + body), nil
}

// Attach returns ctx with the tenant that was detached. [ErrConflict] if ctx belongs to another one. The
// context that comes with an error belongs to no tenant whatever ctx did: [From] reports the error.
func (c *Courier) Attach(ctx context.Context, from Carrier) (context.Context, error) {
	id, err := c.open(string(from))
	if err == nil {
		ctx = With(ctx, id)
		_, err = From(ctx)
	}
	if err != nil {
		return context.WithValue(ctx, contextKey{}, &binding{err: err}), err
	}
	return ctx, nil
}

func (c *Courier) open(s string) (ID, error) {
	if len(s) <= carrierTenant || len(s) > carrierTenant+MaxIDLen {
		return ID{}, ErrCarrierMalformed
	}
	body := s[carrierMAC:]
	var key func() []byte
	switch s[carrierKey:carrierExpiry] {
	case c.keys.Current.id:
		key = c.current
	case c.keys.Previous.id:
		key = c.previous
	}
	expiry, ok := digits(s[carrierExpiry:carrierAudience])
	id, err := ParseID(s[carrierTenant:])
	switch {
	case body[:1] != carrierVersion || !ok || err != nil:
		return ID{}, ErrCarrierMalformed
	case key == nil || !same(s[:carrierMAC], sign(key(), body)):
		return ID{}, ErrCarrierForged
	}
	switch left := time.Unix(expiry, 0).Sub(c.now()); {
	case left <= 0 || left > c.ttl+carrierSkew:
		return ID{}, ErrCarrierExpired
	case !same(s[carrierAudience:carrierTenant], c.audience):
		return ID{}, ErrCarrierAudience
	}
	return id, nil
}

// now is the wall clock, but never earlier than the steady clock has got since the courier was made: a
// wall clock that is set back gives no carrier more time.
func (c *Courier) now() time.Time {
	wall := time.Now()
	steady := c.made.Round(0).Add(wall.Sub(c.made))
	if wall = wall.Round(0); wall.Before(steady) {
		return steady
	}
	return wall
}

// sign returns a signature as text, to be compared as text: there is one way to write a signature, so no other text passes for it.
func sign(key []byte, body string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(body))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:16])
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func digits(s string) (n int64, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}
