//go:build peers

package bench

import (
	"net/http"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	svix "github.com/svix/svix-webhooks/go"
)

// The reference library of Standard Webhooks, and the one of Svix, who began it.
func init() {
	webhookPeers = append(webhookPeers,
		webhookPeer{"peer_standard-webhooks", func(tb testing.TB, secret string) func([]byte, http.Header) error {
			w, err := standardwebhooks.NewWebhook(secret)
			if err != nil {
				tb.Fatal(err)
			}
			return w.Verify
		}},
		webhookPeer{"peer_svix", func(tb testing.TB, secret string) func([]byte, http.Header) error {
			w, err := svix.NewWebhook(secret)
			if err != nil {
				tb.Fatal(err)
			}
			return w.Verify
		}})
}
