package vault

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// Keeper wraps the root of all keys: a key management service, a hardware module, or one of [KeyFrom]'s. It is asked when a
// [Vault] is opened and when the root is rotated, and never for a message. *gocloud.dev/secrets.Keeper is one as it is.
type Keeper interface {
	Encrypt(ctx context.Context, plaintext []byte) ([]byte, error)
	Decrypt(ctx context.Context, ciphertext []byte) ([]byte, error)
}

// ErrKeeper is returned when a keeper's own key cannot be had, or does not fit what it is to open.
var ErrKeeper = errors.New("vault: the keeper's key cannot be used")

// NewKey returns a random key in the form that [KeyFromEnv] and [KeyFromFile] read: 32 bytes as base64.
func NewKey() redact.Secret[string] {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never fails
	return redact.NewSecret(base64.StdEncoding.EncodeToString(b[:]))
}

// KeyFromEnv returns a keeper whose key is the value of an environment variable: 32 bytes as base64 or hexadecimal, as
// [NewKey] makes them. It is [ErrKeeper] if the variable is not set or holds anything else.
func KeyFromEnv(name string) (Keeper, error) {
	text, ok := os.LookupEnv(name)
	if !ok || text == "" {
		return nil, fmt.Errorf("%w: the environment variable %s is not set", ErrKeeper, name)
	}
	return parseKey([]byte(text), "the environment variable "+name)
}

// KeyFrom is KeyFromEnv for a key that the program has already, from wherever it keeps its secrets.
func KeyFrom(key redact.Secret[string]) (Keeper, error) {
	return parseKey([]byte(key.Reveal()), "the secret")
}

// KeyFromFile is KeyFromEnv for the content of a file.
func KeyFromFile(path string) (Keeper, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeeper, err)
	}
	defer clear(text)
	return parseKey(text, "the file")
}

func parseKey(text []byte, where string) (Keeper, error) {
	text = bytes.TrimSpace(text)
	secret, err := hex.DecodeString(string(text))
	for _, e := range [...]*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if err != nil {
			secret, err = e.DecodeString(string(text))
		}
	}
	if err != nil || len(secret) != 32 {
		return nil, fmt.Errorf("%w: %s does not hold 32 bytes as base64 or hexadecimal", ErrKeeper, where)
	}
	return localKeeper{newKey((*[32]byte)(secret), nil)}, nil
}

// localKeeper is a keeper whose key is in this process.
type localKeeper struct{ key *key }

// Format writes which key it is, whatever the verb.
func (l localKeeper) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "vault.Keeper("+l.key.id.String()+")")
}

var errOtherKind = fmt.Errorf("%w: what it is to open was wrapped by a keeper of another kind", ErrKeeper)

var keeperContext = []byte("bailiwick vault root")

func (l localKeeper) Encrypt(_ context.Context, plaintext []byte) ([]byte, error) {
	return l.key.seal(nil, plaintext, keeperContext)
}

// Decrypt says which key is missing if it has another: ids are hashes, and no secret.
func (l localKeeper) Decrypt(_ context.Context, ciphertext []byte) ([]byte, error) {
	h, err := parseHeader(ciphertext)
	if err != nil {
		return nil, errOtherKind
	}
	if h.key != l.key.id {
		return nil, fmt.Errorf("%w: it needs the key with the id %s, and was given the one with the id %s", ErrKeeper, h.key, l.key.id)
	}
	out, err := l.key.open(nil, ciphertext, keeperContext, &h)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeeper, err)
	}
	return out, nil
}
