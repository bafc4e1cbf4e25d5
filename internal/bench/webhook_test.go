package bench

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/vault/webhook"
)

// Workload K, webhooks: one operation verifies a delivery of Standard Webhooks. ours knows two secrets, and the delivery is
// signed with the current one; with the previous one in ours_previous, as in the middle of a rotation; with neither in
// ours_forged. The floor is HMAC-SHA256 over the same bytes by a state that is kept: no headers, no clock, no comparison.
// The peers know one secret each, which signed.
func BenchmarkWebhookVerify(b *testing.B) {
	for _, size := range webhookSizes {
		b.Run(size.name, func(b *testing.B) { compare(b, webhookWays(size.bytes), nil) })
	}
}

func TestVerifiersAcceptWhatIsSignedAndNothingElse(t *testing.T) {
	for _, size := range webhookSizes {
		t.Run(size.name, func(t *testing.T) { checkWays(t, webhookWays(size.bytes)) })
	}
}

var webhookSizes = []struct {
	name  string
	bytes int
}{{"1KiB", 1 << 10}, {"20KiB", 20 << 10}}

// A webhookPeer makes a verifier of one secret.
type webhookPeer struct {
	name string
	open func(tb testing.TB, secret string) func(body []byte, h http.Header) error
}

var webhookPeers []webhookPeer

func webhookWays(size int) []way {
	body := make([]byte, size)
	for i := range body {
		body[i] = "The quick brown fox jumps over the lazy dog. "[i%45]
	}
	const id = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"
	current, previous := webhook.NewSecret(), webhook.NewSecret()
	signed := func(tb testing.TB, s redact.Secret[string]) http.Header {
		signer, err := webhook.NewSigner(webhook.Secrets{Current: s})
		if err != nil {
			tb.Fatal(err)
		}
		h := http.Header{}
		if err := signer.Sign(h, id, time.Now(), body); err != nil {
			tb.Fatal(err)
		}
		return h
	}
	ours := func(name string, with redact.Secret[string], accepted bool, vs ...string) way {
		return way{name: name, vs: vs, bytes: size, open: func(tb testing.TB) func(int) error {
			v, err := webhook.NewVerifier(webhook.Secrets{Current: current, Previous: previous}, webhook.Options{})
			if err != nil {
				tb.Fatal(err)
			}
			h, ctx := signed(tb, with), context.Background()
			return shared(1, func() error {
				if _, err := v.Verify(ctx, h, body); (err == nil) != accepted {
					return fmt.Errorf("accepted is not %t: %w", accepted, err)
				}
				return nil
			})
		}}
	}
	ways := []way{
		{name: "floor", bytes: size, open: func(tb testing.TB) func(int) error {
			key, err := base64.StdEncoding.DecodeString(current.Reveal()[len("whsec_"):])
			if err != nil {
				tb.Fatal(err)
			}
			head := []byte(id + "." + signed(tb, current).Get(webhook.HeaderTimestamp) + ".")
			m, sum := hmac.New(sha256.New, key), make([]byte, 0, sha256.Size)
			return shared(1, func() error {
				m.Reset()
				m.Write(head)
				m.Write(body)
				sum = m.Sum(sum[:0])
				return nil
			})
		}},
		ours("ours", current, true, "floor"),
		ours("ours_previous", previous, true, "floor", "ours"),
		ours("ours_forged", webhook.NewSecret(), false, "floor", "ours"),
	}
	for _, p := range webhookPeers {
		ways = append(ways, way{name: p.name, vs: []string{"floor", "ours"}, bytes: size, open: func(tb testing.TB) func(int) error {
			verify, h := p.open(tb, current.Reveal()), signed(tb, current)
			return shared(1, func() error { return verify(body, h) })
		}})
	}
	return ways
}
