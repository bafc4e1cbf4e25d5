package audit

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/bits"
)

// labelSet is a set of the labels of one leaf, by their position in it.
type labelSet [2]uint64

func (s *labelSet) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s *labelSet) has(i int) bool { return s[i/64]>>(i%64)&1 == 1 }
func (s *labelSet) len() int       { return bits.OnesCount64(s[0]) + bits.OnesCount64(s[1]) }

// labelsUpTo is the set of the first n.
func labelsUpTo(n int) labelSet {
	if n >= 64 {
		return labelSet{^uint64(0), 1<<(n-64) - 1}
	}
	return labelSet{1<<n - 1, 0}
}

// openingRun checks the openings of a tile against its leaves, both in the order of the log.
type openingRun struct {
	buf     []byte
	scratch []byte

	at      int         // the place it is at
	leaf    int         // that is the event of the place, or noLeaf
	labels  []labelView // of that leaf
	opened  labelSet    // of these
	hint    int         // the label after the one that was opened last
	sealed  bool        // an opening of that leaf was not opened
	subject Pseudonym   // of the opening before
	before  bool        // there was one, of the same leaf
}

// readOpenings reads the openings of a tile, in as many files as there are, and settles which fields are gone.
func (v *verifier) readOpenings(at place, base uint64) error {
	v.erased.begin(base)
	v.beginPlace(0)
	for at.rank = rankOpenings; ; at.rank++ {
		ok, err := v.expect(at)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if v.tar.left > maxOpenings+2*maxOpeningData {
			v.find(RuleMalformed, base, base+uint64(v.aligned.width), "the openings of a tile have a file of %d bytes", v.tar.left)
			continue
		}
		if v.opening.buf, err = v.tar.readInto(v.opening.buf[:0]); err != nil {
			return v.torn(err)
		}
		if err := v.checkOpenings(base, v.opening.buf); err != nil {
			return err
		}
	}
	v.goToPlace(base, v.aligned.width)
	return v.erased.end()
}

// checkOpenings checks the openings of one file.
func (v *verifier) checkOpenings(base uint64, b []byte) error {
	o := &v.opening
	for len(b) > 0 {
		offset, n := shortUvarint(b)
		if n <= 0 || offset >= uint64(v.aligned.width) || offset < uint64(o.at) || len(b) < n+len(o.subject) {
			v.find(RuleMalformed, base+uint64(o.at), base+uint64(v.aligned.width), "the openings of the tile are not as they are written")
			return nil
		}
		v.goToPlace(base, int(offset))
		who := Pseudonym(b[n:])
		b = b[n+len(who):]
		size, n := shortUvarint(b)
		if n <= 0 || size > maxOpeningData || size > uint64(len(b)-n) || o.before && bytes.Compare(who[:], o.subject[:]) <= 0 {
			v.find(RuleMalformed, base+offset, base+offset+1, "the openings of the event are not as they are written")
			return nil
		}
		o.subject, o.before = who, true
		if err := v.checkOpening(base+offset, b[n:n+int(size)]); err != nil {
			return err
		}
		b = b[n+int(size):]
	}
	return nil
}

// shortUvarint reads a uvarint in its shortest form; n is not positive for any other.
func shortUvarint(b []byte) (x uint64, n int) {
	x, n = binary.Uvarint(b)
	if n > 1 && b[n-1] == 0 {
		return 0, -1
	}
	return x, n
}

// goToPlace ends the place it is at and those before place i, and begins that one.
func (v *verifier) goToPlace(base uint64, i int) {
	for v.opening.at < i {
		v.endPlace(base)
		v.beginPlace(v.opening.at + 1)
	}
}

func (v *verifier) beginPlace(i int) {
	o := &v.opening
	o.at, o.leaf, o.hint, o.opened, o.sealed, o.before = i, noLeaf, 0, labelSet{}, false, false
	o.labels = o.labels[:0]
	if i >= v.aligned.width || v.aligned.lies[i] == noLeaf {
		return
	}
	o.leaf = int(v.aligned.lies[i])
	if view := &v.views[o.leaf]; view.personal != 0 && !view.bad {
		o.labels = splitLabels(v.entries, view, o.labels)
	}
}

