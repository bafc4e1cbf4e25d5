package redact

// word looks closely at the word src[start:end]. It may find only what worth looks for: whether it is asked can depend on where
// blocks begin, and what is found may not.
func (s *scanner) word(start, end int) bool {
	src := s.src
	if src[start] == '-' && s.r.on[PrivateKey] && s.pem(start, end) {
		return true
	}
	if start > s.floor && isWord(src[start-1]) && !endsEscape(src[s.floor:start]) {
		return false // the rest of a word
	}
	if src[start] == '-' && (s.r.on[PrivateKey] && s.ssh2(start, end) || s.option(start, end)) {
		return true
	}
	at := start
	for at < end && class[src[at]]&(cDash|cDot) != 0 {
		at++
	}
	if at < end && end-at < minToken && end+1 < len(src) && (src[end] == '$' || src[end] == '/' || src[end] == '}') && at+4 <= len(src) &&
		head[headHash(src, at)]&headToken != 0 && s.token(at, end) { // 2b$12$…, 1//0…
		return true
	}
	if end-at == 3 && end < len(src) && src[end] == ' ' && s.r.on[Credential] && s.shortWord(at, end) {
		return true
	}
	if end-at >= 4 && at+4 <= len(src) {
		flags := head[headHash(src, at)]
		if flags&headToken != 0 && end-at >= minToken && s.token(at, end) {
			return true
		}
		if flags&headSpoken != 0 && s.r.on[Credential] && s.spoken(at, end) {
			return true
		}
		if end-at >= 35 && end-at <= 90 && s.r.on[Token] && s.bareToken(at, end) {
			return true
		}
	}
	if at == end || end < len(src) && src[end] == '@' {
		return false
	}
	return s.personalWord(start, at, end)
}

// endsEscape reports whether b ends with an escape, "\\n" or "%20" or "\\u0026": a word begins behind it.
func endsEscape(b []byte) bool {
	n := len(b)
	return n >= 2 && b[n-2] == '\\' || n >= 3 && b[n-3] == '%' || n >= 6 && b[n-6] == '\\' && b[n-5] == 'u'
}
