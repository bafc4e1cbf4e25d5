package audit

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func seedLeaf(tb testing.TB) []byte {
	en, err := codec(tb).encode(context.Background(), acme, everyPersonalField("x"))
	require.NoError(tb, err)
	return en.Leaf
}

// A verifier that scans reads of every leaf what a reader that parses reads.
func FuzzScanLeaf(f *testing.F) {
	whole := seedLeaf(f)
	f.Add(whole)
	f.Add(whole[:150])
	f.Add([]byte(`{"v":1,"tenant":"a","id":"0192f0c1-2233-7abc-8def-0123456789ab","time":"2026-11-22T00:20:00.123456Z","action":"a.b","outcome":"success"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok := scanLeaf(b)
		lf, err := decodeLeaf(b)
		if !ok {
			require.Error(t, err)
			return
		}
		var labels []string
		personal, bad := h.personal, false
		for {
			label, text, rest, more, wrong := nextCommitment(personal)
			if bad = wrong; !more {
				break
			}
			require.Len(t, text, commitmentLen)
			labels, personal = append(labels, string(label)), rest
		}
		if err != nil {
			return
		}
		require.False(t, bad)
		require.Equal(t, lf.tenant.String(), string(h.tenant))
		id, ok := scanUUID(h.id)
		require.True(t, ok)
		require.Equal(t, lf.id, id)
		at, ok := scanTime(h.at)
		require.True(t, ok)
		require.Equal(t, lf.at, at)
		require.Equal(t, lf.action, string(h.action))
		require.Equal(t, lf.event.Outcome.String(), string(h.outcome))
		require.Len(t, labels, len(lf.personal))
		for i := range labels {
			require.Equal(t, lf.personal[i].label(), labels[i])
			require.True(t, commitmentIs([]byte(textOf(b, labels[i])), &lf.personal[i].commitment))
		}
	})
}

func FuzzScanTime(f *testing.F) {
	for _, s := range []string{"2026-11-22T00:20:00.123456Z", "2023-02-29T00:00:00.000000Z", "0000-01-01T00:00:00.000000Z", "2026-11-22T24:00:00.000000Z", "2026-11-22T00:20:00.123456+", "2026-00-00T00:00:60.000000Z"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		at, ok := scanTime(b)
		want, err := time.Parse(leafTime, string(b))
		good := err == nil && want.Format(leafTime) == string(b) && isLeafTime(want)
		require.Equal(t, good, ok)
		if ok {
			require.Equal(t, want, at)
		}
	})
}

func FuzzScanUUID(f *testing.F) {
	f.Add([]byte("0192f0c1-2233-7abc-8def-0123456789ab"))
	f.Add([]byte("0192F0C1-2233-7abc-8def-0123456789ab"))
	f.Fuzz(func(t *testing.T, b []byte) {
		id, ok := scanUUID(b)
		want, err := uuid.ParseBytes(b)
		require.Equal(t, err == nil && want.String() == string(b), ok)
		if ok {
			require.Equal(t, want, id)
		}
	})
}

// What is read as an opening is written by appendField, byte for byte.
func FuzzParseOpening(f *testing.F) {
	f.Add(appendField(appendField(nil, openField{[]byte("actor.id"), make([]byte, saltLen), []byte("42")}), openField{[]byte("reason"), make([]byte, saltLen), bytes.Repeat([]byte{'x'}, 300)}))
	f.Add(append(append([]byte{0x81, 0x00, 'a'}, make([]byte, saltLen)...), 0)) // a length with a byte too many
	f.Add(append(append([]byte{0x01, 'a'}, make([]byte, saltLen)...), 0x80, 0x00))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		fields, err := parseOpening(b)
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return
		}
		var again []byte
		for _, x := range fields {
			require.Len(t, x.salt, saltLen)
			require.NotEmpty(t, x.label)
			again = appendField(again, x)
		}
		require.True(t, bytes.Equal(b, again))
	})
}

func TestScanningALeafAllocatesNothing(t *testing.T) {
	b := seedLeaf(t)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		h, ok := scanLeaf(b)
		_, ok2 := scanTime(h.at)
		_, ok3 := scanUUID(h.id)
		n := 0
		for personal := h.personal; ; n++ {
			_, _, rest, more, _ := nextCommitment(personal)
			if !more {
				break
			}
			personal = rest
		}
		if !ok || !ok2 || !ok3 || n != 11 {
			panic("it is a leaf")
		}
	}))
}

func BenchmarkScanLeaf(b *testing.B) {
	leaf := seedLeaf(b)
	b.SetBytes(int64(len(leaf)))
	b.ReportAllocs()
	for b.Loop() {
		h, _ := scanLeaf(leaf)
		for personal := h.personal; ; {
			_, _, rest, more, _ := nextCommitment(personal)
			if !more {
				break
			}
			personal = rest
		}
	}
}

func BenchmarkDecodeLeaf(b *testing.B) {
	leaf := seedLeaf(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeLeaf(leaf); err != nil {
			b.Fatal(err)
		}
	}
}
