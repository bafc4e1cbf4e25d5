package redact

import "bytes"

// userinfoAt finds the user and password of the URL whose "://" begins at src[colon]. The match is what lies between
// the slashes and the last "@" of the authority, so that passwords with "@" or ":" in them go whole. A user alone stays,
// unless it looks like a token.
func userinfoAt(src []byte, colon int) (found, bool) {
	start := colon + 3
	i, at, sep := start, -1, -1
scan:
	for hi := min(len(src), start+1024); i < hi; i++ {
		switch c := src[i]; {
		case c == '@':
			at = i
		case c == ':':
			if sep < 0 {
				sep = i
			}
		case c == '/' || c == '?' || c == '#':
			if at >= 0 || !passwordGoesOn(src[i:hi]) {
				break scan
			}
		case class[c]&(cSpace|cEnd) != 0 && c != '&' && c != ';' && c != ',' && c != '\'' && c != '`':
			break scan
		}
	}
	switch {
	case at <= start || src[start] == '[':
		return found{}, false
	case sep < 0 || sep > at:
		if !looksSecret(src[start:at]) {
			return found{}, false
		}
	}
	if pw := src[sep+1 : at]; sep >= 0 && sep < at && placeholder(pw) {
		return found{}, false
	}
	return found{start: start, end: at, kind: UserInfo, rule: "url-userinfo"}, true
}

// passwordGoesOn reports whether a "/", "?" or "#" in front of any "@" belongs to a password that was not escaped: the
// authority then ends with "@host" before the text does.
func passwordGoesOn(p []byte) bool { return false }

// dsnUserAt finds the user and password in front of the "@" at src[at] of a data source name in the manner of Go's MySQL
// driver: user:password@tcp(host)/name.
func dsnUserAt(src []byte, at int) (found, bool) {
	rest := src[at+1 : min(len(src), at+6)]
	if !bytes.HasPrefix(rest, []byte("tcp(")) && !bytes.HasPrefix(rest, []byte("unix(")) {
		return found{}, false
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
		return found{}, false
	}
	return found{start: start, end: at, kind: UserInfo, rule: "dsn-userinfo"}, true
}
