package redact

import "bytes"

// Forms that say the key and the value in two places: {"name":"password","value":"x"}, name: DB_PASSWORD and value: x on
// two lines, <property name="password" value="x"/>, <key>token</key><string>x</string>, variable "password" { default = "x" }.

// pairBack is how far a value's key is looked for: less than the Writer keeps.
const pairBack = 128

// role acts on a key that has a part in such a form: src[ks:le], with the separator src[i].
func (s *scanner) role(v verdict, i, after, ks, le int) bool {
	src := s.src
	if !s.r.on[Credential] {
		return false
	}
	switch v.role {
	case "value", "parametervalue", "default", "content", "string":
		k, ok := s.partner(v.role, ks)
		if !ok {
			k, ok = s.partnerBehind(v.role, after)
		}
		if !ok || k.trait != keyStrong && k.trait != keyWeak && k.trait != keyNumber {
			return false
		}
		_, quotes := quoteAt(src, le, i)
		k.lone, k.mild, k.role = false, false, ""
		k.rule = "name-value"
		return s.keyed(k, i, after, ks, le, quotes)
	case "kty":
		return s.privateMembers(after)
	case "data", "stringdata":
		return s.secretData(i, after, ks, le)
	case "authorization":
		return s.authorization(after)
	case "passe":
		return bytes.HasSuffix(src[max(s.floor, ks-8):ks], []byte("ot de ")) && s.foreignValue(i, after, ks, le)
	case "passphrase":
		return after+1 < len(src) && s.phrase(after, 1)
	case "lines":
		return s.r.on[PrivateKey] && string(src[ks:le]) == "Private-Lines" && s.putty(i)
	case "mnemonic":
		return s.phrase(after, 11)
	case "disposition":
		return s.formField(after)
	}
	return false
}

// partner finds the key in front of the value key that begins at src[ks].
func (s *scanner) partner(role string, ks int) (v verdict, ok bool) {
	src, i := s.src, ks
	lo := max(s.floor, ks-pairBack)
	if role == "string" || i > lo && src[i-1] == '<' {
		// <key>token</key> before <string>, <name>token</name> before <value>
		if i--; i < lo || src[i] != '<' {
			return v, false
		}
		for i > lo && isSpace(src[i-1]) {
			i--
		}
		open := bytes.LastIndex(src[lo:i], []byte("</"))
		if open < 0 || i == lo || src[i-1] != '>' {
			return v, false
		}
		return s.partnerWord(lo, lo+open)
	}
	i = s.skipBack(i, lo, "\"'` \t\n\r,;{\\")
	return s.partnerWord(lo, i)
}

// partnerWord judges the word that ends before src[i], when name or key stands before it.
func (s *scanner) partnerWord(lo, i int) (v verdict, ok bool) {
	src, to := s.src, i
	for i > lo && (isWord(src[i-1]) || src[i-1] == '/') {
		i--
	}
	if to-i < 2 || to-i > maxKey {
		return v, false
	}
	word := src[i:to]
	i = s.skipBack(i, lo, "\"'` \\")
	if i == lo {
		return v, false
	}
	switch src[i-1] {
	case ':', '=', '>':
		i = s.skipBack(i-1, lo, "\"'` \\")
	}
	to = i
	for i > lo && isWord(src[i-1]) {
		i--
	}
	var low [16]byte
	if n := to - i; n < 2 || n > len(low) {
		return v, false
	}
	for k, c := range src[i:to] {
		low[k] = lower(c)
	}
	switch string(low[:to-i]) {
	case "name", "key", "parametername", "variable", "property", "param", "field", "id", "ref", "attribute", "envvar", "parameter":
		return s.keys.judge(word), true
	}
	return v, false
}

func (s *scanner) skipBack(i, lo int, over string) int {
	for i > lo && hasByte([]byte(over), s.src[i-1]) {
		i--
	}
	return i
}

