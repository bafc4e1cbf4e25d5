package totp

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/bailiwick-dev/bailiwick/redact"
)

const (
	digits = 6
	period = 30 // seconds
	skew   = 1  // steps before and after the one that is due
	// RFC 4226, section 4, R6: a secret has 128 bits at least, and should have 160.
	minSecret = 16
	newSecret = 20
)

type code [digits]byte

// parse takes exactly six ASCII digits: whoever trims a code makes two spellings of one, and what remembers the spelling then
// takes it twice (CVE-2025-6014).
func parse(response []byte) (c code, ok bool) {
	if len(response) != digits {
		return c, false
	}
	for i, b := range response {
		if b < '0' || b > '9' {
			return c, false
		}
		c[i] = b
	}
	return c, true
}

// match returns the step whose code c is, of those that are due at now or next to it; where several have the same code, the
// latest, which uses up all of them. It does the same work whether c is right or wrong.
func match(secret []byte, c code, now time.Time) (step uint64, ok bool) {
	due := now.Unix() / period
	if due < skew {
		return 0, false
	}
	mac := hmac.New(sha1.New, secret)
	var counter [8]byte
	var sum [sha1.Size]byte
	found, at := 0, 0
	for i := range 2*skew + 1 {
		mac.Reset()
		binary.BigEndian.PutUint64(counter[:], uint64(due-skew)+uint64(i))
		mac.Write(counter[:])
		want := truncate(mac.Sum(sum[:0]))
		equal := subtle.ConstantTimeCompare(want[:], c[:])
		at = subtle.ConstantTimeSelect(equal, i, at)
		found |= equal
	}
	return uint64(due-skew) + uint64(at), found == 1
}

// truncate is RFC 4226, section 5.3.
func truncate(sum []byte) (c code) {
	v := binary.BigEndian.Uint32(sum[sum[len(sum)-1]&0xf:]) & 0x7fffffff
	for i := digits - 1; i >= 0; i-- {
		c[i] = byte('0' + v%10)
		v /= 10
	}
	return c
}

// Authenticator returns the name that a [Store] knows a secret by: 32 hexadecimal digits of a MAC that the secret keys, which say
// nothing of it. A secret has one name whatever it is used for, and a new one begins anew.
func Authenticator(secret redact.Secret[[]byte]) string {
	mac := hmac.New(sha256.New, secret.Reveal())
	mac.Write([]byte("bailiwick/supportgrant/totp/authenticator/1"))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
