package redact

import (
	"strings"
	"sync/atomic"
)

// hiding says what a name hides of its value. In a structure it is known where a value begins and ends and that it is
// the name's, so that more is hidden than in running text.
type hiding uint8

const (
	hideNothing hiding = iota
	hideShape          // a text that looks like a secret
	hideCookie         // the values of a header of pairs; and what holds other values
	hideCode           // a few digits
	hideText           // every text, and what holds other values
	hideAll            // everything
)

// field is what the name of an attribute, member, header or column says about its value.
type field struct {
	key  string
	name string // the key as it may be shown
	hide hiding
	rule string
	who  *personalKey
}

// whole reports whether a value that holds others is hidden with all it holds.
func (f *field) whole() bool { return f != nil && (f.hide >= hideText || f.hide == hideCookie) }

// structural are words that name a secret in a structure though they may be prose in a text.
var structural = []string{"token", "tokens", "jwt", "bearer", "authorization", "pw", "pat", "sid", "sessionid", "sessid", "authcode",
	"xsrf", "csrf", "assertion", "connectionstring", "sas"}

// fieldCache remembers what was said about names: most programs use few. A name that shows something personal is never
// kept.
type fieldCache [1024]atomic.Pointer[field]

// nameHash is where a name is kept. Whoever chooses names to collide gains no more than with names that differ each time.
func nameHash[T string | []byte](s T) (h uint64) {
	const odd = 0x9E3779B97F4A7C15
	i := 0
	for ; i+8 <= len(s); i += 8 {
		h = (h ^ (uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56)) * odd
		h ^= h >> 32
	}
	v := uint64(len(s))
	for ; i < len(s); i++ {
		v = v<<8 | uint64(s[i])
	}
	h = (h ^ v) * odd
	return h ^ h>>32
}

// field says what a name says.
func (r *Redactor) field(key string) *field { return r.fieldAt(key, nameHash(key)) }

// fieldOf is field without a string.
func (r *Redactor) fieldOf(key []byte) *field {
	h := nameHash(key)
	for i := range uint64(2) {
		if f := r.shared.names[(h+i)&1023].Load(); f != nil && f.key == string(key) {
			return f
		}
	}
	return r.fieldAt(string(key), h)
}

func (r *Redactor) fieldAt(key string, h uint64) *field {
	c := &r.shared.names
	for i := range uint64(2) {
		if f := c[(h+i)&1023].Load(); f != nil && f.key == key {
			return f
		}
	}
	f := r.newField(key)
	if len(key) <= maxKey && f.name == key {
		at := h & 1023
		if c[at].Load() != nil && c[(at+1)&1023].Load() == nil {
			at = (at + 1) & 1023
		}
		c[at].Store(f)
	}
	return f
}

func (r *Redactor) newField(key string) *field {
	f := &field{key: key, name: r.String(key)}
	v := r.keys.judge([]byte(key[max(0, len(key)-maxKey):]))
	f.rule, f.who = v.rule, v.who
	if f.who != nil && !r.on[f.who.kind] {
		f.who = nil
	}
	if !r.on[Credential] {
		return f
	}
	switch v.trait {
	case keyStrong:
		f.hide = hideAll
	case keyNumber:
		f.hide = hideCode
	case keyCookie:
		f.hide = hideCookie
	case keyWeak:
		f.hide = hideShape
		low := strings.ToLower(key)
		for _, w := range structural {
			if strings.HasSuffix(low, w) {
				f.hide = hideText
			}
		}
	}
	return f
}

// under says of which kind a text is on account of its name, or 0.
func (r *Redactor) under(f *field, v []byte) (Kind, string) {
	if f == nil || f.hide == hideNothing && f.who == nil || settled(v) {
		return 0, ""
	}
	if f.who != nil && f.who.is(v) {
		return f.who.kind, f.who.rule
	}
	switch {
	case f.hide == hideAll:
	case f.hide == hideText && !(len(v) <= 16 && v[0] != '{' && v[0] != '[' && v[0] != '(' && placeholder(v)): // "token": "expired"
	case f.hide == hideCode && digitsOnly(v, 3, 10, " -"):
	case (f.hide == hideShape || f.hide == hideCookie) && looksSecret(v):
	default:
		return 0, ""
	}
	return Credential, f.rule
}

// settled reports whether v, which is a whole value, cannot be a secret: it is empty, stars, a word for nothing, a
// variable to be filled in, or a replacement.
func settled(v []byte) bool {
	if len(v) == 0 {
		return true
	}
	end := v[len(v)-1]
	switch v[0] {
	case '*':
		return len(v) >= 3 && same(v)
	case '[':
		return end == ']' && isLabel(v) && !hasByte(v[1:], '[') && !hasByte(v[:len(v)-1], ']')
	case '$':
		return len(v) > 3 && v[1] == '{' && end == '}' && allOf(v[2:len(v)-1], cWord)
	case '{':
		return len(v) > 4 && v[1] == '{' && v[len(v)-2] == '}' && end == '}'
	}
	if len(v) > 8 {
		return false
	}
	switch string(v) {
	case "<nil>", "null", "nil", "true", "false", "required":
		return true
	}
	return false
}
