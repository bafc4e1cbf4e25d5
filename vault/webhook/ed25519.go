package webhook

import (
	"crypto/ed25519"
	"encoding/base64"
)

const (
	versionEd25519 = "v1a"
	ed25519TextLen = 88 // of 64 bytes in base64
)

// privateKey signs by Ed25519.
func privateKey(k ed25519.PrivateKey) key {
	return key{sign: func(dst []byte, id, timestamp string, body []byte) []byte {
		dst = append(dst, versionEd25519+","...)
		return base64.StdEncoding.AppendEncode(dst, ed25519.Sign(k, signed(id, timestamp, body)))
	}}
}

// publicKey verifies what the private key of the pair signed.
func publicKey(k ed25519.PublicKey) key {
	return key{verify: func(d head, body []byte) bool {
		if !d.hasEd25519 {
			return false
		}
		message, strict := signed(d.id, d.timestamp, body), base64.StdEncoding.Strict()
		for list, more := d.signatures, true; more; {
			var version, sig string
			if version, sig, list, more = nextSignature(list); version != versionEd25519 {
				continue
			}
			if b, err := strict.DecodeString(sig); err == nil && ed25519.Verify(k, message, b) {
				return true
			}
		}
		return false
	}}
}

// signed returns all that is signed in one piece, which Ed25519 needs.
func signed(id, timestamp string, body []byte) []byte {
	b := make([]byte, 0, len(id)+1+len(timestamp)+1+len(body))
	return append(appendHead(b, id, timestamp), body...)
}
