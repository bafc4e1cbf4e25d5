package redact

import "fmt"

// Kind is a kind of sensitive text. A [Match] says which rule of the kind found it.
type Kind uint8

// The kinds. The order decides ties between overlapping matches: an earlier one wins.
const (
	PrivateKey  Kind = iota + 1 // a PEM block or the body of one
	Credential                  // the value of a key that names a secret: password=…, "client_secret":"…"
	UserInfo                    // user and password of a URL or data source name
	Token                       // an API key or token known by its shape
	JWT                         // a JSON Web Token
	Card                        // a payment card number
	BankAccount                 // an IBAN
	NationalID                  // a number a state gave a person or company; the rule says which
	Email
	Phone
	IP     // off unless asked for
	MAC    // off unless asked for
	Custom // found by a [Rule] of the application
	lastKind
)

var kindNames = [lastKind]string{
	PrivateKey: "private_key", Credential: "credential", UserInfo: "userinfo", Token: "token", JWT: "jwt", Card: "card",
	BankAccount: "bank_account", NationalID: "national_id", Email: "email", Phone: "phone", IP: "ip", MAC: "mac", Custom: "custom",
}

// String returns the kind's name, such as "email": the text of its label too.
func (k Kind) String() string {
	if k == 0 || k >= lastKind {
		return fmt.Sprintf("kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// secret reports whether k opens doors: such a match is only ever labelled or dropped, never shown in part
// and never pseudonymised.
func (k Kind) secret() bool { return k >= PrivateKey && k <= JWT }
