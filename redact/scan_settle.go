package redact

// parity tells whether a place lies within a JSON string: it counts quotes since the last line break, which no JSON
// string holds. It goes forward only.
type parity struct {
	at int
	in bool
}

func (p *parity) to(src []byte, place int) {
	for p.at < place {
		switch src[p.at] {
		case '\n':
			p.in = false
		case '"':
			p.in = !p.in
		case '\\':
			if p.in {
				p.at++
			}
		}
		p.at++
	}
}

// settle makes a match fit to be replaced: it begins behind the last one and not within an escape, and where it is a
// bare JSON number it is taken whole and its replacement quoted. It reports whether anything is left of it.
func (s *scanner) settle(m *found) bool {
	m.start = max(m.start, s.done)
	m.start = s.afterEscape(m.start)
	if m.start >= m.end {
		return false
	}
	if m.quotes == 0 && isDigit(s.src[m.end-1]) {
		s.bareNumber(m)
	}
	return true
}

// bareNumber has the replacement of a JSON number quoted.
func (s *scanner) bareNumber(m *found) {
	src, start, end := s.src, m.start, m.end
	for start > max(s.done, m.start-24) && (isDigit(src[start-1]) || src[start-1] == '.' || src[start-1] == '-') {
		start--
	}
	for end < min(len(src), m.end+24) && (isDigit(src[end]) || src[end] == '.' || src[end]|0x20 == 'e' || src[end] == '-' || src[end] == '+') {
		end++
	}
	for i := start; i < end; i++ {
		if c := src[i]; !isDigit(c) && c != '.' && c|0x20 != 'e' && c != '+' && (c != '-' || i > start && src[i-1]|0x20 != 'e') {
			return
		}
	}
	next := end
	for next < len(src) && next < end+lookBehind && isSpace(src[next]) {
		next++
	}
	if next < len(src) && src[next] != ',' && src[next] != '}' && src[next] != ']' {
		return
	}
	prev := start - 1
	for prev >= 0 && prev > start-lookBehind && isSpace(src[prev]) {
		prev--
	}
	if prev < 0 {
		return
	}
	switch src[prev] {
	case ':':
		for prev--; prev >= 0 && prev > start-lookBehind && isSpace(src[prev]); prev-- {
		}
		if prev < 0 || src[prev] != '"' && src[prev] != '\'' {
			return
		}
		from := prev
		for from > 0 && from > prev-15 && src[from-1] == '\\' {
			from--
		}
		m.quote, m.quotes = from, prev+1-from
	case '[', ',':
		s.quoted.to(src, start)
		if s.quoted.in {
			return
		}
		m.quotes = plainQuote
	default:
		return
	}
	m.start, m.end = start, end
}

// plainQuote stands for a quote that is not copied from the text.
const plainQuote = -1

// write appends what takes the place of m.
func (s *scanner) write(dst []byte, m *found) []byte {
	if m.quotes == plainQuote {
		dst = append(dst, '"')
		return append(s.r.appendValue(dst, m.kind, s.src[m.start:m.end]), '"')
	}
	q := s.src[m.quote : m.quote+m.quotes]
	dst = append(dst, q...)
	dst = s.r.appendValue(dst, m.kind, s.src[m.start:m.end])
	return append(dst, q...)
}

// afterEscape returns i, or where the escape ends that i lies in.
func (s *scanner) afterEscape(i int) int {
	src := s.src
	for back := 1; back <= 5 && i-back >= 0; back++ {
		if src[i-back] != '\\' {
			continue
		}
		slashes := 1
		for i-back-slashes >= 0 && slashes < 16 && src[i-back-slashes] == '\\' {
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
