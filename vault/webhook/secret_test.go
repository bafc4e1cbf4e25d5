package webhook_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/vault/webhook"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func asSecret(s string) redact.Secret[string] { return redact.NewSecret(s) }

func TestANewSecretIsRandomAndOfFullStrength(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		s := webhook.NewSecret().Reveal()
		require.Regexp(t, `^whsec_[A-Za-z0-9+/]{43}=$`, s)
		require.False(t, seen[s])
		seen[s] = true
	}
	for range 20 {
		private, public := webhook.NewKeyPair()
		require.Regexp(t, `^whsk_[A-Za-z0-9+/]{86}==$`, private.Reveal())
		require.Regexp(t, `^whpk_[A-Za-z0-9+/]{43}=$`, public)
		require.False(t, seen[public])
		seen[public] = true
		body := []byte("b")
		_, err := verifier(t, webhook.Secrets{Current: asSecret(public)}, webhook.Options{}).
			Verify(t.Context(), signed(t, webhook.Secrets{Current: private}, "msg_1", body), body)
		require.NoError(t, err, "they belong together")
	}
}

func TestASecretThatIsNoneIsRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	b64 := func(n int) string { return base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", n))) }
	private, public := webhook.NewKeyPair()
	for _, c := range []struct {
		text         string
		sign, verify bool
	}{
		{"whsec_" + b64(24), true, true}, {"whsec_" + b64(64), true, true}, {"whsec_" + b64(23), false, false}, {"whsec_" + b64(65), false, false},
		{"whsec_" + "plJ3nmyCDGBKInavdOK15jsl", false, false}, // 18 bytes
		{"whsec_" + strings.Repeat("a", 16), false, false},
		{private.Reveal(), true, false}, {public, false, true}, {"whsk_" + b64(32), true, false}, {"whsk_" + b64(31), false, false}, {"whsk_" + b64(33), false, false},
		{"whsk_" + b64(64), false, false}, // halves that do not belong together
		{private.Reveal()[:len(private.Reveal())-4] + "AAA=", false, false},
		{"whpk_" + b64(31), false, false}, {"whpk_" + b64(33), false, false}, {"whsk_" + public[5:], true, false},
		{"whpk_" + private.Reveal()[5:], false, false}, {"whsec_" + private.Reveal()[5:], true, true},
		{"", false, false}, {"whsec_", false, false}, {b64(32), false, false}, {"WHSEC_" + b64(32), false, false}, {"whsec" + b64(32), false, false},
		{"whsec_" + b64(32) + "\n", false, false}, {" whsec_" + b64(32), false, false}, {"whsec_" + b64(32)[:10] + "\r\n" + b64(32)[10:], false, false},
		{"whsec_" + b64(32)[:43], false, false}, {"whsec_" + b64(32) + "=", false, false}, {"whsec_" + strings.Repeat("-_", 22), false, false},
		{"whsec_" + strings.Repeat("A", 42) + "B=", false, false}, // bits that no byte has
		{"whsec_whsec_" + b64(32), false, false}, {"[redacted:secret]", false, false}, {"whsec_[redacted:secret]", false, false},
		{"whsex_" + b64(32), false, false}, {"_" + b64(32), false, false},
	} {
		for _, s := range []webhook.Secrets{{Current: asSecret(c.text)}, {Current: shared(40, 9), Previous: asSecret(c.text)}} {
			if c.text == "" && !s.Previous.IsZero() {
				continue // no previous one
			}
			_, err := webhook.NewSigner(s)
			_, verr := webhook.NewVerifier(s, webhook.Options{})
			for _, r := range []struct {
				err  error
				good bool
			}{{err, c.sign}, {verr, c.verify}} {
				if r.good {
					require.NoError(t, r.err, c.text)
					continue
				}
				only(t, r.err, webhook.ErrSecret, c.text)
				if len(c.text) > 12 {
					require.NotContains(t, r.err.Error(), c.text[len(c.text)-8:], "the error shows a part of it")
				}
			}
		}
	}
	_, err := webhook.NewSigner(webhook.Secrets{})
	only(t, err, webhook.ErrSecret)
	_, err = webhook.NewVerifier(webhook.Secrets{Previous: shared(24, 1)}, webhook.Options{})
	only(t, err, webhook.ErrSecret)
	_, err = webhook.NewVerifier(webhook.Secrets{Current: shared(24, 1), Previous: shared(24, 1)}, webhook.Options{})
	only(t, err, webhook.ErrSecret)
	_, err = webhook.NewVerifier(webhook.Secrets{Current: shared(24, 1), Previous: asSecret("")}, webhook.Options{})
	require.NoError(t, err)
}

