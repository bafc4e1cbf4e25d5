package sentry

import (
	"encoding/json"
	"testing"

	"github.com/getsentry/sentry-go"
	"github.com/getsentry/sentry-go/attribute"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// The values of attributes have no exported fields: they are read, kept when clean and made anew when not.
func TestTheHookOfLogsKeepsCleanAttributesAndReplacesTheOthers(t *testing.T) {
	t.Parallel()
	attrs := func() map[string]attribute.Value {
		return map[string]attribute.Value{"n": attribute.Int64Value(7), "share": attribute.Float64Value(0.25), "ok": attribute.BoolValue(true),
			"note": attribute.StringValue("the train was late"), "notes": attribute.StringSliceValue([]string{"a", "b"}),
			"said": attribute.StringValue("failed password=" + word), "password": attribute.StringValue(word), "tokens": attribute.Int64Value(90210),
			"words": attribute.StringSliceValue([]string{"a", "password=" + word})}
	}
	want := attrs()
	want["said"] = attribute.StringValue("failed password=[redacted:credential]")
	want["password"] = attribute.StringValue("[redacted:credential]")
	want["words"] = attribute.StringValue("a, password=[redacted:credential]")

	l := redact.HookOf[sentry.Log](redact.Default(), attribute.StringValue)(&sentry.Log{Body: "password=" + word, Attributes: attrs()})
	require.Equal(t, "password=[redacted:credential]", l.Body)
	require.Equal(t, want, l.Attributes)

	for _, name := range []string{"logins", "llm.tokens", "auth.token.refreshed"} {
		for _, n := range []sentry.MetricValue{sentry.Int64MetricValue(90210), sentry.Float64MetricValue(0.25), sentry.Float64MetricValue(-1e300)} {
			m := redact.HookOf[sentry.Metric](redact.Default(), attribute.StringValue)(&sentry.Metric{Name: name, Value: n, Attributes: attrs()})
			require.Equal(t, name, m.Name)
			require.Equal(t, n, m.Value, name)
			require.Equal(t, want, m.Attributes)
		}
	}
}

// Without a function that makes values, what is sensitive is lost and the rest is kept.
func TestScrubOfALogEmptiesSensitiveAttributesOnly(t *testing.T) {
	t.Parallel()
	l := sentry.Log{Attributes: map[string]attribute.Value{"note": attribute.StringValue("late"), "said": attribute.StringValue("password=" + word)}}
	require.NoError(t, redact.Scrub(redact.Default(), &l))
	require.Equal(t, map[string]attribute.Value{"note": attribute.StringValue("late"), "said": {}}, l.Attributes)
	b, err := json.Marshal(l)
	require.NoError(t, err)
	clean(t, string(b))
}
