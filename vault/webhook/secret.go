package webhook

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// Secrets are the live secrets of one endpoint: the one that is in use, and the one before it while a rotation is under
// way. Each is text of one of these forms, with standard base64 after the prefix:
//
//	whsec_  24 to 64 random bytes, shared by both sides
//	whsk_   an Ed25519 private key, of 32 bytes (the seed) or 64, for signers
//	whpk_   an Ed25519 public key of 32 bytes, for verifiers; it is no secret
type Secrets struct {
	Current  redact.Secret[string]
	Previous redact.Secret[string] // empty when no rotation is under way
}

const (
	prefixShared  = "whsec_"
	prefixPrivate = "whsk_"
	prefixPublic  = "whpk_"

	minShared, maxShared = 24, 64
)

// NewSecret returns a new secret of 32 random bytes, for both sides.
func NewSecret() redact.Secret[string] {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return redact.NewSecret(prefixShared + base64.StdEncoding.EncodeToString(b))
}

// NewKeyPair returns a new private key, for the signer, and its public key, for verifiers.
func NewKeyPair() (private redact.Secret[string], public string) {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails
	k := ed25519.NewKeyFromSeed(seed)
	return redact.NewSecret(prefixPrivate + base64.StdEncoding.EncodeToString(k)),
		prefixPublic + base64.StdEncoding.EncodeToString(k[ed25519.SeedSize:])
}

// key makes or checks the signatures of one secret. It holds the secret in closures, because whatever prints a value by
// reflection reads unexported fields and cannot look into a function.
type key struct {
	// sign appends a signature as text.
	sign func(dst []byte, id, timestamp string, body []byte) []byte
	// verify reports whether the list of d has a signature of this key.
	verify func(d head, body []byte) bool
}

// keys returns those of s: one or two.
func (s Secrets) keys(parse func(text string) (key, error)) ([]key, error) {
	current, previous := s.Current.Reveal(), s.Previous.Reveal()
	switch {
	case current == "":
		return nil, fmt.Errorf("%w: there is no current one", ErrSecret)
	case current == previous:
		return nil, fmt.Errorf("%w: the previous one is the current one", ErrSecret)
	}
	k, err := parse(current)
	if err != nil {
		return nil, fmt.Errorf("%w (the current one)", err)
	}
	ks := []key{k}
	if previous != "" {
		if k, err = parse(previous); err != nil {
			return nil, fmt.Errorf("%w (the previous one)", err)
		}
		ks = append(ks, k)
	}
	return ks, nil
}

func signingKey(text string) (key, error) {
	prefix, b := decodeSecret(text)
	switch {
	case prefix == prefixShared && len(b) >= minShared && len(b) <= maxShared:
		return macKey(b), nil
	case prefix == prefixPrivate && len(b) == ed25519.SeedSize:
		return privateKey(ed25519.NewKeyFromSeed(b)), nil
	case prefix == prefixPrivate && len(b) == ed25519.PrivateKeySize:
		if k := ed25519.NewKeyFromSeed(b[:ed25519.SeedSize]); k.Equal(ed25519.PrivateKey(b)) {
			return privateKey(k), nil
		}
		return key{}, fmt.Errorf("%w: the two halves of a private key do not belong together", ErrSecret)
	}
	return key{}, fmt.Errorf("%w: a signer needs whsec_ and base64 of 24 to 64 bytes, or whsk_ and base64 of 32 or 64", ErrSecret)
}

func verifyingKey(text string) (key, error) {
	prefix, b := decodeSecret(text)
	switch {
	case prefix == prefixShared && len(b) >= minShared && len(b) <= maxShared:
		return macKey(b), nil
	case prefix == prefixPublic && len(b) == ed25519.PublicKeySize:
		return publicKey(b), nil
	}
	return key{}, fmt.Errorf("%w: a verifier needs whsec_ and base64 of 24 to 64 bytes, or whpk_ and base64 of 32", ErrSecret)
}

// decodeSecret returns the prefix and the bytes of a secret, or nothing.
func decodeSecret(text string) (prefix string, b []byte) {
	i := strings.IndexByte(text, '_') + 1
	if strings.ContainsAny(text, "\r\n") { // which the decoder passes over
		return "", nil
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text[i:])
	if err != nil {
		return "", nil
	}
	return text[:i], b
}
