package redact

import "bytes"

// key looks at the key in front of the separator src[i] and, if its words say so, at the value behind it, from
// src[after] on.
func (s *scanner) key(i, after, ls, le int) bool {
	src := s.src
	whole := ls
	n := le - ls
	if n < 2 || i-le > 8 || le < s.floor {
		return false
	}
	quotes := 0
	if i > le && src[le] != ';' && !s.between(i, le, &quotes) {
		return false
	}
	if i == le+1 && src[le] == ';' && string(src[ls:le]) == "quot" {
		return s.escapedKey(i, ls)
	}
	ks := max(ls, le-maxKey)
	if src[i] == ':' && (after+1 < len(src) && src[after] == ':' && isLetter(src[after+1]) || i > le && src[i-1] == ':' && after < len(src) && isLetter(src[after])) {
		return false // a name in a scope: Cookie::expires
	}
	if src[i] == ':' && ks > s.floor && src[ks-1] == ':' && quotes == 0 && after < len(src) && !isSpace(src[after]) {
		return false // one of several parts: arn:…:secret:name
	}
	if isDigit(src[ks]) && isDigit(src[le-1]) {
		return false
	}
	v := s.keys.judge(src[ks:le])
	if v.trait != 0 && i == le && after == i+1 && after < len(src) && src[i] == '=' && src[after] == ' ' && src[ks] == '-' && src[ks+1] == '-' {
		return false // "--password= may be empty"
	}
	if v.trait != 0 && src[i] == ':' && namesSource(src[ks:le]) {
		return false // TokenStore.java: what a compiler or a test says
	}
	if src[i] == '=' && v.trait == 0 || v.lone && v.typed {
		if a, b := s.typed(ks, le); b > 0 { // const dbPassword string = "x"
			ks, le, v = a, b, s.keys.judge(src[a:b])
		}
	}
	if v.role != "" && s.role(v, i, after, ks, le) {
		return true
	}
	if v.trait == 0 && v.who == nil && v.lone && len(src[ks:le]) == 3 {
		v = s.plainKey(i, after, ks, le)
	}
	if v.trait == 0 && v.who == nil {
		if !v.lone || src[i] != '=' || ks == s.floor || src[ks-1] != '?' && src[ks-1] != '&' {
			if v.role == "" && !v.query && !v.typed {
				if k := quietOf(src, whole, le); !s.keys.quiet.has(k) && string(src[ks:le]) != "redacted" { // it begins labels
					s.keys.quiet.add(k)
				}
			}
			return false
		}
		if v = inQuery(src[ks:le]); v.trait == 0 {
			return false
		}
	}
	return s.keyed(v, i, after, ks, le, quotes)
}

// namesSource reports whether a key is the name of a file of source code.
func namesSource(key []byte) bool {
	dot := bytes.LastIndexByte(key, '.')
	switch string(key[dot+1:]) {
	case "go", "java", "kt", "py", "rb", "js", "ts", "c", "h", "cc", "cpp", "hpp", "cs", "rs", "php", "pl", "sh", "swift", "scala", "exp", "sql",
		"scm", "el", "asc", "m4", "am", "in", "md", "rst", "txt", "html", "xml", "po":
		return dot > 0
	}
	return false
}

// between reports whether only what may stand between a key and its separator does, from src[le] to src[i], and counts
// the bytes of the quote that begins there.
func (s *scanner) between(i, le int, quotes *int) bool {
	src := s.src
	_, *quotes = quoteAt(src, le, i)
	for k := le + *quotes; k < i; k++ {
		switch src[k] {
		case '[':
			if k++; k >= i || src[k] != ']' {
				return false
			}
		case ']':
			if *quotes == 0 {
				return false // input[type=password]:focus
			}
		case ' ', '\t', ':', '?', '|', '+', '.', '*', '"', '\'', '`', '\\':
		default:
			return false
		}
	}
	return true
}

