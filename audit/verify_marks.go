package audit

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// mark is a signed size and root that the tree is compared with.
type mark struct {
	head
	held    bool // it was kept outside
	vouched bool // a log of heads that is vouched for has it
	seen    bool // it was compared
	fits    bool // and it is the tree's
}

// last is the place of the last event that a size covers, as findings name it.
func lastOf(size uint64) (from, to uint64) { return max(size, 1) - 1, size }

func (v *verifier) findNote(err error, size uint64, what string) {
	rule := RuleSignature
	if err == errNoteRetired {
		rule = RuleRetiredKey
	}
	from, to := lastOf(size)
	v.find(rule, from, to, "%s of size %d: %v", what, size, err)
}

func (v *verifier) readCheckpoints() error {
	for n, at := 0, (place{section: inManifest}); ; n++ {
		ok, err := v.follow(inCheckpoints, &at)
		if err != nil || !ok {
			return err
		}
		if n >= maxCheckpoints {
			v.unexpected()
			continue
		}
		raw, ok, err := v.small(maxCheckpoint)
		if err != nil {
			return err
		} else if !ok {
			continue
		}
		h, err := openHead(raw, v.policy.Keys, v.policy.Witnesses)
		from, to := lastOf(at.at)
		switch {
		case err != nil:
			v.findNote(err, at.at, "checkpoint")
		case h.origin != v.m.Origin:
			v.find(RuleOtherLog, from, to, "the checkpoint of size %d is of another origin", at.at)
		case h.size != at.at || h.size > v.m.Size:
			v.find(RuleMalformed, from, to, "the checkpoint of size %d is filed under %d in a log of %d", h.size, at.at, v.m.Size)
		default:
			v.marks = append(v.marks, mark{head: h})
		}
	}
}

// headsView is what is known of the log of heads.
type headsView struct {
	head
	held    []head // its notes that were kept outside
	vouched bool
}

func (v *verifier) headsKeys() []Key {
	if v.policy.HeadsKeys != nil {
		return v.policy.HeadsKeys
	}
	var inUse []Key
	for _, k := range v.policy.Keys {
		if k.Until == 0 {
			inUse = append(inUse, k)
		}
	}
	return inUse
}

// readTrusted reads the policy's notes. Those of the log become marks, and those of the log of heads are returned.
func (v *verifier) readTrusted() (heads []head) {
	for i, raw := range v.policy.Trusted {
		origin, _, _ := bytes.Cut(raw, []byte("\n"))
		ofHeads := v.m.Heads != nil && string(origin) == v.m.Heads.Origin
		keys := v.policy.Keys
		if ofHeads {
			keys = append(slices.Clone(v.policy.HeadsKeys), allTime(keys)...)
		}
		h, err := openHead(raw, keys, v.policy.Witnesses)
		switch {
		case err != nil:
			v.findNote(err, h.size, fmt.Sprintf("note %d of those held outside,", i+1))
		case ofHeads:
			heads = append(heads, h)
		case h.origin != v.m.Origin:
			v.find(RuleNotCompared, 0, 0, "note %d of those held outside is of another origin, %q", i+1, h.origin)
		case h.size > v.m.Size:
			v.clash("", &h, Finding{Rule: RuleRollback, Seq: v.m.Size, To: h.size, Evidence: string(h.raw),
				Message: fmt.Sprintf("a note held outside is of size %d, the bundle of size %d", h.size, v.m.Size)})
		default:
			v.marks = append(v.marks, mark{head: h, held: true})
		}
	}
	return heads
}

// allTime are keys without the sizes up to which they may sign, which are those of another log.
func allTime(keys []Key) []Key {
	all := slices.Clone(keys)
	for i := range all {
		all[i].Until = 0
	}
	return all
}

func (v *verifier) enoughWitnesses(h *head) bool { return h.cosigs >= max(1, v.policy.MinWitnesses) }

func (v *verifier) readHeads() error {
	held := v.readTrusted()
	defer v.sortMarks()
	if v.m.Heads == nil {
		return nil
	}
	ok, err := v.expect(place{section: inHead})
	if err != nil {
		return err
	}
	if !ok {
		v.find(RuleIncomplete, 0, 0, "the newest checkpoint of the log of heads is missing")
		return nil
	}
	raw, ok, err := v.small(maxNote)
	if err != nil || !ok {
		return err
	}
	h, err := openHead(raw, v.headsKeys(), v.policy.Witnesses)
	switch {
	case err != nil:
		v.findNote(err, 0, "checkpoint of the log of heads")
		return nil
	case h.origin != v.m.Heads.Origin:
		v.find(RuleOtherLog, 0, 0, "the checkpoint of the log of heads is of another origin")
		return nil
	}
	v.heads = &headsView{head: h, held: held, vouched: v.enoughWitnesses(&h)}
	if err := v.readLinks(); err != nil {
		return err
	}
	return v.readHeadsProofs()
}

