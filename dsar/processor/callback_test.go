package processor_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/processor"
	"github.com/bailiwick-dev/bailiwick/vault/webhook"
	"github.com/stretchr/testify/require"
)

func TestACallbackCountsOnceAndOnlyIfItIsSigned(t *testing.T) {
	t.Parallel()
	ctx := inTenant(t)
	theirs := webhook.NewSecret()
	signer, err := webhook.NewSigner(webhook.Secrets{Current: theirs})
	require.NoError(t, err)
	verifier, err := webhook.NewVerifier(webhook.Secrets{Current: theirs}, webhook.Options{})
	require.NoError(t, err)
	f := newFar(t, func(_ int, key string, w http.ResponseWriter, _ *http.Request) {
		var b strings.Builder
		says(&b, key, "accepted")
		if signer.Sign(w.Header(), "answer", time.Now(), []byte(b.String())) == nil {
			_, _ = w.Write([]byte(b.String()))
		}
	})
	w := f.webhook(t, func(o *processor.WebhookOptions) {
		o.Verify = func(ctx context.Context, h http.Header, body []byte) error {
			_, err := verifier.Verify(ctx, h, body)
			return err
		}
	})
	s := setOf(t, hasty, w)
	calls, err := s.Erase(ctx, job("r1"))
	require.NoError(t, err)
	require.Equal(t, processor.Accepted, calls[0].State)

	fails := errors.New("down")
	down := false
	h, err := w.Callback(func(ctx context.Context, name, key string, o processor.Outcome) error {
		if down {
			return fails
		}
		return s.Settle(ctx, name, key, o)
	})
	require.NoError(t, err)
	send := func(method, body string, sign bool) int {
		r := httptest.NewRequest(method, "/callbacks", strings.NewReader(body)).WithContext(ctx)
		if sign {
			require.NoError(t, signer.Sign(r.Header, "cb1", time.Now(), []byte(body)))
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		require.NotContains(t, rec.Body.String(), calls[0].Key)
		return rec.Code
	}
	var done strings.Builder
	says(&done, calls[0].Key, "done")
	require.Equal(t, http.StatusMethodNotAllowed, send(http.MethodGet, done.String(), true))
	require.Equal(t, http.StatusUnauthorized, send(http.MethodPost, done.String(), false))
	require.Equal(t, http.StatusBadRequest, send(http.MethodPost, `{"key":"other","outcome":"done"}`, true))
	require.Equal(t, http.StatusBadRequest, send(http.MethodPost, `{"key":"`+calls[0].Key+`"}`, true))
	require.Equal(t, http.StatusRequestEntityTooLarge, send(http.MethodPost, strings.Repeat(" ", 1<<20+1), true))
	down = true
	require.Equal(t, http.StatusServiceUnavailable, send(http.MethodPost, done.String(), true))
	down = false
	now, err := s.Calls(ctx, "r1")
	require.NoError(t, err)
	require.Equal(t, processor.Accepted, now[0].State)
	for range 2 {
		require.Equal(t, http.StatusAccepted, send(http.MethodPost, done.String(), true))
	}
	now, err = s.Calls(ctx, "r1")
	require.NoError(t, err)
	require.Equal(t, processor.Done, now[0].State)
	require.EqualValues(t, 1, now[0].Version-calls[0].Version, "one write for the callback that came twice")

	_, err = f.webhook(t).Callback(s.Settle)
	require.ErrorIs(t, err, processor.ErrOptions, "nothing would verify it")
}
