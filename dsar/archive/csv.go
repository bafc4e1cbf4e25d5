package archive

import (
	"encoding/base64"
	"unicode/utf8"

	"github.com/bailiwick-dev/bailiwick/internal/csvcell"
)

// appendCSV appends a value that is not null: numbers and booleans bare, all else in quotation marks, so that an empty text is not
// a null. No text can be a formula.
func appendCSV(b, v []byte, k Kind, tr traits) []byte {
	switch k {
	case Integer, Decimal, Float:
		if number(v) {
			return append(b, v...)
		}
	case Bool:
		if t, ok := truth(v); ok && t {
			return append(b, "true"...)
		} else if ok {
			return append(b, "false"...)
		}
	case Blob, Hex:
		at := len(b)
		b = append(b, '"')
		ok := k == Blob
		if ok {
			b = base64.StdEncoding.AppendEncode(b, v)
		} else {
			b, ok = appendHex(b, v)
		}
		if ok {
			if len(b) > at+1 && b[at+1] == '+' { // a formula to a spreadsheet
				b = append(b, 0)
				copy(b[at+2:], b[at+1:])
				b[at+1] = '\''
			}
			return append(b, '"')
		}
		b = b[:at]
	}
	return appendCell(b, v, tr)
}

// appendCell appends a text in quotation marks.
func appendCell(b, v []byte, tr traits) []byte {
	b = append(b, '"')
	if len(v) > 0 && !plain(v[0]) && csvcell.Formula(v) {
		b = append(b, '\'')
	}
	if tr&(escapeCSV|invalid) == 0 {
		return append(append(b, v...), '"')
	}
	for i := 0; i < len(v); {
		c := v[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(v[i:])
			b = utf8.AppendRune(b, r)
			i += n
			continue
		}
		switch c {
		case '"':
			b = append(b, '"', '"')
		case 0:
			b = append(b, '\xe2', '\x90', '\x80') // U+2400: many readers end a text at NUL
		case ';', '\t', '\r', '\n':
			// Where a spreadsheet's separator is another one, quotation marks in the middle of a line mean nothing to it, and a
			// cell begins here.
			b = append(b, c)
			next := i + 1
			for next < len(v) && (v[next] == '"' || v[next] == ' ') {
				next++
			}
			if next < len(v) && !plain(v[next]) && csvcell.Formula(v[next:]) {
				b = append(b, '\'')
			}
		default:
			b = append(b, c)
		}
		i++
	}
	return append(b, '"')
}

// plain reports whether no formula begins with c.
func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
