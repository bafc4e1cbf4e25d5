package vault

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestATransportAddsTheSecretForItsHostAlone(t *testing.T) {
	t.Parallel()
	ctx := as(t, "alpha")
	v := open(t, NewMemory(), newKeeper(t), Options{})
	require.NoError(t, v.Put(ctx, slackBot, text("xoxb-secret"), Policy{}))
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "elsewhere:"+r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
			return
		}
		_, _ = io.Copy(w, r.Body)
		_, _ = io.WriteString(w, " here:"+r.Header.Get("Authorization"))
	}))
	defer api.Close()
	at, err := url.Parse(api.URL)
	require.NoError(t, err)
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	client := &http.Client{Transport: v.Transport(slackBot, at.Host, Bearer, base)}
	do := func(url string) (string, *http.Request) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("body"))
		require.NoError(t, err)
		resp, err := client.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Empty(t, req.Header.Get("Authorization"))
		return string(b), resp.Request
	}
	got, seen := do(api.URL)
	require.Equal(t, "body here:Bearer xoxb-secret", got)
	require.Empty(t, seen.Header.Get("Authorization"), "nor does the response show it")
	got, _ = do(api.URL + "/away")
	require.Equal(t, "elsewhere:", got)
}

// closing notes that it was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func TestATransportDoesNotSendASecretInTheClear(t *testing.T) {
	t.Parallel()
	ctx := as(t, "alpha")
	v := open(t, NewMemory(), newKeeper(t), Options{})
	require.NoError(t, v.Put(ctx, slackBot, text("xoxb-secret"), Policy{}))
	tr := v.Transport(slackBot, "api.example.com", Bearer, nil)
	body := &closing{Reader: strings.NewReader("x")}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://API.example.com/", body)
	require.NoError(t, err)
	_, err = tr.RoundTrip(req)
	require.ErrorIs(t, err, ErrCleartext)
	require.True(t, body.closed)
	missing := v.Transport(Ref{Purpose: "no", ID: "such"}, "api.example.com", Bearer, nil)
	body = &closing{Reader: strings.NewReader("x")}
	req, err = http.NewRequestWithContext(ctx, http.MethodPost, "https://api.example.com/", body)
	require.NoError(t, err)
	_, err = missing.RoundTrip(req)
	require.ErrorIs(t, err, ErrNotFound)
	require.True(t, body.closed)
}
