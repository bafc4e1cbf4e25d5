package redact

// lettersAndDigitsAt looks for a bank account or national id that begins at src[start], where src[start:end] is a maximal
// word of [A-Za-z0-9] which either holds letters and at least 6 digits in at most 34 bytes, or begins with two capitals and
// two digits (an IBAN in groups goes on behind the word), or is two capitals before a space and a digit. The span always
// begins at start; it may end up to 48 bytes after start.
func lettersAndDigitsAt(src []byte, start, end int, on *[lastKind]bool) (s, e int, kind Kind, rule string, ok bool) {
	return 0, 0, 0, "", false
}
