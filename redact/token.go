package redact

// What the first three bytes of a word can announce.
const (
	headToken  uint8 = 1 << iota // a token known by its shape
	headScheme                   // a word after which a secret stands: Bearer
)

var head = func() (t [4096]uint8) {
	for _, k := range tokenKinds {
		t[headHash([]byte(k.prefix+"..."))] |= headToken
	}
	for _, w := range []string{"Bearer", "bearer", "BEARER", "Basic", "basic", "BASIC", "Token", "token"} {
		t[headHash([]byte(w))] |= headScheme
	}
	return t
}()

// tokenKind is one kind of token of one service: a prefix and then bytes of a set, so many of them.
type tokenKind struct {
	prefix   string
	min, max int // of the bytes after the prefix
	set      uint8
	rule     string
}

const setWord = cAlnum | cDash

var tokenKinds = []tokenKind{
	{"eyJ", 0, 0, 0, "jwt"},
	{"ghp_", 36, 255, cAlnum, "github-token"},
	{"AKIA", 16, 16, cUpper | cDigit, "aws-access-key"},
	{"sk_live_", 16, 255, cAlnum, "stripe-key"},
}

// tokenAt finds the token that begins at src[at], in the word that ends at end.
func tokenAt(src []byte, at, end int) (found, bool) {
	for k := range tokenKinds {
		t := &tokenKinds[k]
		if len(src)-at < len(t.prefix) || string(src[at:at+len(t.prefix)]) != t.prefix {
			continue
		}
		if t.rule == "jwt" {
			return jwtAt(src, at)
		}
		i, from := at+len(t.prefix), at+len(t.prefix)
		for hi := min(len(src), from+t.max+1); i < hi && class[src[i]]&t.set != 0; i++ {
		}
		if n := i - from; n >= t.min && n <= t.max {
			return found{start: at, end: i, kind: Token, rule: t.rule}, true
		}
	}
	return found{}, false
}

// announced finds the secret after the word src[start:end], such as Bearer.
func (s *scanner) announced(start, end int) (found, bool) {
	src := s.src
	if end >= len(src) || src[end] != ' ' {
		return found{}, false
	}
	i := end + 1
	for hi := min(len(src), end+maxWindow); i < hi && (isWord(src[i]) || src[i] == '+' || src[i] == '/' || src[i] == '=' || src[i] == '~'); i++ {
	}
	if v := src[end+1 : i]; !looksSecret(v) {
		return found{}, false
	}
	return found{start: end + 1, end: i, kind: Credential, rule: "scheme"}, true
}
