package oidc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/oidc"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

var theProvider = must(oidc.NewProvider(config()))

func accounts(_ context.Context, _ tenancy.ID, person supportgrant.Person) (*oidc.Provider, string, error) {
	if person != "ann" {
		return nil, "", nil // nobody else has an account there
	}
	return theProvider, ann, nil
}

// The approver authenticates at their provider, for this grant.
func Example() {
	ctx := context.Background()
	factor, err := oidc.New(accounts)
	if err != nil {
		panic(err)
	}
	i := intent() // in a program the service makes it, and calls Begin and Verify
	challenge, err := factor.Begin(ctx, i)
	if err != nil {
		panic(err)
	}
	var parameters map[string]string // of the redirect to the provider
	if err := json.Unmarshal(challenge.Options, &parameters); err != nil {
		panic(err)
	}
	fmt.Println(parameters["acr_values"], parameters["max_age"])

	token := sign(head("ES256"), answer(i), ecKey) // in a program: from the token endpoint, for the code
	evidence, err := factor.Verify(ctx, i, challenge.State, []byte(token))
	fmt.Println(evidence.Method, evidence.PhishingResistant, err)

	i.Life *= 2 // somebody makes more of it than was approved
	_, err = factor.Verify(ctx, i, challenge.State, []byte(token))
	fmt.Println(err)
	// Output:
	// phrh phr mfa 0
	// oidc true <nil>
	// oidc: the challenge was for something else: supportgrant: the second factor did not confirm this
}

// Years later, without the database: who approved this, and was it the provider's key?
func ExampleVerifyEvidence() {
	i := intent()
	factor := must(oidc.New(accounts))
	challenge := must(factor.Begin(context.Background(), i))
	evidence := must(factor.Verify(context.Background(), i, challenge.State, []byte(sign(head("RS256"), answer(i), rsaKey))))

	fmt.Println(oidc.VerifyEvidence(i, evidence))
	shown := must(oidc.Open(evidence))
	kept := must(oidc.ParseKeySet(published())) // the provider's key set of that time
	fmt.Println(shown.Subject, kept.Has(shown.Key))
	// Output:
	// <nil>
	// 248289761001 true
}

func BenchmarkVerify(b *testing.B) {
	for alg, key := range algorithms {
		b.Run(alg, func(b *testing.B) {
			o := must(oidc.New(accounts))
			ch := must(o.Begin(context.Background(), intent()))
			token := []byte(sign(head(alg), answer(intent()), key))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := o.Verify(context.Background(), intent(), ch.State, token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerifyEvidence(b *testing.B) {
	for alg, key := range algorithms {
		b.Run(alg, func(b *testing.B) {
			e, err := approve(b, config(), sign(head(alg), answer(intent()), key))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := oidc.VerifyEvidence(intent(), e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
