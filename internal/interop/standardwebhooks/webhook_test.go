package standardwebhooks

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	reference "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/vault/webhook"
)

// sides are signer and verifier of one secret, ours and theirs.
type sides struct {
	signer   *webhook.Signer
	verifier *webhook.Verifier
	theirs   *reference.Webhook
}

func open(t require.TestingT, secret redact.Secret[string]) (s sides) {
	var err error
	s.signer, err = webhook.NewSigner(webhook.Secrets{Current: secret})
	require.NoError(t, err)
	s.verifier, err = webhook.NewVerifier(webhook.Secrets{Current: webhook.NewSecret(), Previous: secret}, webhook.Options{})
	require.NoError(t, err)
	s.theirs, err = reference.NewWebhook(secret.Reveal())
	require.NoError(t, err)
	return s
}

func drawID(t *rapid.T) string { return rapid.StringMatching(`[!--/-~]{1,60}`).Draw(t, "id") }

func TestTheReferenceVerifiesWhatIsSignedHere(t *testing.T) {
	t.Parallel()
	s := open(t, webhook.NewSecret())
	rapid.Check(t, func(t *rapid.T) {
		body, h := rapid.SliceOf(rapid.Byte()).Draw(t, "body"), http.Header{}
		require.NoError(t, s.signer.Sign(h, drawID(t), time.Now(), body))
		require.NoError(t, s.theirs.Verify(body, h))
		require.Error(t, s.theirs.Verify(append(body, ' '), h))
	})
}

func TestWhatTheReferenceSignsIsVerifiedHere(t *testing.T) {
	t.Parallel()
	s := open(t, webhook.NewSecret())
	rapid.Check(t, func(rt *rapid.T) {
		body, id, now := rapid.SliceOf(rapid.Byte()).Draw(rt, "body"), drawID(rt), time.Now()
		signature, err := s.theirs.Sign(id, now, body)
		require.NoError(rt, err)
		h := http.Header{}
		h.Set(reference.HeaderWebhookID, id)
		h.Set(reference.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
		h.Set(reference.HeaderWebhookSignature, signature)
		d, err := s.verifier.Verify(t.Context(), h, body)
		require.NoError(rt, err)
		require.Equal(rt, id, d.ID)
		_, err = s.verifier.Verify(t.Context(), h, append(body, ' '))
		require.ErrorIs(rt, err, webhook.ErrSignature)
	})
}

// Deliveries with something changed about them: whatever is accepted here, the reference accepts too. The other way round
// there are those whose form is refused here alone.
func TestNothingIsAcceptedHereThatTheReferenceRefuses(t *testing.T) {
	t.Parallel()
	s := open(t, webhook.NewSecret())
	both, stricter := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		body, h := rapid.SliceOf(rapid.Byte()).Draw(rt, "body"), http.Header{}
		now := time.Now().Add(time.Duration(rapid.IntRange(-400, 400).Draw(rt, "seconds")) * time.Second)
		require.NoError(rt, s.signer.Sign(h, drawID(rt), now, body))
		ts, list := h.Get(webhook.HeaderTimestamp), h.Get(webhook.HeaderSignature)
		h.Set(webhook.HeaderTimestamp, rapid.SampledFrom([]string{ts, ts, ts, "+" + ts, "000" + ts, ts + "0", ts + " "}).Draw(rt, "time"))
		junk := "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
		h.Set(webhook.HeaderSignature, rapid.SampledFrom([]string{list, list, list, junk + " " + list, list + " v9,x", list + ",x", " " + list, junk,
			list[:20], "v1a" + list[2:], strings.Repeat(junk+" ", 9) + list, list + "\n"}).Draw(rt, "signatures"))
		if rapid.IntRange(0, 3).Draw(rt, "another id") == 0 {
			h.Set(webhook.HeaderID, drawID(rt))
		}
		_, ours := s.verifier.Verify(t.Context(), h, body)
		theirs := s.theirs.Verify(body, h)
		switch {
		case ours == nil:
			require.NoError(rt, theirs)
			both++
		case theirs == nil:
			require.ErrorIs(rt, ours, webhook.ErrMalformed)
			stricter++
		}
	})
	require.Positive(t, both)
	require.Positive(t, stricter)
}
