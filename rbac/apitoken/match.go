package apitoken

import (
	"crypto/sha256"
	"crypto/subtle"
)

// Hash returns what is kept of a token: the SHA-256 of the whole of it. A slow hash is for secrets that can be guessed; this
// one has 256 random bits, and a slow hash would let anybody who sends junk keep the machine busy.
func (f Form) Hash(raw string) [32]byte { return sha256.Sum256(unsafeBytes(raw)) }

// Match reports whether a token is the one that hash was kept of. How long it takes says nothing of hash. Where there is no
// such ID, call it with the zero hash, which is no token's: it refuses, and takes as long as for a token that is known.
func (f Form) Match(raw string, hash [32]byte) bool {
	sum := sha256.Sum256(unsafeBytes(raw))
	return subtle.ConstantTimeCompare(sum[:], hash[:]) == 1
}
