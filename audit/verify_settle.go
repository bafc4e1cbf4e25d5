package audit

import (
	"bytes"
	"time"
)

// settle reports what could be told only after everything was read.
func (v *verifier) settle() {
	for _, f := range v.doubts {
		v.rep.add(f)
	}
	v.settleMarks()
	v.settleRestores()
	v.settleAnchor()
	v.erased.settle(v.rep)
	v.settlePruned()
	if n := v.rep.Sealed; n > 0 && !v.policy.AllowSealed {
		v.find(RuleUnopened, 0, 0, "%d sealed values were not opened", n)
	}
}

// settleMarks reports the checkpoints that are not of this tree. If a larger one is, the log was signed with
// two histories; if none is, the events are not those that were signed.
func (v *verifier) settleMarks() {
	signed := uint64(0)
	var newest *mark // that is the tree's
	for i := range v.marks {
		if m := &v.marks[i]; m.fits {
			newest = m
		}
	}
	covered, reported := false, false
	for i := range v.marks {
		m := &v.marks[i]
		if !m.held {
			signed, covered = max(signed, m.size), covered || m.size == v.m.Size
		}
		switch {
		case m.fits, !m.seen, v.broken, m.held && v.excused("", &m.head):
		case newest != nil && newest.size >= m.size:
			v.fork(v.goodBelow(m.size), max(m.size, 1), "the log", &m.head, &newest.head)
		case !reported:
			reported = true
			v.rep.add(Finding{Rule: RuleRoot, Seq: v.goodBelow(m.size), To: max(m.size, 1), Evidence: string(m.raw),
				Message: "the events do not have the root that was signed for them"})
		}
	}
	if !covered {
		v.find(RuleUnsigned, signed, max(v.m.Size, signed+1), "no checkpoint that is signed covers these events")
	}
}

// goodBelow is the largest size below that one up to which the tree is what was signed.
func (v *verifier) goodBelow(size uint64) (good uint64) {
	for i := range v.marks {
		if m := &v.marks[i]; m.fits && m.size < size {
			good = m.size
		}
	}
	return good
}

// settleAnchor tells up to where the log is vouched for from outside, and whether it is fresh.
func (v *verifier) settleAnchor() {
	newest, witnessed := time.Time{}, false
	var anchored []uint64 // the sizes of which somebody outside holds this log
	other := maxIndex     // the smallest size of which somebody outside holds another log than this one
	later := func(t time.Time) {
		if t.After(newest) {
			newest = t
		}
	}
	for i := range v.marks {
		m := &v.marks[i]
		if !m.held {
			later(m.at)
		}
		byWitness := v.enoughWitnesses(&m.head)
		witnessed = witnessed || byWitness && m.fits
		switch outside := m.held || m.vouched || byWitness; {
		case m.held && v.excused("", &m.head):
		case outside && m.seen && !m.fits:
			other = min(other, m.size)
		case outside && m.fits:
			anchored = append(anchored, m.size)
		}
	}
	for _, size := range anchored {
		if size < other {
			v.rep.AnchoredTo = max(v.rep.AnchoredTo, size)
		}
	}
	if v.heads != nil { // its time says nothing of this log: it is signed whatever becomes of one tenant's
		witnessed = witnessed || v.enoughWitnesses(&v.heads.head)
	}
	if v.policy.MinWitnesses > 0 && !witnessed {
		v.find(RuleWitnesses, 0, 0, "fewer than %d witnesses signed", v.policy.MinWitnesses)
	}
	if v.policy.MaxAge > 0 && (newest.IsZero() || v.policy.Now.Sub(newest) > v.policy.MaxAge) {
		from, to := lastOf(v.m.Size)
		v.find(RuleTooOld, from, to, "the newest signature is of %s", newest.Format(time.RFC3339))
	}
}

// timeSlack is how far the clocks of servers may be apart before an event's time is worth a word.
const timeSlack = 5 * time.Minute

// bracket is the time that a checkpoint was signed at, as the times of leaves are written.
type bracket struct {
	size       uint64
	early, old [leafTimeLen]byte // with the slack: the events below happened before early, those above after old
}

func (v *verifier) startBracket() {
	for i := range v.marks {
		if m := &v.marks[i]; !m.held && !m.at.IsZero() {
			b := bracket{size: m.size}
			copy(b.early[:], m.at.Add(timeSlack).UTC().Format(leafTime))
			copy(b.old[:], m.at.Add(-timeSlack).UTC().Format(leafTime))
			v.brackets = append(v.brackets, b)
		}
	}
}

// checkTime compares when an event says it happened with the checkpoints around it.
func (v *verifier) checkTime(seq uint64, at []byte) {
	for v.bracket < len(v.brackets) && v.brackets[v.bracket].size <= seq {
		v.bracket++
	}
	if i := v.bracket; i < len(v.brackets) && bytes.Compare(at, v.brackets[i].early[:]) > 0 {
		v.find(RuleTime, seq, seq+1, "it says that it happened after the checkpoint that covers it")
	} else if i > 0 && bytes.Compare(at, v.brackets[i-1].old[:]) < 0 {
		v.find(RuleTime, seq, seq+1, "it says that it happened before the checkpoint that does not cover it yet")
	}
}
