package redact

// maxLocal and maxDomain are the longest parts of an address (RFC 5321, 4.5.3.1), and the reach of emailAt.
const (
	maxLocal  = 64
	maxDomain = 253
)

// emailAt looks for the e-mail address around the sign at src[i], which is "@" or one of its disguises: "%40", "%2540",
// `\u0040` with any number of backslashes up to maxEscape, "&#64;", "&#x40;". It reads at most 64 bytes back and 255 forward.
//
// An address has a local part of the characters that are in use (letters of any script, digits, ._%+-~!#$^*, a quoted string) and
// a domain of at least two labels whose last is made of letters. What looks like one but names a repository, a package
// version, a picture's resolution, a mail message or the user of a URL is none.
func emailAt(src []byte, i int) (s, e int, rule string, ok bool) {
	sign := signAt(src, i)
	if sign == 0 || i == 0 {
		return 0, 0, "", false
	}
	e, tld := domainEnd(src, i+sign)
	if e == 0 {
		return 0, 0, "", false
	}
	if s = localStart(src, i); s == i {
		return 0, 0, "", false
	}
	local, domain := src[s:i], src[i+sign:e]
	if s >= 3 && string(src[s-3:s]) == "://" || namesFile(tld) || isResolution(domain) {
		return 0, 0, "", false
	}
	if e < len(src) && (src[e] == ':' || src[e] == '/') && isRepositoryUser(local) {
		return 0, 0, "", false
	}
	if e < len(src) && (src[e] == '(' || src[e] == '@') || s > 0 && (src[s-1] == '@' || src[s-1] == '<' && messageIDBefore(src, s-1)) {
		return 0, 0, "", false
	}
	return s, e, "email", true
}

// maxEscape is how many backslashes an escape may begin with: a text that is put into a string four times over has sixteen.
const maxEscape = 16

// signAt returns the length of the "@" or its disguise at src[i], or 0.
func signAt(src []byte, i int) int {
	rest := src[i:]
	switch {
	case len(rest) == 0:
		return 0
	case rest[0] == '@':
		return 1
	case len(rest) >= 3 && string(rest[:3]) == "%40":
		return 3
	case len(rest) >= 5 && string(rest[:5]) == "%2540":
		return 5
	case rest[0] == '\\':
		n := 1
		for n < len(rest) && n < maxEscape && rest[n] == '\\' {
			n++
		}
		if len(rest) >= n+5 && string(rest[n:n+5]) == "u0040" {
			return n + 5
		}
	case len(rest) >= 5 && string(rest[:5]) == "&#64;":
		return 5
	case len(rest) >= 6 && (string(rest[:6]) == "&#x40;" || string(rest[:6]) == "&#064;"):
		return 6
	}
	return 0
}

// localStart returns where the local part that ends before src[i] begins; i when there is none.
func localStart(src []byte, i int) int {
	lo := max(0, i-maxLocal)
	if i > 0 && src[i-1] == '"' {
		return quotedStart(src, lo, i)
	}
	s, escapes := i, false
	for s > lo {
		c := src[s-1]
		if c >= 0x80 {
			n := letterBefore(src, lo, s)
			if n == 0 {
				break
			}
			s -= n
			continue
		}
		if !isLocalByte(c) {
			break
		}
		if (c == 'n' || c == 't' || c == 'r') && s-1 > lo && src[s-2] == '\\' {
			break // an escape in a quoted string
		}
		escapes = escapes || c == '%'
		s--
	}
	// What is left of "%3D" and "%20" is not part of the name, nor are signs at its edge.
	for k := s; escapes && k+2 < i; k++ {
		if src[k] == '%' && (src[k+1] == '2' || src[k+1] == '3') && isHex(src[k+2]) && !(src[k+1] == '2' && src[k+2]|0x20 == 'b') {
			s = k + 3
		}
	}
	for s < i && !isWordByte(src[s]) && src[s] < 0x80 && src[s] != '+' {
		s++
	}
	if s < i && (src[i-1] == '.' || src[i-1] == '\'') {
		return i
	}
	return s
}

// quotedStart returns where the quoted string that ends before src[i] begins: plain or, inside a JSON string, with the quotes
// escaped. It returns i when it is not a local part.
func quotedStart(src []byte, lo, i int) int {
	escaped := i-2 >= lo && src[i-2] == '\\'
	k := i - 2
	if escaped {
		k--
	}
	for n := 0; k >= lo; k, n = k-1, n+1 {
		switch c := src[k]; {
		case c == '"':
			if escaped && (k == lo || src[k-1] != '\\') || n == 0 {
				return i
			}
			if escaped {
				k--
			}
			if k > 0 && (isWordByte(src[k-1]) || src[k-1] == '\\') {
				return i
			}
			return k
		case c < ' ' || c == '=' || c == ':' || c == ',':
			return i
		}
	}
	return i
}

// isLocalByte reports whether c stands in local parts. What RFC 5321 allows and what log lines put around addresses ("=", "&",
// "/", "?", "`", "{", "|") is left out.
func isLocalByte(c byte) bool { return localByte[c] }

var localByte = func() (t [256]bool) {
	for c := range t {
		t[c] = isWordByte(byte(c)) || hasByte([]byte(".+-%'~!#$^*"), byte(c))
	}
	return t
}()

