package consent

import (
	"crypto/hmac"
	"crypto/sha256"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// pseudonyms turns names of users and browsers into what states are found by. The key is kept in a closure, as in [tenancy.Key].
type pseudonyms func() []byte

func newPseudonyms(k tenancy.Key) pseudonyms {
	secret := k.Derive("consent pseudonym v1")
	return func() []byte { return secret }
}

func (p pseudonyms) user(tenant, user string) Who { return p.who("user", tenant, []byte(user)) }

func (p pseudonyms) browser(tenant string, id BrowserID) Who { return p.who("browser", tenant, id[:]) }

func (p pseudonyms) who(kind, tenant string, id []byte) (w Who) {
	m := hmac.New(sha256.New, p())
	m.Write(append(appendText(appendText(nil, kind), tenant), id...))
	m.Sum(w[:0])
	return w
}
