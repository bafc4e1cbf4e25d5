package redact

import "bytes"

// placeholder reports whether v is no value but stands for one or for none: empty, stars, null, ${VAR}, {{ x }}, a call,
// or what a Redactor put there.
func placeholder(v []byte) bool {
	if len(v) == 0 {
		return true
	}
	switch v[0] {
	case '*', '<', '{', '$', '%', '[', '#', '(', '&':
		return placeholderAfter(v)
	case '@':
		if v[len(v)-1] == '@' && len(v) > 2 { // @password@
			return true
		}
	case 'a': // the name of something
		if bytes.HasPrefix(v, []byte("arn:aws")) {
			return true
		}
	case 'y', 'Y': // YOUR_API_KEY, your-token-here
		if len(v) > 5 && lower(v[1]) == 'o' && lower(v[2]) == 'u' && lower(v[3]) == 'r' && class[v[4]]&cDash != 0 && allOf(v, cAlpha|cDash) {
			return true
		}
	}
	if len(v) <= 16 {
		var low [16]byte
		n := 0
		for i, c := range v {
			low[i] = lower(c)
			if c != '.' && c != '!' && c != '?' && c != ':' {
				n = i + 1
			}
		}
		if fillers.has(low[:n]) {
			return true
		}
	}
	if same(v) {
		return true
	}
	if v[len(v)-1] == ')' { // getPass(), os.Getenv("X"), config.get(name)
		for i, c := range v {
			if c == '(' && i > 0 {
				return true
			}
			if !isWord(c) && c != ':' && c != '>' {
				break
			}
		}
	}
	return false
}

func placeholderAfter(v []byte) bool {
	switch v[0] {
	case '*':
		return same(v) || len(v) >= 2 && v[1] == '*'
	case '<':
		return v[len(v)-1] == '>' || hasByte([]byte("nh"), v[min(1, len(v)-1)])
	case '{':
		return len(v) == 1 || v[1] == '{' && !hasByte(v, '#') && !hasByte(v, ']') || v[len(v)-1] == '}' && v[1] != '{' && !holdsSecret(v) || isLabel(v[1:])
	case '$':
		return len(v) == 1 || v[1] == '{' || v[1] == '(' || allOf(v[1:], cUpper|cDigit|cDash) || allOf(v[1:], cLower|cDash) && !looksSecret(v[1:]) || codeName(v[1:])
	case '%':
		return len(v) == 1 || v[len(v)-1] == '%' && len(v) > 2 || len(v) == 2 && isAlnum(v[1]) || v[1] == '(' || v[1] == '{'
	case '[':
		return isLabel(v) || len(v) == 1 || v[len(v)-1] == ']' || v[1] == '{' || v[1] == '['
	case '#':
		return len(v) > 1 && v[1] == '{'
	case '(':
		return v[len(v)-1] == ')'
	case '&':
		return len(v) == 1 || bytes.HasPrefix(v, []byte("&lt;")) && bytes.HasSuffix(v, []byte("&gt;"))
	}
	return len(v) == 1
}

// holdsSecret reports whether v has a word of 16 letters and digits or more that looks made by a generator.
func holdsSecret(v []byte) bool {
	for i := 0; i < len(v); i++ {
		from, digits := i, 0
		for i < len(v) && (isAlnum(v[i]) || v[i] == '+' || v[i] == '/' || v[i] == '-') {
			if isDigit(v[i]) {
				digits++
			}
			i++
		}
		if i-from >= 16 && digits > 1 && looksSecret(v[from:i]) {
			return true
		}
	}
	return false
}

// isLabel reports whether v begins with a replacement of this package.
func isLabel(v []byte) bool {
	return len(v) > 10 && string(v[:10]) == "[redacted:" || len(v) > 4 && v[0] == '[' && isPseudonym(v)
}

// holdsLabel reports whether a replacement of this package stands somewhere in v.
func holdsLabel(v []byte) bool {
	for i := bytes.IndexByte(v, '['); i >= 0; {
		if v = v[i:]; isLabel(v) {
			return true
		}
		v = v[1:]
		i = bytes.IndexByte(v, '[')
	}
	return false
}

