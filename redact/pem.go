package redact

import "bytes"

var (
	pemBegin = []byte("-----BEGIN ")
	pemEnd   = []byte("-----END ")
)

// pem finds the private key whose "-----BEGIN" ends with src[start:end], "-BEGIN". What stands before the dashes is of no
// matter: keys are pasted behind anything. The match is the block's body, from behind
// the first line to the end marker; when there is none it is all that looks like a body, at most pemWindow. Public keys
// and certificates stay.
func (s *scanner) pem(start, end int) bool {
	src := s.src
	if end-start != len("-BEGIN") || start-4 < 0 || !bytes.HasPrefix(src[start-4:], pemBegin) {
		return false
	}
	body := bytes.Index(src[end:min(len(src), end+64)], []byte("-----"))
	if body < 0 || !bytes.Contains(src[end:end+body], []byte("PRIVATE")) {
		return false
	}
	body += end + 5
	// A block with its end, or else the run of bytes that can belong to one.
	hi := min(len(src), body+pemWindow)
	stop := body
	for stop < hi {
		c := src[stop]
		switch {
		case c == '-':
			if bytes.HasPrefix(src[stop:hi], pemEnd) {
				return s.pemBody(body, stop)
			}
			if bytes.HasPrefix(src[stop:hi], pemBegin[:5]) {
				return s.pemBody(body, stop)
			}
		case isAlnum(c), isSpace(c), c == '+', c == '/', c == '=', c == ':', c == ',', c == '\\', c == '#', c == '>', c == '.':
		default:
			return s.pemBody(body, stop)
		}
		stop++
	}
	if stop == len(src) && !s.final {
		s.m.kind = 0 // whether and where the block ends is not known yet
		return true
	}
	return s.pemBody(body, stop)
}

// pemBody trims the line breaks around a body, real ones and escaped ones.
func (s *scanner) pemBody(start, end int) bool {
	src := s.src
	for start < end {
		if isSpace(src[start]) {
			start++
		} else if src[start] == '\\' && start+1 < end && (src[start+1] == 'n' || src[start+1] == 'r') {
			start += 2
		} else if src[start] == '\\' {
			start++
		} else {
			break
		}
	}
	for end > start {
		if isSpace(src[end-1]) {
			end--
		} else if (src[end-1] == 'n' || src[end-1] == 'r') && end-2 >= start && src[end-2] == '\\' {
			end -= 2
		} else if src[end-1] == '\\' {
			end--
		} else {
			break
		}
	}
	if end-start < 16 {
		return false
	}
	return s.hit(start, end, PrivateKey, "pem")
}
