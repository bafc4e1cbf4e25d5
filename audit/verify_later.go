package audit

import (
	"bytes"

	"golang.org/x/mod/sumdb/tlog"
)

// readLater reads what the log recorded about itself while the bundle was written: a value that was erased
// meanwhile is missing in it, and the event that says so lies beyond its size. Each comes with a proof.
func (v *verifier) readLater() error {
	var newer *head
	var leaf []byte
	for at := (place{section: inTiles, at: 1<<64 - 1}); ; {
		ok, err := v.follow(inLater, &at)
		if err != nil {
			return err
		}
		if leaf != nil && (!ok || at.rank != 2) {
			v.find(RuleMalformed, v.m.Size, v.m.Size+1, "a later event comes without a proof")
			leaf = nil
		}
		if !ok {
			return nil
		}
		limit := int64(maxProof)
		if at.rank == 1 {
			limit = MaxLeaf
		}
		b, ok, err := v.small(limit)
		if err != nil {
			return err
		} else if !ok {
			continue
		}
		switch at.rank {
		case 0:
			newer, ok = v.laterHead(at.at, b)
		case 1:
			leaf = append(make([]byte, 0, len(b)), b...) // never nil
		case 2:
			ok = newer != nil && leaf != nil && v.laterEvent(at.at, leaf, b, newer)
			leaf = nil
		}
		if !ok {
			v.find(RuleMalformed, v.m.Size, v.m.Size+1, "file %q does not prove what it is for", v.tar.name)
		}
	}
}

// laterHead reads a proof that a newer checkpoint continues the log of the bundle.
func (v *verifier) laterHead(size uint64, b []byte) (*head, bool) {
	proof, raw, ok := parseHashLines(string(b))
	if !ok || size != v.m.Size || v.broken {
		return nil, false
	}
	h, err := openHead([]byte(raw), v.policy.Keys, v.policy.Witnesses)
	if err != nil {
		v.findNote(err, h.size, "a later checkpoint")
		return nil, false
	}
	n := int(v.m.Size - v.tiles.tiles*tileWidth)
	if h.origin != v.m.Origin || h.size < v.m.Size {
		return nil, false
	}
	if v.m.Size > 0 && tlog.CheckTree(tlog.TreeProof(proof), int64(h.size), h.root, int64(v.m.Size), v.tiles.root(v.tileRow[:n])) != nil {
		return nil, false
	}
	return &h, true
}

func (v *verifier) laterEvent(seq uint64, leaf, b []byte, newer *head) bool {
	p, ok := readProof(b)
	if !ok || p.Seq != seq || seq < v.m.Size || !bytes.Equal(p.Checkpoint, newer.raw) ||
		checkPath(p.Path, newer.size, newer.root, seq, tlog.RecordHash(leaf)) != nil {
		return false
	}
	view := viewLeaf(leaf, 0, len(leaf), v.tenant)
	if view.bad || view.foreign {
		return false
	}
	v.ownEvent(seq, leaf)
	return true
}