func isPseudonym(v []byte) bool {
	for i := 1; i < len(v) && i < 16; i++ {
		if v[i] == '~' {
			return true
		}
		if class[v[i]]&(cLower|cDash) == 0 {
			return false
		}
	}
	return false
}

var fillers = wordsOf(`null nil none undefined n/a na true false yes no on off empty unset set missing absent required optional
		redacted removed hidden masked filtered [filtered] [redacted] [hidden] (none) (null) (empty) <nil> <null> <none> <empty>
		- -- ... xxx xxxx string str text bytes byte int integer bool boolean object any char varchar uuid number float
		changed invalid valid incorrect wrong failed failure success ok error expired unknown default
		hashed hash include inherit same-origin granted pending focus hover active changeit your-password your_password
		password token secret key secretstring stringdata self this var val value values func function const let new return if`)

// same reports whether v has two different bytes at most and none of them can make a secret: "xxxx", "----", "0000".
func same(v []byte) bool {
	for _, c := range v {
		if c != v[0] {
			return false
		}
	}
	return len(v) == 1 && !isDigit(v[0]) && !isAlnum(v[0]) || len(v) >= 3 && !isDigit(v[0])
}

// allOf reports whether all bytes of v are of the classes.
func allOf(v []byte, c uint8) bool {
	for _, b := range v {
		if class[b]&c == 0 {
			return false
		}
	}
	return true
}

// looksSecret reports whether v looks made by a generator and not by a person naming something: long enough, of several
// classes of bytes or of letters that seldom meet.
func looksSecret(v []byte) bool {
	if len(v) < 8 || len(v) > maxWindow || v[0] == '0' && v[1]|0x20 == 'x' && len(v) <= 18 {
		return false // too short, or a number in hexadecimal: an address, a counter
	}
	v = v[:min(len(v), 512)] // that much of it tells
	var letters, digits, upper, other, rare, pairs, turns, dots int
	var prev uint8
	for i, c := range v {
		k := class[c] & (cAlnum)
		switch {
		case k&cAlpha != 0:
			letters++
			if k == cUpper {
				upper++
			}
			if i > 0 && class[v[i-1]]&cAlpha != 0 {
				pairs++
				if !common(lower(v[i-1]), lower(c)) {
					rare++
				}
			}
		case k == cDigit:
			digits++
		case c == '.' || c == '/' || c == ':':
			dots++
			other++
		case c <= ' ' || c == '(' || c == '{' || c == '[' || c == '<' || c == '\\':
			return false
		default:
			other++
		}
		if i > 0 && k != prev && k != 0 && prev != 0 && !(prev == cUpper && k == cLower) {
			turns++
		}
		prev = k
	}
	switch {
	case letters == 0:
		return false // numbers are for the recognisers of numbers
	case digits == 0:
		return len(v) >= 16 && pairs > 0 && rare*100 >= pairs*22 && (other == 0 || rare*100 >= pairs*30)
	}
	if dots > 2 && len(v) < 40 {
		return false
	}
	return turns >= 3 || len(v) >= 16 && turns >= 2 || pairs > 2 && rare*100 >= pairs*34
}

// common reports whether the small letters a and b often stand together in words and names.
func common(a, b byte) bool {
	return a >= 'a' && a <= 'z' && b >= 'a' && b <= 'z' && pairsOf[a-'a']&(1<<(b-'a')) != 0
}

// pairsOf has, for each letter, those that follow it in English words and in the usual names of programs.
var pairsOf = func() (t [26]uint32) {
	for i, s := range []string{
		"bcdefgiklmnprstuvwxy", "aeilorsuy", "acehiklorstuy", "aeiorsuvy", "abcdefgilmnopqrstuvwxy", "aefiloru", "aeghilnorsu",
		"aeiorty", "abcdefglmnoprstuvz", "aeou", "einosy", "adefiklmopstuy", "abeimnopsuy", "acdefgiklnoprstuvy",
		"abcdefghiklmnoprstuvwxy", "aehiloprstu", "u", "abcdefgiklmnoprstuvy", "acehiklmnopqrstuwy", "aehilmorstuwy",
		"abcdegilmnprst", "aeio", "aehinorst", "aceiptu", "aeimnops", "aeioz",
	} {
		for _, c := range s {
			t[i] |= 1 << (c - 'a')
		}
	}
	return t
}()
