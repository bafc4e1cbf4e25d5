package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
)

// xaes derives the keys of XAES-256-GCM (c2sp.org/XAES-256-GCM): each salt has an AES-256-GCM key of its own, so that one
// key of ours bears 2^48 messages and more under random nonces.
type xaes struct {
	block cipher.Block
	k1    [aes.BlockSize]byte // of CMAC (NIST SP 800-38B)
}

func newXAES(key *[32]byte) (x xaes) {
	x.block = newAES(key)
	var l [aes.BlockSize]byte
	x.block.Encrypt(l[:], l[:])
	hi, lo := binary.BigEndian.Uint64(l[:8]), binary.BigEndian.Uint64(l[8:])
	carry := hi >> 63
	hi, lo = hi<<1|lo>>63, lo<<1^carry*0x87
	binary.BigEndian.PutUint64(x.k1[:8], hi)
	binary.BigEndian.PutUint64(x.k1[8:], lo)
	return x
}

// derive returns the key of a salt: CMAC of two counted blocks (NIST SP 800-108r1).
func (x *xaes) derive(salt *[saltLen]byte) *[32]byte {
	key := new([32]byte)
	for i, half := range [2][]byte{key[:aes.BlockSize], key[aes.BlockSize:]} {
		half[1], half[2] = byte(i+1), 'X'
		copy(half[4:], salt[:])
		subtle.XORBytes(half, half, x.k1[:])
		x.block.Encrypt(half, half)
	}
	return key
}

// aead returns AES-256-GCM under the key of a salt. It draws a nonce for each message, and is what FIPS 140-3 allows.
func (x *xaes) aead(salt *[saltLen]byte) cipher.AEAD {
	key := x.derive(salt)
	defer clear(key[:])
	a, err := cipher.NewGCMWithRandomNonce(newAES(key))
	if err != nil {
		panic(err) // only for a block that is not AES
	}
	return a
}

func newAES(key *[32]byte) cipher.Block {
	b, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // only for a wrong length
	}
	return b
}
