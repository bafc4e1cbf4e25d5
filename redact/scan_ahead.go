package redact

import "math"

// An ahead is a match that is known before the text in front of it is done with, because it begins further on than what announced
// it, as the password behind a user's address does, or because numbers in front of it were judged by what it hides. That text
// is looked at first, as it is when a label stands in the place of the match.
type ahead struct {
	m    found
	walk walk // how to go on behind it
}

// aheads are the matches that were put off, the nearest last.
type aheads struct {
	wall  int // where the nearest begins
	n     int
	first [2]ahead // there seldom are more
	more  []ahead
}

// noWall is the wall when no match was put off.
const noWall = math.MaxInt

// at returns the kth of the matches.
func (a *aheads) at(k int) *ahead {
	if k < len(a.first) {
		return &a.first[k]
	}
	return &a.more[k-len(a.first)]
}

func (a *aheads) push(m *found, w walk) {
	if a.n < len(a.first) {
		a.first[a.n] = ahead{*m, w}
	} else {
		a.more = append(a.more[:a.n-len(a.first)], ahead{*m, w})
	}
	a.n++
	a.wall = m.start
}

func (a *aheads) pop() *ahead {
	a.n--
	if a.wall = noWall; a.n > 0 {
		a.wall = a.at(a.n - 1).m.start
	}
	return a.at(a.n)
}

func (a *aheads) shift(n int) {
	for k := range a.n {
		a.at(k).m.shift(n)
	}
	if a.n > 0 {
		a.wall -= n
	}
}

// stop is where the scan has to halt: at the next match that was put off, or else at the end of the text.
func (s *scanner) stop() int { return min(s.safe, s.ahead.wall) }

// putOff puts the match off when there is something to look at between src[i], which announced it, and the match.
func (s *scanner) putOff(i int) bool {
	for i++; i < s.m.start; i++ {
		if c := s.src[i]; isWord(c) || c >= 0x80 || c == '@' {
			s.ahead.push(&s.m, s.walk)
			s.walk = walk{}
			return true
		}
	}
	return false
}

// lookBack puts the match off and goes back to the row of digits in front of it, if there is one so near that the words or the
// digits in the match may have spoken against it.
func (s *scanner) lookBack() bool {
	src := s.src
	if s.ahead.n == maxAhead {
		return false
	}
	i := max(s.m.start, s.floor)
	for lo := max(s.floor, i-maxSpan); i > lo && !digitOrEnd[src[i-1]]; {
		i--
	}
	digits := 0
	for ; i > s.floor && (isRow(src[i-1]) || digits > 0 && isWord(src[i-1])); i-- {
		if isDigit(src[i-1]) {
			digits++
		}
	}
	if digits < 5 || i > s.at {
		return false
	}
	for i > s.floor && (src[i-1] == '%' || src[i-1] == '\\') { // of an escape
		i--
	}
	s.ahead.push(&s.m, s.walk)
	s.walk = walk{}
	s.pos, s.ws, s.ls, s.le, s.numEnd = i, i, i, i, i
	return true
}

// digitOrEnd are digits and the end of a line.
var digitOrEnd = func() (t [256]bool) {
	for c := range t {
		t[c] = isDigit(byte(c)) || c == '\n'
	}
	return t
}()

// maxAhead bounds how often one text is gone back over.
const maxAhead = 4

// arrived returns the match that was put off, when the scan has come to it.
func (s *scanner) arrived() (found, bool) {
	if s.pos < s.ahead.wall {
		return found{}, false
	}
	a := s.ahead.pop()
	s.m, s.walk = a.m, a.walk
	s.after(s.pos)
	return s.m, true
}
