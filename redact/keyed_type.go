package redact

// isTypeName reports whether w is what languages call text.
func isTypeName(w []byte) bool {
	for len(w) > 0 && (w[0] == '&' || w[0] == '*') {
		w = w[1:]
	}
	for len(w) > 0 && (w[len(w)-1] == '?' || w[len(w)-1] == '!' || w[len(w)-1] == '*') {
		w = w[:len(w)-1]
	}
	switch string(w) {
	case "string", "String", "str", "text", "NSString", "wstring", "std::string", "string_view", "SecureString", "CharSequence", "any", "Any", "bytes",
		"'static":
		return true
	}
	return false
}

// typed returns the word before the type name src[ls:le]: dbPassword in "const dbPassword string =".
func (s *scanner) typed(ls, le int) (from, to int) {
	if !isTypeName(s.src[ls:le]) {
		return 0, 0
	}
	to = ls
	for to > max(s.floor, ls-4) && s.src[to-1] == ' ' {
		to--
	}
	from = to
	for from > max(s.floor, to-maxKey) && isWord(s.src[from-1]) {
		from--
	}
	if to == ls || to-from < 2 {
		return 0, 0
	}
	return from, to
}

// afterType reads the value behind the type that ends before src[i]: "= 'x'", perhaps behind "| null".
func (s *scanner) afterType(i int) (v value, ok bool) {
	src := s.src
	for hi := min(len(src), i+lookBehind); i < hi; i++ {
		switch c := src[i]; {
		case c == '=' && i+1 < len(src) && src[i+1] != '=' && src[i+1] != '>':
			v, ok = s.valueAt(i + 1)
			return v, ok && v.quoted
		case c == '\n' || !isAlnum(c) && c != ' ' && c != '|' && c != '?' && c != '!' && c != '<' && c != '>' && c != '[' && c != ']':
			return v, false
		}
	}
	return v, false
}
