package consent

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash"
	"strconv"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// The names of the cookie: of pages of the site itself, and of a widget in another site's page. No other host can set a cookie whose name begins
// so (RFC 6265bis, section 4.1.3).
const (
	CookieName       = "__Host-consent"
	WidgetCookieName = "__Host-consent-widget"
)

// A cookie's value is 48 bytes in base64url, 64 characters: what is signed, by its offsets, and 16 bytes of HMAC-SHA-256 over it and
// the tenant.
const (
	atKind    = 0  // 1 of a page, 2 of a widget: neither is of use as the other
	atFlags   = 1  // 1 opted out, 2 confirmed
	atGranted = 2  // a Set
	atPolicy  = 4  // a version
	atSecond  = 6  // since 1970
	atID      = 10 // a BrowserID
	atUser    = 22 // a UserTag
	atKey     = 30 // the name of the key
	atMAC     = 32
	rawLen    = 48
	valueLen  = 64

	flagOptOut    = 1
	flagConfirmed = 2
)

// A sealer makes and opens the values of one kind of cookie.
type sealer struct {
	kind     byte
	current  *sealKey
	previous *sealKey // nil if there is none
}

// A sealKey is one key of a sealer. What hashes with it is kept behind a pointer: printing a sealer prints no key.
type sealKey struct {
	id   string
	macs *sync.Pool // of *macState
	tags *sync.Pool
}

// A macState is a keyed hash and the room it needs.
type macState struct {
	mac hash.Hash
	msg []byte
	sum [sha256.Size]byte
}

func newSealer(keys tenancy.Keys, kind byte) (*sealer, error) {
	switch {
	case keys.Current.IsZero():
		return nil, errors.New("consent: the cookie needs a key")
	case !keys.Previous.IsZero() && keys.Current.ID() == keys.Previous.ID():
		return nil, errors.New("consent: two live keys of the same name")
	}
	s := &sealer{kind: kind, current: newSealKey(keys.Current)}
	if !keys.Previous.IsZero() {
		s.previous = newSealKey(keys.Previous)
	}
	return s, nil
}

func newSealKey(k tenancy.Key) *sealKey {
	pool := func(purpose string) *sync.Pool {
		secret := k.Derive(purpose)
		return &sync.Pool{New: func() any { return &macState{mac: hmac.New(sha256.New, secret)} }}
	}
	return &sealKey{k.ID(), pool("consent cookie v1"), pool("consent user v1")}
}

// sign writes the signature of a value's first 32 bytes for a tenant.
func (k *sealKey) sign(dst, body []byte, tenant string) {
	st := k.macs.Get().(*macState)
	st.msg = append(append(st.msg[:0], body...), tenant...)
	copy(dst, st.hash())
	k.macs.Put(st)
}

// tag returns who a user of a tenant is to cookies of this key.
func (k *sealKey) tag(tenant, user string) (t UserTag) {
	st := k.tags.Get().(*macState)
	st.msg = append(append(append(st.msg[:0], byte(len(tenant))), tenant...), user...)
	copy(t[:], st.hash())
	k.tags.Put(st)
	if t == (UserTag{}) {
		t[0] = 1 // zero is nobody
	}
	return t
}

func (st *macState) hash() []byte {
	st.mac.Reset()
	_, _ = st.mac.Write(st.msg)
	return st.mac.Sum(st.sum[:0])
}

// seal returns c as a value for tenant, under k.
func (s *sealer) seal(k *sealKey, tenant string, c Choice) string {
	var b [rawLen]byte
	b[atKind] = s.kind
	if c.OptOut {
		b[atFlags] |= flagOptOut
	}
	if c.Confirmed {
		b[atFlags] |= flagConfirmed
	}
	binary.BigEndian.PutUint16(b[atGranted:], uint16(c.Granted))
	binary.BigEndian.PutUint16(b[atPolicy:], c.Policy)
	binary.BigEndian.PutUint32(b[atSecond:], uint32(c.At.Unix()))
	copy(b[atID:], c.ID[:])
	copy(b[atUser:], c.User[:])
	copy(b[atKey:], k.id)
	k.sign(b[atMAC:], b[:atMAC], tenant)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// open returns the choice in a value, and the key it is sealed with; nil if it is none of ours for tenant.
func (s *sealer) open(value, tenant string) (c Choice, k *sealKey) {
	if len(value) != valueLen {
		return c, nil
	}
	var text [valueLen]byte
	var b [rawLen]byte
	copy(text[:], value)
	// All 64 characters count, since the decoder skips line ends, which would make it fewer bytes; 48 bytes leave no bit over.
	if n, err := base64.RawURLEncoding.Decode(b[:], text[:]); err != nil || n != rawLen {
		return c, nil
	}
	switch id := b[atKey:atMAC]; {
	case string(id) == s.current.id:
		k = s.current
	case s.previous != nil && string(id) == s.previous.id:
		k = s.previous
	default:
		return c, nil
	}
	var mac [rawLen - atMAC]byte
	k.sign(mac[:], b[:atMAC], tenant)
	if subtle.ConstantTimeCompare(mac[:], b[atMAC:]) != 1 || b[atKind] != s.kind || b[atFlags] > flagOptOut|flagConfirmed {
		return c, nil
	}
	c = Choice{
		Granted: Set(binary.BigEndian.Uint16(b[atGranted:])) &^ Essential.bit(), Policy: binary.BigEndian.Uint16(b[atPolicy:]),
		At: time.Unix(int64(binary.BigEndian.Uint32(b[atSecond:])), 0), OptOut: b[atFlags]&flagOptOut != 0,
		Confirmed: b[atFlags]&flagConfirmed != 0, ID: BrowserID(b[atID:atUser]), User: UserTag(b[atUser:atKey])}
	return c, k
}

// name returns the cookie's name.
func (s *sealer) name() string {
	if s.kind == kindWidget {
		return WidgetCookieName
	}
	return CookieName
}

const (
	kindPage   = 1
	kindWidget = 2
)

// setCookie returns the line that sets the cookie to value for so many seconds. Scripts may read it: they see what was chosen, and
// what they write is not believed.
func (s *sealer) setCookie(value string, seconds int64) string {
	attributes := "; Path=/; Secure; SameSite=Lax; Max-Age="
	if s.kind == kindWidget {
		attributes = "; Path=/; Secure; SameSite=None; Partitioned; Max-Age="
	}
	return s.name() + "=" + value + attributes + strconv.FormatInt(seconds, 10)
}
