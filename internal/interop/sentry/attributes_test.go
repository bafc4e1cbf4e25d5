package sentry

import (
	"fmt"
	"testing"

	"github.com/getsentry/sentry-go"
	"github.com/getsentry/sentry-go/attribute"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// scrubAttributes is the hook for the attributes of logs and metrics. Their values are of a type without exported fields,
// which Scrub empties because it can neither look into it nor replace what it holds: so they are made anew.
func scrubAttributes(r *redact.Redactor, attrs map[string]attribute.Value) map[string]attribute.Value {
	out := make(map[string]attribute.Value, len(attrs))
	for k, v := range attrs {
		for k, clean := range r.Any(map[string]any{k: v.AsInterface()}).(map[string]any) {
			switch clean := clean.(type) {
			case bool:
				out[k] = attribute.BoolValue(clean)
			case int64:
				out[k] = attribute.Int64Value(clean)
			case float64:
				out[k] = attribute.Float64Value(clean)
			default:
				out[k] = attribute.StringValue(fmt.Sprint(clean))
			}
		}
	}
	return out
}

func scrubLog(r *redact.Redactor) func(*sentry.Log) *sentry.Log {
	return func(l *sentry.Log) *sentry.Log {
		l.Body, l.Attributes = r.String(l.Body), scrubAttributes(r, l.Attributes)
		return l
	}
}

func scrubMetric(r *redact.Redactor) func(*sentry.Metric) *sentry.Metric {
	return func(m *sentry.Metric) *sentry.Metric {
		m.Name, m.Attributes = r.String(m.Name), scrubAttributes(r, m.Attributes)
		return m
	}
}

// The one line of Scrub is safe for logs too, but leaves nothing of their attributes.
func TestScrubOfALogLeavesItsBodyAndNothingOfItsAttributes(t *testing.T) {
	t.Parallel()
	l := sentry.Log{Body: "password=" + word, Attributes: map[string]attribute.Value{"note": attribute.StringValue(word)}}
	require.NoError(t, redact.Scrub(redact.Default(), &l))
	require.Equal(t, "password=[redacted:credential]", l.Body)
	require.Equal(t, map[string]attribute.Value{"note": {}}, l.Attributes)
}
