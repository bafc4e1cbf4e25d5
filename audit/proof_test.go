package audit

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// provenLog is a log of 600 leaves with checkpoints at some sizes.
func provenLog(tb testing.TB) (*Log, Store, *notary, []Checkpoint) {
	tb.Helper()
	store, n := NewMemory(), newNotary(tb)
	l := openSigning(tb, store, n)
	ctx := ofTenant(tb, "acme")
	var signed []Checkpoint
	for _, more := range []int{1, 6, 249, 1, 255, 88} {
		appendLeaves(ctx, tb, l, store, more)
		c, err := l.Checkpoint(ctx)
		require.NoError(tb, err)
		signed = append(signed, c)
	}
	return l, store, n, signed
}

func TestEveryEventIsProvenToWhoHasOnlyTheKey(t *testing.T) {
	t.Parallel()
	l, store, n, signed := provenLog(t)
	ctx := ofTenant(t, "acme")
	origin := signed[0].Origin
	for seq := range uint64(600) {
		p, err := l.Prove(ctx, seq)
		require.NoError(t, err)
		text, err := p.MarshalText()
		require.NoError(t, err)
		leaf := leafEntry(int(seq)).Leaf
		c, err := VerifyProof(text, leaf, origin, n.Verifier)
		require.NoError(t, err)
		require.Equal(t, uint64(600), c.Size)
		_, err = VerifyProof(text, leafEntry(int(seq)+1).Leaf, origin, n.Verifier)
		require.ErrorIs(t, err, errPath)
	}
	_, err := l.Prove(ctx, 600)
	require.ErrorIs(t, err, ErrNotFound)
	_, err = l.Prove(ctx, 1<<63)
	require.ErrorIs(t, err, ErrNotFound)
	_, err = l.Prove(ofTenant(t, "globex"), 0)
	require.ErrorIs(t, err, ErrNotFound)

	// What no checkpoint covers yet gets one.
	appendLeaves(ctx, t, l, store, 1)
	p, err := l.Prove(ctx, 600)
	require.NoError(t, err)
	text, err := p.MarshalText()
	require.NoError(t, err)
	_, err = VerifyProof(text, leafEntry(600).Leaf, origin, n.Verifier)
	require.NoError(t, err)

	_, err = VerifyProof(text, leafEntry(600).Leaf, origin+"x", n.Verifier)
	require.Error(t, err)
	_, err = VerifyProof(text, leafEntry(600).Leaf, origin, newNotary(t).Verifier)
	require.Error(t, err)
	_, err = VerifyProof(text, leafEntry(600).Leaf, origin)
	require.Error(t, err)
}

func TestProofsHoldAgainstEveryCheckpoint(t *testing.T) {
	t.Parallel()
	_, store, _, signed := provenLog(t)
	p, err := newProver(ofTenant(t, "acme"), store)
	require.NoError(t, err)
	for _, c := range signed {
		for seq := range c.Size {
			_, err := p.prove(c, seq)
			require.NoError(t, err)
		}
		_, err := p.prove(c, c.Size)
		require.ErrorIs(t, err, ErrNotFound)
		c.Root[0] ^= 1
		_, err = p.prove(c, 0)
		require.ErrorIs(t, err, ErrCorrupt)
	}
}

func TestAProofThatIsChangedDoesNotHold(t *testing.T) {
	t.Parallel()
	for size := uint64(1); size <= 17; size++ {
		var m modelTree
		for i := range size {
			m.add(leafHash(i))
		}
		root, err := tlog.TreeHash(int64(size), &m)
		require.NoError(t, err)
		for seq := range size {
			proof, err := tlog.ProveRecord(int64(size), int64(seq), &m)
			require.NoError(t, err)
			path, leaf := tlogHashes[[hashSize]byte](proof), leafHash(seq)
			require.NoError(t, checkPath(path, size, root, seq, leaf))
			for i, bad := range changedPaths(path) {
				require.ErrorIs(t, checkPath(bad, size, root, seq, leaf), errPath, "%d of %d, change %d", seq, size, i)
			}
			for other := range size + 2 {
				if other != seq {
					require.ErrorIs(t, checkPath(path, size, root, other, leaf), errPath)
				}
			}
			require.ErrorIs(t, checkPath(path, 0, root, seq, leaf), errPath)
			require.ErrorIs(t, checkPath(path, 1<<63, root, seq, leaf), errPath)
			require.ErrorIs(t, checkPath(path, size, leafHash(99), seq, leaf), errPath)
		}
	}
}

