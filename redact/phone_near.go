package redact

import "bytes"

// phoneBack is how far before a number a word must be that makes it a phone number.
const phoneBack = 32

// phoneWords returns which words about phones stand before the number at src[p], with no other number of three digits between
// and no word in between that makes it a count, a time or the id of something.
func phoneWords(src []byte, p int) context {
	lo := max(0, p-phoneBack)
	if letterless(src, lo, p) {
		return 0
	}
	for i := p - 1; i >= lo; i-- {
		if src[i] == '\n' || isDigit(src[i]) && i >= lo+2 && isDigit(src[i-1]) && isDigit(src[i-2]) {
			lo = i + 1
			break
		}
	}
	c := wordsIn(src, lo, p)
	if c&(aboutNumber|aboutOwner) == aboutNumber|aboutOwner && c&^(aboutNumber|aboutOwner|aboutPhone|aboutContact|aboutJapan) == 0 {
		c |= aboutPhone // my number is
	}
	if c &= aboutPhone | aboutContact; c != 0 && !lastWordCounts(src, lo, p) {
		if s, ok := bytes.CutSuffix(src[lo:p], []byte(" at ")); ok && afterSomebody(src, lo, lo+len(s)) {
			c |= aboutPhone
		} else if s, ok := bytes.CutSuffix(src[lo:p], []byte(" on ")); ok && afterSomebody(src, lo, lo+len(s)) {
			c |= aboutPhone
		}
		return c
	}
	return 0
}

// lastWordCounts reports whether the last word of src[lo:p] says that a number is not a phone number.
func lastWordCounts(src []byte, lo, p int) bool {
	e := p
	for e > lo && !isLetter(src[e-1]) {
		e--
	}
	b := e
	for b > lo && isLetter(src[b-1]) && !(b < e && isUpper(src[b]) && !isUpper(src[b-1])) {
		b--
	}
	switch w := src[b:e]; len(w) {
	case 2:
		if foldedIs(w, "at") {
			return !afterSomebody(src, lo, b)
		}
		return foldedIs(w, "id") || foldedIs(w, "ts") || foldedIs(w, "ms")
	case 3:
		return foldedIs(w, "ids") || foldedIs(w, "len") || foldedIs(w, "pid") || foldedIs(w, "ver") || foldedIs(w, "uid")
	case 4:
		return foldedIs(w, "size") || foldedIs(w, "time") || foldedIs(w, "date") || foldedIs(w, "code") || foldedIs(w, "port") || foldedIs(w, "hash")
	case 5:
		return foldedIs(w, "count") || foldedIs(w, "bytes") || foldedIs(w, "total") || foldedIs(w, "index")
	case 6:
		return foldedIs(w, "length") || foldedIs(w, "offset")
	case 7:
		return foldedIs(w, "version") || foldedIs(w, "updated") || foldedIs(w, "created") || foldedIs(w, "expires")
	case 8:
		return foldedIs(w, "duration")
	case 9:
		return foldedIs(w, "timestamp")
	}
	return false
}

// afterSomebody reports whether the last word of src[lo:i] is a person: "call me at" is followed by no time.
func afterSomebody(src []byte, lo, i int) bool {
	e := i
	for e > lo && src[e-1] == ' ' {
		e--
	}
	b := e
	for b > lo && isLetter(src[b-1]) {
		b--
	}
	switch string(src[b:e]) {
	case "me", "us", "him", "her", "them", "you":
		return true
	}
	return false
}

// foldedIs reports whether w is the small letters s, capitals or not.
func foldedIs(w []byte, s string) bool {
	for i := range len(s) {
		if w[i]|0x20 != s[i] {
			return false
		}
	}
	return len(w) == len(s)
}

// extensionAt reports whether an extension begins at src[q]: "x123", " ext. 123", " x123".
func extensionAt(src []byte, q int) bool { return extension(src, q) > q }

// extension returns the end of the extension that begins at src[q], or q.
func extension(src []byte, q int) int {
	i := q
	if i < len(src) && (src[i] == ' ' || src[i] == ',') {
		i++
		if i < len(src) && src[i] == ' ' {
			i++
		}
	}
	from := i
	for i < len(src) && i < from+9 && isASCIILetter(src[i]) {
		i++
	}
	w := src[from:i]
	if !(len(w) == 1 && w[0]|0x20 == 'x') && !(len(w) == 3 && foldedIs(w, "ext")) && !(len(w) == 9 && foldedIs(w, "extension")) {
		return q
	}
	if i < len(src) && src[i] == '.' {
		i++
	}
	if i < len(src) && src[i] == ' ' {
		i++
	}
	from = i
	for i < len(src) && i < from+6 && isDigit(src[i]) {
		i++
	}
	if i == from || i < len(src) && isWordByte(src[i]) {
		return q
	}
	return i
}
