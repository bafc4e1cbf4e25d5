package oidc_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/oidc"
	"github.com/stretchr/testify/require"
)

// site is what answers instead of a provider.
type site struct {
	asked  atomic.Int32
	status int
	body   []byte
	err    error
	takes  time.Duration
}

func (s *site) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked.Add(1)
	select {
	case <-time.After(s.takes):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: s.status, Body: io.NopCloser(bytes.NewReader(s.body)), Header: http.Header{"Location": {"https://evil.example/"}}, Request: r}, s.err
}

func fetched(t *testing.T) (*site, oidc.Keys) {
	t.Helper()
	s := &site{status: http.StatusOK, body: published()}
	keys, err := oidc.Fetch(issuer+"/jwks", &http.Client{Transport: s})
	require.NoError(t, err)
	return s, keys
}

func TestKeysAreFetchedWhenTheyAreNeededAndKeptForTenMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, keys := fetched(t)
		ctx := context.Background()
		require.EqualValues(t, 0, s.asked.Load())
		for range 10 {
			set, err := keys(ctx, "RS256")
			require.NoError(t, err)
			require.NotNil(t, set)
		}
		require.EqualValues(t, 1, s.asked.Load())
		time.Sleep(10*time.Minute - time.Second)
		_, err := keys(ctx, "RS256")
		require.NoError(t, err)
		require.EqualValues(t, 1, s.asked.Load())
		time.Sleep(time.Second)
		s.err = errors.New("down")
		_, err = keys(ctx, "RS256")
		require.Error(t, err, "old keys are no keys")
		require.EqualValues(t, 2, s.asked.Load())
		s.err = nil
		_, err = keys(ctx, "RS256")
		require.Error(t, err, "it was asked a moment ago")
		require.EqualValues(t, 2, s.asked.Load())
		time.Sleep(5 * time.Second)
		_, err = keys(ctx, "RS256")
		require.NoError(t, err)
	})
}

func TestANewKeyIsFetchedAndMadeUpIDsDoNotHammerTheProvider(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, keys := fetched(t)
		ctx := context.Background()
		_, err := keys(ctx, "RS256")
		require.NoError(t, err)
		for range 1000 {
			_, err := keys(ctx, "made up")
			require.NoError(t, err)
			time.Sleep(10 * time.Millisecond)
		}
		require.LessOrEqual(t, s.asked.Load(), int32(3), "once in five seconds")
		time.Sleep(5 * time.Second)
		s.err = errors.New("down")
		_, err = keys(ctx, "new")
		require.NoError(t, err, "the keys there are have not become old")
		s.err, s.body = nil, set(jwk("new", ecKey))
		time.Sleep(5 * time.Second)
		got, err := keys(ctx, "new")
		require.NoError(t, err)
		require.True(t, got.Has(key(t, ecKey)))
		require.False(t, got.Has(key(t, rsaKey)), "what is not published any more is not kept")
	})
}

func TestAnAnswerThatIsNoKeySetIsAnError(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*site){
		"status":   func(s *site) { s.status = http.StatusInternalServerError },
		"redirect": func(s *site) { s.status = http.StatusFound },
		"junk":     func(s *site) { s.body = []byte("<html>") },
		"long":     func(s *site) { s.body = append(s.body, bytes.Repeat([]byte(" "), 1<<20)...) },
		"slow":     func(s *site) { s.takes = 6 * time.Second },
		"down":     func(s *site) { s.err = errors.New("down") },
	} {
		synctest.Test(t, func(t *testing.T) {
			s, keys := fetched(t)
			change(s)
			_, err := keys(context.Background(), "RS256")
			require.Error(t, err, name)
			require.EqualValues(t, 1, s.asked.Load(), name)
		})
	}
	for _, address := range []string{"", "http://login.example.com/jwks", "file:///etc/passwd", "login.example.com", "https:///jwks", ":"} {
		_, err := oidc.Fetch(address, nil)
		require.Error(t, err, address)
	}
}

func TestWhoGivesUpWaitingForKeysSpoilsNothingForOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, keys := fetched(t)
		s.takes = 3 * time.Second
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		done := make(chan error, 3)
		go func() { _, err := keys(ctx, "RS256"); done <- err }()
		synctest.Wait()
		go func() { _, err := keys(context.Background(), "RS256"); done <- err }()
		go func() { _, err := keys(ctx, "RS256"); done <- err }()
		require.ErrorIs(t, <-done, context.DeadlineExceeded, "who waits for another's request")
		require.NoError(t, <-done)
		require.NoError(t, <-done)
		require.EqualValues(t, 1, s.asked.Load())
	})
}

func TestKeysComeOverTLS(t *testing.T) {
	t.Parallel()
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(published()) }))
	t.Cleanup(srv.Close)
	keys, err := oidc.Fetch(srv.URL, srv.Client())
	require.NoError(t, err)
	c := config()
	c.Keys = keys
	_, err = approve(t, c, sign(head("RS256"), answer(intent()), rsaKey))
	require.NoError(t, err)
	keys, err = oidc.Fetch(srv.URL, nil) // who does not know the certificate
	require.NoError(t, err)
	_, err = keys(context.Background(), "RS256")
	require.Error(t, err)
}
