package audit

import (
	"crypto/sha256"
	"encoding/base64"
)

const (
	saltLen       = 16
	commitmentLen = 43 // of 32 bytes in base64 without padding
)

// appendCommitted appends what the commitment to a field is the SHA-256 of. The first byte sets it apart from
// leaves and nodes of the tree, and the label (label and key, one after the other) is inside, so that the openings of two fields cannot be swapped.
// Without the salt, 16 random bytes of this field alone, a commitment tells nothing of a value that can be guessed.
func appendCommitted[T string | []byte](dst, salt []byte, label, key, value T) []byte {
	dst = append(dst, 0x02)
	dst = append(dst, salt...)
	dst = append(dst, byte(len(label)+len(key)))
	dst = append(append(dst, label...), key...)
	return append(dst, value...)
}

// commitmentTo returns the commitment to f, and scratch for the next call.
func commitmentTo(scratch []byte, f openField) (hash [32]byte, _ []byte) {
	scratch = appendCommitted(scratch[:0], f.salt, f.label, nil, f.value)
	return sha256.Sum256(scratch), scratch
}

// commitmentIs reports whether text is how a leaf shows hash.
func commitmentIs(text []byte, hash *[32]byte) bool {
	var shown [commitmentLen]byte
	base64.RawURLEncoding.Encode(shown[:], hash[:])
	return string(text) == string(shown[:])
}
