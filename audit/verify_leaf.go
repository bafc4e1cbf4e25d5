package audit

import "bytes"

// leafView says where in the entries of a tile a leaf and its parts lie. What comes before the erasable
// values is checked byte for byte; it needs no escapes, so no JSON parser.
type leafView struct {
	start, end         int32
	id                 int32
	time               int32
	action, actionEnd  int32
	personal, labelEnd int32 // the first label's quote, and the brace that closes them; 0, 0 without
	bad, foreign       bool
}

const (
	leafTimeLen = len(leafTime)
)

// viewLeaf finds the parts of the leaf b[start:end].
func viewLeaf(b []byte, start, end int, tenant []byte) (v leafView) {
	v.start, v.end = int32(start), int32(end)
	s := leafScanner{b: b[:end], at: start}
	if !s.lit(`{"v":1,"tenant":"`) {
		v.bad = true
		return v
	}
	at := s.at
	if !s.word(63) {
		v.bad = true
		return v
	}
	v.foreign = !bytes.Equal(s.b[at:s.at], tenant)
	ok := s.lit(`","id":"`)
	v.id = int32(s.at)
	ok = ok && s.uuid() && s.lit(`","time":"`)
	v.time = int32(s.at)
	ok = ok && s.time() && s.lit(`","action":"`)
	v.action = int32(s.at)
	ok = ok && s.word(64) && isActionWord(s.b[v.action:s.at])
	v.actionEnd = int32(s.at)
	ok = ok && s.lit(`","outcome":"`) && s.outcome() && s.lit(`"`)
	if ok && s.lit(`,"personal":{`) {
		v.personal = int32(s.at)
		ok = s.labels()
		v.labelEnd = int32(s.at - 1)
	}
	// What follows is free text: quoting it again would cost more than all the hashing. The event is hashed as it is.
	v.bad = !ok || s.at >= end || s.b[end-1] != '}' || s.b[s.at] == '}' != (s.at == end-1) || s.b[s.at] != ',' && s.b[s.at] != '}' || bytes.IndexByte(s.b[s.at:], '\n') >= 0
	return v
}

type leafScanner struct {
	b  []byte
	at int
}

func (s *leafScanner) lit(l string) bool {
	if len(s.b)-s.at < len(l) || string(s.b[s.at:s.at+len(l)]) != l {
		return false
	}
	s.at += len(l)
	return true
}

// The classes of bytes in the part of a leaf that has no escapes.
const (
	inWord = 1 << iota
	inLabel
	inBase64
	inHex
	inDigits
)

var leafClass = func() (t [256]byte) {
	for c := byte('0'); c <= '9'; c++ {
		t[c] = inWord | inLabel | inBase64 | inHex | inDigits
	}
	for c := byte('a'); c <= 'z'; c++ {
		t[c] |= inWord | inLabel | inBase64
		t[c-32] |= inLabel | inBase64
		if c <= 'f' {
			t[c] |= inHex
		}
	}
	t['-'] |= inWord | inLabel | inBase64
	t['_'] |= inWord | inLabel | inBase64
	t['.'] |= inWord | inLabel
	return t
}()

// word goes past 1 to most bytes of a tenant's id or an action's name.
func (s *leafScanner) word(most int) bool {
	from := s.at
	for s.at < len(s.b) && leafClass[s.b[s.at]]&inWord != 0 {
		s.at++
	}
	return s.at > from && s.at-from <= most
}

// isActionWord leaves out what a word may have and an action's name may not.
func isActionWord(b []byte) bool { return bytes.IndexByte(b, '-') < 0 && bytes.IndexByte(b, '.') > 0 }

func (s *leafScanner) uuid() bool {
	if len(s.b)-s.at < 36 {
		return false
	}
	u := s.b[s.at : s.at+36]
	if u[8] != '-' || u[13] != '-' || u[18] != '-' || u[23] != '-' {
		return false
	}
	dashes := 0
	for _, c := range u {
		if c == '-' {
			dashes++
		} else if leafClass[c]&inHex == 0 {
			return false
		}
	}
	s.at += 36
	return dashes == 4
}

// time goes past "2026-11-22T00:20:00.123456Z".
func (s *leafScanner) time() bool {
	if len(s.b)-s.at < leafTimeLen {
		return false
	}
	t := s.b[s.at : s.at+leafTimeLen]
	if t[4] != '-' || t[7] != '-' || t[10] != 'T' || t[13] != ':' || t[16] != ':' || t[19] != '.' || t[26] != 'Z' {
		return false
	}
	digits := 0
	for _, c := range t {
		digits += int(leafClass[c] & inDigits)
	}
	if digits != 20*inDigits {
		return false
	}
	two := func(i int) int { return int(t[i]-'0')*10 + int(t[i+1]-'0') }
	s.at += leafTimeLen
	return two(5)-1 < 12 && t[5] <= '1' && two(5) > 0 && two(8) > 0 && two(8) <= 31 && two(11) < 24 && two(14) < 60 && two(17) < 60
}

func (s *leafScanner) outcome() bool {
	return s.lit("success") || s.lit("failure") || s.lit("denied") || s.lit("attempted")
}

// labels goes past the commitments and the brace that closes them. There is one at least.
func (s *leafScanner) labels() bool {
	for {
		if !s.lit(`"`) {
			return false
		}
		from := s.at
		for s.at < len(s.b) && leafClass[s.b[s.at]]&inLabel != 0 {
			s.at++
		}
		if s.at == from || s.at-from > maxLabel || !s.lit(`":"`) || len(s.b)-s.at < commitmentLen+2 {
			return false
		}
		s.at += commitmentLen // its bytes are compared when it is opened, and looked at when it is erased
		if s.b[s.at] != '"' {
			return false
		}
		s.at += 2
		switch s.b[s.at-1] {
		case '}':
			return true
		case ',':
		default:
			return false
		}
	}
}

const (
	maxLabel  = len("data.") + 64
	maxLabels = 128 // 119 can be: 16 targets and an actor, a source, a reason and 64 values
)

// labelView is a label and where its commitment lies.
type labelView struct{ from, to, commitment int32 }

// splitLabels appends the labels of the leaf to ls. viewLeaf has checked their form.
func splitLabels(b []byte, v *leafView, ls []labelView) []labelView {
	for at := v.personal; at < v.labelEnd; {
		from := at + 1
		to := from + int32(bytes.IndexByte(b[from:], '"'))
		c := to + int32(len(`":"`))
		ls = append(ls, labelView{from, to, c})
		at = c + commitmentLen + 2
	}
	return ls
}
