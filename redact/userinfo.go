package redact

import "bytes"

// userinfo finds the user and password of the URL whose "://" begins at src[colon]. The match is what lies between
// the slashes and the last "@" of the authority, so that passwords with "@" or ":" in them go whole. A user alone stays,
// unless it looks like a token.
func (s *scanner) userinfo(colon int) bool {
	src := s.src
	start := colon + 3
	at, sep := -1, -1
	for i, hi := start, min(len(src), start+1024); i < hi; i++ {
		c := src[i]
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
	if sep < 0 || sep == at-1 {
		if end := max(sep, start); sep < 0 && looksSecret(src[start:at]) || sep > start && looksSecret(src[start:end]) {
			return s.hit(start, at, UserInfo, "url-user")
		}
		return false
	}
	if placeholder(src[sep+1 : at]) {
		return false
	}
	return s.hit(start, at, UserInfo, "url-userinfo")
}

// dsnUser finds the user and password in front of the "@" at src[at] of a data source name in the manner of Go's MySQL
// driver: user:password@tcp(host)/name.
func (s *scanner) dsnUser(at int) bool {
	src := s.src
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
	if sep < 0 || start == sep || placeholder(src[sep+1:at]) {
		return false
	}
	return s.hit(start, at, UserInfo, "dsn-userinfo")
}
