package redact

// announced finds the secret after a word such as Bearer, which is src[start:end], when it looks like one.
func (s *scanner) announced(start, end int) bool {
	src := s.src
	i := end
	for i < len(src) && i < end+3 && (src[i] == ' ' || src[i] == '\t') {
		i++
	}
	if i == end && i+2 < len(src) && (src[i] == '%' && src[i+1] == '2' && src[i+2] == '0') {
		i += 3
	}
	if i == end {
		return false
	}
	from := i
	for hi := min(len(src), from+maxWindow); i < hi && (isWord(src[i]) || src[i] == '+' || src[i] == '/' || src[i] == '=' || src[i] == '~' || src[i] == '|'); i++ {
	}
	if !looksSecret(src[from:i]) {
		return false
	}
	return s.hit(from, i, Credential, "scheme")
}
