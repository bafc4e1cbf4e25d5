package redact

import "bytes"

var (
	ssh2Begin = []byte("---- BEGIN SSH2 ")
	ssh2End   = []byte("---- END ")
)

// ssh2 finds the body of a private key in the format of SSH2 (after RFC 4716) whose first dashes are src[start:end].
func (s *scanner) ssh2(start, end int) bool {
	src := s.src
	if end-start != 4 || !bytes.HasPrefix(src[start:], ssh2Begin) {
		return false
	}
	body := bytes.Index(src[end:min(len(src), end+64)], []byte(" ----"))
	if body < 0 || !bytes.Contains(src[end:end+body], []byte("PRIVATE")) {
		return false
	}
	body += end + 5
	hi := min(len(src), body+pemWindow)
	stop := body
	for stop < hi {
		c := src[stop]
		if c == '-' && bytes.HasPrefix(src[stop:hi], ssh2End) || c < ' ' && !isSpace(c) || c >= 0x7f {
			return s.pemBody(body, stop)
		}
		if c == '-' && bytes.HasPrefix(src[stop:hi], pemBegin[:4]) {
			return s.pemBody(body, stop)
		}
		stop++
	}
	if stop == len(src) && !s.final {
		s.m.kind = 0
		return true
	}
	return s.pemBody(body, stop)
}

// putty finds the private lines of a key of PuTTY. Behind src[i] stands ": 14" and then the lines.
func (s *scanner) putty(i int) bool {
	src := s.src
	if i+3 > len(src) || src[i] != ':' {
		return false
	}
	for n := 0; n < 8 && i+1 < len(src) && (n == 0 || src[i] == ' ' || isDigit(src[i])); n++ {
		i++
	}
	start := i
	for i < min(len(src), start+16) && isSpace(src[i]) || i+1 < min(len(src), start+16) && src[i] == '\\' && (src[i+1] == 'n' || src[i+1] == 'r') {
		if src[i] == '\\' {
			i++
		}
		i++
	}
	if i == start {
		return false
	}
	start = i
	for hi := min(len(src), start+maxWindow-lookBehind); i < hi; i++ {
		c := src[i]
		if !isAlnum(c) && c != '+' && c != '/' && c != '=' && !isSpace(c) && (c != '\\' || i+1 >= hi || src[i+1] != 'n' && src[i+1] != 'r') {
			break
		}
	}
	if i < len(src) && src[i] == '-' || i < len(src) && src[i] == ':' { // the name of the next line
		for i > start && !isSpace(src[i-1]) && src[i-1] != '\\' {
			i--
		}
	}
	return s.pemBody(start, i)
}
