package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/vault/webhook"
)

// A sender and a receiver with one secret. Whoever does not have it is refused.
func Example() {
	secret := webhook.NewSecret()
	fmt.Println(secret)

	verifier, err := webhook.NewVerifier(webhook.Secrets{Current: secret}, webhook.Options{})
	if err != nil {
		panic(err)
	}
	receiver := httptest.NewServer(verifier.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d, _ := webhook.From(r.Context())
		body, _ := io.ReadAll(r.Body)
		fmt.Printf("%s: %s\n", d.ID, body)
	})))
	defer receiver.Close()

	send := func(with redact.Secret[string]) {
		signer, err := webhook.NewSigner(webhook.Secrets{Current: with})
		if err != nil {
			panic(err)
		}
		client := &http.Client{Transport: signer.Transport(&http.Transport{DisableKeepAlives: true}), Timeout: 20 * time.Second}
		req, _ := http.NewRequest("POST", receiver.URL, bytes.NewReader([]byte(`{"type":"invoice.paid"}`)))
		req.Header.Set(webhook.HeaderID, "msg_4711")
		resp, err := client.Do(req)
		if err != nil {
			panic(err)
		}
		defer resp.Body.Close()
		fmt.Println(resp.Status)
	}
	send(secret)
	send(webhook.NewSecret())
	// Output:
	// [redacted:secret]
	// msg_4711: {"type":"invoice.paid"}
	// 200 OK
	// 403 Forbidden
}

// The secret is changed without a delivery that is refused: the sender signs with both secrets until every receiver has
// the new one.
func ExampleSecrets_rotation() {
	old, now := webhook.NewSecret(), webhook.NewSecret()
	body := []byte(`{"type":"invoice.paid"}`)
	try := func(sender, receiver webhook.Secrets) {
		signer, err := webhook.NewSigner(sender)
		if err != nil {
			panic(err)
		}
		verifier, err := webhook.NewVerifier(receiver, webhook.Options{})
		if err != nil {
			panic(err)
		}
		h := http.Header{}
		if err := signer.Sign(h, "msg_4711", time.Now(), body); err != nil {
			panic(err)
		}
		_, err = verifier.Verify(context.Background(), h, body)
		fmt.Println(err)
	}
	try(webhook.Secrets{Current: old}, webhook.Secrets{Current: old})
	try(webhook.Secrets{Current: now, Previous: old}, webhook.Secrets{Current: old})
	try(webhook.Secrets{Current: now, Previous: old}, webhook.Secrets{Current: now})
	try(webhook.Secrets{Current: now}, webhook.Secrets{Current: now})
	try(webhook.Secrets{Current: old}, webhook.Secrets{Current: now}) // whoever found the old one
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// <nil>
	// webhook: not signed by a known secret
}

// With a key pair the receiver cannot sign.
func ExampleNewKeyPair() {
	private, public := webhook.NewKeyPair()
	signer, err := webhook.NewSigner(webhook.Secrets{Current: private})
	if err != nil {
		panic(err)
	}
	h := http.Header{}
	if err := signer.Sign(h, "msg_4711", time.Now(), []byte("body")); err != nil {
		panic(err)
	}
	fmt.Println(h.Get(webhook.HeaderSignature)[:4])

	held := webhook.Secrets{Current: redact.NewSecret(public)}
	verifier, err := webhook.NewVerifier(held, webhook.Options{})
	if err != nil {
		panic(err)
	}
	_, err = verifier.Verify(context.Background(), h, []byte("body"))
	fmt.Println(err)
	_, err = webhook.NewSigner(held)
	fmt.Println(errors.Is(err, webhook.ErrSecret))
	// Output:
	// v1a,
	// <nil>
	// true
}

// Who captured a delivery cannot send it again; the sender, who did not get an answer, can try again. A real store is
// shared by all processes: a table with a unique key over endpoint, id and time, whose rows go after twice the tolerance.
func ExampleOptions_seen() {
	var mu sync.Mutex
	before := map[webhook.Delivery]bool{}
	secrets := webhook.Secrets{Current: webhook.NewSecret()}
	verifier, err := webhook.NewVerifier(secrets, webhook.Options{Seen: func(_ context.Context, d webhook.Delivery) (bool, error) {
		mu.Lock()
		defer mu.Unlock()
		was := before[d]
		before[d] = true
		return was, nil
	}})
	if err != nil {
		panic(err)
	}
	signer, err := webhook.NewSigner(secrets)
	if err != nil {
		panic(err)
	}
	first, second := http.Header{}, http.Header{}
	if err := errors.Join(signer.Sign(first, "msg_4711", time.Now(), nil), signer.Sign(second, "msg_4711", time.Now().Add(5*time.Second), nil)); err != nil {
		panic(err)
	}
	for _, h := range []http.Header{first, first, second} {
		_, err := verifier.Verify(context.Background(), h, nil)
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// webhook: delivery came before
	// <nil>
}
