package audittest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// reorder changes what lies in the file of the events of i's tile. Its tiles and openings stay.
func (t attacker) reorder(i int, change func(events [][]byte) [][]byte) {
	t.a.Bundle = t.files(func(fs []File) []File {
		for k := range fs {
			if name, _, _ := strings.Cut(fs[k].Name, ".p/"); name != "tile/entries/"+tilePath(i/256, 0) {
				continue
			}
			var events [][]byte
			for b := fs[k].Data; len(b) > 0; {
				n := 2 + int(binary.BigEndian.Uint16(b))
				events, b = append(events, b[:n]), b[n:]
			}
			fs[k].Data = bytes.Join(change(events), nil)
		}
		return fs
	})
}

func (t attacker) swapLeaves() bool {
	i, k, ok := t.sameTile()
	if !ok {
		return false
	}
	t.reorder(i, func(es [][]byte) [][]byte {
		es[i%256], es[k%256] = es[k%256], es[i%256]
		return es
	})
	t.touch(i, i+1)
	t.touch(k, k+1)
	return t.expect(i, i+1, audit.RuleMoved) && t.expect(k, k+1, audit.RuleMoved)
}

// move takes an event out and puts it in further back or further ahead, so that those between move up.
func (t attacker) move() bool {
	i, k, ok := t.sameTile()
	if !ok || k-i < 2 {
		return false
	}
	if t.rng.IntN(2) == 0 {
		i, k = k, i
	}
	t.reorder(i, func(es [][]byte) [][]byte {
		e := es[i%256]
		return slices.Insert(slices.Delete(es, i%256, i%256+1), k%256, e)
	})
	t.touch(i, i+1)
	return t.expect(i, i+1, audit.RuleMoved)
}

func (t attacker) duplicate() bool {
	i, k, ok := t.sameTile()
	if !ok {
		return false
	}
	t.reorder(i, func(es [][]byte) [][]byte { return slices.Insert(es, k%256, es[i%256]) })
	if k == i+1 { // which of both is the other one does not matter
		t.touch(i, i+1)
	}
	t.touch(k, k+1)
	return t.expect(i, k+1, audit.RuleExtra)
}

func (t attacker) overwrite() bool {
	i, k, ok := t.sameTile()
	if !ok {
		return false
	}
	t.reorder(i, func(es [][]byte) [][]byte {
		es[k%256] = es[i%256]
		return es
	})
	t.touch(k, k+1)
	return t.expect(k, k+1, audit.RuleMoved)
}

// several does much at once: it removes the first event of a tile and the seventh, edits the fourth, and swaps the
// last with the fourth from behind.
func (t attacker) several() bool {
	from, ok := t.some(func(i int) bool { return i%256 == 0 && i+20 <= len(t.Leaves) && t.Leaves[i] != nil })
	if !ok {
		return false
	}
	last := min(from+256, len(t.Leaves)) - 1
	edited := t.edited(from + 3)
	edited = append(binary.BigEndian.AppendUint16(nil, uint16(len(edited))), edited...)
	t.reorder(from, func(es [][]byte) [][]byte {
		n := len(es)
		es[n-1], es[n-4] = es[n-4], es[n-1]
		es[3] = edited
		return slices.Concat(es[1:6], es[7:])
	})
	for _, i := range []int{from, from + 3, from + 6, last - 3, last} {
		t.touch(i, i+1)
	}
	return t.expect(from, from+1, audit.RuleMissing)
}

// spokenOf returns the places that events of the log about itself, which lie in s, say something of: who changes such
// an event leaves those places without what explains them.
func (h *History) spokenOf(s Span) (more []Span) {
	size := uint64(len(h.Leaves))
	for i := s.From; i < min(s.To, size); i++ {
		var e struct {
			Action string
			Data   struct {
				Fields []string
				To     uint64
			}
		}
		if json.Unmarshal(h.Leaves[i], &e) != nil {
			continue
		}
		switch e.Action {
		case "audit.erased":
			for _, f := range e.Data.Fields {
				at, _, _ := strings.Cut(f, ":")
				n, _ := strconv.ParseUint(at, 10, 64)
				more = append(more, Span{n, n + 1})
			}
		case "audit.pruned":
			more = append(more, Span{0, e.Data.To})
		case "audit.hold_placed", "audit.hold_released":
			for _, k := range h.Erasures {
				more = append(more, Span{k, k + 1})
			}
			for _, k := range h.pruned {
				more = append(more, Span{uint64(k), uint64(k) + 1})
			}
		}
	}
	return more
}