func (v *verifier) endPlace(base uint64) {
	o := &v.opening
	if len(o.labels) == 0 {
		return
	}
	if len(o.labels) > maxLabels {
		v.find(RuleBadLeaf, base+uint64(o.at), base+uint64(o.at)+1, "it has more erasable values than an event can have")
		return
	}
	v.rep.Fields += uint64(len(o.labels))
	missing := len(o.labels) - o.opened.len()
	switch {
	case missing == 0:
	case o.sealed:
		v.rep.Sealed += uint64(missing)
		v.erased.unopened(o.at)
	default:
		all := labelsUpTo(len(o.labels))
		v.erased.missing(o.at, v.entries, o.labels, labelSet{all[0] &^ o.opened[0], all[1] &^ o.opened[1]})
	}
}

// checkOpening checks what is kept of one subject's values in the event at seq.
func (v *verifier) checkOpening(seq uint64, data []byte) error {
	o := &v.opening
	if len(data) == 0 || o.leaf == noLeaf || v.views[o.leaf].bad {
		return nil // an entry of the index of subjects, or of an event that is not there, which is reported
	}
	form, fields := data[0], data[1:]
	switch form {
	case openingPlain:
	case openingSealed:
		if v.policy.Sealer == nil {
			o.sealed = true
			return nil
		}
		plain, err := v.policy.Sealer.Open(v.ctx, fields, v.sealedIn(o.leaf, o.subject))
		switch {
		case errors.Is(err, ErrShredded):
			return nil // as if it were not there
		case v.ctx.Err() != nil:
			return v.ctx.Err()
		case errors.Is(err, context.DeadlineExceeded), errors.Is(err, ErrUnavailable):
			return err
		case err != nil:
			v.find(RuleCommitment, seq, seq+1, "sealed values do not open")
			o.sealed = true
			return nil
		}
		fields = plain
	default:
		v.find(RuleUncommitted, seq, seq+1, "an opening is of no form that is written")
		return nil
	}
	for len(fields) > 0 {
		f, rest, ok := nextField(fields)
		if !ok {
			v.find(RuleUncommitted, seq, seq+1, "an opening is cut off")
			return nil
		}
		v.checkField(seq, f)
		fields = rest
	}
	return nil
}

// checkField compares one value with its commitment.
func (v *verifier) checkField(seq uint64, f openField) {
	o := &v.opening
	i := o.find(v.entries, f.label)
	if i < 0 || o.opened.has(i) {
		label := ""
		if i >= 0 {
			label = string(f.label)
		}
		v.rep.add(Finding{Rule: RuleUncommitted, Seq: seq, To: seq + 1, Label: label, Message: "a value is there that the event has no commitment to"})
		return
	}
	o.hint = i + 1
	var sum [hashSize]byte
	sum, o.scratch = commitmentTo(o.scratch, f)
	c := o.labels[i].commitment
	o.opened.add(i)
	if !commitmentIs(v.entries[c:c+commitmentLen], &sum) {
		v.rep.add(Finding{Rule: RuleCommitment, Seq: seq, To: seq + 1, Label: string(f.label), Message: "the value or its salt is not the one that was recorded"})
		return
	}
	v.rep.Opened++
}

// find returns the position of a label. Values mostly come in the order of their labels.
func (o *openingRun) find(b []byte, label []byte) int {
	n := min(len(o.labels), maxLabels)
	for k := range n {
		i := o.hint + k
		if i >= n {
			i -= n
		}
		if l := &o.labels[i]; bytes.Equal(b[l.from:l.to], label) {
			return i
		}
	}
	return -1
}

// sealedIn is what the values of a leaf are sealed with that are kept under that subject.
func (v *verifier) sealedIn(i int, who Pseudonym) []byte {
	at := v.views[i].id
	id, _ := scanUUID(v.entries[at : at+36])
	return sealContext(v.rep.Tenant, id, who)
}
