package redact

import "bytes"

// A folding is a text with the characters taken out or made plain that hide a value from the scan and not from a reader,
// and where each byte of it comes from; see [Strict].
type folding struct {
	raw  []byte
	from []int // for each byte of the folded text, its place in raw
}

// foldable reports whether src may hold anything to fold.
func foldable(src []byte) bool {
	for _, c := range [...]byte{0xC2, 0xE2, 0xE3, 0xEF} {
		if bytes.IndexByte(src, c) >= 0 {
			return true
		}
	}
	return false
}

// add appends raw to the text and returns dst with what it folds to appended. Unless last is true it leaves the beginning of
// a character at the end for the next time, and returns how many bytes it took.
func (f *folding) add(dst, raw []byte, last bool) ([]byte, int) {
	for i := 0; i < len(raw); {
		base := len(f.raw)
		c, n, ok := folded(raw[i:])
		if n == 0 && !last {
			return dst, i
		}
		n = max(n, 1)
		f.raw = append(f.raw, raw[i:i+n]...)
		switch {
		case !ok:
			dst = append(dst, raw[i])
			f.from = append(f.from, base)
		case c != 0:
			dst = append(dst, c)
			f.from = append(f.from, base)
		}
		i += n
	}
	return dst, len(raw)
}

// folded returns what the character at the beginning of p folds to, 0 for nothing, and its length; ok is false for one that
// stays, whose first byte is all that is looked at. The length is 0 when more of the text is needed.
func folded(p []byte) (c byte, n int, ok bool) {
	if p[0] < 0xC2 {
		return 0, 1, false
	}
	switch p[0] {
	case 0xC2:
		if len(p) < 2 {
			return 0, 0, false
		}
		switch p[1] {
		case 0xA0: // no-break space
			return ' ', 2, true
		case 0xAD: // soft hyphen
			return 0, 2, true
		}
	case 0xE2, 0xE3, 0xEF:
		if len(p) < 2 || len(p) < 3 && p[1]&0xC0 == 0x80 {
			return 0, 0, false
		}
		switch r := rune(p[0]&15)<<12 | rune(p[1]&63)<<6 | rune(p[min(2, len(p)-1)]&63); {
		case p[1]&0xC0 != 0x80 || p[2]&0xC0 != 0x80:
		case r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x2064, r >= 0x2066 && r <= 0x2069, r == 0xFEFF:
			return 0, 3, true // zero width, or a direction
		case r >= 0x2000 && r <= 0x200A, r == 0x202F, r == 0x205F, r == 0x3000:
			return ' ', 3, true
		case r >= 0xFF01 && r <= 0xFF5E: // full width
			switch c := byte(r - 0xFF01 + '!'); c {
			case '"', '\'', '`', '\\': // would be taken for the quotes of JSON
			default:
				return c, 3, true
			}
		}
	}
	return 0, 1, false
}

// fold has the scanner look at what the text folds to.
func (s *scanner) foldText() {
	s.fold = &folding{raw: make([]byte, 0, len(s.src)), from: make([]int, 0, len(s.src))}
	s.src, _ = s.fold.add(make([]byte, 0, len(s.src)), s.src, true)
	s.safe = len(s.src)
}

// text returns what the scanner scans as it was given.
func (s *scanner) text() []byte {
	if s.fold != nil {
		return s.fold.raw
	}
	return s.src
}

// origin returns the place in text of the byte s.src[i], or the end.
func (s *scanner) origin(i int) int {
	switch {
	case s.fold == nil:
		return i
	case i < len(s.fold.from):
		return s.fold.from[i]
	}
	return len(s.fold.raw)
}

// drop forgets the first n bytes of the folded text.
func (f *folding) drop(n int) {
	cut := f.from[n]
	rest := copy(f.raw, f.raw[cut:])
	clear(f.raw[rest:])
	f.raw = f.raw[:rest]
	f.from = f.from[:copy(f.from, f.from[n:])]
	for i := range f.from {
		f.from[i] -= cut
	}
}
