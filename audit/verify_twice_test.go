package audit_test

import (
	"bytes"
	"io"
	"os"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/audittest"
	"github.com/stretchr/testify/require"
)

// again puts an event into the log, and under its signature, that has the id of the one at seq.
func again(h *audittest.History, seq int) (at uint64) {
	leaf := bytes.Replace(h.Leaves[seq], []byte(`"outcome":"success"`), []byte(`"outcome":"failure"`), 1)
	leaf = append(bytes.Split(leaf, []byte(`,"personal"`))[0], '}') // nothing that would have to be opened
	leaf = bytes.Replace(leaf, []byte(`}}`), []byte(`}`), 1)
	h.Add(leaf)
	return uint64(len(h.Leaves) - 1)
}

func TestAnIDThatIsInTheLogTwiceIsReportedWhereAsked(t *testing.T) {
	t.Parallel()
	h := audittest.NewHistory(5, audittest.Plan{Events: 3000})
	honest := h.Bundle()
	p := h.Policy
	p.Unique = true
	r := verify(t, honest, p)
	require.Empty(t, r.Findings, r)

	at := []uint64{again(h, 100), again(h, 2000), again(h, 100)}
	h.Checkpoint()
	forged := h.Bundle()
	require.Zero(t, verify(t, forged, h.Policy).Count[audit.RuleTwice], "it is signed, and nobody asked")
	r = verify(t, forged, p)
	require.Equal(t, map[string]int{audit.RuleTwice: 3, audit.RuleTime: 3}, r.Count, r)
	require.Equal(t, audit.Tampered, r.Verdict)
	said := map[uint64]string{}
	for _, f := range r.Findings {
		if f.Rule == audit.RuleTwice {
			said[f.Seq] = f.Message
		}
	}
	require.Equal(t, map[uint64]string{at[0]: "the event at 100 has the same id", at[1]: "the event at 2000 has the same id",
		at[2]: "the event at 100 has the same id"}, said)

	// A bundle within a file, and one that cannot be read again.
	f, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer f.Close()
	_, err = f.WriteString("before")
	require.NoError(t, err)
	_, err = f.Write(forged)
	require.NoError(t, err)
	_, err = f.Seek(6, io.SeekStart)
	require.NoError(t, err)
	r, err = audit.Verify(t.Context(), f, p)
	require.NoError(t, err)
	require.Equal(t, 3, r.Count[audit.RuleTwice])
	_, err = audit.Verify(t.Context(), io.MultiReader(bytes.NewReader(forged)), p)
	require.ErrorContains(t, err, "read again")
	for _, cut := range []int{0, 600, len(forged) / 2, len(forged) - 10} { // it ends, and finds what there is
		_, err = audit.Verify(t.Context(), bytes.NewReader(forged[:cut]), p)
		require.NoError(t, err)
	}
}
