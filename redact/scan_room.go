package redact

import "bytes"

// room returns the text src[lo:hi] that decides about what may be found at src[start:end]: it reaches back to the last
// match or label and on to the next that is known. Beyond a match the text is about to change, and a label says "phone" or "card"
// itself; if either were read, a second look at the output could find what the first did not.
func (s *scanner) room(start, end int) (lo, hi int) {
	lo, hi = s.floor, max(end, min(s.ahead.wall, len(s.src)))
	for i := max(lo, start-maxLabel-lookBehind); i < start; {
		at := s.label(&s.before, i, start)
		if at < 0 {
			break
		}
		if i = labelAt(s.src, at); i <= start {
			lo = i
		}
	}
	if at := s.label(&s.behind, end, min(hi, end+2*lookBehind)); at >= 0 {
		hi = at
	}
	return lo, hi
}

// A labelSought is a stretch of text in which no label begins, or one at its end: it is read once however many places ask.
type labelSought struct {
	from, to int
	found    bool
}

// label returns where the first label begins in src[from:to], or -1.
func (s *scanner) label(q *labelSought, from, to int) int {
	if from < q.from || from > q.to {
		*q = labelSought{from: from, to: from}
	}
	for !q.found && q.to < to {
		n := bytes.IndexByte(s.src[q.to:to], '[')
		if n < 0 {
			q.to = to
			break
		}
		if q.to += n; labelAt(s.src, q.to) > 0 {
			q.found = true
		} else {
			q.to++
		}
	}
	if !q.found || q.to >= to {
		return -1
	}
	return q.to
}

// maxLabel is the length of the longest label: that of a pseudonym.
const maxLabel = 16 + 16 + 32 + 4

// labelAt returns the end of the label that begins at src[i], or 0: "[redacted:kind]", or "[kind~id~name]".
func labelAt(src []byte, i int) int {
	hi := min(len(src), i+maxLabel)
	marks := 0
	for j := i + 1; j < hi; j++ {
		switch c := src[j]; {
		case c == ']' && marks > 0:
			return j + 1
		case c == '~':
			marks++
		case c == ':':
			if string(src[i+1:j]) != "redacted" {
				return 0
			}
			marks++
		case class[c]&(cAlnum|cDash) == 0:
			return 0
		}
	}
	return 0
}
