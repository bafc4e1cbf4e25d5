package redact

import "bytes"

// value is where a key's value lies in the text.
type value struct {
	start, end int
	quoted     bool // by any kind of quotes: end is where the closing one begins
	open       int  // of a quoted value: where the opening quote begins
}

// valueAt reads the value behind a separator, from src[at] on: quoted by ", ' or `, however often escaped, or bare.
func (s *scanner) valueAt(at int) (v value, ok bool) {
	src := s.src
	i, hi := at, min(len(src), at+maxWindow)
	for n := 0; i < hi && n < 8 && (src[i] == ' ' || src[i] == '\t'); n++ {
		i++
	}
	if i >= hi {
		return v, false
	}
	if src[i] == '@' && i+1 < hi && src[i+1] == '"' { // a string of Objective-C
		i++
	}
	v.open = i
	q, n := quoteAt(src, i, hi)
	if n == 0 {
		v.start, v.end = i, s.bareEnd(i, hi)
		return v, v.end > v.start
	}
	if n == 1 && i+3 < hi && src[i+1] == q && src[i+2] == q && src[i+3] != q { // """
		if k := bytes.Index(src[i+3:hi], src[i:i+3]); k > 0 {
			v.start, v.end, v.quoted = i+3, i+3+k, true
			return v, true
		}
	}
	v.start, v.quoted = i+n, true
	v.end = closing(src, v.start, hi, q, n)
	if v.end < 0 {
		if holdsLabel(src[v.start:hi]) {
			return v, false // which may have taken the quote that closed it
		}
		v.quoted = false
		v.end = s.bareEnd(v.start, hi)
	}
	return v, v.end > v.start
}

// quoteAt returns the quote that begins at src[i] and its length with the backslashes before it, or 0.
func quoteAt(src []byte, i, hi int) (q byte, n int) {
	for i+n < hi && n < 15 && src[i+n] == '\\' {
		n++
	}
	if i+n < hi && (src[i+n] == '"' || src[i+n] == '\'' || src[i+n] == '`') {
		return src[i+n], n + 1
	}
	return 0, 0
}

// closing returns where the quote q with n-1 backslashes before it ends a string that began before src[i], or -1.
func closing(src []byte, i, hi int, q byte, n int) int {
	for i < hi {
		j := bytes.IndexByte(src[i:hi], q)
		if j < 0 {
			return -1
		}
		j += i
		k := j
		for k > i && src[k-1] == '\\' {
			k--
		}
		switch slashes := j - k; {
		case slashes < n-1:
			return k // the string around this one ends: so does this
		case slashes == n-1:
			return k
		case n == 1 && slashes%2 == 0:
			return j // escaped backslashes, then the quote
		case n > 1 && (slashes-(n-1))%(2*n) == 0:
			return j - (n - 1)
		}
		i = j + 1
	}
	return -1
}

// bareEnd returns the end of the bare value that begins at src[i]. A closing bracket ends it when nothing of the value
// opened it and the value does not go on behind it; of many brackets the first ones are looked at.
func (s *scanner) bareEnd(i, hi int) int {
	src := s.src
	end := s.bare.end(src, i, hi)
	closer := s.closer.in(i, end, 1, func(from, to int) int { return indexOf(src[from:to], &closers) })
	if k := closer; k >= 0 {
		if open := s.bracket.in(i, k, 1, func(from, to int) int { return indexOf(src[from:to], &openers) }); open >= 0 {
			k = open
		}
		depth := 0
		for to := min(end, k+maxBrackets); closer < to && k < to; k++ {
			switch src[k] {
			case '(', '{', '[':
				depth++
			case ')', '}', ']':
				if depth--; depth < 0 && (k+1 == len(src) || class[src[k+1]]&(cEnd|cTrigger) != 0 || isCloser(src[k+1]) || src[k+1] == '.') {
					return k
				}
			}
		}
	}
	if end == hi && hi < len(src) { // never cut a rune in two
		for end > i && src[end]&0xC0 == 0x80 {
			end--
		}
	}
	return end
}

// openers and closers are brackets.
var openers, closers = func() (o, c [256]bool) {
	for i := range 3 {
		o["([{"[i]], c[")]}"[i]] = true, true
	}
	return o, c
}()

// indexOf returns where the first byte of the set is in b, or -1.
func indexOf(b []byte, set *[256]bool) int {
	for i, c := range b {
		if set[c] {
			return i
		}
	}
	return -1
}

// maxBrackets is how far behind the first bracket of a bare value the others are looked for.
const maxBrackets = 128

// stretch is a stretch of text without a byte that ends a bare value. It is remembered, so that a text in which many keys
// stand is not read to its end for each.
type stretch struct{ from, to int }

func (b *stretch) end(src []byte, i, hi int) int {
	if i < b.from || i > b.to {
		*b = stretch{i, i}
	}
	for b.to < hi && class[src[b.to]]&cEnd == 0 {
		b.to++
	}
	return min(b.to, hi)
}

func isCloser(c byte) bool { return c == ')' || c == '}' || c == ']' }