// plainKey judges the key src[ks:le] when it is "key": of what the word before says, or else of what looks random.
func (s *scanner) plainKey(i, after, ks, le int) (v verdict) {
	src := s.src
	v.lone = true
	if src[ks]|0x20 != 'k' || src[ks+1]|0x20 != 'e' || src[ks+2]|0x20 != 'y' {
		return v
	}
	at := after
	for hi := min(len(src), after+16); at < hi && hasByte([]byte(" \t\"'`=:>\\"), src[at]); at++ {
	}
	for n := 0; n < longWord; n++ { // a quick look, for values are read to their end
		if at+n >= len(src) || !isAlnum(src[at+n]) && src[at+n] != '-' && src[at+n] != '_' && src[at+n] != '+' && src[at+n] != '/' {
			return v
		}
	}
	if ks > s.floor && src[ks-1] == ' ' {
		from := ks - 1
		for from > max(s.floor, ks-24) && isAlnum(src[from-1]) {
			from--
		}
		if before := s.keys.judge(src[from:le]); before.trait == keyStrong && from < ks-1 {
			return verdict{trait: keyWeak, rule: "key-weak"} // API key: in prose
		}
	}
	if src[i] == '=' && ks > s.floor && (src[ks-1] == '?' || src[ks-1] == '&') {
		return v
	}
	return verdict{trait: keyBare, rule: "key-random", lone: true}
}

// inQuery judges the key of a query: some are too common a word elsewhere.
func inQuery(key []byte) (v verdict) {
	switch string(key) {
	case "key", "code", "hash", "access", "verify", "invite":
		return verdict{trait: keyWeak, rule: "query"}
	}
	return v
}

