package audit_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/audit/audittest"
	"github.com/stretchr/testify/require"
)

// harmless tells why a changed byte of a file makes no difference, "" if it would.
//
//   - The subject of an opening is a pseudonym, which serves to find events and says nothing about them. It is a
//     keyed hash of what a verifier does not have. (Where it breaks the order of openings it is found.)
//   - So is all of an opening that holds no values, which says under whom an event is found: not what is in it.
//   - The first byte of an opening says whether it is sealed. A plain one that is passed off as sealed is reported
//     as not opened, and the verdict is not OK.
//   - No other byte of leaves, openings, tiles, notes and proofs, nor of the tar stream, is free.
func harmless(name string, at int, data []byte) string {
	if !strings.HasPrefix(name, "openings/") {
		return ""
	}
	for i := 0; i < len(data); {
		start := i
		i++ // the offset has two bytes from 128 on
		if data[i-1] >= 0x80 {
			i++
		}
		if at >= i && at < i+16 {
			return "the pseudonym of an opening is of the index only"
		}
		i += 16
		if data[i] == 0 && at >= start && at < i-16 {
			return "an opening that is empty is of the index only, wherever it points"
		}
		size, w := int(data[i]), 1
		if size >= 0x80 {
			size, w = size&0x7f|int(data[i+1])<<7, 2
		}
		i += w + size
	}
	return ""
}

func TestEveryByteOfABundleCounts(t *testing.T) {
	t.Parallel()
	h := audittest.NewHistory(3, audittest.Plan{Events: 300, Rare: 40, Heads: true})
	p := h.Policy
	p.Trusted = [][]byte{h.Checkpoints[len(h.Checkpoints)-1].Note}
	good := h.Bundle()
	require.Equal(t, audit.OK, verify(t, good, p).Verdict)

	// Where the content of each file lies.
	type span struct {
		name     string
		from, to int
	}
	var spans []span
	at := 0
	for _, f := range h.Files() {
		spans = append(spans, span{f.Name, at + 512, at + 512 + len(f.Data)})
		at += 512 + (len(f.Data)+511)/512*512
	}
	step := int(many(1999, 1))
	excused := map[string]int{}
	bad := bytes.Clone(good)
	for i := 0; i < len(good); i += step {
		bad[i] ^= 1 << (i % 8)
		if r := verify(t, bad, p); r.Verdict != audit.Tampered {
			why, in := "", "a header or the padding"
			for _, s := range spans {
				if i >= s.from && i < s.to {
					why, in = harmless(s.name, i-s.from, good[s.from:s.to]), s.name
				}
			}
			if r.Verdict != audit.OK && r.Count[audit.RuleUnopened] == 1 {
				why = "values are shown as sealed, which is reported"
			}
			require.NotEmpty(t, why, "byte %d, in %s: %s", i, in, r)
			excused[why]++
		}
		bad[i] = good[i]
	}
	t.Logf("%d bytes, each %dth changed; harmless: %v", len(good), step, excused)
}
