package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"sync"
)

// pseudonyms makes names for values under one key and tenant. Each kind has a subkey of its own, so that a phone number
// and a card number with the same digits do not have names that tell so.
type pseudonyms struct {
	id     string
	master []byte
	macs   [lastKind]sync.Pool // of hash.Hash keyed for the kind
}

// newPseudonyms checks a key and its id.
func newPseudonyms(id string, key []byte) (*pseudonyms, error) {
	if len(key) < 32 {
		return nil, errors.New("redact: a pseudonym key has at least 32 bytes")
	}
	if id == "" || len(id) > 16 {
		return nil, errors.New("redact: the id of a pseudonym key has 1 to 16 characters")
	}
	for i := range len(id) {
		if class[id[i]]&cAlnum == 0 && id[i] != '-' {
			return nil, errors.New("redact: the id of a pseudonym key has letters, digits and dashes only")
		}
	}
	p := &pseudonyms{id: id, master: append([]byte(nil), key...)}
	return p.forTenant(""), nil
}

// forTenant derives the names of one tenant.
func (p *pseudonyms) forTenant(tenant string) *pseudonyms {
	t := &pseudonyms{id: p.id, master: p.master}
	for k := range lastKind {
		h := hmac.New(sha256.New, p.master)
		h.Write([]byte("bailiwick/redact/pseudonym/v1\x00" + k.String() + "\x00" + tenant))
		subkey := h.Sum(nil)
		t.macs[k].New = func() any { return hmac.New(sha256.New, subkey) }
	}
	return t
}

// nameLetters has neither vowels, so that no name spells a word, nor digits, so that no name looks like a number.
const nameLetters = "bcdfghjkmnpqrstv"

// append appends the pseudonym of v: "[email~id~" and 32 letters, which are 128 bits, and "]".
func (p *pseudonyms) append(dst []byte, k Kind, v []byte) []byte {
	type mac interface {
		Write([]byte) (int, error)
		Sum([]byte) []byte
		Reset()
	}
	h := p.macs[k].Get().(mac)
	h.Reset()
	var part [64]byte
	for len(v) > 0 { // normalised piece by piece: no buffer of the value's length is needed
		n := 0
		var rest int
		for rest = 0; rest < len(v) && n < len(part); rest++ {
			if c, ok := normal(k, v[rest]); ok {
				part[n] = c
				n++
			}
		}
		h.Write(part[:n])
		v = v[rest:]
	}
	var sum [sha256.Size]byte
	d := h.Sum(sum[:0])
	dst = append(append(append(append(dst, '['), k.String()...), '~'), p.id...)
	dst = append(dst, '~')
	for _, b := range d[:16] {
		dst = append(dst, nameLetters[b>>4], nameLetters[b&15])
	}
	p.macs[k].Put(h)
	return append(dst, ']')
}

// normal makes spellings of one value alike: letters are lowered, and in numbers only letters, digits and a leading
// plus sign count.
func normal(k Kind, c byte) (byte, bool) {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	switch k {
	case Card, BankAccount, NationalID, Phone, MAC:
		return c, class[c]&cAlnum != 0
	}
	return c, true
}
