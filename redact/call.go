package redact

import "bytes"

// call looks at the arguments behind the "(" at src[i], where the last word is src[ls:le]: setPassword("x"),
// put("password", "x").
func (s *scanner) call(i, ls, le int) bool {
	src := s.src
	if le == i-1 && src[le] == '=' && ls >= s.floor && string(src[ls:le]) == "auth" && s.r.on[Credential] {
		return s.userAndPassword(i + 1) // auth=("user", "password")
	}
	if le != i || le-ls < 3 || le-ls > maxKey || ls < s.floor || !s.r.on[Credential] {
		return false
	}
	if n := secretArgument(src[ls:le]); n > 0 {
		return s.nthArgument(i+1, n)
	}
	a := i + 1
	for a < len(src) && a < i+3 && src[a] == ' ' {
		a++
	}
	if a < len(src) && (src[a] == ':' || src[a] == 'b') { // a symbol of Ruby
		a++
	}
	q, n := quoteAt(src, a, min(len(src), a+16))
	if n == 0 {
		return false
	}
	if isLogin(src[ls:le]) && s.userAndPassword(a) {
		return true
	}
	first := a + n
	end := first
	for end < len(src) && end < first+maxKey && isWord(src[end]) {
		end++
	}
	verb := lastVerb(src[ls:le])
	if _, m := quoteAt(src, end, min(len(src), end+16)); m == n && end > first {
		next := end + m
		for next < len(src) && next < end+m+16 && src[next] == ' ' {
			next++
		}
		if next < len(src) && src[next] == ',' && verb&takesPair != 0 {
			v := s.keys.judge(src[first:end])
			if v.trait == keyStrong || v.trait == keyWeak {
				return s.argument(v, next+1)
			}
			return false
		}
	}
	if verb&asks != 0 {
		return false
	}
	v := s.keys.judge(src[ls:le])
	if v.trait != keyStrong && v.trait != keyWeak || hasByte([]byte(" "), q) {
		return false
	}
	if verb&takes == 0 {
		v.trait = keyWeak // token("x"): a name, unless it looks otherwise
	}
	return s.argument(v, a)
}

// openArgument are the bytes that may stand between "(" and the quoted arguments that call looks for, or begin them.
var openArgument = [256]bool{' ': true, ':': true, 'b': true, '"': true, '\'': true, '`': true, '\\': true}

// argument takes the quoted argument from src[at] on when it can be the value of a key.
func (s *scanner) argument(v verdict, at int) bool {
	for hi := min(len(s.src), at+32); at < hi && s.src[at] == ' '; at++ {
	}
	val, ok := s.valueAt(at)
	if !ok || !val.quoted || val.end-at > maxArgument {
		return false
	}
	text := s.src[val.start:val.end]
	if len(text) == 20 && (string(text[:4]) == "AKIA" || string(text[:4]) == "ASIA") {
		return false // an id, behind which its secret is looked for
	}
	if s.fills(text) || len(text) > maxWindow || allOf(text, cUpper|cDash) || v.trait == keyWeak && !looksSecret(text) || codeName(text) {
		return false
	}
	if hasByte(text, ' ') && allOf(text, cAlpha|cSpace|cDot) && !looksSecret(text) {
		return false // a message
	}
	return s.hit(val.start, val.end, Credential, "call")
}

// maxArgument is how long an argument may be: with what stands before it, less than a look may read.
const maxArgument = 2048

const (
	takes     = 1 << iota // setPassword("x")
	takesPair             // put("password", "x")
	asks                  // getPassword("of whom")
)

// lastVerb says what the function of this name does with its arguments.
func lastVerb(name []byte) (verb int) {
	for i := 0; i < len(name); {
		j := i + 1
		for j < len(name) && isAlnum(name[j]) && (class[name[j]]&cUpper == 0 || class[name[j-1]]&cUpper != 0) {
			j++
		}
		var low [12]byte
		n := copy(low[:], name[i:j])
		for k := range n {
			low[k] = lower(low[k])
		}
		switch string(low[:n]) {
		case "set", "with", "use", "put", "add", "update", "write", "save", "store":
			verb |= takes | takesPair
		case "define", "append", "insert", "push", "property", "header", "param", "parameter", "option", "setting", "entry", "setenv", "putenv",
			"attribute", "field", "env", "getenv", "pair", "of", "register", "prop", "config", "arg", "variable", "hset":
			verb |= takesPair
		case "get", "fetch", "read", "load", "find", "lookup", "has", "is", "require", "check", "validate", "parse", "decode", "test", "need", "expect",
			"error", "errorf", "println", "printf", "log", "label", "missing", "t", "tr", "new":
			verb |= asks
		}
		for i = j; i < len(name) && !isAlnum(name[i]); i++ {
		}
	}
	if verb&takesPair != 0 {
		verb &^= asks
	}
	return verb
}

// secretArgument returns which argument of a function of this name is a secret, or 0.
func secretArgument(name []byte) int {
	if k := bytes.LastIndexByte(name, '.'); k >= 0 && string(name[:k]) != "jwt" {
		name = name[k+1:]
	}
	switch string(name) {
	case "getConnection", "DirectoryEntry":
		return 3
	case "jwt.sign", "jwt.verify", "jwt.encode":
		return 2
	}
	return 0
}

// nthArgument takes argument n of those from src[at] on when it is quoted.
func (s *scanner) nthArgument(at, n int) bool {
	src, depth := s.src, 0
	for hi := min(len(src), at+256); at < hi; at++ {
		switch c := src[at]; c {
		case '"', '\'', '`':
			end := closing(src, at+1, hi, c, 1)
			if end < 0 {
				return false
			}
			at = end
		case '(', '{', '[':
			if depth++; depth > 4 {
				return false
			}
		case ')', '}', ']':
			if depth--; depth < 0 {
				return false
			}
		case ',':
			if depth > 0 {
				continue
			}
			if n--; n > 1 {
				continue
			}
			for at++; at < hi && isSpace(src[at]); at++ {
			}
			val, ok := s.valueAt(at)
			if !ok || !val.quoted {
				return false
			}
			text := src[val.start:val.end]
			return !s.fills(text) && !hasByte(text, ' ') && s.hit(val.start, val.end, Credential, "call")
		}
	}
	return false
}

// isLogin reports whether a function of this name takes a user and a password.
func isLogin(name []byte) bool {
	for _, w := range []string{"BasicAuth", "basicAuth", "basic_auth", "Credential", "Credentials", "credentials", "DigestAuth", "PasswordAuthentication"} {
		if len(name) >= len(w) && string(name[len(name)-len(w):]) == w {
			return true
		}
	}
	return false
}

// userAndPassword takes the second of two quoted arguments from src[at] on.
func (s *scanner) userAndPassword(at int) bool {
	src := s.src
	user, ok := s.valueAt(at)
	if !ok || !user.quoted || user.end-user.start > 128 {
		return false
	}
	_, n := quoteAt(src, user.open, min(len(src), user.open+16))
	i := user.end + n
	if i >= len(src) || src[i] != ',' {
		return false
	}
	val, ok := s.valueAt(i + 1)
	if !ok || !val.quoted || val.end-i > maxArgument {
		return false
	}
	text := src[val.start:val.end]
	if len(src[user.start:user.end]) == 20 && string(src[user.start:user.start+4]) == "AKIA" {
		return false
	}
	return !s.fills(text) && !codeName(text) && !hasByte(text, ' ') && s.hit(val.start, val.end, Credential, "call")
}
