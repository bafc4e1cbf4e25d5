package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/vault/webhook"
	"github.com/stretchr/testify/require"
)

var sentinels = []error{webhook.ErrMissingHeader, webhook.ErrMalformed, webhook.ErrStale, webhook.ErrSignature, webhook.ErrReplayed,
	webhook.ErrReplayUnknown, webhook.ErrTooLarge, webhook.ErrBody, webhook.ErrSecret, webhook.ErrRedirected}

// only requires that err is want and none of the other errors of the package.
func only(t require.TestingT, err, want error, about ...any) {
	require.ErrorIs(t, err, want, about...)
	for _, other := range sentinels {
		require.Equal(t, other == want, errors.Is(err, other), about...)
	}
}

// shared returns a secret of n bytes, each of them b.
func shared(n int, b byte) redact.Secret[string] {
	raw := make([]byte, n)
	for i := range raw {
		raw[i] = b
	}
	return redact.NewSecret("whsec_" + base64.StdEncoding.EncodeToString(raw))
}

func signer(t require.TestingT, s webhook.Secrets) *webhook.Signer {
	out, err := webhook.NewSigner(s)
	require.NoError(t, err)
	return out
}

func verifier(t require.TestingT, s webhook.Secrets, o webhook.Options) *webhook.Verifier {
	v, err := webhook.NewVerifier(s, o)
	require.NoError(t, err)
	return v
}

// signed returns the headers of a delivery of now.
func signed(t require.TestingT, s webhook.Secrets, id string, body []byte) http.Header {
	h := http.Header{}
	require.NoError(t, signer(t, s).Sign(h, id, time.Now(), body))
	return h
}

// byHand signs whatever it is given as the specification says, with no look at its form.
func byHand(secret redact.Secret[string], id, timestamp string, body []byte) string {
	key, err := base64.StdEncoding.DecodeString(secret.Reveal()[len("whsec_"):])
	if err != nil {
		panic(err)
	}
	m := hmac.New(sha256.New, key)
	m.Write([]byte(id + "." + timestamp + "." + string(body)))
	return "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
}

func headers(id, timestamp, signatures string) http.Header {
	return http.Header{webhook.HeaderID: {id}, webhook.HeaderTimestamp: {timestamp}, webhook.HeaderSignature: {signatures}}
}

func unixNow() string { return strconv.FormatInt(time.Now().Unix(), 10) }

func refused(t *testing.T, v *webhook.Verifier, h http.Header, body []byte, want error, about ...any) {
	t.Helper()
	d, err := v.Verify(t.Context(), h, body)
	only(t, err, want, about...)
	require.Zero(t, d, about...)
}
