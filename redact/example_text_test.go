package redact_test

import (
	"bytes"
	"fmt"
	"os"

	"github.com/bailiwick-dev/bailiwick/redact"
)

func ExampleRedactor_String() {
	r := redact.Default()
	fmt.Println(r.String("payment by ada@example.com with card 4111 1111 1111 1111"))
	fmt.Println(r.String("dial postgres://app:hunter2@db:5432/shop, password=hunter2"))
	fmt.Println(r.String("the monkey wrote 12 pages in 3h"))
	// Output:
	// payment by [redacted:email] with card [redacted:card]
	// dial postgres://[redacted:userinfo]@db:5432/shop, password=[redacted:credential]
	// the monkey wrote 12 pages in 3h
}

func ExampleRedactor_Writer() {
	w := redact.Default().Writer(os.Stdout)
	fmt.Fprint(w, "mail from ada@exam") // a write may end anywhere
	fmt.Fprintln(w, "ple.com arrived")
	_ = w.Close() // writes what was held back
	// Output:
	// mail from [redacted:email] arrived
}

func ExampleRedactor_Find() {
	for m := range redact.Default().Find([]byte("ask ada@example.com")) {
		fmt.Println(m.Start, m.End, m.Kind, m.Rule)
	}
	// Output:
	// 4 19 email email
}

func ExampleUse() {
	r, err := redact.New(
		redact.Use(redact.Card, redact.Last4),
		redact.Use(redact.Phone, redact.Drop),
		redact.Keys("ticket"),               // X-Acme-Ticket names a secret
		redact.Allow("support@example.com"), // stays
		redact.With(redact.IP),              // addresses of machines too
	)
	fmt.Println(err)
	fmt.Println(r.String("card 4111 1111 1111 1111, from 203.0.113.9, to support@example.com, acme_ticket=blue-horse"))
	// Output:
	// <nil>
	// card **** **** **** 1111, from [redacted:ip], to support@example.com, acme_ticket=[redacted:credential]
}

func ExampleAdd() {
	r, err := redact.New(redact.Add(redact.Rule{
		Name:   "parcel",
		Anchor: "PARCEL-",
		Match: func(text []byte, at int) (start, end int, ok bool) {
			digits := text[at+len("PARCEL-"):]
			n := len(digits) - len(bytes.TrimLeft(digits, "0123456789"))
			return at, at + len("PARCEL-") + n, n >= 6
		},
	}))
	fmt.Println(err)
	fmt.Println(r.String("lost PARCEL-0042197, not PARCEL-12"))
	// Output:
	// <nil>
	// lost [redacted:custom], not PARCEL-12
}

func ExampleUse_pseudonym() {
	key := bytes.Repeat([]byte{7}, 32) // from your vault
	r, _ := redact.New(redact.PseudonymKey("k1", key), redact.Use(redact.Email, redact.Pseudonym))
	a, b := r.For("acme").String("ada@example.com"), r.For("globex").String("ada@example.com")
	fmt.Println(a == r.For("acme").String("ada@example.com"), a == b)

	_, err := redact.New(redact.Use(redact.Email, redact.Pseudonym))
	fmt.Println(err)
	// Output:
	// true false
	// redact: pseudonyms for email need a PseudonymKey
}
