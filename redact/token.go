package redact

// What the first three bytes of a word can announce.
const (
	headToken  uint8 = 1 << iota // a token known by its shape
	headSpoken                   // a word after which a secret stands, such as Bearer
	headBlock                    // "-----BEGIN"
)

var head = func() (t [4096]uint8) {
	for h := range tokensBy {
		if tokensBy[h] != nil {
			t[h] |= headToken
		}
	}
	t[headHash(pemBegin, 0)] |= headBlock
	for w := range spokenWords {
		if len(w) >= 4 {
			t[headHash([]byte(w), 0)] |= headSpoken
		}
	}
	return t
}()

// minToken is the length of the shortest word that a token can begin with.
const minToken = 5

// tokenShape is the shape of one kind of token: literal text and runs of bytes of a set, in turn.
type tokenShape struct {
	rule  string
	parts []tokenPart
}

// tokenPart is a literal, or else a run of min to max bytes of a set.
type tokenPart struct {
	lit      string
	set      uint16
	min, max int
}

// token looks for a token of a known shape that begins the word src[at:end].
func (s *scanner) token(at, end int) bool {
	src := s.src
	if src[at] == 'e' && src[at+1] == 'y' && s.r.on[JWT] {
		if e := jwtEnd(src, at); e > 0 {
			return s.hit(at, e, JWT, "jwt")
		}
	}
	if !s.r.on[Token] {
		return false
	}
	for _, k := range tokensBy[headHash(src, at)] {
		if e := tokenShapes[k].match(src, at, &s.run); e > 0 {
			if !s.hit(at, e, Token, tokenShapes[k].rule) {
				return false
			}
			if tokenShapes[k].rule == "aws-access-key" && s.r.on[Credential] {
				s.walk = walk{mode: walkAWS}
			}
			return true
		}
	}
	return false
}

// A tokenRun is the end of the last long run of bytes of a set, so that a text in which many tokens begin is not read to the end of
// the run for each.
type tokenRun struct {
	set uint16
	stretch
}

// longRun is how much of a run is read anew for each token, and judged by its letters and digits.
const longRun = 64

// match returns the end of a token of the shape that begins at src[at], or 0. Runs are greedy and never given back.
func (t *tokenShape) match(src []byte, at int, run *tokenRun) int {
	i := at
	var seen uint8
	for k := range t.parts {
		p := &t.parts[k]
		if p.lit != "" {
			if len(src)-i < len(p.lit) || string(src[i:i+len(p.lit)]) != p.lit {
				return 0
			}
			i += len(p.lit)
			continue
		}
		from, hi := i, min(len(src), i+p.max)
		for to := min(hi, from+longRun); i < to && tokenSet[src[i]]&p.set != 0; i++ {
			seen |= class[src[i]]
		}
		if i == from+longRun && i < hi {
			i = run.end(src, i, hi, p.set)
		}
		if i-from < p.min {
			return 0
		}
		if k == len(t.parts)-1 {
			for i > from+p.min && (src[i-1] == '.' || src[i-1] == '-' && p.max > p.min) {
				i--
			}
		}
	}
	if i-at >= 40 && i < len(src) && isAlnum(src[i]) && at+40 <= len(src) && tokenSum(src[at+4:at+40]) {
		return at + 40 // the checksum says that it ends here, whatever follows
	}
	// A generator leaves digits, or capitals among small letters: a name of the same length seldom has them.
	if i < len(src) && isAlnum(src[i]) || seen&cDigit == 0 && (seen&cAlpha != cAlpha || len(t.parts[0].lit) < 3) {
		return 0
	}
	return i
}

// end returns where the run ends that goes on at src[i].
func (r *tokenRun) end(src []byte, i, hi int, set uint16) int {
	if set != r.set || i < r.from || i > r.to {
		*r = tokenRun{set, stretch{i, i}}
	}
	for r.to < hi && tokenSet[src[r.to]]&set != 0 {
		r.to++
	}
	return min(r.to, hi)
}

// The sets of bytes in shapes, by their letter.
var tokenSet = func() (t [256]uint16) {
	for set, bytes := range []string{
		"0123456789",                           // d
		"0123456789abcdef",                     // h
		"0123456789abcdefghijklmnopqrstuvwxyz", // l
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", // u
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",     // a
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_",   // w
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/=",  // b
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.=", // t
		"0123456789ABCDEFabcdef", // x
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_%.~", // q
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ./+",   // p
	} {
		for i := range len(bytes) {
			t[bytes[i]] |= 1 << set
		}
	}
	return t
}()

const tokenSets = "dhluawbtxqp"
