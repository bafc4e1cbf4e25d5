package tenancy

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// A Key signs which tenant a piece of work is for. It holds a secret of at least 32 random bytes,
// which no method of it prints.
type Key struct {
	id string
	// secret is a closure, because fmt and whatever else walks a value by reflection reads unexported
	// fields without asking their methods, and cannot look into a function.
	secret func() []byte
}

// NewKey returns the key named id, such as "k1" (2 characters of a-z and 0-9, unique among live keys), with
// a copy of secret: at least 32 random bytes.
func NewKey(id string, secret []byte) (Key, error) {
	if len(id) != 2 || !isKeyChar(id[0]) || !isKeyChar(id[1]) {
		return Key{}, errors.New("tenancy: a key id is 2 characters of a-z and 0-9")
	}
	if len(secret) < 32 {
		return Key{}, fmt.Errorf("tenancy: a signing key needs at least 32 bytes, not %d", len(secret))
	}
	own := append([]byte(nil), secret...)
	return Key{id, func() []byte { return own }}, nil
}

// ID returns the key's name, which is no secret.
func (k Key) ID() string { return k.id }

// IsZero reports whether k holds no key.
func (k Key) IsZero() bool { return k.secret == nil }

// String returns the key's name only.
func (k Key) String() string { return "tenancy.Key(" + k.id + ")" }

// Format prints String for every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// MarshalText is String, so that JSON shows which key it is and no more. There is no way back.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// LogValue is String.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// Derive returns the 32-byte secret of k for one purpose (HKDF-SHA256, RFC 5869): keys of different
// purposes tell nothing of each other. It panics on the zero Key.
func (k Key) Derive(purpose string) []byte {
	if k.IsZero() {
		panic("tenancy: the zero Key signs nothing")
	}
	out, err := hkdf.Key(sha256.New, k.secret(), nil, "bailiwick "+purpose, sha256.Size)
	if err != nil {
		panic(err) // only a hash too short for the length asked for: a constant here
	}
	return out
}

// Keys are the live signing keys: the one that signs and the one before it, which is still
// accepted while a rotation is under way. The zero Keys has none and signs nothing.
type Keys struct {
	Current  Key
	Previous Key // zero when no rotation is under way
}

// Find returns the live key named id.
func (ks Keys) Find(id string) (Key, bool) {
	for _, k := range [...]Key{ks.Current, ks.Previous} {
		if !k.IsZero() && k.id == id {
			return k, true
		}
	}
	return Key{}, false
}

func isKeyChar(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }
