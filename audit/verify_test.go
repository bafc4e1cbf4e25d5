package audit_test

import (
	"bytes"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/audittest"
	"github.com/stretchr/testify/require"
)

func verify(tb testing.TB, bundle []byte, p audit.Policy) *audit.Report {
	tb.Helper()
	r, err := audit.Verify(tb.Context(), bytes.NewReader(bundle), p)
	require.NoError(tb, err)
	return r
}

func TestAReportCountsWhatItSaw(t *testing.T) {
	t.Parallel()
	h := audittest.NewHistory(7, audittest.Plan{Events: 3000, Rare: 30, Heads: true})
	r := verify(t, h.Bundle(), h.Policy)
	require.Equal(t, audit.Unanchored, r.Verdict)
	require.Equal(t, h.Pruned, r.Pruned)
	require.NotZero(t, r.Pruned)
	require.NotZero(t, r.Erased)
	require.Equal(t, uint64(len(h.Leaves)), r.Size)
	require.Equal(t, r.Size, r.Events+r.Pruned)
	require.Equal(t, r.Fields, r.Opened+r.Erased)
	require.Equal(t, "acme", r.Tenant.String())
	require.Contains(t, r.String(), "unanchored from event 0")
}
