package audit

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPlacesAndNamesOfFilesAreOneToOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		last := rapid.Uint64Range(0, 1<<40).Draw(t, "last")
		at := rapid.Uint64Range(0, last).Draw(t, "at")
		width := rapid.IntRange(1, 255).Draw(t, "width")
		for _, p := range []place{
			{section: inManifest}, {section: inHead}, {section: inCheckpoints, at: at}, {section: inHeadsLinks, at: at}, {section: inHeadsProofs, at: at},
			{section: inLater, at: at}, {section: inLater, at: at, rank: 1}, {section: inLater, at: at, rank: 2},
			{section: inTiles, at: at, rank: rankEntries}, {section: inTiles, at: last, rank: rankEntries, width: width},
			{section: inTiles, at: at, rank: rankOpenings + at%9}, {section: inTiles, at: at, rank: rankTile},
			{section: inTiles, at: at | 0xff, rank: rankUpper + 1}, {section: inTiles, at: last, rank: rankUpper + 2, width: width},
		} {
			require.Equal(t, p, parseFileName([]byte(fileName(p)), last), fileName(p))
		}
	})
	for _, bad := range []string{"", "?", "tile/0/1", "tile/8/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/x000/000", "tile/0/0000", "checkpoints/01", "checkpoints/-1", "heads/1", "later/1", "openings/000+0", "openings/000+x", "tile/entries/x999/x999/x999/x999/x999/x999/999"} {
		require.Equal(t, inNowhere, parseFileName([]byte(bad), 5).section, bad)
	}
}

func TestTheViewOfALeafIsThatOfItsDecoder(t *testing.T) {
	t.Parallel()
	l := codec(t)
	rapid.Check(t, func(t *rapid.T) {
		en, err := l.encode(context.Background(), acme, anyEvent(t))
		if err != nil {
			t.Skip()
		}
		b := append([]byte("xx"), en.Leaf...)
		v := viewLeaf(b, 2, len(b), []byte("acme"))
		require.False(t, v.bad)
		require.False(t, v.foreign)
		lf, err := decodeLeaf(en.Leaf)
		require.NoError(t, err)
		require.Equal(t, lf.action, string(b[v.action:v.actionEnd]))
		var labels []string
		if v.personal != 0 {
			for _, l := range splitLabels(b, &v, nil) {
				labels = append(labels, string(b[l.from:l.to]))
			}
		}
		require.Len(t, labels, len(lf.personal))
		for i := range lf.personal {
			require.Equal(t, lf.personal[i].label(), labels[i])
		}
	})
}

func FuzzViewLeaf(f *testing.F) {
	f.Add([]byte(`{"v":1,"tenant":"acme","id":"0192f0c1-2233-7abc-8def-0123456789ab","time":"2026-11-22T00:20:00.123456Z","action":"a.b","outcome":"denied","personal":{"reason":"` + strings.Repeat("A", 43) + `"},"request":"x"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		v := viewLeaf(b, 0, len(b), []byte("acme"))
		if !v.bad && v.personal != 0 {
			for _, l := range splitLabels(b, &v, nil) {
				require.LessOrEqual(t, int(l.commitment)+commitmentLen, len(b))
			}
		}
		if _, err := decodeLeaf(b); err == nil {
			require.False(t, v.bad, "what the decoder takes is no bad leaf")
		}
	})
}

func FuzzParseManifest(f *testing.F) {
	f.Add((&manifest{Format: bundleFormat, Tenant: "acme", Origin: "o", Size: 1}).bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		if m := parseManifest(b); m != nil {
			require.Equal(t, b, m.bytes())
		}
	})
}

func FuzzReadProof(f *testing.F) {
	f.Add([]byte("c2sp.org/tlog-proof@v1\nindex 1\n" + strings.Repeat("A", 43) + "=\n\nx\n1\n"))
	f.Add([]byte("c2sp.org/tlog-proof@v1\nextra AAAA\nindex 1\n" + strings.Repeat("A", 43) + "=\n\nx\n1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, ok := readProof(b); ok {
			text, err := p.MarshalText()
			require.NoError(t, err)
			require.Equal(t, b, text)
		}
		isPlainNote(b)
	})
}

func FuzzTarReader(f *testing.F) {
	var b bytes.Buffer
	w := tarWriter{w: &b}
	_ = w.file("a", []byte("x"))
	_ = w.file("b/c", nil)
	_ = w.end()
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, stream []byte) {
		var again bytes.Buffer
		w := tarWriter{w: &again}
		for r := newTarReader(bytes.NewReader(stream)); ; {
			err := r.next()
			if err == io.EOF {
				require.NoError(t, w.end())
				require.Equal(t, stream, again.Bytes(), "no byte is free")
				return
			}
			if err != nil {
				return
			}
			name := string(r.name)
			data, err := r.readInto(nil)
			if err != nil {
				return
			}
			require.NoError(t, w.file(name, data))
		}
	})
}

func TestErasedFieldsAreRememberedAsAModelDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		type key struct {
			seq   uint64
			label string
		}
		lists := [][]string{{"actor.id"}, {"actor.id", "reason"}, {}}
		for i := range 100 {
			lists[2] = append(lists[2], "data."+decimalOf(uint64(i)))
		}
		var e erasedFields
		missing, done := map[key]bool{}, map[key]bool{}
		for tile := range uint64(rapid.IntRange(1, 4).Draw(t, "tiles")) {
			e.begin(tile * tileWidth)
			for at := 0; at < tileWidth; at += rapid.IntRange(1, 90).Draw(t, "step") {
				var leaf []byte
				var views []labelView
				var set labelSet
				for i, l := range rapid.SampledFrom(lists).Draw(t, "labels") {
					views = append(views, labelView{int32(len(leaf)), int32(len(leaf) + len(l)), 0})
					leaf = append(leaf, l...)
					if rapid.IntRange(0, 2).Draw(t, "gone") > 0 {
						set.add(i)
						missing[key{tile*tileWidth + uint64(at), l}] = true
					}
				}
				if set != (labelSet{}) {
					e.missing(at, leaf, views, set)
				}
			}
			require.NoError(t, e.end())
		}
		for range rapid.IntRange(0, 200).Draw(t, "erasures") {
			k := key{rapid.Uint64Range(0, 4*tileWidth).Draw(t, "seq"), rapid.SampledFrom([]string{"actor.id", "reason", "data.7", "data.99", "x"}).Draw(t, "label")}
			require.Equal(t, missing[k], e.allow(k.seq, k.label))
			if missing[k] {
				done[k] = true
			}
		}
		var r Report
		e.settle(&r)
		require.Equal(t, uint64(len(done)), r.Erased)
		require.Equal(t, len(missing)-len(done), r.Count[RuleErasure])
	})
}

func decimalOf(n uint64) string { return strconv.FormatUint(n, 10) }