// keyed reads the value behind a key and decides whether it is one.
func (s *scanner) keyed(v verdict, i, after, ks, quote, quotes int) bool {
	src := s.src
	colon := src[i] == ':'
	for n := 0; n < 4 && after < len(src) && (src[after] == '=' || src[after] == '>' || src[after] == ':'); n++ {
		after++
	}
	if v.trait == keyCookie && s.r.on[Credential] && s.cookies(after) {
		return true
	}
	if colon && after+5 < len(src) && string(src[after:after+5]) == " &str" {
		after += 2
	}
	if src[i] == '>' && after < len(src) && (src[after] == '\n' || src[after] == '\r') { // an element on lines of its own
		for n := 0; n < lookBehind && after < len(src) && isSpace(src[after]); n++ {
			after++
		}
	}
	if v.trait != keyStrong && v.who == nil && pairsAt(src, after) {
		return false
	}
	val, ok := s.valueAt(after)
	if src[i] == '>' && bytes.HasPrefix(src[after:], cdata) {
		val.start = after + len(cdata)
		val.end = s.cdataEnd.in(val.start, min(len(src), val.start+1024), len("]]>"), func(from, to int) int { return bytes.Index(src[from:to], []byte("]]>")) })
		val.quoted, ok = true, val.end > val.start
	}
	if !ok {
		if v.trait == keyStrong || v.trait == keyWeak {
			return s.listed(v, after, ks, colon)
		}
		return false
	}
	if val.quoted && quotes == 0 && ks > s.floor && src[ks-1] == src[val.open] && val.open+1 == val.start && !isAlnum(src[val.start]) {
		return false // "password: " + x: the string in which the key stands ends
	}
	if colon && !val.quoted && isTypeName(src[val.start:val.end]) {
		if t, ok := s.afterType(val.end); ok { // const dbPassword: string = 'x'
			val = t
		}
	}
	if v.role == "authorization" && schemeEnd(src, val.start) > 0 {
		return false // for the rule of schemes
	}
	s.narrow(&val, i, after, ks)
	if v.who != nil && !val.quoted && v.who.kind != Email {
		val.end = s.groupsEnd(v.who, val)
	}
	if le := i; le-ks == 3+quotes && string(src[ks:ks+3]) == "PWD" && (ks == 0 || src[ks-1] != ';') &&
		(src[val.start] == '/' && isPath(src[val.start:val.end]) || string(src[val.start:val.end]) == "pwd") {
		return false // the working directory
	}
	if colon && v.mild && !val.quoted && string(src[ks:min(len(src), ks+4)]) == "PASS" {
		v.trait = keyWeak // the result of a test
	}
	text := src[val.start:val.end]
	if before, ok := bytes.CutSuffix(text, pemBegin[:10]); ok { // a value is no part of the block behind it
		text, val.end = before, val.end-10
	}
	if len(text) > 0 && text[0] == '/' && ks > s.floor && src[ks-1] == '/' {
		return false // one path for another
	}
	if len(text) == 0 || len(text) > 4096 || bytes.HasPrefix(text, pemBegin[:10]) {
		return false
	}
	m := found{start: val.start, end: val.end, kind: Credential, rule: v.rule}
	if s.r.on[Credential] && v.trait == keyStrong && !val.quoted && colon && len(text) == 1 && text[0] == '{' && val.end < len(src) && (src[val.end] == '"' || src[val.end] == '\\') {
		return val.start >= s.barren && (s.begin(walk{mode: walkValues, trait: keyWeak, skip: -1}, val.start+1) || s.fruitless())
	}
	if s.r.on[Credential] && (v.trait == keyStrong || v.trait == keyWeak) && !val.quoted {
		if text[0] == '[' && !isLabel(text) || (text[0] == '|' || text[0] == '>' && len(text) < 4) && colon {
			return s.listed(v, after, ks, colon)
		}
	}
	if s.fills(text) || !val.quoted && barePlaceholder(text, src[val.end:], colon, v) {
		return false
	}
	switch {
	case v.who != nil && s.r.on[v.who.kind] && v.who.is(text):
		m.kind, m.rule = v.who.kind, v.who.rule
	case !s.r.on[Credential]:
		return false
	case v.trait == keyStrong:
		if !val.quoted && len(text) < 2 {
			return false
		}
	case v.trait == keyNumber:
		if !digitsOnly(text, 3, 10, " -") {
			return false
		}
	case v.trait == keyWeak, v.trait == keyCookie:
		if !s.weakly(text, val.quoted, i, after, val.start) {
			return false
		}
	case v.trait == keyBare:
		if !looksGenerated(text) {
			return false
		}
	case v.trait == keyFaint:
		if !looksRandom(text) || colon && !val.quoted && val.start == i+1 {
			return false
		}
	default:
		return false
	}
	if !s.hit(m.start, m.end, m.kind, m.rule) {
		return false
	}
	if !val.quoted && quotes > 0 && colon {
		s.m.quote, s.m.quotes = quote, quotes
	}
	return true
}

// groupsEnd returns the end of a bare value of groups with spaces between, such as phone: 0749-11 86 25.
func (s *scanner) groupsEnd(who *personalKey, val value) int {
	src, end := s.src, val.end
	short := val.end-val.start <= 6
	for n := 0; n < 8 && end+1 < len(src) && src[end] == ' ' && (isDigit(src[end+1]) || src[end+1] == '('); n++ {
		digits, to := 0, end+1
		for _, c := range src[val.start:end] {
			if isDigit(c) {
				digits++
			}
		}
		for to < len(src) && to < end+12 && (isDigit(src[to]) || class[src[to]]&cUpper != 0 || src[to] == '-' || src[to] == '/' || src[to] == ')') {
			to++
		}
		if digits >= 9 && !(short && to-end <= 5) || to < len(src) && class[src[to]]&cEnd == 0 && src[to] != '.' || to-end > 9 {
			break
		}
		if val.end = to; !who.is(src[val.start:to]) && digits >= 5 {
			break
		}
		short = short && to-end <= 7
		end = to
	}
	return end
}

