package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"hash"
	"sync"
)

const (
	versionMAC = "v1"
	macTextLen = 44 // of 32 bytes in base64
)

// macKey signs and verifies by HMAC-SHA256.
func macKey(secret []byte) key {
	pool := &sync.Pool{New: func() any { return &macState{mac: hmac.New(sha256.New, secret)} }}
	return key{
		sign: func(dst []byte, id, timestamp string, body []byte) []byte {
			s := pool.Get().(*macState)
			defer pool.Put(s)
			return append(append(dst, versionMAC+","...), s.signature(id, timestamp, body)...)
		},
		verify: func(d head, body []byte) bool {
			if !d.hasMAC {
				return false // nothing is hashed for it
			}
			s := pool.Get().(*macState)
			defer pool.Put(s)
			want, found := s.signature(d.id, d.timestamp, body), 0
			for list, more := d.signatures, true; more; {
				var version, sig string
				if version, sig, list, more = nextSignature(list); version == versionMAC {
					found |= subtle.ConstantTimeCompare([]byte(sig), want)
				}
			}
			return found == 1
		},
	}
}

// macState is a keyed hash and the room for one signature, kept for the next.
type macState struct {
	mac  hash.Hash
	head [maxID + 1 + maxTime + 1]byte
	sum  [sha256.Size]byte
	text [macTextLen]byte
}

// signature returns the signature as text, good until the next call. Signatures are compared as text, because there is
// one way to write each.
func (s *macState) signature(id, timestamp string, body []byte) []byte {
	s.mac.Reset()
	_, _ = s.mac.Write(appendHead(s.head[:0], id, timestamp))
	_, _ = s.mac.Write(body)
	base64.StdEncoding.Encode(s.text[:], s.mac.Sum(s.sum[:0]))
	return s.text[:]
}

// appendHead appends what is signed before the body.
func appendHead(dst []byte, id, timestamp string) []byte {
	dst = append(append(dst, id...), '.')
	return append(append(dst, timestamp...), '.')
}
