package audit_test

import (
	"os"
	"sync/atomic"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/audittest"
	"github.com/stretchr/testify/require"
)

// many is n, or all of them in a soak.
func many(n, all uint64) uint64 {
	if os.Getenv("BAILIWICK_SOAK") != "" {
		return all
	}
	return n
}

func TestEveryAttackIsReportedWhereItIs(t *testing.T) {
	t.Parallel()
	names := audittest.Attacks()
	rounds := many(3, 10_000/uint64(len(names))*2)
	var all atomic.Int64
	t.Cleanup(func() { t.Logf("%d attacks were made", all.Load()) })
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made := 0
			for seed := range rounds {
				h := audittest.NewHistory(seed, audittest.Plan{Events: 1 + int(seed*299%900), Rare: 25, Heads: seed%2 == 0})
				a := audittest.NewAttack(name, seed, h)
				if a == nil {
					continue
				}
				made++
				r := verify(t, a.Bundle, a.Policy)
				require.Empty(t, a.Found(r), "seed %d", seed)
				require.Empty(t, a.Astray(r), "seed %d", seed)
			}
			require.NotZero(t, made)
			all.Add(int64(made))
		})
	}
}

func TestAnHonestLogIsNotAccused(t *testing.T) {
	t.Parallel()
	histories := many(10, 1000)
	for seed := range histories {
		h := audittest.NewHistory(seed, audittest.Plan{Events: int(seed * 197 % 2000), Rare: 10 + int(seed%30), Heads: seed%2 == 0})
		p := h.Policy
		p.Trusted = [][]byte{h.Checkpoints[len(h.Checkpoints)-1].Note, h.Checkpoints[len(h.Checkpoints)/2].Note}
		if h.HeadsOrigin != "" {
			p.Trusted = append(p.Trusted, h.HeadsNote)
		}
		r := verify(t, h.Bundle(), p)
		require.Empty(t, r.Findings, "seed %d: %s", seed, r)
		require.Equal(t, uint64(len(h.Leaves)), r.AnchoredTo)
		if r.Size > 0 {
			require.Equal(t, audit.OK, r.Verdict)
		}
	}
	t.Logf("%d honest histories were verified", histories)
}

func TestALaterEventWithoutAProofIsReported(t *testing.T) {
	t.Parallel()
	h := audittest.NewHistory(1, audittest.Plan{Events: 10})
	for _, data := range [][]byte{nil, []byte("x"), h.Leaves[0]} {
		r := verify(t, audittest.Pack(append(h.Files(), audittest.File{Name: "later/10.leaf", Data: data})), h.Policy)
		require.Equal(t, map[string]int{audit.RuleMalformed: 1}, r.Count)
	}
}
