package redact

// ahead is a match that begins further on than what announced it: the password behind a user's address, the second
// element of a list. The text up to it is looked at first, as it is when a label stands there.
type ahead struct {
	m    found
	walk walk // how to go on behind it
}

// stop is where the scan has to halt: at the next match that was put off, or else at the end of the text.
func (s *scanner) stop() int {
	if n := len(s.ahead); n > 0 {
		return min(s.safe, s.ahead[n-1].m.start)
	}
	return s.safe
}

// putOff puts the match off when there is something to look at between src[i], which announced it, and the match.
func (s *scanner) putOff(i int) bool {
	for i++; i < s.m.start; i++ {
		if c := s.src[i]; isWord(c) || c >= 0x80 || c == '@' {
			s.ahead = append(s.ahead, ahead{s.m, s.walk})
			s.walk = walk{}
			return true
		}
	}
	return false
}

// arrived returns the match that was put off, when the scan has come to it.
func (s *scanner) arrived() (found, bool) {
	n := len(s.ahead) - 1
	if n < 0 || s.pos < s.ahead[n].m.start {
		return found{}, false
	}
	s.m, s.walk = s.ahead[n].m, s.ahead[n].walk
	s.ahead = s.ahead[:n]
	s.after(s.pos)
	return s.m, true
}
