package processor_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/processor"
	"github.com/bailiwick-dev/bailiwick/vault/webhook"
	"github.com/stretchr/testify/require"
)

// Pitfall: an external processor times out, says 200 and does nothing, or replies twice.
func TestAProcessorThatFailsIsUnconfirmedAndIsTriedAgainUnderOneKey(t *testing.T) {
	t.Parallel()
	flush := func(w http.ResponseWriter) { w.(http.Flusher).Flush() }
	for _, c := range []struct {
		fault  string
		answer func(n int, key string, w http.ResponseWriter, r *http.Request)
		want   processor.State
		why    string
		again  bool // it is tried again
		quick  bool // an attempt has little time
	}{
		{"no answer in time", func(_ int, _ string, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, processor.Unconfirmed, "timeout", true, true},
		{"a body that never ends", func(_ int, _ string, w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = w.Write([]byte(" "))
				flush(w)
				time.Sleep(time.Millisecond)
			}
		}, processor.Unconfirmed, "timeout", true, true},
		{"200 and nothing", func(int, string, http.ResponseWriter, *http.Request) {}, processor.Unconfirmed, "empty", false, false},
		{"204", func(_ int, _ string, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, processor.Unconfirmed, "empty", false, false},
		{"200 and a page", func(_ int, _ string, w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("<html>OK</html>"))
		}, processor.Unconfirmed, "answer", false, false},
		{"200 and an object of something else", func(_ int, _ string, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"ok":true}`)) }, processor.Unconfirmed, "answer", false, false},
		{"an outcome that there is not", func(_ int, key string, w http.ResponseWriter, _ *http.Request) { says(w, key, "deleted") }, processor.Unconfirmed, "answer", false, false},
		{"the answer to another job", func(_ int, key string, w http.ResponseWriter, _ *http.Request) { says(w, key+"0", "done") }, processor.Unconfirmed, "another job", false, false},
		{"500 for ever", func(_ int, key string, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			says(w, key, "done")
		}, processor.Unconfirmed, "status 500", true, false},
		{"a redirect", func(_ int, _ string, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, processor.Unconfirmed, "redirect", false, false},
		{"a huge body", func(_ int, _ string, w http.ResponseWriter, r *http.Request) {
			for line := strings.Repeat(" ", 64<<10); r.Context().Err() == nil; {
				if _, err := w.Write([]byte(line)); err != nil {
					return
				}
			}
		}, processor.Unconfirmed, "too large", false, false},
		{"half an answer", func(_ int, key string, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			says(w, key, "done")
		}, processor.Unconfirmed, "connection", true, false},
		{"a connection that breaks", func(int, string, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, processor.Unconfirmed, "connection", true, false},
		{"a no", func(_ int, _ string, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, processor.Refused, "status 403", false, false},
		{"a no in words", func(_ int, key string, w http.ResponseWriter, _ *http.Request) { says(w, key, "refused") }, processor.Refused, "", false, false},
		{"nothing there", func(_ int, key string, w http.ResponseWriter, _ *http.Request) { says(w, key, "nothing") }, processor.Nothing, "", false, false},
		{"later", func(_ int, key string, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			says(w, key, "accepted")
		}, processor.Accepted, "", false, false},
		{"500 twice, then done", func(n int, key string, w http.ResponseWriter, _ *http.Request) {
			if n < 2 {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			says(w, key, "done")
		}, processor.Done, "", true, false},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			ctx, f, o := inTenant(t), newFar(t, c.answer), hasty
			if c.quick {
				o.Try, o.For = 400*time.Millisecond, 600*time.Millisecond
			}
			if c.want == processor.Done {
				o.For = time.Minute
			}
			s := setOf(t, o, f.webhook(t))
			calls, err := s.Erase(ctx, job("r1"))
			require.NoError(t, err)
			require.Len(t, calls, 1)
			got := calls[0]
			require.Equal(t, c.want, got.State)
			require.Equal(t, c.why, got.Why)
			silent(t, calls, job("r1"))

			key, err := processor.Key(ctx, "r1", processor.Erase, "mail")
			require.NoError(t, err)
			ids, bodies := f.seen()
			require.True(t, c.quick || len(ids) > 0)
			for i := range ids {
				require.Equal(t, key, ids[i], "each attempt has the key of the job")
				require.Contains(t, bodies[i], address)
			}
			if c.again {
				require.Greater(t, got.Tries, 1)
				require.True(t, c.quick || len(ids) > 1)
			} else {
				require.Equal(t, 1, got.Tries)
				require.Len(t, ids, 1)
			}
			if c.want != processor.Unconfirmed {
				again, err := s.Erase(ctx, job("r1"))
				require.NoError(t, err)
				require.Equal(t, calls, again, "what has an answer is not sent again")
				after, _ := f.seen()
				require.Len(t, after, len(ids))
			}
		})
	}
}

func TestAnAnswerThatCountsTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	ctx := inTenant(t)
	f := newFar(t, func(_ int, key string, w http.ResponseWriter, _ *http.Request) { says(w, key, "accepted") })
	s := setOf(t, hasty, f.webhook(t))
	calls, err := s.Erase(ctx, job("r1"))
	require.NoError(t, err)
	key := calls[0].Key

	done := processor.Outcome{State: processor.Done, Records: 3, Evidence: "sha256:1"}
	require.NoError(t, s.Settle(ctx, "mail", key, done))
	first, err := s.Calls(ctx, "r1")
	require.NoError(t, err)
	require.Equal(t, processor.Done, first[0].State)
	for _, later := range []processor.Outcome{done, {State: processor.Done, Records: 4}, {State: processor.Accepted}, {State: processor.Unconfirmed}, {State: processor.Refused}, {State: processor.Nothing}} {
		require.NoError(t, s.Settle(ctx, "mail", key, later))
		now, err := s.Calls(ctx, "r1")
		require.NoError(t, err)
		require.Equal(t, first, now, "after %s", later.State)
	}
	require.ErrorIs(t, s.Settle(ctx, "other", key, done), processor.ErrNotFound)
	require.ErrorIs(t, s.Settle(ctx, "mail", "none", done), processor.ErrNotFound)
	require.ErrorIs(t, s.Settle(ctx, "mail", key, processor.Outcome{State: "erased"}), processor.ErrAnswer)
	require.ErrorIs(t, s.Settle(inTenant(t), "mail", key, done), processor.ErrNotFound, "another tenant has no such job")
}

func TestAnAnswerThatAnotherSignedIsUnconfirmed(t *testing.T) {
	t.Parallel()
	theirs, other := webhook.NewSecret(), webhook.NewSecret()
	verifier, err := webhook.NewVerifier(webhook.Secrets{Current: theirs}, webhook.Options{})
	require.NoError(t, err)
	verify := func(ctx context.Context, h http.Header, body []byte) error {
		_, err := verifier.Verify(ctx, h, body)
		return err
	}
	for _, c := range []struct {
		signs bool
		by    webhook.Secrets
		want  processor.State
	}{{false, webhook.Secrets{}, processor.Unconfirmed}, {true, webhook.Secrets{Current: other}, processor.Unconfirmed}, {true, webhook.Secrets{Current: theirs}, processor.Done}} {
		f := newFar(t, func(_ int, key string, w http.ResponseWriter, _ *http.Request) {
			var b strings.Builder
			says(&b, key, "done")
			if c.signs {
				signer, err := webhook.NewSigner(c.by)
				if err == nil {
					err = signer.Sign(w.Header(), "answer", time.Now(), []byte(b.String()))
				}
				if err != nil {
					w.WriteHeader(http.StatusTeapot)
				}
			}
			_, _ = w.Write([]byte(b.String()))
		})
		s := setOf(t, hasty, f.webhook(t, func(o *processor.WebhookOptions) { o.Verify = verify }))
		calls, err := s.Erase(inTenant(t), job("r1"))
		require.NoError(t, err)
		require.Equal(t, c.want, calls[0].State)
	}
}

func TestARequestIsSentAgainNoSoonerThanTheProcessorAsks(t *testing.T) {
	t.Parallel()
	ctx := inTenant(t)
	f := newFar(t, func(_ int, _ string, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	s := setOf(t, hasty, f.webhook(t))
	for range 3 {
		calls, err := s.Erase(ctx, job("r1"))
		require.NoError(t, err)
		require.Equal(t, processor.Unconfirmed, calls[0].State)
		require.Equal(t, 1, calls[0].Tries)
		require.Equal(t, 10*time.Minute, calls[0].Next.Sub(calls[0].Begun).Round(time.Minute))
	}
}

func TestOneProcessorThatHangsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	ctx := inTenant(t)
	hangs := newFar(t, func(_ int, _ string, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	good := newFar(t, func(_ int, key string, w http.ResponseWriter, _ *http.Request) { says(w, key, "done") })
	o := hasty
	o.Try, o.For = time.Second, time.Second
	s := setOf(t, o, hangs.webhook(t, func(o *processor.WebhookOptions) { o.Name = "a" }), good.webhook(t, func(o *processor.WebhookOptions) { o.Name = "b" }))
	calls, err := s.Erase(ctx, job("r1"))
	require.NoError(t, err)
	require.Equal(t, []processor.State{processor.Unconfirmed, processor.Done}, []processor.State{calls[0].State, calls[1].State})
	require.NotEqual(t, calls[0].Key, calls[1].Key)
}

// dying is a store that fails from its third write on, as for a process that died after it sent.
type dying struct {
	processor.Store
	writes atomic.Int64
}

var errDied = errors.New("died")

func (d *dying) Save(ctx context.Context, c processor.Call) error {
	if d.writes.Add(1) > 1 {
		return errDied
	}
	return d.Store.Save(ctx, c)
}

func TestACallThatWasLostWithItsProcessIsSentAgainUnderItsKey(t *testing.T) {
	t.Parallel()
	ctx, store := inTenant(t), processor.NewMemory(nil)
	f := newFar(t, func(_ int, key string, w http.ResponseWriter, _ *http.Request) { says(w, key, "done") })
	died, err := processor.NewSet(&dying{Store: store}, hasty, f.webhook(t))
	require.NoError(t, err)
	_, err = died.Erase(ctx, job("r1"))
	require.ErrorIs(t, err, errDied)
	next, err := processor.NewSet(store, hasty, f.webhook(t))
	require.NoError(t, err)
	calls, err := next.Calls(ctx, "r1")
	require.NoError(t, err)
	require.Equal(t, processor.Unconfirmed, calls[0].State, "it was sent, and what came of it was not written")
	require.Equal(t, 1, calls[0].Tries)
	calls, err = next.Erase(ctx, job("r1"))
	require.NoError(t, err)
	require.Equal(t, processor.Done, calls[0].State)
	ids, _ := f.seen()
	require.Len(t, ids, 2)
	require.Equal(t, ids[0], ids[1])
}

// What is not known is asked for later, without the person's data; what the processor has never heard of is sent again.
func TestWhatIsNotDecidedIsAskedForWithoutPersonalData(t *testing.T) {
	t.Parallel()
	ctx := inTenant(t)
	f := newFar(t, func(n int, key string, w http.ResponseWriter, _ *http.Request) {
		switch n {
		case 0: // does it, and says nothing
		case 1:
			says(w, key, "accepted")
		default:
			says(w, key, "done")
		}
	})
	s := setOf(t, hasty, f.webhook(t))
	calls, err := s.Erase(ctx, job("r1"))
	require.NoError(t, err)
	require.Equal(t, processor.Unconfirmed, calls[0].State)
	for _, want := range []processor.State{processor.Accepted, processor.Done, processor.Done} {
		calls, err = s.Check(ctx, "r1")
		require.NoError(t, err)
		require.Equal(t, want, calls[0].State)
	}
	ids, bodies := f.seen()
	require.Len(t, ids, 3, "what is done is not asked for")
	for i := 1; i < 3; i++ {
		require.NotContains(t, bodies[i], address)
		require.Contains(t, bodies[i], "dsar.status")
		require.Contains(t, bodies[i], calls[0].Key)
		require.NotEqual(t, ids[0], ids[i], "a receiver that keeps ids apart does not take it for the job")
	}
}

func TestWhatWasRefusedIsSentAgainOnceItIsReopened(t *testing.T) {
	t.Parallel()
	ctx := inTenant(t)
	f := newFar(t, func(n int, key string, w http.ResponseWriter, _ *http.Request) {
		if n == 0 {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		says(w, key, "done")
	})
	s := setOf(t, hasty, f.webhook(t))
	for range 2 {
		calls, err := s.Erase(ctx, job("r1"))
		require.NoError(t, err)
		require.Equal(t, processor.Refused, calls[0].State)
	}
	key, err := processor.Key(ctx, "r1", processor.Erase, "mail")
	require.NoError(t, err)
	require.NoError(t, s.Reopen(ctx, key))
	calls, err := s.Erase(ctx, job("r1"))
	require.NoError(t, err)
	require.Equal(t, processor.Done, calls[0].State)
	require.NoError(t, s.Reopen(ctx, key))
	calls, err = s.Calls(ctx, "r1")
	require.NoError(t, err)
	require.Equal(t, processor.Done, calls[0].State, "what is done is not reopened")
}
