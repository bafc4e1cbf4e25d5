package webhook_test

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/vault/webhook"
	"github.com/stretchr/testify/require"
)

func TestSeenIsAskedOfSignedDeliveriesOnly(t *testing.T) {
	t.Parallel()
	s := webhook.Secrets{Current: webhook.NewSecret()}
	asked := 0
	v := verifier(t, s, webhook.Options{MaxBody: 10, Seen: func(context.Context, webhook.Delivery) (bool, error) { asked++; return false, nil }})
	body := []byte("body")
	now := unixNow()
	sig := byHand(s.Current, "msg_1", now, body)
	old := time.Unix(1674087231, 0)
	stale := http.Header{}
	require.NoError(t, signer(t, s).Sign(stale, "msg_1", old, body))
	refused(t, v, http.Header{}, body, webhook.ErrMissingHeader)
	refused(t, v, headers("msg.1", now, byHand(s.Current, "msg.1", now, body)), body, webhook.ErrMalformed)
	refused(t, v, headers("msg_1", "+"+now, sig), body, webhook.ErrMalformed)
	refused(t, v, stale, body, webhook.ErrStale)
	refused(t, v, headers("msg_2", now, sig), body, webhook.ErrSignature)
	refused(t, v, headers("msg_1", now, sig), []byte("bodY"), webhook.ErrSignature)
	refused(t, v, headers("msg_1", now, byHand(webhook.NewSecret(), "msg_1", now, body)), body, webhook.ErrSignature)
	long := []byte(strings.Repeat("b", 11))
	refused(t, v, headers("msg_1", now, byHand(s.Current, "msg_1", now, long)), long, webhook.ErrTooLarge)
	require.Zero(t, asked)

	_, err := v.Verify(t.Context(), headers("msg_1", now, sig), body)
	require.NoError(t, err)
	require.Equal(t, 1, asked, "once")
}

func TestADeliveryThatCameBeforeIsRefusedAndAnotherAttemptIsNot(t *testing.T) {
	t.Parallel()
	s := webhook.Secrets{Current: webhook.NewSecret()}
	type key struct{}
	var mu sync.Mutex
	before := map[webhook.Delivery]bool{}
	v := verifier(t, s, webhook.Options{Seen: func(ctx context.Context, d webhook.Delivery) (bool, error) {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Value(key{}) != "of the request" {
			return false, errors.New("another context")
		}
		was := before[d]
		before[d] = true
		return was, nil
	}})
	ctx := context.WithValue(t.Context(), key{}, "of the request")
	body := []byte("body")
	at := time.Now().Truncate(time.Second)
	h := http.Header{}
	require.NoError(t, signer(t, s).Sign(h, "msg_1", at, body))
	d, err := v.Verify(ctx, h, body)
	require.NoError(t, err)
	require.Equal(t, webhook.Delivery{ID: "msg_1", Time: at}, d)
	_, err = v.Verify(ctx, h, body)
	only(t, err, webhook.ErrReplayed)

	require.NoError(t, signer(t, s).Sign(h, "msg_1", at.Add(time.Second), body))
	_, err = v.Verify(ctx, h, body)
	require.NoError(t, err, "the sender tries again")
}

func TestWhatCannotBeCheckedForAReplayIsRefused(t *testing.T) {
	t.Parallel()
	s := webhook.Secrets{Current: webhook.NewSecret()}
	down := errors.New("the store is down")
	body := []byte("body")
	for _, seen := range []bool{false, true} {
		for _, cause := range []error{down, context.DeadlineExceeded} {
			v := verifier(t, s, webhook.Options{Seen: func(context.Context, webhook.Delivery) (bool, error) { return seen, cause }})
			d, err := v.Verify(t.Context(), signed(t, s, "msg_1", body), body)
			only(t, err, webhook.ErrReplayUnknown)
			require.ErrorIs(t, err, cause)
			require.Zero(t, d)
			require.Equal(t, http.StatusServiceUnavailable, webhook.StatusCode(err))
		}
	}
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	s := webhook.Secrets{Current: webhook.NewSecret()}
	for _, o := range []webhook.Options{{Tolerance: -time.Minute}, {Tolerance: time.Millisecond}, {Tolerance: 25 * time.Hour}, {MaxBody: -1}} {
		_, err := webhook.NewVerifier(s, o)
		require.Error(t, err)
	}
}

