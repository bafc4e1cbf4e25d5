package audit

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Signer signs checkpoints and knows its own signature again, as a log must before it goes on from what it signed.
type Signer interface {
	note.Signer
	note.Verifier
}

// NewSigner returns the signer of a private key in the form of note.GenerateKey. It signs as note.NewSigner's does.
func NewSigner(private string) (Signer, error) {
	s, err := note.NewSigner(private)
	if err != nil {
		return nil, fmt.Errorf("audit: a signer: %w", err)
	}
	// What note took is PRIVATE+KEY+name+hash+base64 of the byte of Ed25519 and the seed.
	parts := strings.SplitN(private, "+", 5) // base64 has that sign, too
	seed, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return nil, errors.New("audit: a signer: malformed key")
	}
	public, err := note.NewEd25519VerifierKey(s.Name(), ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey))
	if err != nil {
		return nil, fmt.Errorf("audit: a signer: %w", err)
	}
	v, err := note.NewVerifier(public)
	if err != nil {
		return nil, fmt.Errorf("audit: a signer: %w", err)
	}
	return &keyPair{s, v}, nil
}

type keyPair struct {
	note.Signer
	public note.Verifier
}

func (k *keyPair) Verify(msg, sig []byte) bool { return k.public.Verify(msg, sig) }

// knownKeys returns whose checkpoints the log goes on from: the signer's own key and those that the options name.
func (o Options) knownKeys() (note.Verifiers, error) {
	all := make([]note.Verifier, 0, 1+len(o.Verifiers))
	if own, ok := o.Signer.(note.Verifier); ok {
		all = append(all, own)
	}
	for _, v := range o.Verifiers {
		switch {
		case v == nil:
			return nil, errors.New("audit: a verifier is nil")
		case !hasKey(all, v.Name(), v.KeyHash()): // a list with a key twice takes neither
			all = append(all, v)
		}
	}
	if !hasKey(all, o.Signer.Name(), o.Signer.KeyHash()) {
		return nil, errors.New("audit: a log must know its signer's checkpoints again: make the signer with audit.NewSigner, or put its public key in Options.Verifiers")
	}
	return note.VerifierList(all...), nil
}

func hasKey(all []note.Verifier, name string, hash uint32) bool {
	return slices.ContainsFunc(all, func(v note.Verifier) bool { return v.Name() == name && v.KeyHash() == hash })
}
