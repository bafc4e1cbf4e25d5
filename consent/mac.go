package consent

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"sync"
)

// A mac is AES-CMAC (NIST SP 800-38B, RFC 4493) under a key of 256 bits. A cookie is one of a few blocks, for which it takes a fifth of
// the time of HMAC-SHA-256. It is kept behind a pointer to a pool, so that printing what holds it prints no key.
type mac struct{ states *sync.Pool }

const macLen = aes.BlockSize

// macState is the key, and the room that one computation needs.
type macState struct {
	block  cipher.Block
	k1, k2 [macLen]byte // what the last block is mixed with: if it is whole, and if not
	x      [macLen]byte
	msg    []byte
}

func newMAC(key []byte) mac {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for a key of another length
	}
	var k1, k2, zero [macLen]byte
	block.Encrypt(zero[:], zero[:])
	double(&k1, &zero)
	double(&k2, &k1)
	return mac{&sync.Pool{New: func() any { return &macState{block: block, k1: k1, k2: k2} }}}
}

// double multiplies by x in GF(2^128).
func double(dst, src *[macLen]byte) {
	hi, lo := binary.BigEndian.Uint64(src[:8]), binary.BigEndian.Uint64(src[8:])
	binary.BigEndian.PutUint64(dst[:8], hi<<1|lo>>63)
	binary.BigEndian.PutUint64(dst[8:], lo<<1^0x87&-(hi>>63))
}

// sum writes the code of what parts are together, or as much of it as fits dst.
func (m mac) sum(dst []byte, parts ...string) {
	s := m.states.Get().(*macState)
	s.msg = s.msg[:0]
	for _, p := range parts {
		s.msg = append(s.msg, p...)
	}
	msg := s.msg
	s.x = [macLen]byte{}
	for len(msg) > macLen {
		xor(&s.x, msg)
		s.block.Encrypt(s.x[:], s.x[:])
		msg = msg[macLen:]
	}
	last := s.k1
	if len(msg) < macLen {
		last = s.k2
		last[len(msg)] ^= 0x80
	}
	for i, b := range msg {
		last[i] ^= b
	}
	xor(&s.x, last[:])
	s.block.Encrypt(s.x[:], s.x[:])
	copy(dst, s.x[:])
	m.states.Put(s)
}

func xor(x *[macLen]byte, b []byte) {
	_ = b[macLen-1]
	binary.NativeEndian.PutUint64(x[:8], binary.NativeEndian.Uint64(x[:8])^binary.NativeEndian.Uint64(b[:8]))
	binary.NativeEndian.PutUint64(x[8:], binary.NativeEndian.Uint64(x[8:])^binary.NativeEndian.Uint64(b[8:]))
}
