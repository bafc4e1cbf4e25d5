package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/stretchr/testify/require"
)

// The one form of each header, said another way than the parsers say it.
var (
	formID         = regexp.MustCompile(`^[!-\-/-~]{1,256}$`)
	formTimestamp  = regexp.MustCompile(`^[1-9][0-9]{0,11}$`)
	formSignatures = regexp.MustCompile(`^[0-9A-Za-z]+,[0-9A-Za-z+/=]+( [0-9A-Za-z]+,[0-9A-Za-z+/=]+){0,7}$`)
	formShort      = regexp.MustCompile(`(^| )(v1,([^ ]{0,43}|[^ ]{45,})|v1a,([^ ]{0,87}|[^ ]{89,}))( |$)`)
)

// FuzzVerify compares a verifier whose clock does not count with the specification in a few lines. A "%" in the list of
// signatures stands for the right one.
func FuzzVerify(f *testing.F) {
	for _, c := range [][3]string{
		{"msg_1", "1674087231", "%"}, {"msg_1", "1674087231", "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,x % v1a,x"}, {"msg_1", "+1674087231", "%"},
		{"a.b", "1674087231", "%"}, {"a", "01674087231", "% %"}, {"a", "1674087231", "v1,"}, {"a", "1674087231", "v9,a v9,a v9,a v9,a v9,a v9,a v9,a v9,a %"}, {"", "", ""},
		{"a", "99999999999", "%"}, {"a", "999999999999", " %"}, {"a", "1674087231", "%="}, {"a", "1674087231", "v9,_ %"}, {"é", "1", "%"},
	} {
		f.Add(c[0], c[1], c[2], []byte(`{"test": 2432232314}`))
	}
	secret := slices.Repeat([]byte("k"), 32)
	v, err := NewVerifier(Secrets{Current: redact.NewSecret("whsec_" + base64.StdEncoding.EncodeToString(secret)), Previous: NewSecret()}, Options{})
	require.NoError(f, err)
	v.opts.Tolerance = math.MaxInt64
	f.Fuzz(func(t *testing.T, id, timestamp, list string, body []byte) {
		m := hmac.New(sha256.New, secret)
		m.Write([]byte(id + "." + timestamp + "."))
		m.Write(body)
		right := "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
		list = strings.ReplaceAll(list, "%", right)
		var want error
		switch {
		case id == "" || timestamp == "" || list == "":
			want = ErrMissingHeader
		case !formID.MatchString(id) || !formTimestamp.MatchString(timestamp) || !formSignatures.MatchString(list) || formShort.MatchString(list) || len(list) > 16<<10:
			want = ErrMalformed
		case farOff(timestamp):
			want = ErrStale
		case len(body) > 1<<20:
			want = ErrTooLarge
		case !slices.Contains(strings.Split(list, " "), right):
			want = ErrSignature
		}
		h := http.Header{HeaderID: {id}, HeaderTimestamp: {timestamp}, HeaderSignature: {list}}
		d, err := v.Verify(context.Background(), h, body)
		if !errors.Is(err, want) {
			t.Fatalf("%q %q %q: %v, not %v", id, timestamp, list, err, want)
		}
		if want == nil && d.ID != id || want != nil && d != (Delivery{}) {
			t.Fatalf("%q: %v", id, d)
		}
	})
}

// farOff reports whether a time is further away than a Duration, and so the widest tolerance, can say.
func farOff(timestamp string) bool {
	unix, _ := strconv.ParseInt(timestamp, 10, 64)
	return time.Since(time.Unix(unix, 0)) == math.MinInt64
}

// FuzzSecret: a text is a secret of 24 to 64 bytes in the one way to write them, or refused.
func FuzzSecret(f *testing.F) {
	for _, s := range []string{"whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", "whsk_" + strings.Repeat("A", 43) + "=",
		"whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=", "whsec_", "", "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx=", "_"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := Secrets{Current: redact.NewSecret(text)}
		_, serr := NewSigner(s)
		_, verr := NewVerifier(s, Options{})
		prefix, encoded, _ := strings.Cut(text, "_")
		b, err := base64.StdEncoding.DecodeString(encoded)
		one := err == nil && base64.StdEncoding.EncodeToString(b) == encoded
		shared := one && prefix == "whsec" && len(b) >= 24 && len(b) <= 64
		if want := shared || one && prefix == "whpk" && len(b) == 32; want != (verr == nil) {
			t.Fatalf("a verifier for %q: %v", text, verr)
		}
		if must := shared || one && prefix == "whsk" && len(b) == 32; must && serr != nil || serr == nil && !must && (prefix != "whsk" || len(b) != 64 || !one) {
			t.Fatalf("a signer for %q: %v", text, serr)
		}
		for _, err := range []error{serr, verr} {
			if err != nil && !errors.Is(err, ErrSecret) {
				t.Fatal(err)
			}
		}
	})
}
