package audit

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Proof is what somebody without the log needs to see that an event is in it (c2sp.org/tlog-proof): the path from
// its leaf to the root of a checkpoint. Its text is what MarshalText returns, a file "*.tlog-proof".
type Proof struct {
	Seq        uint64
	Path       [][32]byte // from the leaf's sibling up
	Checkpoint []byte     // a signed note
}

// maxPath is how many hashes a path in a tree of 2^63 leaves has.
const maxPath = 63

const proofVersion = "c2sp.org/tlog-proof@v1"

// MarshalText returns the proof's text. It never fails.
func (p Proof) MarshalText() ([]byte, error) {
	b := fmt.Appendf(nil, "%s\nindex %d\n", proofVersion, p.Seq)
	for i := range p.Path {
		b = append(base64.StdEncoding.AppendEncode(b, p.Path[i][:]), '\n')
	}
	return append(append(b, '\n'), p.Checkpoint...), nil
}

var errProof = errors.New("audit: bad proof")

// UnmarshalText reads a proof's text. Nothing is verified.
func (p *Proof) UnmarshalText(text []byte) error {
	head, checkpoint, ok := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(text) > maxSignedNote || len(lines) < 2 || lines[0] != proofVersion {
		return errProof
	}
	lines = lines[1:]
	if extra, ok := strings.CutPrefix(lines[0], "extra "); ok {
		if _, err := base64.StdEncoding.Strict().DecodeString(extra); err != nil || len(lines) < 2 {
			return errProof
		}
		lines = lines[1:]
	}
	index, ok := strings.CutPrefix(lines[0], "index ")
	seq, err := parseDecimal(index)
	if !ok || err != nil || len(lines) > 1+maxPath {
		return errProof
	}
	read := Proof{Seq: seq, Checkpoint: []byte(checkpoint)}
	for _, line := range lines[1:] {
		h, err := parseHash(line)
		if err != nil {
			return errProof
		}
		read.Path = append(read.Path, h)
	}
	*p = read
	return nil
}

// VerifyProof returns the checkpoint of a proof's text if it is signed by one of the keys, is of the log of that
// origin, and covers the leaf. Other signatures are passed over.
func VerifyProof(text, leaf []byte, origin string, keys ...note.Verifier) (Checkpoint, error) {
	var p Proof
	if err := p.UnmarshalText(text); err != nil {
		return Checkpoint{}, err
	}
	c, err := ParseCheckpoint(p.Checkpoint, keys...)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != origin {
		return Checkpoint{}, errors.New("audit: the proof is of another log")
	}
	hash := tlog.RecordHash(leaf)
	return c, checkPath(p.Path, c.Size, c.Root, p.Seq, hash)
}

// maxTree is the size of the largest tree that proofs are made and checked of.
const maxTree = 1 << 62

var errPath = errors.New("audit: the proof does not hold")

func checkPath(path [][hashSize]byte, size uint64, root [hashSize]byte, seq uint64, leaf [hashSize]byte) error {
	if size > maxTree || seq >= size || tlog.CheckRecord(tlogHashes[tlog.Hash](path), int64(size), root, int64(seq), leaf) != nil {
		return errPath
	}
	return nil
}

// VerifyConsistency returns nil if path proves that the log of checkpoint to begins with all that from covers
// (RFC 6962, section 2.1.2). Neither signature is verified: see [ParseCheckpoint].
func VerifyConsistency(from, to Checkpoint, path [][32]byte) error {
	ok := from.Origin == to.Origin && from.Size <= to.Size && to.Size <= maxTree
	switch {
	case !ok:
	case from.Size == 0:
		ok = len(path) == 0
	case from.Size == to.Size:
		ok = len(path) == 0 && from.Root == to.Root
	default:
		ok = tlog.CheckTree(tlogHashes[tlog.Hash](path), int64(to.Size), to.Root, int64(from.Size), from.Root) == nil
	}
	if !ok {
		return errPath
	}
	return nil
}

