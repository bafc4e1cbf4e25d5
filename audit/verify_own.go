package audit

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// ownEvents is what the log says of itself: what was erased and pruned, and what was held meanwhile.
type ownEvents struct {
	holds    map[string]uint64 // of everything, in force: id and place
	tooMany  bool              // of these, to be kept in mind
	prunings []pruning
	from, to uint64 // the places that are gone
	roots    map[uint64]treeHash
	restores []restore
}

const keptHolds = 1 << 12

var errManyHolds = errors.New("more holds are in force than can be kept in mind")

type pruning struct {
	seq, to uint64
	root    treeHash
}

// ownEvents reads the events of a tile that the log recorded about itself.
func (v *verifier) ownEvents(base uint64) {
	for i, k := range v.aligned.lies[:v.aligned.width] {
		if k == noLeaf {
			continue
		}
		view := &v.views[k]
		if view.bad || view.foreign || !bytes.HasPrefix(v.entries[view.action:view.actionEnd], []byte("audit.")) {
			continue
		}
		v.ownEvent(base+uint64(i), v.entries[view.start:view.end])
	}
}

func (v *verifier) ownEvent(seq uint64, b []byte) {
	l, err := decodeLeaf(b)
	if err != nil {
		v.find(RuleBadLeaf, seq, seq+1, "it is not the encoding of an event")
		return
	}
	ok := true
	switch data := l.event.Data; l.action {
	case Erased.Name():
		ok = v.ownErased(seq, data)
	case Pruned.Name():
		ok = v.ownPruned(seq, data)
	case Restored.Name():
		ok = v.ownRestored(seq, b, data)
	case HoldPlaced.Name(), HoldReleased.Name():
		id, _ := data["hold"].(string)
		scope, _ := data["scope"].(string)
		ok = id != "" && len(id) <= maxHoldID
		if v.own.holds == nil {
			v.own.holds = map[string]uint64{}
		}
		if l.action == HoldReleased.Name() {
			delete(v.own.holds, id)
		} else if ok && scope == "all" {
			v.own.holds[id] = seq
		}
		v.own.tooMany = v.own.tooMany || len(v.own.holds) > keptHolds
	}
	if !ok {
		v.find(RuleBadErasure, seq, seq+1, "the %s event is not as this package writes it", l.action)
	}
}

func (v *verifier) ownErased(seq uint64, data map[string]any) bool {
	fields, ok := data["fields"].([]string)
	if !ok {
		return false
	}
	if len(v.own.holds) > 0 {
		v.find(RuleErasedHeld, seq, seq+1, "values were erased while everything was held")
	}
	for _, f := range fields {
		at, labels, found := strings.Cut(f, ":")
		n, err := strconv.ParseUint(at, 10, 64)
		if !found || err != nil || n >= seq || labels == "" {
			ok = false
			continue
		}
		if n < v.own.to || n >= v.m.Size {
			continue // the event is gone, too, or beyond what was read
		}
		for label := range strings.SplitSeq(labels, ",") {
			// What was erased behind the bundle may be in it still.
			if !v.erased.allow(n, label) && seq < v.m.Size {
				v.rep.add(Finding{Rule: RuleNotErased, Seq: n, To: n + 1, Label: printableLabel(label),
					Message: "event " + strconv.FormatUint(seq, 10) + " says that this value was erased, and it was not"})
			}
		}
	}
	return ok
}

// printableLabel is label if it can be one.
func printableLabel(label string) string {
	for i := range len(label) {
		if leafClass[label[i]]&inLabel == 0 {
			return ""
		}
	}
	return label[:min(len(label), maxLabel)]
}

func (v *verifier) ownPruned(seq uint64, data map[string]any) bool {
	to, ok := countIn(data["to"])
	text, isText := data["root"].(string)
	root, err := parseHash(text)
	if !ok || !isText || err != nil || to%tileWidth != 0 || to > seq || to == 0 {
		return false
	}
	if len(v.own.holds) > 0 {
		v.find(RulePrunedHeld, seq, seq+1, "events were pruned while everything was held")
	}
	// The latest are those that matter: each covers what those before it did.
	if len(v.own.prunings) == 1<<12 {
		v.own.prunings = append(v.own.prunings[:0], v.own.prunings[1<<11:]...)
	}
	v.own.prunings = append(v.own.prunings, pruning{seq, to, root})
	return true
}

func countIn(v any) (uint64, bool) {
	switch n := v.(type) {
	case uint64:
		return n, true
	case int64:
		return uint64(n), n >= 0
	case int:
		return uint64(n), n >= 0
	}
	return 0, false
}

// absent notes that the events of a tile are gone, of which the hashes are there.
func (v *verifier) absent(base uint64, width int) {
	o := &v.own
	if o.to == 0 {
		o.from = base
	}
	o.to = base + uint64(width)
	v.rep.Pruned += uint64(width)
}

// keepRoot keeps the root at the end of a tile, if events are gone up to there or before.
func (v *verifier) keepRoot(to uint64) {
	o := &v.own
	if o.to == 0 || to < v.m.Pruned || len(o.roots) == 1<<16 || v.broken || to%tileWidth != 0 {
		return
	}
	if o.roots == nil {
		o.roots = map[uint64]treeHash{}
	}
	o.roots[to] = v.tiles.root(nil)
}

// settlePruned reports what is gone without an event that says so.
func (v *verifier) settlePruned() {
	o := &v.own
	if o.to == 0 {
		return
	}
	allowed := uint64(0)
	for _, p := range o.prunings {
		root, known := o.roots[p.to]
		switch {
		case p.to < o.to && p.to <= allowed:
		case known && root != p.root:
			v.find(RulePrunedRoot, p.seq, p.seq+1, "the root it names for size %d is not that of the events", p.to)
		case known, p.to > v.m.Size, p.to < o.to:
			allowed = max(allowed, p.to)
		}
	}
	if allowed < o.to {
		v.find(RulePruned, max(allowed, o.from), o.to, "these events are gone and no event says that they were pruned")
	}
}
