package archive

import "unicode/utf8"

// traits are what a text has that one of the formats must not copy as it is. They are looked for once, for all formats.
type traits uint8

const (
	escapeJSON traits = 1 << iota // quotation mark, backslash, control character
	escapeCSV                     // quotation mark, NUL, and what another spreadsheet's separator could be
	escapeHTML                    // <, >, &, quotation marks, control characters
	high                          // not ASCII
	invalid                       // not UTF-8
)

var traitsOf = func() (t [256]traits) {
	for c := range 256 {
		switch {
		case c < 0x20 || c == 0x7f:
			t[c] |= escapeJSON | escapeHTML
		case c >= utf8.RuneSelf:
			t[c] |= high
		}
	}
	for _, c := range `"\` {
		t[c] |= escapeJSON
	}
	for _, c := range "\"\x00;\t\r\n" {
		t[c] |= escapeCSV
	}
	for _, c := range `<>&"'` {
		t[c] |= escapeHTML
	}
	return t
}()

// look returns the traits of v.
func look(v []byte) traits {
	var a, b, c, d traits
	i := 0
	for ; i+4 <= len(v); i += 4 {
		x := v[i : i+4 : i+4]
		a |= traitsOf[x[0]]
		b |= traitsOf[x[1]]
		c |= traitsOf[x[2]]
		d |= traitsOf[x[3]]
	}
	for ; i < len(v); i++ {
		a |= traitsOf[v[i]]
	}
	a |= b | c | d
	if a&high != 0 && !utf8.Valid(v) {
		a |= invalid
	}
	return a
}
