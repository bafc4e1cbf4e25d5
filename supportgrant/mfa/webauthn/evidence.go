package webauthn

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/go-webauthn/webauthn/protocol"
)

// ErrEvidence: the evidence is not what was signed for this Intent.
var ErrEvidence = errors.New("webauthn: the evidence does not show this approval")

const maxProof = 2 * maxAnswer

// Proof is what the Proof of an Evidence holds, as JSON: the assertion, and what it was verified under.
type Proof struct {
	RPID              string `json:"rpId"`
	Origin            string `json:"origin"`
	Credential        []byte `json:"credential"` // its id
	Key               []byte `json:"key"`        // COSE; compare it with the one that was registered
	AuthenticatorData []byte `json:"authenticatorData"`
	ClientData        []byte `json:"clientDataJSON"`
	Signature         []byte `json:"signature"`
}

func evidence(i supportgrant.Intent, p Proof) (supportgrant.Evidence, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return supportgrant.Evidence{}, fmt.Errorf("webauthn: evidence: %w", err)
	}
	return supportgrant.Evidence{Method: "webauthn", Digest: i.Digest(), PhishingResistant: true, Proof: b}, nil
}

// Open returns the Proof of an Evidence of this package, without verifying it.
func Open(e supportgrant.Evidence) (Proof, error) {
	var p Proof
	if e.Method != "webauthn" || len(e.Proof) > maxProof {
		return Proof{}, ErrEvidence
	}
	if json.Unmarshal(e.Proof, &p) != nil {
		return Proof{}, ErrEvidence
	}
	return p, nil
}

// VerifyEvidence returns nil if e is an assertion whose challenge is the Intent's digest, with user presence and user verification, given
// at the origin and for the relying party that the [Proof] names, neither in a frame of another origin's page, and signed by the key that it
// names; and [ErrEvidence] otherwise. It needs no database, no network and no clock. That the key is the approver's, and the
// relying party yours, is for who has [Open]ed it to see.
func VerifyEvidence(i supportgrant.Intent, e supportgrant.Evidence) error {
	p, err := Open(e)
	if err != nil || e.Digest != i.Digest() || !isOriginOf(p.RPID, p.Origin) {
		return ErrEvidence
	}
	var c protocol.CollectedClientData
	if json.Unmarshal(p.ClientData, &c) != nil || c.Type != protocol.AssertCeremony || c.Challenge != challengeOf(i) ||
		c.Origin != p.Origin || c.CrossOrigin || c.TopOrigin != "" {
		return ErrEvidence
	}
	var a protocol.AuthenticatorData
	party := sha256.Sum256([]byte(p.RPID))
	if a.Unmarshal(p.AuthenticatorData) != nil || !bytes.Equal(a.RPIDHash, party[:]) || !a.Flags.HasUserPresent() || !a.Flags.HasUserVerified() {
		return ErrEvidence
	}
	key, err := parseKey(p.Key)
	if err != nil {
		return ErrEvidence
	}
	sum := sha256.Sum256(p.ClientData)
	if !verifies(key, slices.Concat(p.AuthenticatorData, sum[:]), p.Signature) {
		return ErrEvidence
	}
	return nil
}
