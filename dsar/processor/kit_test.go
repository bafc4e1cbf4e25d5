package processor_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/processor"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault/webhook"
	"github.com/stretchr/testify/require"
)

const address = "ada.lovelace@example.org"

// hasty is for tests: one try is long enough for a machine that is busy, and few are made.
var hasty = processor.Options{Try: 10 * time.Second, First: time.Millisecond, Longest: 4 * time.Millisecond, For: 300 * time.Millisecond}

func inTenant(t *testing.T) context.Context { return tenancy.With(t.Context(), tenancy.NewID()) }

func job(request string) processor.Job {
	return processor.Job{Request: request, Law: "gdpr", Submitted: time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC),
		Identities: []processor.Identity{{Type: processor.Email, Value: redact.NewSecret(address)}}}
}

// far is a processor on the other side of the wire. It notes what came, and answers as it is told for each request, counted from 0.
type far struct {
	*httptest.Server
	mu     sync.Mutex
	ids    []string
	bodies []string
	answer func(n int, key string, w http.ResponseWriter, r *http.Request)
}

func (f *far) seen() (ids, bodies []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.ids...), append([]string(nil), f.bodies...)
}

var secret = webhook.NewSecret()

func newFar(t *testing.T, answer func(n int, key string, w http.ResponseWriter, r *http.Request)) *far {
	verifier, err := webhook.NewVerifier(webhook.Secrets{Current: secret}, webhook.Options{})
	require.NoError(t, err)
	f := &far{answer: answer}
	f.Server = quietly(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d, body, err := verifier.VerifyRequest(r)
		if err != nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		var said struct{ Data struct{ Key string } }
		_ = json.Unmarshal(body, &said)
		f.mu.Lock()
		n := len(f.ids)
		f.ids, f.bodies = append(f.ids, d.ID), append(f.bodies, string(body))
		f.mu.Unlock()
		f.answer(n, said.Data.Key, w, r)
	}))
	t.Cleanup(f.CloseClientConnections)
	t.Cleanup(f.Close)
	return f
}

// here lets a test reach its own servers, which are not on the internet.
func here(server *httptest.Server) processor.Guard {
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return processor.Guard{Inside: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}, TLS: &tls.Config{RootCAs: roots}}
}

func (f *far) webhook(t *testing.T, change ...func(*processor.WebhookOptions)) *processor.Webhook {
	signer, err := webhook.NewSigner(webhook.Secrets{Current: secret})
	require.NoError(t, err)
	o := processor.WebhookOptions{Name: "mail", URL: f.URL + "/privacy", Signer: signer, Guard: here(f.Server)}
	for _, c := range change {
		c(&o)
	}
	w, err := processor.NewWebhook(o)
	require.NoError(t, err)
	return w
}

func setOf(t *testing.T, o processor.Options, ps ...processor.Processor) *processor.Set {
	s, err := processor.NewSet(processor.NewMemory(nil), o, ps...)
	require.NoError(t, err)
	return s
}

// says answers like a processor that keeps to the contract.
func says(w io.Writer, key, outcome string) {
	_, _ = fmt.Fprintf(w, `{"key":%q,"outcome":%q,"records":3}`, key, outcome)
}

// silent requires that no text holds the person's address.
func silent(t *testing.T, values ...any) {
	t.Helper()
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			require.False(t, strings.Contains(fmt.Sprintf(verb, v), "lovelace"))
		}
	}
}

// nobody signs.
type nobody struct{}

func (nobody) Sign(http.Header, string, time.Time, []byte) error { return nil }

var quiet = log.New(io.Discard, "", 0)

func quietly(h http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = quiet
	s.StartTLS()
	return s
}
