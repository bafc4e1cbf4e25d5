package finding_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/finding"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var rules = []finding.Rule{
	{ID: "TST001", Severity: finding.Error, Title: "row-level security is off", Remedy: "Enable it."},
	{ID: "TST002", Severity: finding.Warning, Title: "the tenant column may be null", Remedy: "Set it NOT NULL."},
	{ID: "TST003", Severity: finding.Info, Title: "one tenant dominates", Remedy: "Filter by tenant_id too."},
}

func sample() *finding.Report {
	found := []finding.Finding{
		{Rule: "TST003", Severity: finding.Info, Object: "public.note", Message: "one tenant has more than a tenth of the rows"},
		{Rule: "TST002", Severity: finding.Warning, Object: "public.note", Message: "column tenant_id may be null", Evidence: "attnotnull is false", Fix: "ALTER TABLE public.note ALTER COLUMN tenant_id SET NOT NULL;"},
		{Rule: "TST001", Severity: finding.Error, Object: "public.\"bad\x1b[2Jname\"", Message: "row-level security is off", Evidence: "first line\nsecond line", Fix: "ALTER TABLE a ENABLE ROW LEVEL SECURITY;\nALTER TABLE a FORCE ROW LEVEL SECURITY;"},
		{Rule: "TST001", Severity: finding.Error, Object: "public.legacy", Message: "row-level security is off"},
	}
	return finding.New("bailiwick/test", "shop", rules, found, []finding.Waiver{
		{Rule: "TST001", Object: "public.legacy", Reason: "empty, dropped with the next release", Until: now.AddDate(0, 1, 0)},
		{Rule: "TST009", Object: "*", Reason: "left over"},
	}, now)
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func TestAReportIsWrittenAsTextJSONAndSARIF(t *testing.T) {
	t.Parallel()
	r := sample()
	var text, js, sarif bytes.Buffer
	require.NoError(t, r.WriteText(&text))
	require.NoError(t, r.WriteJSON(&js))
	require.NoError(t, r.WriteSARIF(&sarif, "db/migrations"))
	golden(t, "report.txt", text.Bytes())
	golden(t, "report.json", js.Bytes())
	golden(t, "report.sarif", sarif.Bytes())
	require.NotContains(t, text.String(), "\x1b", "a name from the outside drives the terminal")
	require.Equal(t, text.String(), r.String())

	var back finding.Report
	require.NoError(t, json.Unmarshal(js.Bytes(), &back))
	require.Equal(t, r.Findings, back.Findings)
	require.Equal(t, r.Waived, back.Waived)
}

func TestErrCountsWhatIsUnwaivedAndBadEnough(t *testing.T) {
	t.Parallel()
	r := sample()
	var f *finding.Failure
	require.ErrorAs(t, r.Err(finding.Error), &f)
	require.Len(t, f.Findings, 1)
	require.ErrorAs(t, r.Err(finding.Warning), &f)
	require.Len(t, f.Findings, 3)
	require.Contains(t, f.Error(), "TST001")
	require.Contains(t, f.Error(), "and 2 more")

	info := finding.New("t", "x", rules, []finding.Finding{{Rule: "TST003", Severity: finding.Info}}, nil, now)
	require.NoError(t, info.Err(finding.Warning))
	require.Error(t, info.Err(finding.Info))
	require.NoError(t, finding.New("t", "x", rules, nil, nil, now).Err(finding.Info))
}

func TestAWaiverNeedsAReasonAndEnds(t *testing.T) {
	t.Parallel()
	found := []finding.Finding{{Rule: "TST001", Severity: finding.Error, Object: "public.note"}}
	for name, c := range map[string]struct {
		waiver finding.Waiver
		left   []string
	}{
		"holds":             {finding.Waiver{Rule: "TST001", Object: "public.note", Reason: "known"}, nil},
		"holds everywhere":  {finding.Waiver{Rule: "TST001", Object: "*", Reason: "known"}, nil},
		"holds until then":  {finding.Waiver{Rule: "TST001", Object: "public.note", Reason: "known", Until: now.Add(1)}, nil},
		"no reason":         {finding.Waiver{Rule: "TST001", Object: "public.note", Reason: " \t"}, []string{"TST001", "WVR001"}},
		"ends at that time": {finding.Waiver{Rule: "TST001", Object: "public.note", Reason: "known", Until: now}, []string{"TST001", "WVR002"}},
		"another rule":      {finding.Waiver{Rule: "TST002", Object: "public.note", Reason: "known"}, []string{"TST001", "WVR003"}},
		"another object":    {finding.Waiver{Rule: "TST001", Object: "public.notes", Reason: "known"}, []string{"TST001", "WVR003"}},
		"no object":         {finding.Waiver{Rule: "TST001", Reason: "known"}, []string{"TST001", "WVR003"}},
	} {
		r := finding.New("t", "x", rules, found, []finding.Waiver{c.waiver}, now)
		var left []string
		for _, f := range r.Findings {
			left = append(left, f.Rule)
		}
		require.Equal(t, c.left, left, name)
		require.Equal(t, c.left == nil, len(r.Waived) == 1, name)
	}
	r := finding.New("t", "x", rules, nil, []finding.Waiver{{Rule: "TST001", Object: "*", Reason: "r"}, {Rule: "WVR003", Object: "*", Reason: "r"}}, now)
	require.Len(t, r.Findings, 2, "a finding about a waiver was waived")
}

func TestFixGathersTheStatements(t *testing.T) {
	t.Parallel()
	fix := sample().Fix()
	require.Equal(t, 3, strings.Count(fix, "ALTER TABLE"))
	require.Less(t, strings.Index(fix, "TST001"), strings.Index(fix, "TST002"))
	require.NotContains(t, fix, "\x1b")
}

func TestSeverityReadsWhatItWrites(t *testing.T) {
	t.Parallel()
	for s := finding.Info; s <= finding.Error; s++ {
		b, err := s.MarshalText()
		require.NoError(t, err)
		var back finding.Severity
		require.NoError(t, back.UnmarshalText(b))
		require.Equal(t, s, back)
	}
	_, err := finding.Severity(0).MarshalText()
	require.Error(t, err)
	require.Error(t, new(finding.Severity).UnmarshalText([]byte("fatal")))
}

func TestAReasonHasSomethingToRead(t *testing.T) {
	t.Parallel()
	for _, reason := range []string{"", " \n", "\u200b", "-", "..."} {
		r := finding.New("t", "", rules, []finding.Finding{{Rule: "TST001", Severity: finding.Error, Object: "a"}},
			[]finding.Waiver{{Rule: "TST001", Object: "a", Reason: reason}}, now)
		require.Empty(t, r.Waived, "%q", reason)
	}
}

func TestNamesCannotDriveATerminalOrBreakSARIF(t *testing.T) {
	t.Parallel()
	r := finding.New("t", "", rules, []finding.Finding{{Rule: "TST001", Severity: finding.Error, Object: "a\x9b31m"}}, nil, now)
	require.NotContains(t, r.String(), "\x9b")
	var b bytes.Buffer
	require.NoError(t, r.WriteSARIF(&b, "my migrations/1.sql"))
	require.Contains(t, b.String(), `"uri": "my%20migrations/1.sql"`)
}
