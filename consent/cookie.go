package consent

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strconv"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// The names of the cookie: of pages of the site itself, and of a widget in another site's page. No other host can set a cookie whose name begins
// so (RFC 6265bis, section 4.1.3).
const (
	CookieName       = "__Host-consent"
	WidgetCookieName = "__Host-consent-widget"
)

// A cookie's value is 48 bytes in base64url, 64 characters: what is signed, by its offsets, and 16 bytes of AES-256-CMAC over it and
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

// A sealKey is one key of a sealer.
type sealKey struct {
	id   string
	sign mac
	tags mac
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
	return &sealKey{k.ID(), newMAC(k.Derive("consent cookie v2")), newMAC(k.Derive("consent user v2"))}
}

// tag returns who a user of a tenant is to cookies of this key.
func (k *sealKey) tag(tenant, user string) (t UserTag) {
	k.tags.sum(t[:], tenant, "\x00", user) // no tenant's name has that byte
	if t == (UserTag{}) {
		t[0] = 1 // zero is nobody
	}
	return t
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
	k.sign.sum(b[atMAC:], string(b[:atMAC]), tenant)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// open returns the choice in a value, and the key it is sealed with; nil if it is none of ours for tenant.
func (s *sealer) open(value, tenant string) (c Choice, k *sealKey) {
	if len(value) != valueLen {
		return c, nil
	}
	var b [rawLen]byte
	if !decode(&b, value) {
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
	k.sign.sum(mac[:], string(b[:atMAC]), tenant)
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

// decode reads a value: base64url, of which no bit is left over. It takes a quarter of the time of encoding/base64.
func decode(dst *[rawLen]byte, value string) bool {
	_ = value[valueLen-1]
	bad := byte(0)
	for i, j := 0, 0; i < valueLen; i, j = i+4, j+3 {
		w, x, y, z := digits[value[i]], digits[value[i+1]], digits[value[i+2]], digits[value[i+3]]
		bad |= w | x | y | z
		dst[j], dst[j+1], dst[j+2] = w<<2|x>>4, x<<4|y>>2, y<<6|z
	}
	return bad < 64
}

// digits are the values of base64url's characters, 255 of others.
var digits = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i := range 64 {
		t["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[i]] = byte(i)
	}
	return t
}()
