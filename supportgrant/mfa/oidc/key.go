package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
)

const (
	maxKeySet = 256 << 10 // bytes
	maxKeys   = 200
	minRSA    = 2048 // bits
	maxRSA    = 8192
)

// Key is a public key that a provider signs with: RSA of 2048 to 8192 bits (RS256), P-256 (ES256) or Ed25519 (EdDSA).
type Key struct {
	id, alg string
	public  crypto.PublicKey
}

// ID returns its kid, "" if it has none.
func (k Key) ID() string { return k.id }

// Alg returns what it verifies: "RS256", "ES256" or "EdDSA".
func (k Key) Alg() string { return k.alg }

// Equal reports whether both are one key, whatever their ids.
func (k Key) Equal(other Key) bool {
	e, ok := k.public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && e.Equal(other.public)
}

// KeySet is what a provider publishes (RFC 7517, section 5).
type KeySet struct{ keys []Key }

// ParseKeySet takes a JSON Web Key Set. Keys of other kinds in it, and those that are not for signatures, are left out, as are
// symmetric ones and those that come with their private half. A set without a key that is left is an error.
func ParseKeySet(b []byte) (*KeySet, error) {
	if len(b) > maxKeySet {
		return nil, errors.New("oidc: the key set is too long")
	}
	o, err := parseObject(b)
	if err != nil {
		return nil, errors.New("oidc: not a key set")
	}
	var list []json.RawMessage
	if json.Unmarshal(o["keys"], &list) != nil || len(list) > maxKeys {
		return nil, errors.New("oidc: not a key set")
	}
	s := &KeySet{}
	for _, raw := range list {
		if k, err := parseKey(raw); err == nil {
			s.keys = append(s.keys, k)
		}
	}
	if len(s.keys) == 0 {
		return nil, errors.New("oidc: the key set has no key to verify with")
	}
	return s, nil
}

// Has reports whether k is one of the set's keys.
func (s *KeySet) Has(k Key) bool { return slices.ContainsFunc(s.keys, k.Equal) }

func (s *KeySet) has(id string) bool {
	return slices.ContainsFunc(s.keys, func(k Key) bool { return id == "" || k.id == id })
}

// pick returns the one key of that kind and id. Without an id there has to be one key of the kind only, and two that fit
// are none: nothing is tried out.
func (s *KeySet) pick(alg, id string) (Key, bool) {
	var found Key
	n := 0
	for _, k := range s.keys {
		if k.alg == alg && (id == "" || k.id == id) {
			found, n = k, n+1
		}
	}
	return found, n == 1
}

func parseKey(b []byte) (k Key, err error) {
	o, err := parseObject(b)
	if err != nil {
		return k, err
	}
	member := func(name string) (v string) {
		var e error
		v, e = o.text(name)
		err = errors.Join(err, e)
		return v
	}
	number := func(name string) []byte {
		v, e := decode(member(name))
		err = errors.Join(err, e)
		return v
	}
	k.id = member("kid")
	alg, use, kind := member("alg"), member("use"), member("kty")
	ops, e := o.texts("key_ops", false)
	if err = errors.Join(err, e); err != nil {
		return Key{}, err
	}
	_, isPrivate := o["d"]
	if _, limited := o["key_ops"]; isPrivate || (use != "" && use != "sig") || (limited && !slices.Contains(ops, "verify")) {
		return Key{}, errForm
	}
	switch curve := member("crv"); {
	case kind == "RSA":
		n, e := new(big.Int).SetBytes(number("n")), new(big.Int).SetBytes(number("e"))
		if n.BitLen() < minRSA || n.BitLen() > maxRSA || n.Bit(0) == 0 || e.BitLen() < 2 || e.BitLen() > 31 || e.Bit(0) == 0 {
			return Key{}, errForm
		}
		k.alg, k.public = "RS256", &rsa.PublicKey{N: n, E: int(e.Int64())}
	case kind == "EC" && curve == "P-256":
		x, y := number("x"), number("y")
		if len(x) != 32 || len(y) != 32 {
			return Key{}, errForm
		}
		p, e := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
		err = errors.Join(err, e)
		k.alg, k.public = "ES256", p
	case kind == "OKP" && curve == "Ed25519":
		x := number("x")
		if len(x) != ed25519.PublicKeySize {
			return Key{}, errForm
		}
		k.alg, k.public = "EdDSA", ed25519.PublicKey(x)
	default:
		return Key{}, errForm
	}
	if err != nil || (alg != "" && alg != k.alg) {
		return Key{}, errForm
	}
	return k, nil
}

// MarshalJSON writes the key as a JSON Web Key.
func (k Key) MarshalJSON() ([]byte, error) {
	m := map[string]string{"alg": k.alg}
	if k.id != "" {
		m["kid"] = k.id
	}
	switch p := k.public.(type) {
	case *rsa.PublicKey:
		m["kty"], m["n"], m["e"] = "RSA", encode(p.N.Bytes()), encode(big.NewInt(int64(p.E)).Bytes())
	case *ecdsa.PublicKey:
		b, err := p.Bytes()
		if err != nil {
			return nil, errForm
		}
		m["kty"], m["crv"], m["x"], m["y"] = "EC", "P-256", encode(b[1:33]), encode(b[33:])
	case ed25519.PublicKey:
		m["kty"], m["crv"], m["x"] = "OKP", "Ed25519", encode(p)
	default:
		return nil, errors.New("oidc: not a key")
	}
	return json.Marshal(m)
}

// verify reports whether sig is the key's over signed, by the key's own algorithm.
func (k Key) verify(signed, sig []byte) bool {
	sum := sha256.Sum256(signed)
	switch p := k.public.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(p, crypto.SHA256, sum[:], sig) == nil
	case *ecdsa.PublicKey:
		return len(sig) == 64 && ecdsa.Verify(p, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
	case ed25519.PublicKey:
		return ed25519.Verify(p, signed, sig)
	}
	return false
}
