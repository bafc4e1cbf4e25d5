package audit_test

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/audittest"
	"github.com/stretchr/testify/require"
)

// wide makes leaves of about 480 bytes by a request id that is long.
func wide(b *audittest.Book) {
	for i, l := range b.Leaves {
		at := bytes.LastIndexByte(l, '}')
		pad := strings.Repeat("x", max(0, 479-len(l)-len(`,"trace":""`)))
		b.Leaves[i] = append(append(bytes.Clone(l[:at]), `,"trace":"`+pad+`"`...), '}')
	}
	b.Rehash()
}

// BenchmarkVerify is events a second on one core: of events without erasable values, beside hashing their bytes
// and no more, and of events with six values each, which are all opened.
func BenchmarkVerify(b *testing.B) {
	const events = 1 << 15
	run := func(b *testing.B, p audittest.Plan) {
		h := audittest.NewHistory(1, p)
		h.Checkpoints = h.Checkpoints[len(h.Checkpoints)-1:]
		wide(&h.Book)
		h.Checkpoints = nil
		h.Sign(h.Signer(), len(h.Leaves), h.Policy.Now)
		bundle := h.Bundle()
		r := verify(b, bundle, h.Policy)
		require.Equal(b, audit.Unanchored, r.Verdict, r)
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			verify(b, bundle, h.Policy)
			n += len(h.Leaves)
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mevents/s")
	}
	b.Run("plain", func(b *testing.B) { run(b, audittest.Plan{Events: events, Plain: true}) })
	b.Run("six", func(b *testing.B) { run(b, audittest.Plan{Events: events, Six: true}) })
	b.Run("hash", func(b *testing.B) {
		leaf := make([]byte, 480)
		n := 0
		for b.Loop() {
			for range events {
				sha256.Sum256(leaf)
			}
			n += events
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mevents/s")
	})
}

func TestVerifyingAllocatesNothingForAnEvent(t *testing.T) {
	allocs := func(events int) float64 {
		h := audittest.NewHistory(1, audittest.Plan{Events: events, Six: true})
		h.Checkpoints = nil
		h.Sign(h.Signer(), len(h.Leaves), h.Policy.Now)
		bundle := h.Bundle()
		return testing.AllocsPerRun(2, func() { verify(t, bundle, h.Policy) })
	}
	few, more := allocs(512), allocs(2048)
	require.Less(t, (more-few)/(2048-512), 0.05, "there are a few each tile of 256, and none each event")
}
