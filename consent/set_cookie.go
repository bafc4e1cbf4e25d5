package consent

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// setCookieName returns the name that a browser gives the cookie of a Set-Cookie line: what is before the first '=' of what is before the
// first ';', without blanks around it. It is "" for a cookie without a name, which a browser sends back as if its value were name and value.
func setCookieName(line string) string {
	for i := range len(line) {
		switch line[i] {
		case '=':
			return trimBlanks(line[:i])
		case ';':
			return ""
		}
	}
	return ""
}

// deletes reports whether every browser takes the line as the deletion of a cookie: a Max-Age of 0 or less or, without one, an Expires in the
// past. Where it is not plain what browsers make of an attribute, it is no deletion: what is ignored leaves a cookie set.
func deletes(line string, now func() time.Time) bool {
	var byAge, byDate, age bool
	var date time.Time
	for rest, at := line, strings.IndexByte(line, ';'); at >= 0; at = strings.IndexByte(rest, ';') {
		rest = rest[at+1:]
		for rest != "" && (rest[0] == ' ' || rest[0] == '\t') {
			rest = rest[1:]
		}
		if rest == "" || rest[0]|0x20 != 'm' && rest[0]|0x20 != 'e' {
			continue
		}
		if value, ok := valueOf(rest, "Max-Age"); ok { // of several, the last counts; and before Expires
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || value[0] == '+' || len(value) > 10 {
				return false
			}
			byAge, age = true, n <= 0
		} else if value, ok := valueOf(rest, "Expires"); ok {
			t, err := time.Parse(http.TimeFormat, value)
			if err != nil {
				t, err = time.Parse("Mon, 02-Jan-2006 15:04:05 GMT", value)
			}
			if err != nil || t.Year() < 1601 {
				return false
			}
			byDate, date = true, t
		}
	}
	return (byAge && age || !byAge && byDate && date.Before(now())) && !hasControls(line)
}

// valueOf returns the value of the attribute that s begins with, and whether its name is this one, in upper or lower case. The bytes are as
// many, so that no letter outside of ASCII is taken for one of the name.
func valueOf(s, name string) (string, bool) {
	if len(s) < len(name) || !strings.EqualFold(s[:len(name)], name) {
		return "", false
	}
	if s = s[len(name):]; s != "" {
		if end := strings.IndexByte(s, ';'); end >= 0 {
			s = s[:end]
		}
	}
	if s = trimBlanks(s); s == "" {
		return "", true
	}
	return trimBlanks(s[1:]), s[0] == '='
}

// hasControls reports whether a browser may cut line off, or drop it.
func hasControls(line string) bool {
	for i := range len(line) {
		if c := line[i]; c < ' ' && c != '\t' || c == 0x7f {
			return true
		}
	}
	return false
}

// isSetCookie reports whether a key of a header map becomes a Set-Cookie field or trailer on the wire, in whatever spelling. Of the prefixes of
// trailers net/http takes one off, and on HTTP/2 the next one too if it comes upon what it made of the key.
func isSetCookie(key string) bool {
	for len(key) > len("Set-Cookie") {
		rest, ok := strings.CutPrefix(key, http.TrailerPrefix)
		if !ok {
			return false
		}
		key = rest
	}
	return key == "Set-Cookie" || len(key) == len("Set-Cookie") && strings.EqualFold(key, "Set-Cookie")
}
