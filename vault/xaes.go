package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
)

// xaes returns the AES-256-GCM of a salt, under the key that XAES-256-GCM (c2sp.org/XAES-256-GCM) derives for it: one key
// of ours bears 2^48 messages and more under random nonces. It is a closure, as are those of gcm: printers that look into
// fields, and follow pointers, would find the key in what package aes makes of it.
type xaes func(salt *[saltLen]byte) gcm

// gcm draws a nonce for each message, and is what FIPS 140-3 allows.
type gcm struct {
	seal func(dst, nonce, plaintext, context []byte) []byte
	open func(dst, nonce, ciphertext, context []byte) ([]byte, error)
}

func newXAES(key *[32]byte) xaes {
	derive := derivation(key)
	return func(salt *[saltLen]byte) gcm {
		key := derive(salt)
		defer clear(key[:])
		a, err := cipher.NewGCMWithRandomNonce(newAES(key))
		if err != nil {
			panic(err) // only for a block that is not AES
		}
		return gcm{a.Seal, a.Open}
	}
}

// derivation returns what makes the key of a salt: CMAC (NIST SP 800-38B) of two counted blocks (NIST SP 800-108r1).
func derivation(key *[32]byte) func(salt *[saltLen]byte) *[32]byte {
	block := newAES(key)
	var k1 [aes.BlockSize]byte
	block.Encrypt(k1[:], k1[:])
	hi, lo := binary.BigEndian.Uint64(k1[:8]), binary.BigEndian.Uint64(k1[8:])
	carry := hi >> 63
	hi, lo = hi<<1|lo>>63, lo<<1^carry*0x87
	binary.BigEndian.PutUint64(k1[:8], hi)
	binary.BigEndian.PutUint64(k1[8:], lo)
	return func(salt *[saltLen]byte) *[32]byte {
		out := new([32]byte)
		for i, half := range [2][]byte{out[:aes.BlockSize], out[aes.BlockSize:]} {
			half[1], half[2] = byte(i+1), 'X'
			copy(half[4:], salt[:])
			subtle.XORBytes(half, half, k1[:])
			block.Encrypt(half, half)
		}
		return out
	}
}

func newAES(key *[32]byte) cipher.Block {
	b, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // only for a wrong length
	}
	return b
}