// changedPaths are all that differ from path a little.
func changedPaths(path [][hashSize]byte) (bad [][][hashSize]byte) {
	with := func(change func(p [][hashSize]byte) [][hashSize]byte) {
		bad = append(bad, change(append([][hashSize]byte{}, path...)))
	}
	for i := range path {
		with(func(p [][hashSize]byte) [][hashSize]byte { p[i][31] ^= 0x80; return p })
		with(func(p [][hashSize]byte) [][hashSize]byte { return append(p[:i], p[i+1:]...) })
		with(func(p [][hashSize]byte) [][hashSize]byte { return append(p[:i+1], path[i:]...) })
		if i > 0 {
			with(func(p [][hashSize]byte) [][hashSize]byte { p[i-1], p[i] = p[i], p[i-1]; return p })
		}
	}
	with(func(p [][hashSize]byte) [][hashSize]byte { return append(p, leafHash(7)) })
	with(func(p [][hashSize]byte) [][hashSize]byte { return append([][hashSize]byte{leafHash(7)}, p...) })
	with(func(p [][hashSize]byte) [][hashSize]byte { return append(p, [hashSize]byte{}) })
	return bad
}

func TestOneCheckpointIsProvenToContinueAnother(t *testing.T) {
	t.Parallel()
	l, _, n, signed := provenLog(t)
	ctx := ofTenant(t, "acme")
	for i, from := range signed {
		for _, to := range signed[i:] {
			path, err := l.ProveConsistency(ctx, from.Size, to.Size)
			require.NoError(t, err)
			require.NoError(t, VerifyConsistency(from, to, path))
			for _, bad := range changedPaths(path) {
				require.Error(t, VerifyConsistency(from, to, bad))
			}
			forged := from
			forged.Root[5] ^= 4
			require.Error(t, VerifyConsistency(forged, to, path))
			forged = from
			forged.Origin += "x"
			require.Error(t, VerifyConsistency(forged, to, path))
			if from.Size != to.Size {
				require.Error(t, VerifyConsistency(to, from, path))
				forged = to
				forged.Root[5] ^= 4
				require.Error(t, VerifyConsistency(from, forged, path))
			}
		}
	}
	empty := Checkpoint{Origin: signed[0].Origin}
	path, err := l.ProveConsistency(ctx, 0, 600)
	require.NoError(t, err)
	require.NoError(t, VerifyConsistency(empty, signed[5], path))
	require.Error(t, VerifyConsistency(empty, signed[5], [][32]byte{{}}))
	_, err = l.ProveConsistency(ctx, 5, 4)
	require.ErrorIs(t, err, ErrNotFound)
	_, err = l.ProveConsistency(ctx, 5, 601)
	require.ErrorIs(t, err, ErrNotFound)
	_ = n
}

