package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
)

// cosignatureKey is the type of an Ed25519 key of a witness (c2sp.org/tlog-cosignature).
const cosignatureKey = 0x04

// NewCosignatureVerifier returns the verifier of a witness's Ed25519 key of version 1, from its text form: name, "+",
// 8 hexadecimal digits, "+", and base64 of the byte 4 and the key (c2sp.org/tlog-cosignature).
func NewCosignatureVerifier(vkey string) (note.Verifier, error) {
	bad := errors.New("audit: bad key of a witness")
	name, rest, _ := strings.Cut(vkey, "+")
	id, key64, _ := strings.Cut(rest, "+")
	hash, err := strconv.ParseUint(id, 16, 32)
	key, err2 := base64.StdEncoding.DecodeString(key64)
	if err != nil || err2 != nil || len(id) != 8 || len(key) != 1+ed25519.PublicKeySize || key[0] != cosignatureKey || !isKeyName(name) {
		return nil, bad
	}
	if keyHash(name, key) != uint32(hash) {
		return nil, bad
	}
	return cosignatureVerifier{name, uint32(hash), ed25519.PublicKey(key[1:])}, nil
}

// isKeyName reports whether s can be the name of a key (c2sp.org/signed-note).
func isKeyName(s string) bool {
	return s != "" && utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsSpace) < 0 && !strings.Contains(s, "+")
}

// keyHash is the id of a key: of its name, its type and itself.
func keyHash(name string, key []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	return binary.BigEndian.Uint32(sum[:])
}

type cosignatureVerifier struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (v cosignatureVerifier) Name() string    { return v.name }
func (v cosignatureVerifier) KeyHash() uint32 { return v.hash }

// Verify implements note.Verifier: sig is a time of 8 bytes and the signature over the time and the text.
func (v cosignatureVerifier) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(sig)
	return at <= math.MaxInt64 && ed25519.Verify(v.key, cosignedText(at, text), sig[8:])
}

func cosignedText(at uint64, text []byte) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", at), text...)
}

// cosignatureTime returns when a witness made s, which has been verified. It is false if s is none.
func cosignatureTime(s note.Signature) (time.Time, bool) {
	b, err := base64.StdEncoding.DecodeString(s.Base64)
	if err != nil || len(b) != 4+8+ed25519.SignatureSize {
		return time.Time{}, false
	}
	return time.Unix(int64(binary.BigEndian.Uint64(b[4:])), 0).UTC(), true
}
