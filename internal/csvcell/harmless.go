// Package csvcell keeps cells of CSV files from being formulas.
package csvcell

import "unicode/utf8"

// Harmless puts an apostrophe before what a spreadsheet could take for a formula, or for the beginning of one behind
// characters that it drops; and before an apostrophe, so that one can always be taken off again.
func Harmless(s string) string {
	if Formula(s) {
		return "'" + s
	}
	return s
}

// Formula reports whether s needs the apostrophe.
func Formula[T string | []byte](s T) bool {
	for i := 0; i < len(s); {
		r, n := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		}
		switch r {
		case ' ', '\u00a0', '\ufeff', 0:
			i += n
			continue
		case '=', '+', '-', '@', '\t', '\r', '\n', '|', '%', '\'', '＝', '＋', '－', '＠':
			return true
		}
		return false
	}
	return false
}
