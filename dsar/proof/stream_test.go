package proof

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestBytesThatComeInPartsAreSearchedLikeTheWhole(t *testing.T) {
	t.Parallel()
	m := newMatcher(append(formsOf("ann@example.test", 0), formsOf("bob@example.test", 1)...))
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		r := rand.New(rand.NewPCG(seed, 1))
		var text []byte
		for range r.IntN(400) {
			switch r.IntN(12) {
			case 0:
				text = append(text, "ann@example.test"...)
			case 1:
				text = append(text, encodings["base64 1"]("", "bob@example.test", "")...)
			default:
				text = append(text, bytes.Repeat([]byte{'x', byte(r.IntN(256))}, r.IntN(40))...)
			}
		}
		want, got := map[int]int{}, map[int]int{}
		m.each(text, func(f, _ int, alone bool) { want[f]++ })
		s := stream{m: m, hit: func(f int, alone bool) { got[f]++ }}
		for rest := text; len(rest) > 0; {
			n := min(len(rest), 1+r.IntN(900))
			s.write(rest[:n])
			rest = rest[n:]
		}
		s.end()
		require.Equal(t, want, got)
		got = map[int]int{}
		require.NoError(t, s.read(iotest.HalfReader(bytes.NewReader(text))))
		require.Equal(t, want, got)
	})
	s := stream{m: m}
	require.ErrorIs(t, s.read(iotest.ErrReader(io.ErrUnexpectedEOF)), io.ErrUnexpectedEOF)
}

// FuzzCopied: whatever a server sends, it is read or refused.
func FuzzCopied(f *testing.F) {
	header := append(append([]byte{}, copySignature...), 0, 0, 0, 0, 0, 0, 0, 0)
	row := func(values ...string) []byte {
		b := binary.BigEndian.AppendUint16(nil, uint16(len(values)))
		for _, v := range values {
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
		}
		return b
	}
	f.Add(append(header, row("x", "ann@example.test")...), row("ann@example.test", "y"))
	f.Add(append(header, 0xff, 0xff), []byte{0, 2, 0, 0, 0, 99})
	n := &Needles{values: []string{"ann@example.test"}}
	p := &Prover{}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		l := &look{Prover: p, n: n, m: newMatcher(n.forms()), tally: map[place]int64{}, live: make([]bool, 1), hit: make([]bool, 1)}
		c := &copied{l: l, table: "t", columns: []string{"a", "b"}}
		for _, b := range [][]byte{first, second} {
			if k, err := c.Write(b); err != nil {
				require.True(t, errors.Is(err, errCopy))
				return
			} else {
				require.Equal(t, len(b), k)
			}
		}
	})
}

func TestEachRowOfACopyIsCountedOnceForEachColumn(t *testing.T) {
	n := &Needles{values: []string{"ann@example.test"}}
	l := &look{n: n, m: newMatcher(n.forms()), tally: map[place]int64{}, live: make([]bool, 1), hit: make([]bool, 1)}
	c := &copied{l: l, table: "t", columns: []string{"a", "b"}}
	row := func(a, b string) []byte {
		out := []byte{0, 2}
		for _, v := range []string{a, b} {
			if v == "" {
				out = append(out, 0xff, 0xff, 0xff, 0xff)
				continue
			}
			out = append(binary.BigEndian.AppendUint32(out, uint32(len(v))), v...)
		}
		return out
	}
	header := append(append([]byte{}, copySignature...), 0, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3)
	for _, b := range [][]byte{append(header, row("ann@example.test ann@example.test", "")...), row("", "x ANN@example.test"), row("joann@example.test", "ann@"), row("ann@", "example.test"), {0xff, 0xff}} {
		k, err := c.Write(b)
		require.NoError(t, err)
		require.Equal(t, len(b), k)
	}
	require.Equal(t, map[place]int64{{"t", "a", "as is"}: 1, {"t", "b", "as is"}: 1}, l.tally)
	quiet := row("nothing of the kind", "nor here")
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = c.Write(quiet) }))
}
