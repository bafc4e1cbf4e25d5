package webhook_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bailiwick-dev/bailiwick/vault/webhook"
	"github.com/stretchr/testify/require"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// closing is a body that knows whether it was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func TestEachAttemptIsSignedAnewForTheSameEvent(t *testing.T) {
	t.Parallel()
	s := webhook.Secrets{Current: webhook.NewSecret(), Previous: webhook.NewSecret()}
	synctest.Test(t, func(t *testing.T) {
		v := verifier(t, s, webhook.Options{})
		var got []webhook.Delivery
		var sent *http.Request
		rt := signer(t, s).Transport(roundTrip(func(r *http.Request) (*http.Response, error) {
			sent = r
			d, body, err := v.VerifyRequest(r)
			require.NoError(t, err)
			require.Equal(t, `{"n":1}`, string(body))
			got = append(got, d)
			return &http.Response{StatusCode: 503, Body: http.NoBody}, nil
		}))
		for range 3 {
			body := &closing{Reader: strings.NewReader(`{"n":1}`)}
			r, err := http.NewRequestWithContext(t.Context(), "POST", "https://customer.example/hooks", body)
			require.NoError(t, err)
			r.Header.Set("webhook-id", "msg_7")
			before := r.Header.Clone()
			resp, err := rt.RoundTrip(r)
			require.NoError(t, err)
			require.Equal(t, 503, resp.StatusCode)
			require.True(t, body.closed)
			require.Equal(t, before, r.Header, "the caller's request is left alone")
			require.EqualValues(t, 7, sent.ContentLength)
			again, err := sent.GetBody()
			require.NoError(t, err)
			b, err := io.ReadAll(again)
			require.NoError(t, err)
			require.Equal(t, `{"n":1}`, string(b))
			time.Sleep(20 * time.Minute)
		}
		require.Len(t, got, 3)
		for i, d := range got {
			require.Equal(t, "msg_7", d.ID)
			require.Equal(t, time.Duration(i)*20*time.Minute, d.Time.Sub(got[0].Time))
		}
	})
}

func TestWhatCannotBeSignedIsNotSent(t *testing.T) {
	t.Parallel()
	s := webhook.Secrets{Current: webhook.NewSecret()}
	rt := signer(t, s).Transport(roundTrip(func(*http.Request) (*http.Response, error) { t.Error("sent"); return nil, errors.New("sent") }))
	broken := errors.New("disk error")
	for _, c := range []struct {
		ids  []string
		body io.Reader
		want error
	}{
		{nil, strings.NewReader("b"), webhook.ErrMissingHeader},
		{[]string{""}, strings.NewReader("b"), webhook.ErrMissingHeader},
		{[]string{"a", "b"}, strings.NewReader("b"), webhook.ErrMalformed},
		{[]string{"a.b"}, strings.NewReader("b"), webhook.ErrMalformed},
		{[]string{"a"}, io.MultiReader(strings.NewReader("b"), &counted{err: broken}), webhook.ErrBody},
	} {
		body := &closing{Reader: c.body}
		r, err := http.NewRequestWithContext(t.Context(), "POST", "https://customer.example/", body)
		require.NoError(t, err)
		r.Header[webhook.HeaderID] = c.ids
		_, err = rt.RoundTrip(r)
		only(t, err, c.want)
		require.True(t, body.closed, "a round tripper closes the body whatever happens")
	}
}

func TestASignedDeliveryDoesNotFollowARedirect(t *testing.T) {
	t.Parallel()
	inside := server(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached what the redirect points to") }))
	for _, code := range []int{301, 302, 303, 307, 308} {
		outside := server(t, http.RedirectHandler(inside.URL, code))
		base := &http.Transport{DisableKeepAlives: true}
		client := &http.Client{Transport: signer(t, webhook.Secrets{Current: webhook.NewSecret()}).Transport(base)}
		r, err := http.NewRequestWithContext(t.Context(), "POST", outside.URL, bytes.NewReader([]byte("b")))
		require.NoError(t, err)
		r.Header.Set(webhook.HeaderID, "msg_1")
		resp, err := client.Do(r)
		if resp != nil {
			resp.Body.Close()
		}
		only(t, err, webhook.ErrRedirected, code)
	}
}

func TestADeliveryGoesFromASignerToAVerifierOverHTTP(t *testing.T) {
	t.Parallel()
	s := webhook.Secrets{Current: webhook.NewSecret()}
	var got []string
	web := server(t, verifier(t, s, webhook.Options{}).Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = append(got, string(b))
	})))
	client := &http.Client{Transport: signer(t, s).Transport(&http.Transport{DisableKeepAlives: true})}
	for _, body := range []io.Reader{nil, http.NoBody, strings.NewReader(""), strings.NewReader("plain"), struct{ io.Reader }{strings.NewReader("chunked")}} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", web.URL, body)
		require.NoError(t, err)
		r.Header.Set(webhook.HeaderID, "msg_1")
		resp, err := client.Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 200, resp.StatusCode)
	}
	require.Equal(t, []string{"", "", "", "plain", "chunked"}, got)
}