// pairsAt reports whether the bare value at src[at] is more keys and values, as "token=token=token=" is: no value of a weak key, and
// not to be read to its end for each of them.
func pairsAt(src []byte, at int) bool {
	n, hi := 0, min(len(src), at+lookBehind)
	for at < hi && (src[at] == ' ' || src[at] == '\t') {
		at++
	}
	for ; at < hi; at++ {
		switch c := src[at]; {
		case c == '[' && labelAt(src, at) > 0:
			return true // in which some may have been
		case c == '=' && (at+1 == hi || src[at+1] != '='):
			if n++; n > 2 {
				return true
			}
		case class[c]&cEnd != 0:
			return false
		}
	}
	return false
}

var cdata = []byte("<![CDATA[")

// weakly reports whether the value of a weak key is a secret.
func (s *scanner) weakly(text []byte, quoted bool, i, after, start int) bool {
	if bytes.Contains(text, []byte("://")) {
		return false // for the rules of URLs
	}
	if !quoted && s.src[i] == ':' && start == i+1 && isUUID(text) {
		return false // session:… is the name of something in a store
	}
	return looksSecret(text) || isUserPass(text)
}

// narrow ends a value where the form it stands in does: a query at "#", an encoded query at "%26".
func (s *scanner) narrow(val *value, i, after, ks int) {
	src := s.src
	if val.quoted {
		return
	}
	text := src[val.start:val.end]
	switch {
	case src[i] == '%':
		for k := 0; k+2 < len(text); k++ {
			if text[k] == '%' && text[k+1] == '2' && (text[k+2] == '6' || text[k+2] == '3' || text[k+2] == '2') {
				val.end = val.start + k
				return
			}
		}
	case src[i] == '=' && ks > s.floor && (src[ks-1] == '?' || src[ks-1] == '&' || src[ks-1] == '#'):
		if k := bytes.IndexByte(text, '#'); k > 0 {
			val.end = val.start + k
		}
	case src[i] == '>' && val.start > 0:
		k := bytes.IndexByte(src[val.start:min(len(src), val.start+256)], '<')
		s.across(val.start, k, 256)
		if k > 0 && len(bytes.TrimRight(src[val.start:val.start+k], " \t\r\n")) > 0 {
			if line := bytes.TrimRight(src[val.start:val.start+k], " \t\r\n"); !hasByte(line, '\n') {
				val.end = val.start + len(line)
			}
		}
	case len(text) > 2 && text[0] == '{' && src[i] == '=': // Pwd={a;b}
		k := bytes.IndexAny(src[val.start:min(len(src), val.start+256)], "}\n")
		s.across(val.start, k, 256)
		if k > 1 && src[val.start+k] == '}' && val.end < val.start+k {
			val.start, val.end = val.start+1, val.start+k
		}
	case len(text) == 1 && val.end+2 < len(src) && (text[0]|0x20 == 'b' || text[0]|0x20 == 'r' || text[0]|0x20 == 'u' || text[0]|0x20 == 'f') &&
		(src[val.end] == '"' || src[val.end] == '\''): // b'x'
		if t, ok := s.valueAt(val.end); ok && t.quoted {
			*val = t
		}
	}
}

// escapedKey looks at a key and its value in quotes that HTML has made &quot;. The key ends before the one at src[quot-1].
func (s *scanner) escapedKey(i, quot int) bool {
	src := s.src
	le := quot - 1
	ls := le
	for ls > max(s.floor, le-maxKey) && isWord(src[ls-1]) {
		ls--
	}
	if le < s.floor || src[le] != '&' || le-ls < 2 || i+7 >= len(src) || string(src[i+1:i+7]) != "&quot;" {
		return false
	}
	v := s.keys.judge(src[ls:le])
	if v.trait != keyStrong && v.trait != keyWeak || !s.r.on[Credential] {
		return false
	}
	end := bytes.Index(src[i+7:min(len(src), i+512)], []byte("&quot;"))
	if end <= 0 {
		return false
	}
	text := src[i+7 : i+7+end]
	return !s.fills(text) && (v.trait == keyStrong || looksSecret(text)) && s.hit(i+7, i+7+end, Credential, v.rule)
}