// readLinks compares the log of heads with the notes of it that were held outside.
func (v *verifier) readLinks() error {
	h := v.heads
	compared := make([]bool, len(h.held))
	for i, t := range h.held {
		switch {
		case t.size == h.size:
			compared[i] = true
			if t.root != h.root {
				v.clash(lostOfHeads, &t, forkOf(0, 0, "the log of heads", &t, &h.head))
			} else {
				h.vouched = true
			}
		case t.size > h.size:
			compared[i] = true
			v.clash(lostOfHeads, &t, Finding{Rule: RuleRollback, Evidence: string(t.raw),
				Message: fmt.Sprintf("a note of the log of heads held outside is of size %d, the bundle's of size %d", t.size, h.size)})
		}
	}
	for at := (place{section: inHead}); ; {
		ok, err := v.follow(inHeadsLinks, &at)
		if err != nil {
			return err
		} else if !ok {
			break
		}
		b, ok, err := v.small(maxProof)
		if err != nil {
			return err
		} else if !ok {
			continue
		}
		proof, rest, ok := parseHashLines(string(b))
		for i, t := range h.held {
			if t.size != at.at || compared[i] {
				continue
			}
			compared[i] = true
			if !ok || rest != "" || t.size > 0 && tlog.CheckTree(tlog.TreeProof(proof), int64(h.size), h.root, int64(t.size), t.root) != nil {
				v.clash(lostOfHeads, &t, Finding{Rule: RuleHeads, Evidence: string(t.raw) + "\n" + string(h.raw),
					Message: fmt.Sprintf("the log of heads is not shown to continue the note of size %d held outside", t.size)})
			} else {
				h.vouched = true
			}
		}
	}
	for i, t := range h.held {
		if !compared[i] {
			v.clash(lostOfHeads, &t, Finding{Rule: RuleNotCompared, Message: fmt.Sprintf(
				"the bundle does not tell whether the log of heads continues the note of size %d held outside", t.size)})
		}
	}
	return nil
}

func (v *verifier) readHeadsProofs() error {
	h := v.heads
	for at := (place{section: inHeadsLinks, at: 1<<64 - 1}); ; {
		ok, err := v.follow(inHeadsProofs, &at)
		if err != nil || !ok {
			return err
		}
		b, ok, err := v.small(maxProof)
		if err != nil {
			return err
		} else if !ok {
			continue
		}
		from, to := lastOf(at.at)
		i := slices.IndexFunc(v.marks, func(m mark) bool { return m.size == at.at && !m.held })
		if i < 0 {
			v.find(RuleHeads, from, to, "there is a proof for a checkpoint of size %d, and no such checkpoint that is signed", at.at)
			continue
		}
		p, ok := readProof(b)
		if !ok || !bytes.Equal(p.Checkpoint, h.raw) || checkPath(p.Path, h.size, h.root, p.Seq, tlog.RecordHash([]byte(v.marks[i].text))) != nil {
			v.find(RuleHeads, from, to, "the log of heads does not have the checkpoint of size %d where the proof says", at.at)
			continue
		}
		v.marks[i].vouched = h.vouched
	}
}

func (v *verifier) sortMarks() {
	slices.SortStableFunc(v.marks, func(a, b mark) int { return cmp.Compare(a.size, b.size) })
}

// compareMarks compares the marks of up to size with the tree, of which row are the leaves after the full tiles.
func (v *verifier) compareMarks(size uint64) {
	for ; v.next < len(v.marks) && v.marks[v.next].size <= size; v.next++ {
		m := &v.marks[v.next]
		m.seen = true
		if v.broken {
			continue
		}
		n := m.size - v.tiles.tiles*tileWidth
		m.fits = v.decide(m, int(n))
	}
}

// decide compares a mark with both trees, and tells by it which was right where they differ.
func (v *verifier) decide(m *mark, n int) bool {
	byTiles := v.tiles.root(v.tileRow[:n]) == m.root
	if v.same {
		return byTiles
	}
	byLeaves := v.leaves.root(v.leafRow[:n]) == m.root
	if !byTiles && !byLeaves {
		return false
	}
	v.resolve(m.size, byTiles)
	if byTiles {
		v.leaves = v.tiles
		copy(v.leafRow[:n], v.tileRow[:n])
	} else {
		v.tiles = v.leaves
		copy(v.tileRow[:n], v.leafRow[:n])
	}
	v.same = v.leafRow == v.tileRow
	return true
}

// resolve reports the doubts about the places below size: as they are if the tiles are right, else as tiles that
// are wrong.
func (v *verifier) resolve(size uint64, tiles bool) {
	rest := v.doubts[:0]
	for _, f := range v.doubts {
		switch {
		case f.Seq >= size:
			rest = append(rest, f)
		case tiles:
			v.rep.add(f)
		default:
			v.find(RuleTile, f.Seq, f.To, "the hash in the tile is not that of the event, which is as it was signed")
		}
	}
	v.doubts = rest
}

func (v *verifier) fork(from, to uint64, what string, a, b *head) {
	v.rep.add(forkOf(from, to, what, a, b))
}

func forkOf(from, to uint64, what string, a, b *head) Finding {
	return Finding{Rule: RuleFork, Seq: from, To: to, Evidence: string(a.raw) + "\n" + string(b.raw),
		Message: fmt.Sprintf("%s was signed with two histories: a note of size %d and one of size %d cannot both be true", what, a.size, b.size)}
}
