package redact

import "bytes"

// room returns the text src[lo:hi] that decides about what may be found at src[start:end]: it reaches back to the last
// match or label and on to the next that is known. Beyond a match the text is about to change, and a label says "phone" or "card"
// itself; if either were read, a second look at the output could find what the first did not.
func (s *scanner) room(start, end int) (lo, hi int) {
	src := s.src[:max(end, min(s.ahead.wall, len(s.src)))]
	lo = s.floor
	// Brackets are rare: remember a stretch without any.
	from, to := max(0, start-maxLabel-lookBehind), min(len(src), end+2*lookBehind)
	if from < s.plain || to > s.plainEnd {
		s.plain, s.plainEnd = from, min(len(src), to+1024)
		if n := bytes.IndexByte(src[from:s.plainEnd], '['); n >= 0 {
			s.plainEnd = from + n
		}
	}
	if to <= s.plainEnd {
		return lo, len(src)
	}
	for i := max(lo, start-maxLabel-lookBehind); i < start; {
		n := bytes.IndexByte(src[i:start], '[')
		if n < 0 {
			break
		}
		i += n
		if e := labelAt(src, i); e > 0 && e <= start {
			lo, i = e, e
			continue
		}
		i++
	}
	hi = len(src)
	for i := end; i < min(hi, end+2*lookBehind); {
		n := bytes.IndexByte(src[i:min(hi, end+2*lookBehind)], '[')
		if n < 0 {
			break
		}
		i += n
		if labelAt(src, i) > 0 {
			return lo, i
		}
		i++
	}
	return lo, hi
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
