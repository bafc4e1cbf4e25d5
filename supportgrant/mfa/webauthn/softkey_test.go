package webauthn_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"slices"

	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/webauthn"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	gowebauthn "github.com/go-webauthn/webauthn/webauthn"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// softKey is an authenticator and its browser in software: what each of them says can be bent.
type softKey struct {
	id, handle    []byte
	key           crypto.Signer
	cose          []byte
	count         uint32
	flags         byte // what the authenticator says: 1 present, 4 verified, 8 may be backed up, 16 is
	party, origin string
	kind          string
	cross         bool
	top           string
	results       map[string]any // client extension results
}

const (
	present   = 0x01
	verified  = 0x04
	eligible  = 0x08
	backedUp  = 0x10
	rpID      = "app.example.com"
	theOrigin = "https://app.example.com"
)

// newKey makes a key for ES256, EdDSA or RS256, of the approver ann.
func newKey(alg string) *softKey {
	s := &softKey{id: make([]byte, 16), handle: []byte("ann"), flags: present | verified, party: rpID, origin: theOrigin, kind: "webauthn.get"}
	_, _ = rand.Read(s.id)
	switch alg {
	case "ES256":
		s.key = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	case "EdDSA":
		_, k, err := ed25519.GenerateKey(rand.Reader)
		s.key = must(k, err)
	case "RS256":
		s.key = must(rsa.GenerateKey(rand.Reader, 2048))
	}
	if s.key != nil {
		s.cose = coseOf(s.key)
	}
	return s
}

// fixedKey is the same key in each process: a fuzzer has several.
func fixedKey() *softKey {
	s := newKey("")
	s.id, s.key = make([]byte, 16), ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	s.cose = coseOf(s.key)
	return s
}

func coseOf(key crypto.Signer) []byte {
	switch p := key.Public().(type) {
	case *ecdsa.PublicKey:
		raw := must(p.Bytes())
		return must(webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: raw[1:33], -3: raw[33:]}))
	case ed25519.PublicKey:
		return must(webauthncbor.Marshal(map[int]any{1: 1, 3: -8, -1: 6, -2: []byte(p)}))
	case *rsa.PublicKey:
		return must(webauthncbor.Marshal(map[int]any{1: 3, 3: -257, -1: p.N.Bytes(), -2: big.NewInt(int64(p.E)).Bytes()}))
	}
	return nil
}

// credential is what registration leaves of the key.
func (s *softKey) credential() webauthn.Credential {
	return webauthn.Credential{ID: s.id, PublicKey: s.cose, AttestationFormat: "none",
		Flags:         gowebauthn.CredentialFlags{UserPresent: true, UserVerified: true, BackupEligible: s.flags&eligible != 0},
		Authenticator: gowebauthn.Authenticator{SignCount: s.count}}
}

// answer answers the challenge as PublicKeyCredential.toJSON writes it.
func (s *softKey) answer(challenge string) []byte {
	client := map[string]any{"type": s.kind, "challenge": challenge, "origin": s.origin, "crossOrigin": s.cross}
	if s.top != "" {
		client["topOrigin"] = s.top
	}
	party, data := sha256.Sum256([]byte(s.party)), must(json.Marshal(client))
	auth := binary.BigEndian.AppendUint32(append(party[:], s.flags), s.count)
	hash := sha256.Sum256(data)
	return s.post(auth, data, s.sign(slices.Concat(auth, hash[:])))
}

func (s *softKey) sign(signed []byte) []byte {
	if k, ok := s.key.(ed25519.PrivateKey); ok {
		return ed25519.Sign(k, signed)
	}
	sum := sha256.Sum256(signed)
	return must(s.key.Sign(rand.Reader, sum[:], crypto.SHA256))
}

func (s *softKey) post(auth, client, sig []byte) []byte {
	response := map[string]any{"authenticatorData": b64(auth), "clientDataJSON": b64(client), "signature": b64(sig)}
	if s.handle != nil {
		response["userHandle"] = b64(s.handle)
	}
	results := s.results
	if results == nil {
		results = map[string]any{}
	}
	return must(json.Marshal(map[string]any{"id": b64(s.id), "rawId": b64(s.id), "type": "public-key", "response": response,
		"clientExtensionResults": results, "authenticatorAttachment": "platform"}))
}
