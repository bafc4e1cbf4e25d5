package supportgranttest

import (
	"context"
	"sync/atomic"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
)

// Factor is a second factor for tests: whoever has it confirms by [Answer], and nobody else can. It proves nothing about anybody.
type Factor struct {
	// Resistant says that its evidence is to count as phishing-resistant.
	Resistant bool
	// Verified counts how often an answer was looked at.
	Verified atomic.Int64
}

var _ supportgrant.MFA = (*Factor)(nil)

// Answer confirms a [supportgrant.Pending].
func Answer(p supportgrant.Pending) supportgrant.Answer {
	return supportgrant.Answer{Digest: p.Digest, Response: p.Options}
}

// Method implements [supportgrant.MFA]: it is "test".
func (f *Factor) Method() string { return "test" }

// Begin implements [supportgrant.MFA].
func (f *Factor) Begin(_ context.Context, i supportgrant.Intent) (supportgrant.Challenge, error) {
	d := i.Digest()
	return supportgrant.Challenge{Method: "test", Options: d[:], State: []byte("state of the test")}, nil
}

// Verify implements [supportgrant.MFA].
func (f *Factor) Verify(_ context.Context, i supportgrant.Intent, state, response []byte) (supportgrant.Evidence, error) {
	f.Verified.Add(1)
	d := i.Digest()
	if string(response) != string(d[:]) || string(state) != "state of the test" {
		return supportgrant.Evidence{}, supportgrant.ErrMFA
	}
	return supportgrant.Evidence{Method: "test", Digest: d, PhishingResistant: f.Resistant, Proof: response}, nil
}
