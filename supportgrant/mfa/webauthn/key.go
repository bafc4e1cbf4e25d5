package webauthn

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"math/big"
	"slices"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

var errKey = errors.New("webauthn: not a key for ES256, EdDSA or RS256")

// coseKey is a COSE_Key (RFC 9052, section 7). What -1 to -3 are depends on the kind: the curve or the modulus, x or the exponent, y.
type coseKey struct {
	Kind int64  `cbor:"1,keyasint"`
	Alg  int64  `cbor:"3,keyasint"`
	M1   any    `cbor:"-1,keyasint"`
	M2   []byte `cbor:"-2,keyasint"`
	M3   []byte `cbor:"-3,keyasint"`
}

// parseKey takes the COSE form of a key: P-256 for ES256, Ed25519 for EdDSA, RSA of 2048 to 8192 bits for RS256.
func parseKey(cose []byte) (crypto.PublicKey, error) {
	var k coseKey
	if len(cose) > 4<<10 || webauthncbor.Unmarshal(cose, &k) != nil {
		return nil, errKey
	}
	curve, _ := k.M1.(uint64)
	n, _ := k.M1.([]byte)
	switch {
	case k.Kind == 2 && k.Alg == -7 && curve == 1 && len(k.M2) == 32 && len(k.M3) == 32:
		if p, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, k.M2, k.M3)); err == nil {
			return p, nil
		}
	case k.Kind == 1 && k.Alg == -8 && curve == 6 && len(k.M2) == ed25519.PublicKeySize:
		return ed25519.PublicKey(k.M2), nil
	case k.Kind == 3 && k.Alg == -257 && len(k.M2) <= 8:
		p := &rsa.PublicKey{N: new(big.Int).SetBytes(n)}
		e := new(big.Int).SetBytes(k.M2)
		if bits := p.N.BitLen(); bits >= 2048 && bits <= 8192 && e.BitLen() >= 2 && e.BitLen() <= 31 && p.N.Bit(0)&e.Bit(0) == 1 {
			p.E = int(e.Int64())
			return p, nil
		}
	}
	return nil, errKey
}

// verifies reports whether sig is the key's over signed.
func verifies(key crypto.PublicKey, signed, sig []byte) bool {
	sum := sha256.Sum256(signed)
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(k, sum[:], sig)
	case ed25519.PublicKey:
		return ed25519.Verify(k, signed, sig)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], sig) == nil
	}
	return false
}
