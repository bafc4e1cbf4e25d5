package archive

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
)

// appendJSON appends a value that is not null.
func appendJSON(b, v []byte, k Kind, tr traits) []byte {
	switch k {
	case Integer:
		if exactInteger(v) {
			return append(b, v...)
		}
	case Decimal:
		if len(v) <= 16 && number(v) {
			return append(b, v...)
		}
	case Float:
		if number(v) {
			return append(b, v...)
		}
	case Bool:
		if t, ok := truth(v); ok && t {
			return append(b, "true"...)
		} else if ok {
			return append(b, "false"...)
		}
	case JSON:
		if tr&invalid == 0 && json.Valid(v) {
			return appendOneLine(b, v)
		}
	case Blob:
		return append(base64.StdEncoding.AppendEncode(append(b, '"'), v), '"')
	case Hex:
		if out, ok := appendHex(append(b, '"'), v); ok {
			return append(out, '"')
		}
	case Array:
		if out, rest, ok := appendArray(b, v, tr, 0); ok && len(rest) == 0 && tr&invalid == 0 {
			return out
		}
	}
	return appendString(b, v, tr)
}

// appendString appends a text.
func appendString(b, v []byte, tr traits) []byte {
	if tr&invalid != 0 {
		b = append(b, `{"base64":"`...)
		return append(base64.StdEncoding.AppendEncode(b, v), `"}`...)
	}
	b = append(b, '"')
	if tr&escapeJSON == 0 {
		return append(append(b, v...), '"')
	}
	from := 0
	for i, c := range v {
		if traitsOf[c]&escapeJSON == 0 {
			continue
		}
		b = appendEscaped(append(b, v[from:i]...), c)
		from = i + 1
	}
	return append(append(b, v[from:]...), '"')
}

// appendEscaped appends one byte of a string.
func appendEscaped(b []byte, c byte) []byte {
	switch {
	case traitsOf[c]&escapeJSON == 0:
		return append(b, c)
	case c == '"' || c == '\\':
		return append(b, '\\', c)
	case c == '\n':
		return append(b, `\n`...)
	case c == '\r':
		return append(b, `\r`...)
	case c == '\t':
		return append(b, `\t`...)
	}
	return append(append(b, `\u00`...), hexDigits[c>>4], hexDigits[c&15])
}

const hexDigits = "0123456789abcdef"

// appendOneLine appends valid JSON: a line break in it can only be between values.
func appendOneLine(b, v []byte) []byte {
	at := len(b)
	b = append(b, v...)
	if bytes.ContainsAny(v, "\r\n") {
		for i := at; i < len(b); i++ {
			if b[i] == '\n' || b[i] == '\r' {
				b[i] = ' '
			}
		}
	}
	return b
}

// appendHex appends the bytes that \x and hex digits stand for, as base64. If v is something else, ok is false.
func appendHex(b, v []byte) (_ []byte, ok bool) {
	if len(v)%2 != 0 || len(v) < 2 || v[0] != '\\' || v[1] != 'x' {
		return b, false
	}
	var raw [768]byte // a multiple of 3: only the last piece is padded
	for v = v[2:]; len(v) > 0; {
		n := min(len(v), 2*len(raw))
		if _, err := hex.Decode(raw[:n/2], v[:n]); err != nil {
			return b, false
		}
		b = base64.StdEncoding.AppendEncode(b, raw[:n/2])
		v = v[n:]
	}
	return b, true
}

func truth(v []byte) (value, ok bool) {
	switch string(v) {
	case "t", "true", "TRUE", "1":
		return true, true
	case "f", "false", "FALSE", "0":
		return false, true
	}
	return false, false
}

// exactInteger reports whether v is an integer that every JSON reader reads as the same.
func exactInteger(v []byte) bool {
	if len(v) > 0 && v[0] == '-' {
		v = v[1:]
	}
	if len(v) == 0 || len(v) > 16 || v[0] == '0' && len(v) > 1 {
		return false
	}
	for _, c := range v {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(v) < 16 || string(v) <= "9007199254740992"
}

// number reports whether v is a number as JSON writes them.
func number(v []byte) bool {
	digits := func() bool {
		n := 0
		for n < len(v) && v[n] >= '0' && v[n] <= '9' {
			n++
		}
		v = v[n:]
		return n > 0
	}
	if len(v) > 0 && v[0] == '-' {
		v = v[1:]
	}
	zero := len(v) > 0 && v[0] == '0'
	before := len(v)
	if !digits() || zero && before-len(v) > 1 {
		return false
	}
	if len(v) > 0 && v[0] == '.' {
		if v = v[1:]; !digits() {
			return false
		}
	}
	if len(v) > 0 && (v[0] == 'e' || v[0] == 'E') {
		if v = v[1:]; len(v) > 0 && (v[0] == '+' || v[0] == '-') {
			v = v[1:]
		}
		if !digits() {
			return false
		}
	}
	return len(v) == 0
}