func TestAProofsTextHasOneForm(t *testing.T) {
	t.Parallel()
	l, _, n, signed := provenLog(t)
	p, err := l.Prove(ofTenant(t, "acme"), 300)
	require.NoError(t, err)
	text, err := p.MarshalText()
	require.NoError(t, err)
	good := string(text)
	var read Proof
	require.NoError(t, read.UnmarshalText(text))
	require.Equal(t, p, read)

	leaf := leafEntry(300).Leaf
	withExtra := strings.Replace(good, "\nindex", "\nextra aGVsbG8=\nindex", 1)
	_, err = VerifyProof([]byte(withExtra), leaf, signed[0].Origin, n.Verifier)
	require.NoError(t, err)

	first := strings.Split(good, "\n")[2]
	for name, bad := range map[string]string{
		"nothing":            "",
		"another version":    strings.Replace(good, "@v1", "@v2", 1),
		"windows":            strings.ReplaceAll(good, "\n", "\r\n"),
		"index 0300":         strings.Replace(good, "index 300", "index 0300", 1),
		"index +300":         strings.Replace(good, "index 300", "index +300", 1),
		"index -1":           strings.Replace(good, "index 300", "index -1", 1),
		"index too large":    strings.Replace(good, "index 300", "index 18446744073709551616", 1),
		"no index":           strings.Replace(good, "index 300\n", "", 1),
		"a short hash":       strings.Replace(good, first, first[4:], 1),
		"another base64":     strings.Replace(good, first, strings.TrimSuffix(first, "="), 1),
		"bits left over":     strings.Replace(good, first, first[:42]+string(first[42]+1)+"=", 1),
		"64 hashes":          strings.Replace(good, first, strings.Repeat(first+"\n", 63)+first, 1),
		"no empty line":      strings.Replace(good, "\n\n", "\n", 1),
		"no checkpoint":      strings.SplitAfter(good, "\n\n")[0],
		"extra twice":        strings.Replace(withExtra, "\nextra", "\nextra aGVsbG8=\nextra", 1),
		"extra is no base64": strings.Replace(withExtra, "aGVsbG8=", "hello", 1),
		"too long":           good + strings.Repeat("— a AAAAAAAAAAAA\n", maxSignedNote/10),
	} {
		_, err := VerifyProof([]byte(bad), leaf, signed[0].Origin, n.Verifier)
		require.Error(t, err, name)
	}
}

func FuzzProof(f *testing.F) {
	l, _, n, signed := provenLog(f)
	p, err := l.Prove(ofTenant(f, "acme"), 300)
	require.NoError(f, err)
	text, err := p.MarshalText()
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte("c2sp.org/tlog-proof@v1\nextra AA==\nindex 0\n\na\n0\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var p Proof
		if p.UnmarshalText(text) != nil {
			return
		}
		again, err := p.MarshalText()
		require.NoError(t, err)
		var read Proof
		require.NoError(t, read.UnmarshalText(again))
		require.Equal(t, p, read)
		if !bytes.Contains(text, []byte("\nextra ")) {
			require.Equal(t, text, again)
		}
		_, err = VerifyProof(text, []byte("no leaf"), signed[0].Origin, n.Verifier)
		require.Error(t, err)
	})
}

func FuzzCheckpoint(f *testing.F) {
	n := newNotary(f)
	c, err := Checkpoint{Origin: testOrigin, Size: 7}.sign(n.Signer)
	require.NoError(f, err)
	f.Add(c.Note)
	f.Add([]byte(testOrigin + "\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\ntime 2026-03-01T12:00:00Z\n\n— a AAAAAAA=\n"))
	f.Fuzz(func(t *testing.T, signed []byte) {
		if got, err := ParseCheckpoint(signed, n.Verifier); err == nil {
			require.Equal(t, c.head(), got.head(), "only one text was ever signed")
		}
		got, by, err := openUnverified(signed)
		if err != nil {
			return
		}
		require.NotEmpty(t, by)
		read, err := parseHeadText(got.head())
		require.NoError(t, err)
		got.Note = nil
		require.Equal(t, got, read)
	})
}

func TestACheckpointsTextIsReadStrictly(t *testing.T) {
	t.Parallel()
	good := "example.com/audit\n12\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\ntime 2026-03-01T12:00:00Z\n"
	c, err := parseHeadText(good)
	require.NoError(t, err)
	require.Equal(t, good, c.head())
	for _, x := range [][2]string{
		{"12", "012"}, {"12", "-12"}, {"12", "+12"}, {"12", ""}, {"12", "1e3"}, {"12", "18446744073709551616"},
		{"example.com/audit", ""}, {"FU=", "FV="}, {"FU=", "FU"}, {"47DE", ""}, {"Z\n", "Z"}, {"Z\n", "Z\n\n"},
		{"time 2026", "time 26"}, {"12:00:00Z", "12:00:00+00:00"}, {"12:00:00Z", "12:00:00.5Z"}, {"T12", "t12"},
	} {
		_, err := parseHeadText(strings.Replace(good, x[0], x[1], 1))
		require.Error(t, err, "%q for %q", x[1], x[0])
	}
	_, err = parseHeadText(good + "another line\n")
	require.NoError(t, err)
}