// partnerBehind finds the key behind the value at src[after]: {"value":"x","name":"password"}.
func (s *scanner) partnerBehind(role string, after int) (v verdict, ok bool) {
	src := s.src
	if role != "value" {
		return v, false
	}
	for n := 0; n < 8 && after < len(src) && src[after] == ' '; n++ {
		after++
	}
	hi := min(len(src), after+512)
	q, n := quoteAt(src, after, hi)
	if n == 0 {
		return v, false
	}
	i := closing(src, after+n, hi, q, n)
	if i < 0 {
		return v, false
	}
	hi = min(len(src), i+pairBack)
	for i < hi && hasByte([]byte("\"'` \t\n\r,;\\"), src[i]) {
		i++
	}
	from := i
	for i < hi && isWord(src[i]) {
		i++
	}
	if w := string(src[from:i]); w != "name" && w != "key" && w != "Name" && w != "Key" {
		return v, false
	}
	for i < hi && hasByte([]byte("\"'` \t:=\\"), src[i]) {
		i++
	}
	from = i
	for i < hi && isWord(src[i]) {
		i++
	}
	if i-from < 2 || i == hi || i-from > maxKey {
		return v, false
	}
	return s.keys.judge(src[from:i]), true
}

// phrase finds a secret of more than the given number of words from src[at] to the end of the line.
func (s *scanner) phrase(at, words int) bool {
	src := s.src
	for n := 0; n < 16 && at < len(src) && hasByte([]byte(" =:\"'"), src[at]); n++ {
		at++
	}
	i, n := at, 0
	for hi := min(len(src), at+512); i < hi && (class[src[i]]&(cAlpha|cDigit) != 0 || src[i] == ' '); i++ {
		if src[i] == ' ' && i+1 < hi && src[i+1] != ' ' {
			n++
		}
	}
	for i > at && src[i-1] == ' ' {
		i--
	}
	if n < words || words == 1 && i < len(src) && src[i] != '\n' && src[i] != '\r' || words == 1 && n > 12 {
		return false
	}
	return s.hit(at, i, Credential, "key")
}

// element looks at the element whose tag with attributes ends with src[i]: <entry key="password">x</entry>.
func (s *scanner) element(i int) bool {
	src := s.src
	if i+1 >= len(src) || !s.r.on[Credential] || isSpace(src[i+1]) || src[i+1] == '<' || src[i+1] == '@' {
		return false
	}
	lo := max(s.floor, i-pairBack)
	open := bytes.LastIndexByte(src[lo:i], '<')
	if open < 0 || bytes.IndexByte(src[lo+open:i], '>') >= 0 {
		return false
	}
	from := lo + open + 1
	to := from
	for to < i && (isWord(src[to]) || src[to] == ':') {
		to++
	}
	if to-from < 2 {
		return false
	}
	v := s.keys.judge(src[from:to])
	for _, attr := range []string{` key="`, ` name="`, ` key='`, ` name='`} {
		if v.trait == keyStrong {
			break
		}
		if k := bytes.Index(src[to:i], []byte(attr)); k >= 0 {
			a := to + k + len(attr)
			b := a
			for b < i && isWord(src[b]) {
				b++
			}
			if b-a >= 2 {
				v = s.keys.judge(src[a:b])
			}
		}
	}
	if v.trait != keyStrong && v.trait != keyWeak {
		return false
	}
	return s.keyed(v, i, i+1, from, i, 0)
}

// formField finds the value of a field that names a secret in a multipart form: behind the Content-Disposition header that begins at
// src[at], and an empty line (RFC 7578). Line breaks may be escaped.
func (s *scanner) formField(at int) bool {
	src := s.src
	hi := min(len(src), at+256)
	k := bytes.Index(src[at:hi], []byte(" name="))
	if k < 0 {
		return false
	}
	val, ok := s.valueAt(at + k + 6)
	if !ok || !val.quoted || val.end-val.start > maxKey {
		return false
	}
	v := s.keys.judge(src[val.start:val.end])
	if v.trait != keyStrong && v.trait != keyWeak {
		return false
	}
	i, breaks := val.end+1, 0
	for hi := min(len(src), val.end+256); i < hi && breaks < 2; {
		switch {
		case src[i] == '\n':
			breaks++
			i++
		case src[i] == '\\' && i+1 < hi && src[i+1] == 'n':
			breaks++
			i += 2
		case src[i] == '\r':
			i++
		case src[i] == '\\' && i+1 < hi && src[i+1] == 'r':
			i += 2
		default:
			breaks = 0 // another header
			i++
		}
	}
	if breaks < 2 {
		return false
	}
	end := i
	for hi := min(len(src), i+1024); end < hi && src[end] != '\r' && src[end] != '\n' && src[end] != '\\' && src[end] != '"'; end++ {
	}
	text := src[i:end]
	return len(text) > 0 && !s.fills(text) && (v.trait == keyStrong || looksSecret(text)) && s.hit(i, end, Credential, "form-field")
}
