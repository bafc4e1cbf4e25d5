package redact

// word looks closely at the word src[start:end], in which the classes seen occur.
func (s *scanner) word(start, end int, seen uint8) (found, bool) {
	src := s.src
	if start > s.base && isWord(src[start-1]) {
		return found{}, false // the rest of a very long word
	}
	if src[start] == '-' && s.r.on[PrivateKey] {
		if m, ok := s.pem(start, end); ok {
			return m, true
		}
	}
	at := start
	for at < end && class[src[at]]&(cDash|cDot) != 0 {
		at++
	}
	if end-at >= 5 {
		switch flags := head[headHash(src[at:])]; {
		case flags&headToken != 0 && (s.r.on[Token] || s.r.on[JWT]):
			if m, ok := tokenAt(src, at, end); ok && s.r.on[m.kind] {
				return m, true
			}
			if flags&headScheme == 0 {
				break
			}
			fallthrough
		case flags&headScheme != 0 && s.r.on[Credential]:
			if m, ok := s.announced(at, end); ok {
				return m, true
			}
		}
	}
	if seen&cDigit == 0 && end-at != 2 || at == end || end < len(src) && src[end] == '@' {
		return found{}, false
	}
	return s.personalWord(at, end, seen)
}
