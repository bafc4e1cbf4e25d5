package consent

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// pseudonyms turns names of users and browsers into what states are found by. The key is kept in a closure, as in [tenancy.Key]: in hashes that
// have taken it in, which is half of the work for so few bytes.
type pseudonyms func() *sync.Pool

func newPseudonyms(k tenancy.Key) pseudonyms {
	secret := k.Derive("consent pseudonym v1")
	pool := &sync.Pool{New: func() any { return &pseudonymizer{mac: hmac.New(sha256.New, secret)} }}
	return func() *sync.Pool { return pool }
}

type pseudonymizer struct {
	mac hash.Hash
	msg []byte
}

func (p pseudonyms) user(tenant, user string) Who { return p.who("user", tenant, []byte(user)) }

func (p pseudonyms) browser(tenant string, id BrowserID) Who { return p.who("browser", tenant, id[:]) }

func (p pseudonyms) who(kind, tenant string, id []byte) (w Who) {
	pool := p()
	h := pool.Get().(*pseudonymizer)
	h.msg = append(appendText(appendText(h.msg[:0], kind), tenant), id...)
	h.mac.Reset()
	h.mac.Write(h.msg)
	h.msg = h.mac.Sum(h.msg[:0])
	copy(w[:], h.msg)
	pool.Put(h)
	return w
}
