package tenancy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"testing"
	"testing/slogtest"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// logged returns what was written to buf, a record a line.
func logged(t require.TestingT, buf *bytes.Buffer) (out []map[string]any) {
	for dec := json.NewDecoder(buf); dec.More(); {
		var m map[string]any
		require.NoError(t, dec.Decode(&m))
		out = append(out, m)
	}
	return out
}

func TestLogHandlerIsAProperHandler(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	require.NoError(t, slogtest.TestHandler(tenancy.LogHandler(slog.NewJSONHandler(&buf, nil)), func() []map[string]any { return logged(t, &buf) }))
}

func TestLogRecordsNameTheTenantOutsideGroups(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	log := slog.New(tenancy.LogHandler(slog.NewJSONHandler(&buf, nil)))
	ctx := tenancy.With(t.Context(), acme)
	log.InfoContext(ctx, "one", "k", 1)
	grouped := log.With("a", 1).WithGroup("g").With("b", 2).WithGroup("h")
	grouped.InfoContext(ctx, "two", "c", 3)
	grouped.With("d", 4).InfoContext(tenancy.Switch(ctx, globex), "three")
	grouped.InfoContext(t.Context(), "four", "c", 3)
	log.InfoContext(tenancy.With(ctx, globex), "five")
	got := logged(t, &buf)
	for _, m := range got {
		delete(m, "time")
		delete(m, "level")
	}
	require.Equal(t, []map[string]any{
		{"msg": "one", "tenant": "acme", "k": 1.},
		{"msg": "two", "tenant": "acme", "a": 1., "g": map[string]any{"b": 2., "h": map[string]any{"c": 3.}}},
		{"msg": "three", "tenant": "globex", "a": 1., "g": map[string]any{"b": 2., "h": map[string]any{"d": 4.}}},
		{"msg": "four", "a": 1., "g": map[string]any{"b": 2., "h": map[string]any{"c": 3.}}},
		{"msg": "five"},
	}, got)
}

func TestCacheKeysOfTenantsNeverCollide(t *testing.T) {
	t.Parallel()
	_, err := tenancy.CacheKey(t.Context(), "a")
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	rapid.Check(t, func(t *rapid.T) {
		type input struct {
			id    tenancy.ID
			parts []string
		}
		draw := func(label string) (input, string) {
			in := input{tenancy.MustParseID(rapid.StringMatching(`[a1][a1_-]{0,3}`).Draw(t, label)),
				rapid.SliceOfN(rapid.StringMatching(`[a1:/]{0,4}`), 0, 3).Draw(t, label+" parts")}
			key, err := tenancy.CacheKey(tenancy.With(context.Background(), in.id), in.parts...)
			require.NoError(t, err)
			if in.parts == nil {
				in.parts = []string{}
			}
			return in, key
		}
		a, keyA := draw("a")
		b, keyB := draw("b")
		require.Equal(t, a.id == b.id && slices.Equal(a.parts, b.parts), keyA == keyB)
		for i := range keyA { // a part that is written like the parts of another key
			forged := []string{keyA[i:]}
			if key, _ := tenancy.CacheKey(tenancy.With(context.Background(), a.id), forged...); !slices.Equal(forged, a.parts) {
				require.NotEqual(t, keyA, key)
			}
		}
	})
}
