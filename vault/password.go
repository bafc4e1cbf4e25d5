package vault

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// ErrPassword: a password of that length, or of those characters, is not made.
var ErrPassword = errors.New("vault: no password is made like that")

// Charset is a set of characters to make passwords of: visible ASCII. Two are put together by +.
type Charset string

// The usual character sets.
const (
	Lowercase Charset = "abcdefghijklmnopqrstuvwxyz"
	Uppercase Charset = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	Digits    Charset = "0123456789"
	// Symbols are those that need no escaping in a URL (RFC 3986, unreserved), and so not in a data source name.
	Symbols Charset = "-._~"
)

const (
	minPassword     = 32
	maxPassword     = 1024
	minPasswordBits = 128
	maxCharsets     = 8
)

// NewPassword returns a random password of n characters, 32 to 1024, for an account that a machine signs in to. It is made
// of all characters of sets, with at least one out of each; without sets, of [Lowercase], [Uppercase] and [Digits].
//
// A set says what the service insists on. Sets of which none has to occur are one: NewPassword(40, vault.Lowercase +
// vault.Digits). Those that a service accepts in its own way are written out: vault.Charset("!#%+").
//
// Each password that has one of each set is as likely as any other (crypto/rand, no modulo bias: characters are drawn
// again when a byte is out of range, and the whole password when a set is missing). Of n characters out of k that is
// n·log2(k) bits of entropy, less a hundredth of a bit for the default sets: 190 bits for 32 characters. [ErrPassword] if it
// would be fewer than 128, for fewer than 32 characters, more than 8 sets, or a set that is empty or has other characters
// than visible ASCII.
//
// Some passwords begin with a symbol, if there are any: give them to programs by file or environment, not as an argument.
func NewPassword(n int, sets ...Charset) (redact.Secret[string], error) {
	if len(sets) == 0 {
		sets = []Charset{Lowercase, Uppercase, Digits}
	}
	alphabet, err := union(sets)
	switch {
	case err != nil:
		return redact.Secret[string]{}, err
	case n < minPassword || n > maxPassword:
		return redact.Secret[string]{}, fmt.Errorf("%w: %d characters, not %d to %d", ErrPassword, n, minPassword, maxPassword)
	case float64(n)*math.Log2(float64(len(alphabet))) < minPasswordBits:
		return redact.Secret[string]{}, fmt.Errorf("%w: %d characters out of %d are fewer than %d bits", ErrPassword, n, len(alphabet), minPasswordBits)
	}
	password := make([]byte, n)
	defer clear(password)
	for {
		if draw(password, alphabet); hasEach(password, sets) {
			return redact.NewSecret(string(password)), nil
		}
	}
}

// union returns the characters of all sets, each of them once.
func union(sets []Charset) (alphabet []byte, err error) {
	if len(sets) > maxCharsets { // with many small ones hardly any password would have one of each
		return nil, fmt.Errorf("%w: %d character sets are more than %d", ErrPassword, len(sets), maxCharsets)
	}
	var in [128]bool
	for i, s := range sets {
		if s == "" {
			return nil, fmt.Errorf("%w: character set %d is empty", ErrPassword, i+1)
		}
		for _, c := range []byte(s) {
			if c <= ' ' || c > '~' {
				return nil, fmt.Errorf("%w: character set %d has more than visible ASCII", ErrPassword, i+1)
			}
			if !in[c] {
				in[c] = true
				alphabet = append(alphabet, c)
			}
		}
	}
	return alphabet, nil
}

// draw fills password with characters of alphabet, all of them equally likely.
func draw(password, alphabet []byte) {
	fair := 256 - 256%len(alphabet) // of the bytes from here on some characters would have more than others
	var random [128]byte
	defer clear(random[:])
	for i := 0; i < len(password); {
		_, _ = rand.Read(random[:]) // never fails
		for _, b := range random {
			if int(b) < fair && i < len(password) {
				password[i] = alphabet[int(b)%len(alphabet)]
				i++
			}
		}
	}
}

func hasEach(password []byte, sets []Charset) bool {
	for _, s := range sets {
		if !strings.ContainsAny(string(password), string(s)) {
			return false
		}
	}
	return true
}
