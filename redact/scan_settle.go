package redact

// parity tells whether a place is within a JSON string: it counts quotes since the last line break. It is asked seldom
// and goes forward only.
type parity struct {
	at int
	in bool
}

// settle makes a match fit to be replaced: it begins behind the last one, does not begin within an escape, and a bare
// JSON number is taken whole and its replacement quoted.
func (s *scanner) settle(m *found) {
	m.start = max(m.start, s.floor)
	m.start = min(m.end, s.afterEscape(m.start))
}

// afterEscape returns i, or where the escape ends that i lies in.
func (s *scanner) afterEscape(i int) int {
	src := s.src
	for back := 1; back <= 5 && i-back >= s.base; back++ {
		if src[i-back] != '\\' {
			continue
		}
		slashes := 1
		for i-back-slashes >= s.base && slashes < 16 && src[i-back-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i
		}
		if n := s.escape(i - back); n > back {
			return i - back + n
		}
		return i
	}
	return i
}
