package apitoken_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"

	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
	"github.com/bailiwick-dev/bailiwick/redact"
)

var tokens = apitoken.MustNew("acme", "live")

// A server that keeps a hash, and requests that bring a token, another one, a mistyped one, and one in the address.
func Example() {
	made := tokens.Mint()
	kept := map[apitoken.ID][32]byte{made.ID: made.Hash}
	owner := made.Secret.Reveal() // shown once

	refused := errors.New("401")
	authenticate := func(r *http.Request) error {
		raw, err := apitoken.FromRequest(r)
		if err != nil {
			return err
		}
		id, err := tokens.Parse(raw)
		if err != nil {
			return err
		}
		if !tokens.Match(raw, kept[id]) { // of an ID that is not known: the zero hash
			return refused
		}
		return nil
	}
	with := func(raw string) *http.Request {
		r, _ := http.NewRequest("GET", "https://api.example/orders", nil)
		r.Header.Set("Authorization", "Bearer "+raw)
		return r
	}
	address, _ := http.NewRequest("GET", "https://api.example/orders?access_token="+owner, nil)

	fmt.Println(authenticate(with(owner)))
	fmt.Println(authenticate(with(tokens.Mint().Secret.Reveal())))
	fmt.Println(authenticate(with(owner[:70] + "_")))
	fmt.Println(authenticate(address))
	fmt.Println(made.String() == "acme_live_"+made.ID.String()+"_***")
	// Output:
	// <nil>
	// 401
	// apitoken: malformed token
	// apitoken: malformed token: there is none
	// true
}

// What a secret scanner finds in a file, and what of it is a token.
func ExampleForm_Pattern() {
	fmt.Println(tokens.Pattern())
	for _, found := range regexp.MustCompile(tokens.Pattern()).FindAllString(`
		ACME_TOKEN=acme_live_4mKq0ZtB91xYpTn0VQd3rJ7sLw2XbC5gHk8MfA6eRyUuDz1iPoNvE9q1fLaUK
		# ACME_TOKEN=acme_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`, -1) {
		id, err := tokens.Parse(found)
		fmt.Printf("%q %v\n", id, err)
	}
	// Output:
	// acme_live_[0-9A-Za-z]{61}\b
	// "4mKq0ZtB91xY" <nil>
	// "" apitoken: malformed token
}

func ExampleForm_Rule() {
	r, err := redact.New(redact.Add(tokens.Rule()))
	if err != nil {
		panic(err)
	}
	w := r.Writer(os.Stdout)
	fmt.Fprintln(w, "from the client: acme_live_4mKq0ZtB91xYpTn0VQd3rJ7sLw2XbC5gHk8MfA6eRyUuDz1iPoNvE9q1fLaUK")
	fmt.Fprintln(w, "known as:", tokens.Display(apitoken.ID([]byte("4mKq0ZtB91xY"))))
	_ = w.Close()
	// Output:
	// from the client: [redacted:custom]
	// known as: acme_live_4mKq0ZtB91xY_***
}
