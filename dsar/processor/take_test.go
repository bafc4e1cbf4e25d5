package processor_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/processor"
	"github.com/bailiwick-dev/bailiwick/dsar/processor/processortest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

func TestAnExportCountsOnlyIfAllOfItCame(t *testing.T) {
	t.Parallel()
	data := bytes.Repeat([]byte("row\n"), 100_000)
	sum := sha256.Sum256(data)
	digest := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
	for _, c := range []struct {
		name   string
		answer func(n int, key string, w http.ResponseWriter, r *http.Request)
		want   processor.State
		why    string
	}{
		{"at once", func(_ int, key string, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(processor.HeaderKey, key)
			w.Header().Set("Content-Digest", digest)
			_, _ = w.Write(data)
		}, processor.Done, ""},
		{"with the digest behind", func(_ int, key string, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(processor.HeaderKey, key)
			w.Header().Set("Trailer", "Content-Digest")
			_, _ = w.Write(data)
			w.Header().Set("Content-Digest", digest)
		}, processor.Done, ""},
		{"without a digest", func(_ int, key string, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(processor.HeaderKey, key)
			_, _ = w.Write(data)
		}, processor.Unconfirmed, "digest"},
		{"cut short", func(_ int, key string, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(processor.HeaderKey, key)
			w.Header().Set("Content-Digest", digest)
			_, _ = w.Write(data[:len(data)-1])
		}, processor.Unconfirmed, "digest"},
		{"of another job", func(_ int, key string, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(processor.HeaderKey, key+"0")
			w.Header().Set("Content-Digest", digest)
			_, _ = w.Write(data)
		}, processor.Unconfirmed, "another job"},
		{"too much", func(_ int, key string, w http.ResponseWriter, r *http.Request) {
			w.Header().Set(processor.HeaderKey, key)
			for r.Context().Err() == nil {
				if _, err := w.Write(data); err != nil {
					return
				}
			}
		}, processor.Unconfirmed, "too large"},
		{"done, and nothing", func(_ int, key string, w http.ResponseWriter, _ *http.Request) { says(w, key, "done") }, processor.Unconfirmed, "empty"},
		{"nothing there", func(_ int, key string, w http.ResponseWriter, _ *http.Request) { says(w, key, "nothing") }, processor.Nothing, ""},
		{"later", func(n int, key string, w http.ResponseWriter, _ *http.Request) {
			if n == 0 {
				says(w, key, "accepted")
				return
			}
			w.Header().Set(processor.HeaderKey, key)
			w.Header().Set("Content-Digest", digest)
			_, _ = w.Write(data)
		}, processor.Accepted, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, f := inTenant(t), newFar(t, c.answer)
			s := setOf(t, hasty, f.webhook(t, func(o *processor.WebhookOptions) { o.MaxExport = int64(len(data)) }))
			var got bytes.Buffer
			into := func(name string) (io.Writer, error) {
				require.Equal(t, "mail", name)
				got.Reset()
				return &got, nil
			}
			calls, err := s.Export(ctx, job("r1"), into)
			require.NoError(t, err)
			require.Equal(t, c.want, calls[0].State)
			require.Equal(t, c.why, calls[0].Why)
			if c.want == processor.Accepted {
				require.NoError(t, s.Settle(ctx, "mail", calls[0].Key, processor.Outcome{State: processor.Done}))
				calls, err = s.Calls(ctx, "r1")
				require.NoError(t, err)
				require.Equal(t, processor.Accepted, calls[0].State, "that it is ready does not make it fetched")
				calls, err = s.Export(ctx, job("r1"), into)
				require.NoError(t, err)
				require.Equal(t, processor.Done, calls[0].State)
			}
			if calls[0].State == processor.Done {
				require.Equal(t, data, got.Bytes())
			}
		})
	}
}

var errFull = errors.New("disk full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAnExportThatCannotBeWrittenIsNotDone(t *testing.T) {
	t.Parallel()
	f := newFar(t, func(_ int, key string, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(processor.HeaderKey, key)
		_, _ = w.Write([]byte("data"))
	})
	s := setOf(t, hasty, f.webhook(t))
	calls, err := s.Export(inTenant(t), job("r1"), func(string) (io.Writer, error) { return full{}, nil })
	require.NoError(t, err)
	require.Equal(t, processor.Unconfirmed, calls[0].State)
	require.Equal(t, "writer", calls[0].Why)
}

// The same job has the same key in every process, and no other job has it.
func TestAJobHasOneKeyAtEachProcessor(t *testing.T) {
	t.Parallel()
	ctx := inTenant(t)
	key := func(request string, verb processor.Verb, name string) string {
		k, err := processor.Key(ctx, request, verb, name)
		require.NoError(t, err)
		require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, k)
		return k
	}
	seen := map[string]bool{}
	for _, request := range []string{"r1", "r2", "r1e"} {
		for _, verb := range []processor.Verb{processor.Erase, processor.Export} {
			for _, name := range []string{"mail", "visits"} {
				k := key(request, verb, name)
				require.False(t, seen[k])
				seen[k] = true
				require.Equal(t, k, key(request, verb, name))
			}
		}
	}
	other, err := processor.Key(inTenant(t), "r1", processor.Erase, "mail")
	require.NoError(t, err)
	require.False(t, seen[other], "another tenant's request of the same id")
	_, err = processor.Key(t.Context(), "r1", processor.Erase, "mail")
	require.Error(t, err, "no tenant")
}

func TestASetWithoutNamesOrTimesIsRefused(t *testing.T) {
	t.Parallel()
	f := newFar(t, nil)
	m := processor.NewMemory(nil)
	for _, c := range []struct {
		o  processor.Options
		st processor.Store
		ps []processor.Processor
	}{
		{st: m}, {ps: []processor.Processor{f.webhook(t)}},
		{st: m, ps: []processor.Processor{f.webhook(t), f.webhook(t)}},
		{st: m, ps: []processor.Processor{f.webhook(t)}, o: processor.Options{Try: -1}},
		{st: m, ps: []processor.Processor{f.webhook(t)}, o: processor.Options{First: time.Hour, Longest: time.Minute}},
	} {
		_, err := processor.NewSet(c.st, c.o, c.ps...)
		require.ErrorIs(t, err, processor.ErrOptions)
	}
	_, err := setOf(t, hasty, f.webhook(t)).Erase(inTenant(t), processor.Job{})
	require.ErrorIs(t, err, processor.ErrOptions)
}

func TestMemoryKeepsTheContractOfAStore(t *testing.T) {
	t.Parallel()
	processortest.Store(t, func(testing.TB) processor.Store { return processor.NewMemory(nil) }, func(testing.TB) tenancy.ID { return tenancy.NewID() })
}
