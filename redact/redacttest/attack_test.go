package redacttest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/redact/redacttest"
)

func TestNoCanaryComesOutOfARedactedLog(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]func(io.Writer) slog.Handler{
		"json": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
		"text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := redacttest.Logger(t, func(w io.Writer) *slog.Logger { return slog.New(redact.Default().Handler(h(w))) })
			require.GreaterOrEqual(t, len(r.Positions), 40)
			require.GreaterOrEqual(t, len(redacttest.Forms()), 12)
			require.Equal(t, len(r.Positions)*len(redacttest.Forms()), r.Cells)
		})
	}
}

func TestNoCanaryComesOutOfARedactedError(t *testing.T) {
	t.Parallel()
	redacttest.Reporter(t, func(w io.Writer) func(error) {
		return func(err error) {
			err = redact.Default().Error(err)
			_, _ = fmt.Fprintf(w, "%v\n%+v\n%#v\n%q\n", err, err, err, err)
			for ; err != nil; err = errors.Unwrap(err) {
				_, _ = fmt.Fprintln(w, err)
			}
		}
	})
}

func TestNoCanaryComesOutOfARedactedValue(t *testing.T) {
	t.Parallel()
	redacttest.Values(t, func(w io.Writer) func(any) {
		return func(v any) {
			_, _ = fmt.Fprintf(w, "%v\n%+v\n%#v", redact.Default().Any(v), redact.Default().Any(v), redact.Default().Any(v))
		}
	})
	redacttest.Values(t, func(w io.Writer) func(any) {
		return func(v any) {
			v = redact.Default().Any(v)
			if json.NewEncoder(w).Encode(v) != nil {
				_, _ = fmt.Fprint(w, v)
			}
		}
	})
}

func TestNoCanaryComesOutOfARedactedExchange(t *testing.T) {
	t.Parallel()
	redacttest.Handler(t, func(log io.Writer) http.Handler {
		write := func(e redact.Exchange) { _, _ = fmt.Fprintf(log, "%+v\n%s\n%s\n", e, e.RequestBody, e.ResponseBody) }
		return redact.Default().Middleware(write)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusNoContent)
		}))
	})
}

// recorder is a TB that fails no test.
type recorder struct{ errors []string }

func (*recorder) Helper()             {}
func (*recorder) Logf(string, ...any) {}
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

// A kit whose canaries do not reach an output that is not redacted proves nothing.
func TestEveryPositionAndEveryFormLeaksWhereNothingIsRedacted(t *testing.T) {
	t.Parallel()
	dump := func(w io.Writer) func(any) {
		return func(v any) {
			_ = json.NewEncoder(w).Encode(v)
			_, _ = fmt.Fprintf(w, "%+v %#v", v, v.(map[string]any)["note"])
		}
	}
	var rec recorder
	for name, reports := range map[string][]*redacttest.Report{
		"Logger": {
			redacttest.Logger(&rec, func(w io.Writer) *slog.Logger { return slog.New(slog.NewJSONHandler(w, nil)) }),
			redacttest.Logger(&rec, func(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }),
		},
		"Reporter": {redacttest.Reporter(&rec, func(w io.Writer) func(error) { return func(err error) { _, _ = fmt.Fprint(w, err) } })},
		"Values":   {redacttest.Values(&rec, dump)},
		"Handler": {redacttest.Handler(&rec, func(log io.Writer) http.Handler {
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				_, _ = fmt.Fprintln(log, r.URL, r.Header, r.Trailer, string(body))
			})
		})},
	} {
		leaks := map[string]int{}
		for _, r := range reports {
			for _, s := range r.Survivors {
				leaks[s.Position]++
				leaks["form "+s.Form]++
				require.NotEmpty(t, s.How)
				require.NotEmpty(t, s.Output)
			}
		}
		for _, f := range redacttest.Forms() {
			require.NotZero(t, leaks["form "+f], "%s: %s", name, f)
		}
		for _, p := range reports[0].Positions {
			if !strings.HasSuffix(p, "sync-map") && !strings.HasSuffix(p, "atomic-pointer") { // no usual printer follows these
				require.NotZero(t, leaks[p], "%s: %s", name, p)
			}
		}
	}
	require.NotEmpty(t, rec.errors)
}

// The usual filter by key hides what has the key, and nothing else.
func TestAFilterByKeyIsSeenThrough(t *testing.T) {
	t.Parallel()
	var rec recorder
	r := redacttest.Logger(&rec, func(w io.Writer) *slog.Logger {
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == "password" {
				return slog.String(a.Key, "***")
			}
			return a
		}}))
	})
	seen := map[string]bool{}
	for _, s := range r.Survivors {
		seen[s.Position] = true
	}
	require.False(t, seen["attr-sensitive-name"])
	for _, p := range []string{"message", "group-sensitive-name", "within-sensitive-group", "attr-map-sensitive-key", "attr-struct", "with"} {
		require.True(t, seen[p], p)
	}
}

func TestALogThatLosesItsLinesIsNoProof(t *testing.T) {
	t.Parallel()
	var rec recorder
	r := redacttest.Logger(&rec, func(io.Writer) *slog.Logger { return slog.New(slog.DiscardHandler) })
	require.Empty(t, r.Survivors)
	require.Len(t, r.Silent, r.Cells)
	require.Len(t, rec.errors, 1)
	require.Contains(t, rec.errors[0], "silence proves nothing")
}

func TestWhatIsExceptedExistsAndIsNotTried(t *testing.T) {
	t.Parallel()
	var rec recorder
	open := func(w io.Writer) func(error) { return func(err error) { _, _ = fmt.Fprint(w, err) } }
	all := redacttest.Reporter(&rec, open)
	rec.errors = nil
	some := redacttest.Reporter(&rec, open, "error-plain", "error-url/card", "*/iban", "nowhere", "error-url/nothing")
	n := len(redacttest.Forms())
	require.Equal(t, all.Cells-n-1-(len(all.Positions)-1), some.Cells)
	text := strings.Join(rec.errors, "\n")
	require.Contains(t, text, `no "nowhere"`)
	require.Contains(t, text, `no "error-url/nothing"`)
	require.NotContains(t, text, "error-plain:")
}

// Applications import the kit in their own tests: it must not choose their test library.
func TestTheKitBringsNoTestLibrary(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	require.NoError(t, err)
	require.Equal(t, "github.com/bailiwick-dev/bailiwick/redact/redacttest", strings.TrimSpace(string(out)))
}
