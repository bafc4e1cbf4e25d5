package vault

import "errors"

// Every sealed value is one message:
//
//	1 byte    1, the format: AES-256-GCM as C2SP's XAES-256-GCM uses it
//	16 bytes  id of the key: a hash of it, so that a message opens under one key and no other
//	12 bytes  salt  \ together the 24 bytes of nonce
//	12 bytes  nonce / of XAES-256-GCM
//	n bytes   ciphertext
//	16 bytes  tag
const (
	formatXAES = 1
	keyIDLen   = 16
	saltLen    = 12
	nonceLen   = 12
	tagLen     = 16
	headerLen  = 1 + keyIDLen + saltLen
)

// Overhead is how many bytes a sealed value has more than what was sealed.
const Overhead = headerLen + nonceLen + tagLen

// What is wrong with a sealed value. None of them tells more than whoever holds the value knows.
var (
	// ErrMalformed: it is no sealed value, or has lost its end.
	ErrMalformed = errors.New("vault: not a sealed value")
	// ErrFormat: it has a format that this version of the library does not know.
	ErrFormat = errors.New("vault: sealed in an unknown format")
	// ErrUnknownKey: the tenant has no such key for the purpose. It belongs to another tenant or purpose, or was changed.
	ErrUnknownKey = errors.New("vault: sealed under a key that the tenant does not have")
	// ErrNotAuthentic: it was changed, or belongs to another record or person.
	ErrNotAuthentic = errors.New("vault: a sealed value was changed or belongs elsewhere")
	// ErrShredded: its key was destroyed, and with it the value.
	ErrShredded = errors.New("vault: the key was destroyed")
)

// header is what a message says of itself before it is opened.
type header struct {
	key  KeyID
	salt [saltLen]byte
}

// parseHeader reads the header of a message that is whole. It looks at no key.
func parseHeader(sealed []byte) (h header, err error) {
	if len(sealed) == 0 {
		return h, ErrMalformed
	}
	if sealed[0] != formatXAES {
		return h, ErrFormat
	}
	if len(sealed) < Overhead {
		return h, ErrMalformed
	}
	copy(h.key[:], sealed[1:])
	copy(h.salt[:], sealed[1+keyIDLen:])
	return h, nil
}

func (h *header) append(dst []byte) []byte {
	dst = append(dst, formatXAES)
	dst = append(dst, h.key[:]...)
	return append(dst, h.salt[:]...)
}
