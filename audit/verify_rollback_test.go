package audit_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/audittest"
	"github.com/stretchr/testify/require"
)

// cutAt leaves the history as it was at the checkpoint k, and returns the newest checkpoint.
func cutAt(h *audittest.History, k int) (newest []byte) {
	newest = h.Checkpoints[len(h.Checkpoints)-1].Note
	size := h.Checkpoints[k].Size
	h.Checkpoints, h.Leaves, h.Openings, h.Hashes = h.Checkpoints[:k+1], h.Leaves[:size], h.Openings[:size], h.Hashes[:size]
	return newest
}

// Who cuts a log off must not be able to say that the note which tells is one of another kind of log.
func TestANoteOfTheLogCannotBePassedOffAsOneOfTheHeads(t *testing.T) {
	t.Parallel()
	h := audittest.NewHistory(3, audittest.Plan{Events: 600})
	held := cutAt(h, len(h.Checkpoints)-2)
	h.HeadsOrigin, h.HeadsNote = h.Origin, held
	p := h.Policy
	p.Trusted = [][]byte{held}
	r := verify(t, h.Bundle(), p)
	require.Equal(t, audit.Tampered, r.Verdict, r)
	require.NotZero(t, r.Count[audit.RuleMalformed])
}

// The log of heads is signed every minute, whatever becomes of one tenant's log.
func TestAFreshHeadOfHeadsDoesNotHideThatALogStopped(t *testing.T) {
	t.Parallel()
	h := audittest.NewHistory(3, audittest.Plan{Events: 600, Heads: true})
	cutAt(h, 1)
	h.SignHeads(h.Policy.Now, h.Signer())
	p := h.Policy
	p.MaxAge = time.Hour
	r := verify(t, h.Bundle(), p)
	require.Equal(t, map[string]int{audit.RuleTooOld: 1}, r.Count)
	require.Equal(t, audit.Tampered, r.Verdict)
}

func TestEventsOfTheLogThatNoneWritesAreBad(t *testing.T) {
	t.Parallel()
	h := audittest.NewHistory(3, audittest.Plan{Events: 10})
	id := slices.Repeat([]byte("m"), 129)
	h.Own("audit.hold_placed", map[string]any{"hold": string(id), "scope": "all", "reason": "r"})
	h.Checkpoint()
	require.Equal(t, map[string]int{audit.RuleBadErasure: 1}, verify(t, h.Bundle(), h.Policy).Count)
}

func TestMoreHoldsThanAVerifierKeepsInMindEndIt(t *testing.T) {
	t.Parallel()
	h := audittest.NewHistory(3, audittest.Plan{Events: 1})
	for i := range 1<<12 + 1 {
		h.Own("audit.hold_placed", map[string]any{"hold": fmt.Sprint(i), "scope": "all", "reason": "r"})
	}
	h.Checkpoint()
	_, err := audit.Verify(t.Context(), bytes.NewReader(h.Bundle()), h.Policy)
	require.ErrorContains(t, err, "holds")
}
