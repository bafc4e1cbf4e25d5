package redacttest

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// canary is a value to plant, fresh for each cell, so that what survives says where it was put.
type canary struct {
	word   string // 24 letters and digits that no text has by chance
	digits string // a card number: 16 digits
	iban   string
	token  string // 36 letters and digits
}

const alphabet = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ"

func newCanary(n uint64) *canary {
	r := rand.New(rand.NewPCG(n, 0x5EED))
	text := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			if i%3 == 2 {
				b[i] = byte('0' + r.IntN(10))
			} else {
				b[i] = alphabet[r.IntN(len(alphabet))]
			}
		}
		return string(b)
	}
	number := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte('0' + r.IntN(10))
		}
		return string(b)
	}
	c := &canary{word: text(24), token: text(36), digits: "4" + number(14)}
	c.digits += luhn(c.digits)
	account := number(18)
	c.iban = fmt.Sprintf("DE%02d%s", 98-mod97(account+"131400"), account)
	return c
}

// luhn returns the check digit of a card number (ISO/IEC 7812-1, annex B).
func luhn(s string) string {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return string(rune('0' + (10-sum%10)%10))
}

// mod97 is the remainder that the check digits of an IBAN are made of (ISO 13616).
func mod97(s string) (m int) {
	for _, d := range s {
		m = (m*10 + int(d-'0')) % 97
	}
	return m
}

// needles are what must not be in an output, in small letters, forwards and backwards.
func (c *canary) needles() (n []string) {
	for _, s := range []string{c.word, c.token, c.digits, c.iban} {
		b := []byte(strings.ToLower(s))
		n = append(n, string(b))
		slices.Reverse(b)
		n = append(n, string(b))
	}
	return n
}

// grouped writes s in groups of four.
func grouped(s, by string) string {
	var b strings.Builder
	for i := 0; i < len(s); i += 4 {
		if i > 0 {
			b.WriteString(by)
		}
		b.WriteString(s[i:min(i+4, len(s))])
	}
	return b.String()
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
