package oidc

import (
	"errors"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
)

// ErrEvidence: the evidence is not what was signed for this Intent.
var ErrEvidence = errors.New("oidc: the evidence does not show this approval")

// proof is an Evidence's Proof.
type proof struct {
	Token string `json:"token"`
	Key   Key    `json:"key"`
}

// Shown is what an Evidence shows, once [VerifyEvidence] has returned nil.
type Shown struct {
	Key                           Key // that signed it: look it up among the issuer's keys of that time
	Issuer, Subject               string
	Audience                      []string
	ACR                           string
	AMR                           []string
	Authenticated, Issued, Expiry time.Time
}

// VerifyEvidence returns nil if e is a token with the Intent's nonce, signed by the key that e names, and [ErrEvidence]
// otherwise. It needs no database, no network and no clock. That the key is the issuer's, and the subject the
// approver, is for who has [Open]ed it to see.
func VerifyEvidence(i supportgrant.Intent, e supportgrant.Evidence) error {
	p, t, err := open(e)
	if err != nil || e.Digest != i.Digest() || t.nonce != nonceOf(i) || t.alg != p.Key.alg || (t.kid != "" && t.kid != p.Key.id) ||
		!p.Key.verify(t.signed, t.sig) {
		return ErrEvidence
	}
	return nil
}

// Open returns what an Evidence of this package says, without verifying it.
func Open(e supportgrant.Evidence) (Shown, error) {
	p, t, err := open(e)
	if err != nil {
		return Shown{}, ErrEvidence
	}
	at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	return Shown{p.Key, t.issuer, t.subject, t.audience, t.acr, t.amr, at(t.authTime), at(t.issued), at(t.expires)}, nil
}

func open(e supportgrant.Evidence) (proof, *token, error) {
	if e.Method != "oidc" || len(e.Proof) > 2*maxToken {
		return proof{}, nil, ErrEvidence
	}
	o, err := parseObject(e.Proof)
	if err != nil {
		return proof{}, nil, err
	}
	var p proof
	p.Token, err = o.text("token")
	if err != nil {
		return proof{}, nil, err
	}
	if p.Key, err = parseKey(o["key"]); err != nil {
		return proof{}, nil, err
	}
	t, err := parseToken([]byte(p.Token))
	return p, t, err
}
