package redact

// word looks closely at the word src[start:end], in which the classes seen occur.
func (s *scanner) word(start, end int, seen uint8) bool {
	src := s.src
	if start > s.base && isWord(src[start-1]) && !endsEscape(src[s.base:start]) {
		return false // the rest of a very long word
	}
	if src[start] == '-' && s.r.on[PrivateKey] {
		if s.pem(start, end) {
			return true
		}
	}
	at := start
	for at < end && class[src[at]]&(cDash|cDot) != 0 {
		at++
	}
	if end-at >= 5 {
		flags := head[headHash(src, at)]
		if flags&headToken != 0 && end-at >= minToken && s.token(at, end) {
			return true
		}
		if flags&headScheme != 0 && end-at <= 6 && s.r.on[Credential] && s.announced(at, end) {
			return true
		}
	}
	if seen&cDigit == 0 && end-at != 2 || at == end || end < len(src) && src[end] == '@' {
		return false
	}
	return s.personalWord(at, end, seen)
}

// endsEscape reports whether b ends with an escape, "\\n" or "%20" or "\\u0026": a word begins behind it.
func endsEscape(b []byte) bool {
	n := len(b)
	return n >= 2 && b[n-2] == '\\' || n >= 3 && b[n-3] == '%' || n >= 6 && b[n-6] == '\\' && b[n-5] == 'u'
}
