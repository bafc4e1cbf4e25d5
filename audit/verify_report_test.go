package audit_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/audittest"
	"github.com/stretchr/testify/require"
)

// A log whose signing key was stolen: it was rewritten and signed again, and is then shown to a witness, which holds
// no other log than this one. A note from before, which somebody kept, knows the true one.
func TestAForkedLogIsNotSaidToBeAnchored(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		h := audittest.NewHistory(seed, audittest.Plan{Events: 400, Heads: true})
		a := audittest.NewAttack("rewrite and sign again, against a note", seed, h)
		w := newCosigner("witness.example/1", 1)
		v, err := audit.NewCosignatureVerifier(w.vkey())
		require.NoError(t, err)
		fs, err := audittest.Unpack(a.Bundle)
		require.NoError(t, err)
		for i := range fs { // the witness signs the newest checkpoint of the rewritten log
			if fs[i].Name == "checkpoints/400" {
				fs[i].Data = append(fs[i].Data, w.line(t, fs[i].Data)...)
			}
		}
		a.Policy.Witnesses = append(a.Policy.Witnesses, v)
		r := verify(t, audittest.Pack(fs), a.Policy)
		require.Empty(t, a.Found(r))
		require.LessOrEqual(t, r.AnchoredTo, a.Seq, "seed %d: %s", seed, r)
		require.Zero(t, r.AnchoredTo, "nobody outside vouches for less than the whole")
		require.NotContains(t, r.String(), "all anchored")
		require.Contains(t, r.String(), "nothing of it is vouched for")
	}
}

func TestATamperedLogIsSaidToBeAnchoredOnlyUpToWhereItWasTouched(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"edit an event", "change a value", "take a value away", "swap two events"} {
		h := audittest.NewHistory(3, audittest.Plan{Events: 600})
		h.Policy.Trusted = [][]byte{h.Checkpoints[len(h.Checkpoints)-1].Note}
		a := audittest.NewAttack(name, 3, h)
		r := verify(t, a.Bundle, a.Policy)
		require.Empty(t, a.Found(r))
		require.NotZero(t, a.Seq)
		require.Equal(t, a.Seq, r.AnchoredTo, name)
		require.NotContains(t, r.String(), "all anchored")
		require.Contains(t, r.String(), fmt.Sprintf("only the events below %d are vouched for", a.Seq), name)
	}
	h := audittest.NewHistory(3, audittest.Plan{Events: 600})
	h.Policy.Trusted = [][]byte{h.Checkpoints[len(h.Checkpoints)-1].Note}
	require.Contains(t, verify(t, h.Bundle(), h.Policy).String(), "all anchored")
}

func TestAReportOfABadlyDamagedLogIsShortAndCountsAll(t *testing.T) {
	t.Parallel()
	h := audittest.NewHistory(1, audittest.Plan{Events: 3000})
	for i := range h.Openings {
		if len(h.Openings[i][0].Data) > 0 {
			h.Openings[i] = nil
		}
	}
	r := verify(t, h.Bundle(), h.Policy)
	require.Equal(t, int(r.Fields), r.Count[audit.RuleErasure])
	require.Greater(t, r.Count[audit.RuleErasure], 5000)
	require.Len(t, r.Findings, 100)
	text := r.String()
	require.Less(t, len(text), 8<<10, text)
	require.Equal(t, 20, strings.Count(text, "is gone and nothing says"))
	require.Contains(t, text, fmt.Sprintf("AUD032: %d more", r.Count[audit.RuleErasure]-20))
}
