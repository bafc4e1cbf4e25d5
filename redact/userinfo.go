package redact

import (
	"bytes"
	"strings"
)

// userinfo finds the user and password of the URL whose "://" begins at src[colon]. The match is what lies between
// the slashes and the last "@" of the authority, so that passwords with "@" or ":" in them go whole. A user alone stays,
// unless it looks like a token.
func (s *scanner) userinfo(colon int) bool {
	src := s.src
	start := colon + 3
	at, sep := -1, -1
	for i, hi := start, min(len(src), start+1024); i < hi; i++ {
		c := src[i]
		if userByte[c] {
			continue
		}
		if c == '[' {
			if labelAt(src, i) > 0 {
				return false
			}
		}
		if c == '@' {
			at = i
		} else if c == ':' && sep < 0 && at < 0 {
			sep = i
		} else if c == '/' || c == '?' || c == '#' {
			// The authority ends, or a password goes on that was not escaped: behind ":" no port has letters.
			if at >= 0 || sep < 0 || i == sep+1 || allOf(src[sep+1:i], cDigit) {
				break
			}
			hi = min(hi, i+lookBehind)
		} else if class[c]&(cSpace|cEnd) != 0 && c != '&' && c != ';' && c != ',' && c != '\'' && c != '`' {
			break
		}
	}
	if at <= start || src[start] == '[' {
		return false
	}
	if sep < 0 && at-start == 32 && isDSNKey(src, start, at) {
		return false
	}
	if sep < 0 || sep == at-1 {
		if end := max(sep, start); sep < 0 && looksSecret(src[start:at]) || sep > start && looksSecret(src[start:end]) {
			return s.hit(start, at, UserInfo, "url-user")
		}
		return false
	}
	if s.fills(src[sep+1 : at]) {
		return false
	}
	return s.hit(start, at, UserInfo, "url-userinfo")
}

// userByte are the bytes of users and passwords that have no other meaning before the "@".
var userByte = func() (t [256]bool) {
	for c := range t {
		t[c] = class[c]&(cSpace|cEnd) == 0 && !hasByte([]byte("[@:/?#"), byte(c))
	}
	return t
}()

// dsnUser finds the user and password in front of the "@" at src[at] of a data source name in the manner of Go's MySQL
// driver: user:password@tcp(host)/name.
func (s *scanner) dsnUser(at int) bool {
	src := s.src
	if s.oracleUser(at) {
		return true
	}
	rest := src[at+1 : min(len(src), at+6)]
	if len(rest) < 5 || rest[0] != 't' && rest[0] != 'u' {
		return false
	}
	if !bytes.HasPrefix(rest, []byte("tcp(")) && !bytes.HasPrefix(rest, []byte("unix(")) {
		return false
	}
	start, sep := at, -1
	for lo := max(0, at-lookBehind); start > lo; start-- {
		c := src[start-1]
		if c == ':' {
			sep = start - 1
		}
		if class[c]&(cSpace|cEnd) != 0 || c == '/' || c == '=' {
			break
		}
	}
	if sep < 0 || start == sep || s.fills(src[sep+1:at]) {
		return false
	}
	return s.hit(start, at, UserInfo, "dsn-userinfo")
}

// isDSNKey reports whether src[start:at] is the public half of a client key as error trackers have it: 32 hexadecimal
// digits in front of a host and the number of a project.
func isDSNKey(src []byte, start, at int) bool {
	for _, c := range src[start:at] {
		if !isHex(c) {
			return false
		}
	}
	i := at + 1
	for hi := min(len(src), at+128); i < hi && (isWord(src[i]) || src[i] == ':'); i++ {
	}
	return i+1 < len(src) && src[i] == '/' && isDigit(src[i+1])
}

// oracleUser finds user/password in front of the "@" at src[at] in a URL of Oracle's thin driver or an argument of sqlplus.
func (s *scanner) oracleUser(at int) bool {
	src := s.src
	i, slash, slashes := at, -1, 0
	for lo := max(s.floor, at-lookBehind); i > lo && src[i-1] != ':' && class[src[i-1]]&cEnd == 0; i-- {
		if i-1 == s.user.at && s.user.at >= lo { // what is before has been looked at
			if s.user.from < lo {
				i = lo
			} else {
				i = s.user.from
			}
			if slashes += s.user.slashes; s.user.slashes > 0 {
				slash = s.user.slash
			}
			break
		}
		if src[i-1] == '/' {
			slash = i - 1
			slashes++
		}
	}
	s.user = userBefore{at, i, slash, slashes}
	if slashes != 1 || slash <= i || slash == at-1 || i < 8 || s.fills(src[slash+1:at]) {
		return false
	}
	before := string(src[max(s.floor, i-12):i])
	for _, w := range []string{":oracle:thin:", ":oracle:oci:", ":oracle:oci8:", "sqlplus ", "sqlplus -s ", "sqlldr ", "exp ", "imp ", "expdp ", "impdp "} {
		if len(w) > 12 {
			w = w[len(w)-12:]
		}
		if strings.HasSuffix(before, w) {
			return s.hit(i, at, UserInfo, "dsn-userinfo")
		}
	}
	return false
}

// userBefore is what is in front of the last "@" that was looked at: the text that ends there begins at from.
type userBefore struct{ at, from, slash, slashes int }
