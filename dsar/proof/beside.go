package proof

import (
	"encoding/base64"
	"unicode"
	"unicode/utf8"
)

// beside says when a pattern that is found is a part of something longer, which is somebody else's: ann@example.test in
// joann@example.test. Only letters and digits make something longer; what stands behind a sign, such as mary-ann@example.test, is
// reported.
type beside uint8

const (
	anything beside = iota
	aWord
	noDigit
	noHex
	inHex // as a word, in what the digits mean
	inBase64
	inUTF16LE
	inUTF16BE
)

// alone reports whether what is beside the pattern in b at i leaves it what it is.
func (f *form) alone(b []byte, i int) bool {
	before, after := b[:i], b[i+len(f.pattern):]
	switch f.beside {
	case aWord:
		// A value that begins or ends with a sign is not continued by a letter.
		return (!wordFirst(f.pattern) || !endsInWord(before)) && (!wordLast(f.pattern) || !beginsWithWord(after))
	case noDigit:
		return !last(before, isDigit) && !first(after, isDigit)
	case noHex:
		return !last(before, isHex) && !first(after, isHex)
	case inHex:
		return !hexWord(before[max(0, len(before)-2):]) && !hexWord(after[:min(2, len(after))])
	case inBase64:
		return f.aloneInBase64(b, i)
	case inUTF16LE:
		return !wideWord(before, len(before)-2, 0) && !wideWord(after, 0, 0)
	case inUTF16BE:
		return !wideWord(before, len(before)-2, 1) && !wideWord(after, 0, 1)
	}
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

func isWord(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' }

func last(b []byte, is func(byte) bool) bool  { return len(b) > 0 && is(b[len(b)-1]) }
func first(b []byte, is func(byte) bool) bool { return len(b) > 0 && is(b[0]) }

func letter(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

func wordFirst(p []byte) bool { r, _ := utf8.DecodeRune(p); return letter(r) }

func wordLast(p []byte) bool { r, _ := utf8.DecodeLastRune(p); return letter(r) || unicode.IsMark(r) }

// endsInWord reports whether b ends with a letter or digit that is not part of an escape: \n, %3A, \u003a.
func endsInWord(b []byte) bool {
	if r, _ := utf8.DecodeLastRune(b); !letter(r) {
		return false
	}
	n := len(b)
	switch {
	case n >= 2 && b[n-2] == '\\':
		return false
	case n >= 3 && b[n-3] == '%' && isHex(b[n-1]) && isHex(b[n-2]):
		return false
	case n >= 3 && b[n-3] == '=' && isHex(b[n-1]) && isHex(b[n-2]): // quoted-printable
		return false
	case n >= 6 && b[n-6] == '\\' && b[n-5] == 'u':
		return false
	}
	return true
}

func beginsWithWord(b []byte) bool {
	r, _ := utf8.DecodeRune(b)
	return letter(r) || r != utf8.RuneError && unicode.IsMark(r)
}

// hexWord reports whether two hex digits mean a letter or digit.
func hexWord(b []byte) bool {
	if len(b) != 2 || !isHex(b[0]) || !isHex(b[1]) {
		return false
	}
	return isWord(hexDigit(b[0])<<4 | hexDigit(b[1]))
}

func hexDigit(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// wideWord reports whether the code unit at i is a letter or digit of Latin-1. low is where its low byte is.
func wideWord(b []byte, i, low int) bool {
	return i >= 0 && i+1 < len(b) && b[i+1-low] == 0 && letter(rune(b[i+low]))
}

// aloneInBase64 looks at the byte before and the one behind in what the text means.
func (f *form) aloneInBase64(b []byte, i int) bool {
	at, in := i-f.skip, max(f.skip-2, 0) // where the group of the byte before is, and which of its bytes it is
	if f.skip == 0 {
		at, in = i-4, 2
	}
	if raw, n := group(b, at); n > in && isWord(raw[in]) {
		return false
	}
	raw, n := group(b, i-f.skip+f.end/3*4)
	return n <= f.end%3 || !isWord(raw[f.end%3])
}

// group decodes the four characters at i, and returns how many bytes they mean.
func group(b []byte, i int) (raw [3]byte, n int) {
	if i < 0 || i+4 > len(b) {
		return raw, 0
	}
	var four [4]byte
	for k, c := range b[i : i+4] {
		switch c {
		case '-':
			c = '+'
		case '_':
			c = '/'
		}
		four[k] = c
	}
	n, err := base64.StdEncoding.Decode(raw[:], four[:])
	if err != nil {
		return raw, 0
	}
	return raw, n
}