func TestAnyTreesNodesAreThoseOfXMod(t *testing.T) {
	t.Parallel()
	store := NewMemory()
	ctx := ofTenant(t, "acme")
	rapid.Check(t, func(rt *rapid.T) {
		more := rapid.IntRange(1, 40).Draw(rt, "more")
		size, err := store.Size(ctx)
		require.NoError(rt, err)
		var entries []Entry
		for i := range more {
			entries = append(entries, leafEntry(int(size)+i))
		}
		_, err = store.Append(ctx, entries)
		require.NoError(rt, err)
		e, err := grow(ctx, store)
		require.NoError(rt, err)
		root, err := tlog.TreeHash(int64(e.size), newNodes(ctx, store, e))
		require.NoError(rt, err)
		require.Equal(rt, e.root(), [hashSize]byte(root))
		require.Equal(rt, modelRootOf(ctx, t, store, e.size), e.root())
		at := int64(rapid.Uint64Range(0, e.size-1).Draw(rt, "seq"))
		_, err = newNodes(ctx, store, e).ReadHashes([]int64{tlog.StoredHashIndex(0, int64(e.size)+at)})
		require.Error(rt, err)
	})
}

func TestAProofReadsTwoTilesHoweverTheTreeEnds(t *testing.T) {
	t.Parallel()
	const size = 3*65536 + 255*256 + 255
	tiles := map[TileID][]byte{}
	var e edge
	for i := range uint64(size) {
		h := [hashSize]byte{byte(i), byte(i >> 8), byte(i >> 16)}
		require.NoError(t, e.add(&h, func(id TileID, data []byte) error {
			tiles[id] = bytes.Clone(data)
			return nil
		}))
	}
	c := Checkpoint{Size: size, Root: e.root()}
	for _, seq := range []uint64{0, 255, 65535, 65536, 2*65536 + 300, 3*65536 + 5, 3*65536 + 254*256, size - 1} {
		read := 0
		p := prover{size, newNodes(t.Context(), tilesOnly{tiles: tiles, read: &read}, &e)}
		_, err := p.prove(c, seq)
		require.NoError(t, err)
		require.LessOrEqual(t, read, 2)
	}
}

// benchTree is a tree of 2^20 leaves that is kept in memory.
func benchTree(b *testing.B) (*prover, Checkpoint) {
	b.Helper()
	tiles := map[TileID][]byte{}
	var e edge
	for i := range uint64(1 << 20) {
		h := [hashSize]byte{byte(i), byte(i >> 8), byte(i >> 16)}
		_ = e.add(&h, func(id TileID, data []byte) error {
			tiles[id] = bytes.Clone(data)
			return nil
		})
	}
	b.ResetTimer()
	return &prover{e.size, newNodes(b.Context(), tilesOnly{tiles: tiles}, &e)}, Checkpoint{Size: e.size, Root: e.root()}
}

type tilesOnly struct {
	Tree
	tiles map[TileID][]byte
	read  *int
}

func (t tilesOnly) Tiles(_ context.Context, of []TileID) ([][]byte, error) {
	out := make([][]byte, len(of))
	for i, id := range of {
		out[i] = t.tiles[id]
	}
	if t.read != nil {
		*t.read += len(of)
	}
	return out, nil
}

func BenchmarkInclusionProof(b *testing.B) {
	p, c := benchTree(b)
	for i := uint64(0); b.Loop(); i++ {
		if _, err := p.prove(c, i*7919%c.Size); err != nil {
			b.Fatal(err)
		}
	}
}
