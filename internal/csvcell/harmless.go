// Package csvcell keeps cells of CSV files from being formulas.
package csvcell

import (
	"strings"
	"unicode/utf8"
)

// Harmless puts an apostrophe before what a spreadsheet could take for a formula, or for the beginning of one behind
// characters that it drops; and before an apostrophe, so that one can always be taken off again.
func Harmless(s string) string {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, " \u00a0\ufeff\x00"))
	switch first {
	case '=', '+', '-', '@', '\t', '\r', '\n', '|', '%', '\'', '＝', '＋', '－', '＠':
		return "'" + s
	}
	return s
}
