package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// pseudonymPurpose is what the key of pseudonyms is derived for. It never changes.
const pseudonymPurpose = "audit pseudonym v1"

// pseudonym is who as the store knows them in that tenant: the first 16 bytes of HMAC-SHA256 over the tenant,
// behind its length, and the subject. Who has the tables but not the key can neither test a guess nor find
// the same person in another tenant.
func (l *Log) pseudonym(tenant tenancy.ID, who Subject) Pseudonym {
	c := l.coders.Get().(*coder)
	defer l.coders.Put(c)
	return c.pseudonym(tenant, []byte(who))
}

func newPseudonymMAC(key tenancy.Key) hash.Hash {
	return hmac.New(sha256.New, key.Derive(pseudonymPurpose))
}

func (c *coder) pseudonym(tenant tenancy.ID, who []byte) (p Pseudonym) {
	t := tenant.String() // at most 63 bytes, so one byte is enough for its length
	c.scratch = append(c.scratch[:0], byte(len(t)))
	c.scratch = append(c.scratch, t...)
	c.scratch = append(c.scratch, who...)
	c.mac.Reset()
	c.mac.Write(c.scratch)
	c.scratch = c.mac.Sum(c.scratch[:0])
	copy(p[:], c.scratch)
	return p
}