// letterBefore returns the length of the letter beyond ASCII that ends before src[s], or 0. Punctuation is none, and nor is a
// rune of three bytes or more next to ASCII: scripts without spaces put a label right before an address.
func letterBefore(src []byte, lo, s int) int {
	k := s - 1
	for k > lo && s-k < 4 && src[k]&0xC0 == 0x80 {
		k--
	}
	n := s - k
	switch c := src[k]; {
	case n == 2 && c >= 0xC3 && c <= 0xDF:
		return 2
	case n == 3 && c >= 0xE0 && c <= 0xED && c != 0xE2 && !(c == 0xE3 && src[k+1] == 0x80):
		if isWordByte(src[s]) {
			return 0
		}
		return 3
	}
	return 0
}

// domainEnd returns the end of the domain that begins at src[i] and its last label, or 0.
func domainEnd(src []byte, i int) (end int, tld []byte) {
	if i < len(src) && src[i] == '[' {
		for k := i + 1; k < len(src) && k < i+48; k++ {
			if src[k] == ']' && k > i+7 {
				return k + 1, nil
			}
			if c := src[k]; !isHex(c) && c != '.' && c != ':' && c != 'I' && c != 'P' && c != 'v' {
				break
			}
		}
		return 0, nil
	}
	limit := min(len(src), i+maxDomain)
	p, label, labels := i, i, 0
	for p <= limit {
		var c byte
		if p < limit {
			c = src[p]
		}
		if class[c]&cAlnum != 0 || c == '-' && p > label {
			p++
			continue
		}
		if c >= 0xE0 && labels > 0 && isTLD(src[label:p]) && src[label] < 0x80 {
			return p, src[label:p] // a script without spaces goes on right behind the address
		}
		if c >= 0x80 {
			if n := domainRune(src, p, limit); n > 0 {
				p += n
				continue
			}
		}
		if p == label || p-label > 63 || src[p-1] == '-' {
			break
		}
		if labels > 0 && isTLD(src[label:p]) && c != '_' {
			end, tld = p, src[label:p]
		} else {
			end = 0
		}
		labels++
		if c != '.' {
			return end, tld
		}
		p++
		label = p
	}
	if p < limit && (isWordByte(src[p]) || src[p] == '-') {
		return 0, nil
	}
	return end, tld // the address ends a sentence
}

// domainRune returns the length of the letter beyond ASCII at src[p], or 0.
func domainRune(src []byte, p, limit int) int {
	c := src[p]
	switch {
	case c >= 0xC3 && c <= 0xDF && p+2 <= limit:
		return 2
	case c >= 0xE0 && c <= 0xED && c != 0xE2 && p+3 <= limit && !(c == 0xE3 && src[p+1] == 0x80):
		return 3
	}
	return 0
}

// isTLD reports whether a label can be a top-level domain: letters of one case, "xn--", or letters beyond ASCII.
func isTLD(label []byte) bool {
	if len(label) < 2 || len(label) > 24 {
		return false
	}
	if len(label) > 4 && label[2] == '-' && label[3] == '-' {
		return true
	}
	lower, upper, beyond := 0, 0, 0
	for _, c := range label {
		switch {
		case c >= 'a' && c <= 'z':
			lower++
		case isUpper(c):
			upper++
		case c >= 0x80:
			beyond++
		default:
			return false
		}
	}
	return beyond == len(label) || lower == len(label) || upper == len(label) || upper == 1 && isUpper(label[0]) && lower <= 3 && beyond == 0
}

// namesFile reports whether what follows the last dot is the end of a file name or of code and no country's or other domain.
func namesFile(tld []byte) bool {
	switch string(tld) {
	case "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "js", "ts", "jsx", "tsx", "css", "scss", "json", "xml", "yaml", "yml", "toml",
		"html", "htm", "txt", "log", "csv", "exe", "dll", "jar", "war", "class", "go", "rb", "java", "cpp", "conf", "cfg", "ini", "lock",
		"tgz", "gz", "tar", "whl", "deb", "rpm", "service", "timer", "socket", "target", "mount", "slice", "beta", "alpha", "rc",
		"snapshot", "next", "canary", "xz", "po", "zst":
		return true
	}
	return false
}

// isResolution reports whether a domain is the "2x.png" of a picture's file name, or begins with a version: "1.2.x", "v1.2.x".
func isResolution(domain []byte) bool {
	i := 0
	if len(domain) > 0 && (domain[0] == 'v' || domain[0] == 'V') {
		i++
	}
	from := i
	for i < len(domain) && isDigit(domain[i]) {
		i++
	}
	if i == from || i >= len(domain) {
		return false
	}
	if domain[i] == 'x' && i+1 < len(domain) && domain[i+1] == '.' {
		return true
	}
	return domain[i] == '.' && i+1 < len(domain) && isDigit(domain[i+1])
}

// isRepositoryUser reports whether a local part is the user that version control logs in as.
func isRepositoryUser(local []byte) bool {
	switch string(local) {
	case "git", "hg", "svn", "ssh", "root", "deploy", "ubuntu", "ec2-user", "admin", "forgejo", "gitea", "org-git":
		return true
	}
	return false
}

// messageIDBefore reports whether the '<' at src[i] opens the id of a mail message.
func messageIDBefore(src []byte, i int) bool {
	return wordsIn(src, max(0, i-16), i)&aboutMessage != 0
}
