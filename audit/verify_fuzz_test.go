package audit_test

import (
	"bytes"
	"io"
	"runtime"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/audittest"
	"github.com/stretchr/testify/require"
)

// FuzzVerify changes bundles: whatever comes, there is a report, and it takes no more memory than a bundle may.
func FuzzVerify(f *testing.F) {
	var p audit.Policy
	for seed := range uint64(3) {
		h := audittest.NewHistory(seed, audittest.Plan{Events: int(seed) * 130, Rare: 10, Heads: seed == 2})
		p = h.Policy
		f.Add(h.Bundle())
	}
	f.Add([]byte{})
	f.Add(make([]byte, 1024))
	f.Fuzz(func(t *testing.T, bundle []byte) {
		r, err := audit.Verify(t.Context(), bytes.NewReader(bundle), p)
		require.NoError(t, err)
		_ = r.String()
		require.NoError(t, r.WriteJSON(io.Discard))
	})
}

// FuzzVerifyFiles changes one file of a bundle, so that what is in a tar stream is reached.
func FuzzVerifyFiles(f *testing.F) {
	h := audittest.NewHistory(2, audittest.Plan{Events: 300, Rare: 15, Heads: true})
	files := h.Files()
	for i, file := range files {
		f.Add(uint16(i), file.Data)
	}
	f.Fuzz(func(t *testing.T, at uint16, data []byte) {
		fs := append([]audittest.File(nil), files...)
		i := int(at) % len(fs)
		same := bytes.Equal(fs[i].Data, data)
		fs[i].Data = data
		r, err := audit.Verify(t.Context(), bytes.NewReader(audittest.Pack(fs)), h.Policy)
		require.NoError(t, err)
		if same {
			require.Equal(t, audit.Unanchored, r.Verdict)
		}
	})
}

// endless claims files of the size of a disk, and never sends them.
func TestAClaimOfTerabytesTakesNoMemory(t *testing.T) {
	h := audittest.NewHistory(2, audittest.Plan{Events: 600, Heads: true})
	good := h.Bundle()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	rounds := 0
	for at := 0; at+512 <= len(good); {
		size := 0
		for _, c := range good[at+124 : at+135] {
			size = size<<3 | int(c-'0')
		}
		bad := bytes.Clone(good[:at+512])
		copy(bad[at+124:at+135], "77777777777")
		copy(bad[at+148:at+156], "        ")
		sum := 0
		for _, c := range bad[at : at+512] {
			sum += int(c)
		}
		copy(bad[at+148:], []byte{byte('0' + sum>>15&7), byte('0' + sum>>12&7), byte('0' + sum>>9&7), byte('0' + sum>>6&7), byte('0' + sum>>3&7), byte('0' + sum&7), 0, ' '})
		require.Equal(t, audit.Tampered, verify(t, bad, h.Policy).Verdict)
		rounds++
		at += 512 + (size+511)/512*512
		if at+512 <= len(good) && good[at] == 0 {
			break
		}
	}
	runtime.ReadMemStats(&after)
	require.Greater(t, rounds, 8)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(rounds)*(8<<20))
}

func TestAManifestOfAnEndlessLogIsReadInNoTime(t *testing.T) {
	t.Parallel()
	h := audittest.NewHistory(2, audittest.Plan{Events: 10})
	fs := h.Files()
	fs[0].Data = bytes.Replace(fs[0].Data, []byte(`"size":10`), []byte(`"size":4611686018427387903`), 1)
	r := verify(t, audittest.Pack(fs), h.Policy)
	require.Equal(t, audit.Tampered, r.Verdict)
	require.NotZero(t, r.Count[audit.RuleIncomplete])
}