func TestTheZeroSignerAndVerifierRefuse(t *testing.T) {
	t.Parallel()
	body := []byte("body")
	var v webhook.Verifier
	_, err := v.Verify(t.Context(), signed(t, webhook.Secrets{Current: webhook.NewSecret()}, "msg_1", body), body)
	require.Error(t, err)
	_, err = v.Verify(t.Context(), headers("msg_1", unixNow(), "v9,x"), nil)
	require.Error(t, err)
	h := http.Header{}
	only(t, new(webhook.Signer).Sign(h, "msg_1", time.Now(), body), webhook.ErrSecret)
	require.Empty(t, h)
}

func TestASignerSignsNothingThatAVerifierWouldRefuse(t *testing.T) {
	t.Parallel()
	s := signer(t, webhook.Secrets{Current: webhook.NewSecret()})
	h := headers("before", "1", "v1,before")
	for _, id := range []string{"", "a.b", "a b", "a\r\nHost: x", "é", strings.Repeat("a", 257)} {
		only(t, s.Sign(h, id, time.Now(), nil), webhook.ErrMalformed)
	}
	for _, at := range []time.Time{{}, time.Unix(0, 0), time.Unix(-1, 0), time.Unix(1e12, 0)} {
		only(t, s.Sign(h, "msg_1", at, nil), webhook.ErrMalformed)
	}
	require.Equal(t, headers("before", "1", "v1,before"), h, "and changes nothing")
	h.Add(webhook.HeaderSignature, "v1,another")
	require.NoError(t, s.Sign(h, "msg_1", time.Now(), nil))
	for _, values := range h {
		require.Len(t, values, 1, "what was there is replaced")
	}
}

func TestManyGoroutinesShareASignerAndAVerifier(t *testing.T) {
	t.Parallel()
	private, public := webhook.NewKeyPair()
	secret := webhook.NewSecret()
	s := signer(t, webhook.Secrets{Current: secret, Previous: private})
	vs := []*webhook.Verifier{verifier(t, webhook.Secrets{Current: secret}, webhook.Options{}), verifier(t, webhook.Secrets{Current: asSecret(public)}, webhook.Options{})}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			body := []byte(strings.Repeat(string(rune('a'+i)), 100*i))
			for range 50 {
				h := http.Header{}
				if err := s.Sign(h, "msg_1", time.Now(), body); err != nil {
					t.Error(err)
				}
				for _, v := range vs {
					if _, err := v.Verify(t.Context(), h, body); err != nil {
						t.Error(err)
					}
					if _, err := v.Verify(t.Context(), h, append(body, 'x')); !errors.Is(err, webhook.ErrSignature) {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestVerifyingAllocatesNothing(t *testing.T) {
	if raceDetector() {
		t.Skip("a sync.Pool forgets at random under the race detector")
	}
	s := webhook.Secrets{Current: webhook.NewSecret(), Previous: webhook.NewSecret()}
	v := verifier(t, s, webhook.Options{Seen: func(context.Context, webhook.Delivery) (bool, error) { return false, nil }})
	body := []byte(strings.Repeat("x", 1024))
	for name, by := range map[string]webhook.Secrets{"current": {Current: s.Current}, "previous": {Current: s.Previous}, "both": s} {
		h := signed(t, by, "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", body)
		require.Zero(t, testing.AllocsPerRun(200, func() {
			if _, err := v.Verify(context.Background(), h, body); err != nil {
				t.Error(err)
			}
		}), name)
	}
	forged := signed(t, webhook.Secrets{Current: webhook.NewSecret()}, "msg_1", body)
	require.Zero(t, testing.AllocsPerRun(200, func() { _, _ = v.Verify(context.Background(), forged, body) }), "nor does refusing")
}

func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return s.Value == "true"
		}
	}
	return false
}
