package apitoken

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// Token is a new token: what its owner is shown once, and what is kept of it. It prints as [Form.Display] has it, whatever
// prints it.
type Token struct {
	Secret redact.Secret[string] // the whole token, which nobody can get again
	ID     ID
	Hash   [32]byte // what [Form.Match] compares with
	Last4  string   // its last four characters, by which its owner knows it; they are the checksum's
	shown  string
}

// Mint returns a new token of 256 random bits (crypto/rand, no modulo bias). It panics on the zero Form.
func (f Form) Mint() Token {
	if f.prefix == "" {
		panic("apitoken: the zero Form has no tokens")
	}
	var room [maxLen]byte
	defer clear(room[:])
	b := draw(append(room[:0], f.prefix...), idLen+secretLen)
	b = appendChecksum(b, checksum(string(b)))
	id := ID(b[len(f.prefix):])
	return Token{Secret: redact.NewSecret(string(b)), ID: id, Hash: sha256.Sum256(b), Last4: string(b[len(b)-4:]), shown: f.Display(id)}
}

// draw appends n characters of the alphabet, all of them equally likely.
func draw(dst []byte, n int) []byte {
	const fair = byte(256 - 256%len(alphabet)) // of the bytes from here on some characters would have more than others
	var random [64]byte
	defer clear(random[:])
	for {
		_, _ = rand.Read(random[:]) // never fails
		for _, b := range random {
			if n == 0 {
				return dst
			}
			if b < fair {
				dst = append(dst, alphabet[b%byte(len(alphabet))])
				n--
			}
		}
	}
}

// String returns the token without its secret, as all methods of t that print do.
func (t Token) String() string { return t.shown }

// Format writes it whatever the verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.shown) }

// LogValue returns it.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.shown) }

// MarshalText writes it, into JSON too. The owner's copy is Secret, revealed.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.shown), nil }
