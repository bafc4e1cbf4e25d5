package audit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// errManyErasures is that the log has more erased values than a verifier keeps in mind.
var errManyErasures = errors.New("more values were erased than can be kept in mind")

const (
	keptErased      = 44 << 20 // bytes of records
	keptShapes      = 1 << 16
	keptShapesBytes = 4 << 20
)

// erasedFields are the values that are gone, until an event says that they were erased, and after. That event
// comes later in the log, so each must be kept in mind: three bytes or so for an event that lost all its
// values, under the list of labels that it shares with others.
type erasedFields struct {
	tiles  map[uint64][]byte     // records by tile
	closed map[uint64]*[4]uint64 // the places of a tile where something sealed was not opened
	bytes  int

	shapes     map[string]int // lists of labels, with a line end after each
	names      [][]string     // the same, by number
	shapeBytes int

	tile    uint64 // that is being read
	records []byte // of it

	drawn   bool // window holds a tile's records
	drawnAt uint64
	window  [tileWidth]erasedSlot
}

// erasedSlot is what is gone of one event.
type erasedSlot struct {
	used          bool
	shape         int
	missing, done labelSet
}

// The kinds of records: a byte with the place in the tile, a uvarint of shape and kind, and the sets that the
// kind does not tell.
const (
	allMissing = iota
	allDone
	someMissing
	someDone
)

func (e *erasedFields) begin(base uint64) {
	e.tile, e.records = base/tileWidth, e.records[:0]
	if e.tiles == nil {
		e.tiles, e.closed, e.shapes = map[uint64][]byte{}, map[uint64]*[4]uint64{}, map[string]int{}
	}
}

// missing notes that labels of the leaf at that place are gone.
func (e *erasedFields) missing(at int, leaves []byte, labels []labelView, set labelSet) {
	if at >= tileWidth {
		return // one too many, which is reported
	}
	var room [512]byte
	key := room[:0]
	for _, l := range labels {
		key = append(append(key, leaves[l.from:l.to]...), '\n')
	}
	shape, ok := e.shapes[string(key)]
	if !ok {
		shape = len(e.names)
		e.shapes[string(key)] = shape
		var names []string
		for _, n := range bytes.Split(key[:len(key)-1], []byte{'\n'}) {
			names = append(names, string(n))
		}
		e.names = append(e.names, names)
		e.shapeBytes += 2*len(key) + 16*len(names)
	}
	e.records = appendErased(e.records, at, &erasedSlot{shape: shape, missing: set}, len(labels))
}

// unopened notes that something sealed at that place was not opened.
func (e *erasedFields) unopened(at int) {
	if at >= tileWidth {
		return
	}
	set := e.closed[e.tile]
	if set == nil {
		set = new([4]uint64)
		e.closed[e.tile] = set
	}
	set[at/64] |= 1 << (at % 64)
}

func (e *erasedFields) end() error {
	if len(e.records) > 0 {
		e.tiles[e.tile] = bytes.Clone(e.records)
		e.bytes += len(e.records)
	}
	if e.bytes > keptErased || len(e.names) > keptShapes || e.shapeBytes > keptShapesBytes {
		return errManyErasures
	}
	return nil
}

func appendErased(b []byte, at int, s *erasedSlot, labels int) []byte {
	all, none := labelsUpTo(labels), labelSet{}
	kind := someDone
	switch {
	case s.missing == all && s.done == none:
		kind = allMissing
	case s.missing == all && s.done == all:
		kind = allDone
	case s.done == none:
		kind = someMissing
	}
	b = binary.AppendUvarint(append(b, byte(at)), uint64(s.shape)<<2|uint64(kind))
	if kind >= someMissing {
		b = binary.AppendUvarint(binary.AppendUvarint(b, s.missing[0]), s.missing[1])
	}
	if kind == someDone {
		b = binary.AppendUvarint(binary.AppendUvarint(b, s.done[0]), s.done[1])
	}
	return b
}

// draw brings the records of a tile into the window.
func (e *erasedFields) draw(tile uint64) {
	if e.drawn && e.drawnAt == tile {
		return
	}
	e.putBack()
	e.drawn, e.drawnAt, e.window = true, tile, [tileWidth]erasedSlot{}
	next := func(b *[]byte) uint64 {
		x, n := binary.Uvarint(*b)
		*b = (*b)[n:]
		return x
	}
	for b := e.tiles[tile]; len(b) > 0; {
		s := &e.window[b[0]]
		b = b[1:]
		x := next(&b)
		s.used, s.shape = true, int(x>>2)
		s.missing = labelsUpTo(len(e.names[s.shape]))
		switch x & 3 {
		case allDone:
			s.done = s.missing
		case someMissing:
			s.missing = labelSet{next(&b), next(&b)}
		case someDone:
			s.missing = labelSet{next(&b), next(&b)}
			s.done = labelSet{next(&b), next(&b)}
		}
	}
}

// putBack is the reverse of draw.
func (e *erasedFields) putBack() {
	if !e.drawn {
		return
	}
	e.drawn = false
	var b []byte
	for at := range e.window {
		if s := &e.window[at]; s.used {
			b = appendErased(b, at, s, len(e.names[s.shape]))
		}
	}
	if len(b) > 0 {
		e.bytes += len(b) - len(e.tiles[e.drawnAt])
		e.tiles[e.drawnAt] = bytes.Clone(b)
	}
}

// allow notes that an event erased the value of that label at seq. It is false if that value is not gone.
func (e *erasedFields) allow(seq uint64, label string) bool {
	tile, at := seq/tileWidth, int(seq%tileWidth)
	if set := e.closed[tile]; set != nil && set[at/64]>>(at%64)&1 == 1 {
		return true // who cannot open it cannot tell
	}
	if e.tiles[tile] == nil {
		return false
	}
	e.draw(tile)
	s := &e.window[at]
	if !s.used {
		return false
	}
	i := slices.Index(e.names[s.shape], label)
	if i < 0 || !s.missing.has(i) {
		return false
	}
	s.done.add(i)
	return true
}

// settle reports the values that are gone without an event, and counts the others.
func (e *erasedFields) settle(r *Report) {
	e.putBack()
	for _, tile := range slices.Sorted(maps.Keys(e.tiles)) {
		e.draw(tile)
		for at := range e.window {
			s := &e.window[at]
			if !s.used {
				continue
			}
			for i, label := range e.names[s.shape] {
				seq := tile*tileWidth + uint64(at)
				switch {
				case s.done.has(i):
					r.Erased++
				case s.missing.has(i):
					r.add(Finding{Rule: RuleErasure, Seq: seq, To: seq + 1, Label: label, Message: fmt.Sprintf("the value of %s is gone and nothing says that it was erased", label)})
				}
			}
		}
		e.drawn = false
	}
}
