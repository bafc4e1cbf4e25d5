package webauthn_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/webauthn"
)

// A passkey signs the grant that its owner was shown, and no other.
func Example() {
	ctx := context.Background()
	passkey := newKey("ES256") // in a program: in Ann's phone
	credentials := &people{of: map[supportgrant.Person][]webauthn.Credential{"ann": {passkey.credential()}}}
	keys, err := webauthn.New(credentials, webauthn.Config{RPID: "app.example.com", Origins: []string{"https://app.example.com"}})
	if err != nil {
		panic(err)
	}
	i := intent() // in a program the service makes it, and calls Begin and Verify
	challenge, err := keys.Begin(ctx, i)
	if err != nil {
		panic(err)
	}
	answer := passkey.answer(digestOf(i)) // what navigator.credentials.get returns
	evidence, err := keys.Verify(ctx, i, challenge.State, answer)
	fmt.Println(evidence.Method, evidence.PhishingResistant, err)

	passkey.origin = "https://app-example.com" // a page that looks like ours
	_, err = keys.Verify(ctx, i, challenge.State, passkey.answer(digestOf(i)))
	fmt.Println(err)
	// Output:
	// webauthn true <nil>
	// webauthn: Error validating origin: supportgrant: the second factor did not confirm this
}

// Years later, without the database: what was approved, and by whose key?
func ExampleVerifyEvidence() {
	passkey, i := newKey("ES256"), intent()
	credentials := &people{of: map[supportgrant.Person][]webauthn.Credential{"ann": {passkey.credential()}}}
	keys := must(webauthn.New(credentials, config()))
	challenge := must(keys.Begin(context.Background(), i))
	evidence := must(keys.Verify(context.Background(), i, challenge.State, passkey.answer(digestOf(i))))

	fmt.Println(webauthn.VerifyEvidence(i, evidence))
	proof := must(webauthn.Open(evidence))
	registered := passkey.cose // the approver's key, as it was registered
	fmt.Println(proof.RPID, string(proof.Key) == string(registered))

	i.Life *= 2 // somebody makes more of it than was approved
	fmt.Println(webauthn.VerifyEvidence(i, evidence))
	// Output:
	// <nil>
	// app.example.com true
	// webauthn: the evidence does not show this approval
}

func BenchmarkVerify(b *testing.B) {
	for _, alg := range []string{"ES256", "EdDSA", "RS256"} {
		b.Run(alg, func(b *testing.B) {
			key := newKey(alg)
			w, _, _ := world(b, key)
			state, answer := begin(b, w), key.answer(digestOf(intent()))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.Verify(context.Background(), intent(), state, answer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The floor is the signature alone, by the standard library.
func BenchmarkVerifyEvidence(b *testing.B) {
	for _, alg := range []string{"ES256", "EdDSA", "RS256"} {
		b.Run(alg, func(b *testing.B) {
			e := approved(b, newKey(alg))
			b.ReportAllocs()
			for b.Loop() {
				if err := webauthn.VerifyEvidence(intent(), e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("floor/ES256", func(b *testing.B) {
		key, sum := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), sha256.Sum256([]byte("x"))
		sig := must(ecdsa.SignASN1(rand.Reader, key, sum[:]))
		b.ReportAllocs()
		for b.Loop() {
			if !ecdsa.VerifyASN1(&key.PublicKey, sum[:], sig) {
				b.Fatal("refused")
			}
		}
	})
}
