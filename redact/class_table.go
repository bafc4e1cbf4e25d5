package redact

// The classes of bytes. A word is a run of the first five.
const (
	cLower uint8 = 1 << iota
	cUpper
	cDigit
	cDash    // "-" and "_"
	cDot     // "."
	cTrigger // a byte after which a key, an address or an escape may have to be looked at
	cSpace   // space, tab, newline
	cEnd     // a byte that ends a bare value

	cAlpha = cLower | cUpper
	cAlnum = cAlpha | cDigit
	cWord  = cAlnum | cDash | cDot
)

var class = func() (t [256]uint8) {
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-32] = cLower, cUpper
	}
	for c := '0'; c <= '9'; c++ {
		t[c] = cDigit
	}
	t['-'], t['_'], t['.'] = cDash, cDash, cDot
	for _, c := range "@:=>%\\&(~" {
		t[c] = cTrigger
	}
	for _, c := range " \t\n\r" {
		t[c] = cSpace | cEnd
	}
	for _, c := range "\"'`,;&<>\\" {
		t[c] |= cEnd
	}
	for c := range rune(' ') {
		t[c] |= cEnd
	}
	return t
}()

func isWord(c byte) bool  { return class[c]&cWord != 0 }
func isAlnum(c byte) bool { return class[c]&cAlnum != 0 }
func isDigit(c byte) bool { return c-'0' <= 9 }
func isSpace(c byte) bool { return class[c]&cSpace != 0 }

func isHex(c byte) bool {
	return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// lower returns c as a small letter.
func lower(c byte) byte {
	if class[c]&cUpper != 0 {
		return c + 32
	}
	return c
}
