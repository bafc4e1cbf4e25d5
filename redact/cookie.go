package redact

// cookies begins the walk over the cookies of a header Cookie or Set-Cookie whose value begins at src[at]. Their names
// stay, and so do the attributes of Set-Cookie.
func (s *scanner) cookies(at int) bool {
	src := s.src
	for n := 0; at < len(src) && n < 8 && (src[at] == ' ' || src[at] == '[' || src[at] == '\t'); n++ {
		at++
	}
	if isLabel(src[max(at-1, 0):]) {
		return false
	}
	_, n := quoteAt(src, at, len(src))
	if end := cookieName(src, at+n); end == at+n || end >= len(src) || src[end] != '=' {
		return false
	}
	return s.begin(walk{mode: walkCookies}, at+n)
}

// cookieName returns the end of the name that begins at src[i].
func cookieName(src []byte, i int) int {
	for hi := min(len(src), i+256); i < hi && cookieByte[src[i]]; i++ {
	}
	return i
}

// cookieByte are the bytes of names of cookies.
var cookieByte = func() (t [256]bool) {
	for c := range t {
		t[c] = isWord(byte(c)) || hasByte([]byte("!#$%*+^|~"), byte(c))
	}
	return t
}()

// nextCookie is the step from src[at], where a cookie begins or the last value has ended.
func (s *scanner) nextCookie(at int) bool {
	src := s.src
	i, hi := at, min(len(src), at+maxWindow-256)
	for bare := 0; i < hi && bare < maxBare; bare++ {
		q, n := quoteAt(src, i, hi)
		if n > 0 { // the header ends, but another one may follow in a list
			j := i + n
			if q == '`' || j+2 >= hi || src[j] != ',' {
				return false
			}
			for j++; j < hi && src[j] == ' '; j++ {
			}
			_, m := quoteAt(src, j, hi)
			if m != n {
				return false
			}
			i = j + m
			if end := cookieName(src, i); end == i || end >= hi || src[end] != '=' {
				return false
			}
		}
		for i < hi && (src[i] == ';' || src[i] == ' ' || src[i] == '&') {
			i++
		}
		from := i
		i = cookieName(src, i)
		if i == from || i >= hi {
			return false
		}
		if src[i] != '=' {
			if src[i] == ';' || from > at && attributeOfCookie(src[from:i]) {
				continue // HttpOnly
			}
			return false
		}
		name := src[from:i]
		i++
		if attributeOfCookie(name) {
			for to := min(hi, i+256); i < to && src[i] != ';' && src[i] != '\n' && src[i] != '\r' && src[i] != '"' && src[i] != '\'' && src[i] != '\\'; {
				i++
			}
			continue
		}
		start := i
		i = cookieEnd(src, i, hi)
		if i > start && !s.fills(src[start:i]) {
			return s.hit(start, i, Credential, "cookie")
		}
		if s.met {
			break
		}
	}
	return false
}

// maxBare is how many attributes, and cookies without a value, may stand between two cookies: more than there are.
const maxBare = 12

// cookieEnd returns the end of the value that begins at src[i].
func cookieEnd(src []byte, i, hi int) int {
	if i < hi && src[i] == '[' && isLabel(src[i:hi]) {
		for i < hi && src[i] != ']' {
			i++
		}
		return min(i+1, hi)
	}
	for i < hi && src[i] != ']' && src[i] != ')' && (class[src[i]]&cEnd == 0 || src[i] == '&' || src[i] == ',' && i+1 < hi && class[src[i+1]]&cEnd == 0) && src[i] != ';' {
		i++
	}
	if i == hi && hi < len(src) {
		for i > 0 && src[i]&0xC0 == 0x80 {
			i--
		}
	}
	return i
}

// attributeOfCookie reports whether a word of Set-Cookie is about the cookie (RFC 6265, section 4.1.1, and its successors).
func attributeOfCookie(name []byte) bool {
	var low [12]byte
	if len(name) > len(low) {
		return false
	}
	for i, c := range name {
		low[i] = lower(c)
	}
	switch string(low[:len(name)]) {
	case "path", "domain", "expires", "max-age", "httponly", "secure", "samesite", "partitioned", "priority", "version", "comment":
		return true
	}
	return false
}
