package finding_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/bailiwick-dev/bailiwick/internal/finding"
	"github.com/stretchr/testify/require"
)

// What SARIF 2.1.0 (section 3) requires of the parts that are written, and which properties its
// schema, which allows no others, knows for them.
var sarifShape = map[string]struct{ required, allowed []string }{
	"log":         {[]string{"version", "runs"}, []string{"version", "runs", "$schema"}},
	"run":         {[]string{"tool"}, []string{"tool", "results"}},
	"tool":        {[]string{"driver"}, []string{"driver"}},
	"driver":      {[]string{"name"}, []string{"name", "rules"}},
	"rule":        {[]string{"id"}, []string{"id", "shortDescription", "help", "defaultConfiguration"}},
	"config":      {nil, []string{"level"}},
	"message":     {[]string{"text"}, []string{"text"}},
	"result":      {[]string{"message", "ruleId"}, []string{"message", "ruleId", "ruleIndex", "level", "locations", "partialFingerprints", "suppressions", "properties"}},
	"location":    {nil, []string{"physicalLocation", "logicalLocations"}},
	"physical":    {[]string{"artifactLocation"}, []string{"artifactLocation"}},
	"logical":     {nil, []string{"fullyQualifiedName", "kind"}},
	"suppression": {[]string{"kind"}, []string{"kind", "status", "justification"}},
}

func shaped(t *testing.T, kind string, v any) map[string]any {
	t.Helper()
	o, ok := v.(map[string]any)
	require.True(t, ok, "%s is no object", kind)
	for _, p := range sarifShape[kind].required {
		require.Contains(t, o, p, kind)
	}
	for p := range o {
		require.Contains(t, sarifShape[kind].allowed, p, kind)
	}
	return o
}

func TestSARIFHasTheShapeOfTheStandard(t *testing.T) {
	t.Parallel()
	levels := []any{"none", "note", "warning", "error"}
	for _, r := range []*finding.Report{sample(), finding.New("bailiwick/test", "shop", nil, nil, nil, now)} {
		var b bytes.Buffer
		require.NoError(t, r.WriteSARIF(&b, ""))
		var v any
		require.NoError(t, json.Unmarshal(b.Bytes(), &v))
		log := shaped(t, "log", v)
		require.Equal(t, "2.1.0", log["version"])
		run := shaped(t, "run", log["runs"].([]any)[0])
		driver := shaped(t, "driver", shaped(t, "tool", run["tool"])["driver"])
		rules := driver["rules"].([]any)
		ids := map[string]bool{}
		for _, rule := range rules {
			o := shaped(t, "rule", rule)
			require.False(t, ids[o["id"].(string)], "rule ids are unique")
			ids[o["id"].(string)] = true
			shaped(t, "message", o["shortDescription"])
			shaped(t, "message", o["help"])
			require.Contains(t, levels, shaped(t, "config", o["defaultConfiguration"])["level"])
		}
		results := run["results"].([]any)
		require.Len(t, results, len(r.Findings)+len(r.Waived))
		suppressed := 0
		for _, res := range results {
			o := shaped(t, "result", res)
			require.NotEmpty(t, shaped(t, "message", o["message"])["text"])
			require.Contains(t, levels, o["level"])
			if i, ok := o["ruleIndex"].(float64); ok {
				require.Equal(t, o["ruleId"], rules[int(i)].(map[string]any)["id"])
			}
			for _, l := range o["locations"].([]any) {
				for _, ll := range shaped(t, "location", l)["logicalLocations"].([]any) {
					require.NotEmpty(t, shaped(t, "logical", ll)["fullyQualifiedName"])
				}
			}
			if s, ok := o["suppressions"]; ok {
				suppressed++
				require.Contains(t, []any{"inSource", "external"}, shaped(t, "suppression", s.([]any)[0])["kind"])
			}
		}
		require.Equal(t, len(r.Waived), suppressed)
	}
}
