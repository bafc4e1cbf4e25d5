package audit

import (
	"fmt"
	"slices"
)

// alignment tells which of the leaves of a tile is the event of which place, by the hashes in the tile: after one
// event was taken out, those behind it are still who they were.
type alignment struct {
	lies  [tileWidth]int16 // of each place: which leaf is its event, or noLeaf
	width int              // places
	equal bool             // leaves and hashes are the same, or there are no hashes
	cost  []uint16         // scratch
}

const noLeaf = -1

// align aligns the leaves of the current tile, and puts in doubt those that are not what the tile says.
func (v *verifier) align(base uint64, width int, hasTile bool) {
	a := &v.aligned
	a.width = width
	a.equal = !hasTile || slices.Equal(v.hashes, v.tileRow[:width])
	for i := range a.lies {
		a.lies[i] = noLeaf
		if a.equal && i < min(width, len(v.views)) {
			a.lies[i] = int16(i)
		}
	}
	if a.equal {
		return
	}
	steps := a.steps(v.tileRow[:width], v.hashes)
	// What lies where it should is settled; then those that lie elsewhere in the tile are looked for.
	used := make([]bool, len(v.hashes))
	for _, s := range steps {
		if s.same {
			a.lies[s.place], used[s.leaf] = int16(s.leaf), true
		}
	}
	for _, s := range steps {
		if s.same || s.leaf == noLeaf {
			continue
		}
		for i := range width {
			if a.lies[i] == noLeaf && v.tileRow[i] == v.hashes[s.leaf] {
				a.lies[i], used[s.leaf] = int16(s.leaf), true
				break
			}
		}
	}
	for _, s := range steps {
		v.doubt(base, s, used)
	}
}

// doubt notes what a step says is wrong. It is a doubt until a checkpoint tells that the tile is right.
func (v *verifier) doubt(base uint64, s alignStep, used []bool) {
	a := &v.aligned
	found := func(rule, format string, args ...any) {
		seq := base + uint64(min(s.place, a.width-1))
		v.doubts = append(v.doubts, Finding{Rule: rule, Seq: seq, To: seq + 1, Message: fmt.Sprintf(format, args...)})
	}
	belongs := noLeaf
	if s.leaf != noLeaf {
		belongs = slices.Index(v.tileRow[:a.width], v.hashes[s.leaf])
	}
	switch {
	case s.same:
	case s.leaf == noLeaf && a.lies[s.place] == noLeaf:
		found(RuleMissing, "the event that has this place is not there")
	case s.leaf == noLeaf:
		found(RuleMoved, "the event that has this place lies elsewhere in its tile")
	case s.extra && used[s.leaf]: // its own place tells
	case s.extra && s.place == a.width:
		found(RuleExtra, "an event was put after the last that has a place")
	case s.extra:
		found(RuleExtra, "an event was put before the one that has this place")
	case belongs != noLeaf:
		found(RuleMoved, "the event that lies here belongs at %d", base+uint64(belongs))
	default:
		found(RuleEdited, "it is not the event whose hash is in the tile")
		if a.lies[s.place] == noLeaf {
			a.lies[s.place] = int16(s.leaf) // if the tile is wrong, it is
		}
	}
}

// alignStep goes past a place, a leaf, or both.
type alignStep struct {
	place int
	leaf  int  // that lies there; noLeaf: none does
	same  bool // it is the event of the place
	extra bool // it lies before the place, and takes none
}

// steps finds the fewest changes that make the leaves of the tile: one event put in the place of another, taken out
// or put in. Nothing is named but what those touch.
func (a *alignment) steps(tile, leaves []treeHash) []alignStep {
	head, tail := 0, 0
	for head < min(len(tile), len(leaves)) && tile[head] == leaves[head] {
		head++
	}
	for tail < min(len(tile), len(leaves))-head && tile[len(tile)-1-tail] == leaves[len(leaves)-1-tail] {
		tail++
	}
	rows, cols := len(tile)-head-tail, len(leaves)-head-tail
	a.cost = slices.Grow(a.cost[:0], (rows+1)*(cols+1))[:(rows+1)*(cols+1)]
	// at is the cost of making the leaves from the k-th on of the places from the i-th on.
	at := func(i, k int) *uint16 { return &a.cost[i*(cols+1)+k] }
	for i := rows; i >= 0; i-- {
		for k := cols; k >= 0; k-- {
			switch {
			case i == rows:
				*at(i, k) = uint16(cols - k)
			case k == cols:
				*at(i, k) = uint16(rows - i)
			case tile[head+i] == leaves[head+k]:
				*at(i, k) = *at(i+1, k+1)
			default:
				*at(i, k) = 1 + min(*at(i+1, k+1), *at(i+1, k), *at(i, k+1))
			}
		}
	}
	steps := make([]alignStep, 0, len(tile)+cols)
	for i := range head {
		steps = append(steps, alignStep{place: i, leaf: i, same: true})
	}
	i, k := 0, 0
	for i < rows || k < cols {
		s := alignStep{place: head + i, leaf: head + k}
		switch {
		case i < rows && k < cols && tile[head+i] == leaves[head+k]:
			s.same = true
			i, k = i+1, k+1
		case i < rows && k < cols && *at(i, k) == 1+*at(i+1, k+1):
			i, k = i+1, k+1
		case i < rows && *at(i, k) == 1+*at(i+1, k):
			s.leaf = noLeaf
			i++
		default:
			s.extra = true
			k++
		}
		steps = append(steps, s)
	}
	for i := range tail {
		steps = append(steps, alignStep{place: len(tile) - tail + i, leaf: len(leaves) - tail + i, same: true})
	}
	return steps
}