func tlogHashes[To, From ~[hashSize]byte](path []From) []To {
	out := make([]To, len(path))
	for i := range path {
		out[i] = To(path[i])
	}
	return out
}

// Prove returns the proof that event seq of ctx's tenant is in the log, against the newest checkpoint. If that does
// not cover it, a checkpoint is made. It is ErrNotFound if there is no such event.
func (l *Log) Prove(ctx context.Context, seq uint64) (Proof, error) {
	id, err := tenancy.From(ctx)
	if err != nil {
		return Proof{}, err
	}
	tile := TileID{0, seq / tileWidth}
	signed, data, err := l.store.SignedTile(ctx, tile)
	if err != nil {
		return Proof{}, err
	}
	newest, err := l.ofKnownKey(signed, l.origin(id))
	if err != nil {
		return Proof{}, err
	}
	c := newest.Checkpoint
	if c.Size <= seq {
		if c, err = l.Checkpoint(ctx); err != nil {
			return Proof{}, err
		}
	}
	p, err := l.proofs.prover(ctx, l.store, id, c, seq)
	if err != nil {
		return Proof{}, err
	}
	if len(data) == tileWidth*hashSize {
		p.read.tiles[tile] = newTileNodes(data)
	}
	proof, err := p.prove(c, seq)
	if err != nil {
		l.proofs.forget()
		return Proof{}, err
	}
	l.proofs.keep(id, p, c)
	return proof, nil
}

// ProveConsistency returns the proof that what ctx's tenant had in its log at size from is the beginning of
// what it had at size to, both at most that of the newest checkpoint; see [VerifyConsistency].
func (l *Log) ProveConsistency(ctx context.Context, from, to uint64) ([][32]byte, error) {
	p, err := newProver(ctx, l.store)
	if err != nil {
		return nil, err
	}
	return p.proveConsistency(from, to)
}

// prover makes proofs of one tree, and remembers the tiles it read.
type prover struct {
	size uint64
	read *nodes
}

// newProver returns a prover of t as it was grown last. What it proves is not checked against a checkpoint that
// it is not given.
func newProver(ctx context.Context, t Tree) (*prover, error) {
	size, above, err := t.Grown(ctx)
	if err != nil {
		return nil, err
	}
	leaves, err := leafHashes(ctx, t, size&^(tileWidth-1), size)
	if err != nil {
		return nil, err
	}
	e, err := readEdge(size, above, leaves)
	if err != nil {
		return nil, err
	}
	return &prover{size, newNodes(ctx, t, e)}, nil
}

// prove returns the proof that place seq is covered by c. It has been checked.
func (p *prover) prove(c Checkpoint, seq uint64) (Proof, error) {
	if seq >= c.Size || c.Size > p.size {
		return Proof{}, fmt.Errorf("%w: the log has no place %d", ErrNotFound, seq)
	}
	path, err := tlog.ProveRecord(int64(c.Size), int64(seq), p.read)
	if err != nil {
		return Proof{}, err
	}
	leaf, err := p.read.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(seq))})
	if err != nil {
		return Proof{}, err
	}
	proof := Proof{Seq: seq, Path: tlogHashes[[hashSize]byte](path), Checkpoint: c.Note}
	if checkPath(proof.Path, c.Size, c.Root, seq, leaf[0]) != nil {
		return Proof{}, fmt.Errorf("%w: its tree is not the one that was signed at %d leaves", ErrCorrupt, c.Size)
	}
	return proof, nil
}

func (p *prover) proveConsistency(from, to uint64) ([][hashSize]byte, error) {
	switch {
	case from > to || to > p.size:
		return nil, fmt.Errorf("%w: the log has %d places", ErrNotFound, p.size)
	case from == 0 || from == to:
		return nil, nil
	}
	path, err := tlog.ProveTree(int64(to), int64(from), p.read)
	return tlogHashes[[hashSize]byte](path), err
}
