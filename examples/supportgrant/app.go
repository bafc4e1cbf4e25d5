package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// codeOf is the authenticator app on olga's phone (RFC 6238).
func codeOf(secret redact.Secret[[]byte], now time.Time) string {
	mac := hmac.New(sha1.New, secret.Reveal())
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(now.Unix()/30)))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}