// Whatever the two sides hold of four secrets, a delivery is accepted if they have one in common.
func TestARotationLosesNoDelivery(t *testing.T) {
	t.Parallel()
	type pair struct{ sign, verify redact.Secret[string] }
	var all []pair
	for range 2 {
		s := webhook.NewSecret()
		private, public := webhook.NewKeyPair()
		all = append(all, pair{s, s}, pair{private, asSecret(public)})
	}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(who string) (of []int, s, v webhook.Secrets) {
			of = rapid.SliceOfNDistinct(rapid.IntRange(0, len(all)-1), 1, 2, rapid.ID).Draw(t, who)
			s.Current, v.Current = all[of[0]].sign, all[of[0]].verify
			if len(of) == 2 {
				s.Previous, v.Previous = all[of[1]].sign, all[of[1]].verify
			}
			return of, s, v
		}
		has, sends, _ := draw("sender")
		wants, _, receives := draw("receiver")
		common := false
		for _, i := range has {
			for _, j := range wants {
				common = common || i == j
			}
		}
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		id := rapid.StringMatching(`[!--/-~]{1,40}`).Draw(t, "id")
		h := signed(t, sends, id, body)
		require.Len(t, strings.Split(h.Get("webhook-signature"), " "), len(has))
		d, err := verifier(t, receives, webhook.Options{}).Verify(t.Context(), h, body)
		if common {
			require.NoError(t, err)
			require.Equal(t, id, d.ID)
		} else {
			only(t, err, webhook.ErrSignature)
		}
	})
}

// A public key is no secret: nothing may be signed with it as if it were one.
func TestAPublicKeyDoesNotVerifyWhatWasSignedWithItAsASecret(t *testing.T) {
	t.Parallel()
	_, public := webhook.NewKeyPair()
	v := verifier(t, webhook.Secrets{Current: asSecret(public)}, webhook.Options{})
	body := []byte("body")
	h := signed(t, webhook.Secrets{Current: asSecret("whsec_" + public[5:])}, "msg_1", body)
	refused(t, v, h, body, webhook.ErrSignature)
	h.Set(webhook.HeaderSignature, "v1a,"+strings.Repeat("A", 86)+"==")
	refused(t, v, h, body, webhook.ErrSignature)
}

type shown struct{ said string }

func (s *shown) Errorf(format string, args ...any) { s.said += fmt.Sprintf(format, args...) }

func TestPrintingASignerOrAVerifierShowsNoSecret(t *testing.T) {
	t.Parallel()
	raw := "correct horse battery staple 32!"
	text := "whsec_" + base64.StdEncoding.EncodeToString([]byte(raw))
	private, _ := webhook.NewKeyPair()
	secrets := webhook.Secrets{Current: asSecret(text), Previous: private}
	s := signer(t, secrets)
	v := verifier(t, webhook.Secrets{Current: asSecret(text)}, webhook.Options{})
	_, err := v.Verify(t.Context(), signed(t, secrets, "msg_1", nil), nil) // states are in use
	require.NoError(t, err)
	var out strings.Builder
	for _, x := range []any{secrets, &secrets, s, *s, v, *v, struct{ v *webhook.Verifier }{v}, struct{ s webhook.Signer }{*s}, []any{s, v, secrets}, s.Transport(&http.Transport{})} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%d", "%s", "%q"} {
			fmt.Fprintf(&out, verb, x)
		}
		b, _ := json.Marshal(x)
		out.Write(b)
		var f shown
		require.False(t, assert.Equal(&f, x, nil)) // follows pointers into unexported fields
		out.WriteString(f.said)
	}
	for _, leak := range []string{raw[:8], text[6:20], private.Reveal()[5:20], fmt.Sprintf("%x", raw[:6]), strings.Trim(fmt.Sprint([]byte(raw[:6])), "[]"),
		strings.Trim(fmt.Sprintf("%#v", []byte(raw[:4])), "[]byte{}")} {
		require.NotContains(t, out.String(), leak)
	}
}
