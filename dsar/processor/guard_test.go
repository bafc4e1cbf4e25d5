package processor_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bailiwick-dev/bailiwick/dsar/processor"
	"github.com/stretchr/testify/require"
)

// A server inside of the network is not reached, whatever name leads to it.
func TestNoRequestGoesInsideOfTheNetwork(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	f := newFar(t, func(_ int, key string, w http.ResponseWriter, _ *http.Request) {
		reached.Store(true)
		says(w, key, "done")
	})
	_, port, err := net.SplitHostPort(f.Listener.Addr().String())
	require.NoError(t, err)
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]"} {
		w := f.webhook(t, func(o *processor.WebhookOptions) {
			o.URL = "https://" + host + ":" + port + "/"
			o.Guard.Inside = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		})
		s := setOf(t, hasty, w)
		calls, err := s.Erase(inTenant(t), job("r1"))
		require.NoError(t, err)
		require.Equal(t, processor.Unconfirmed, calls[0].State, host)
		require.Contains(t, []string{"address", "connection"}, calls[0].Why, host)
	}
	require.False(t, reached.Load())
}

func TestOnlyAddressesOfTheInternetAreCalled(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::1"} {
		require.True(t, processor.Public(netip.MustParseAddr(text)), text)
	}
	for _, text := range []string{"127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "0.1.2.3", "192.0.0.8", "192.0.2.1", "198.18.0.1",
		"198.51.100.1", "203.0.113.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1",
		"2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "100::1", "5f00::1"} {
		require.False(t, processor.Public(netip.MustParseAddr(text)), text)
	}
}

// A redirect would carry the person's data elsewhere, and a proxy of the environment past the guard.
func TestNothingFollowsARedirectOrAProxy(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int64
	other := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		f := newFar(t, func(_ int, _ string, w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, status) })
		calls, err := setOf(t, hasty, f.webhook(t)).Erase(inTenant(t), job("r1"))
		require.NoError(t, err)
		require.Equal(t, "redirect", calls[0].Why)
	}
	require.Zero(t, elsewhere.Load())
	require.True(t, processor.WithoutProxy(processor.Guard{}))
}

func TestAnAddressIsOfHTTPSAndHoldsNoSecret(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "http://mail.example/", "https://", "https:mail.example", "ftp://mail.example/", "https://user:secret@mail.example/", "https://mail.example/#x", "https://mail.example:port/", "file:///etc/passwd"} {
		_, err := processor.NewWebhook(processor.WebhookOptions{Name: "mail", URL: url, Signer: nobody{}})
		require.ErrorIs(t, err, processor.ErrAddress, url)
		require.False(t, strings.Contains(err.Error(), "secret"))
		_, err = processor.NewOpenDSR(processor.OpenDSROptions{Name: "visits", Base: url, Domain: "d"})
		require.ErrorIs(t, err, processor.ErrAddress, url)
	}
}

// A server that is not who it should be gets nothing.
func TestAServerThatNobodyVouchesForGetsNothing(t *testing.T) {
	t.Parallel()
	f := newFar(t, func(_ int, key string, w http.ResponseWriter, _ *http.Request) { says(w, key, "done") })
	w := f.webhook(t, func(o *processor.WebhookOptions) { o.Guard.TLS = nil })
	calls, err := setOf(t, hasty, w).Erase(inTenant(t), job("r1"))
	require.NoError(t, err)
	require.Equal(t, processor.Unconfirmed, calls[0].State)
	require.Equal(t, "certificate", calls[0].Why)
	require.Equal(t, 1, calls[0].Tries)
	ids, _ := f.seen()
	require.Empty(t, ids)
}
