package apitoken

import (
	"fmt"
	"strings"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// Pattern returns the regular expression of this form's tokens, for those who look for leaked ones: secret scanners of
// code hosts, hooks before a commit, filters of mail. It means the same in RE2 and PCRE. It does not ask that something other
// than a word stands before the token, for in escaped text a letter does (\n, %3D). What it finds is a token if
// [Form.Parse] says so.
func (f Form) Pattern() string { return fmt.Sprintf(`%s[0-9A-Za-z]{%d}\b`, f.prefix, bodyLen) }

// Rule takes this form's tokens out of what a [redact.Redactor] sees:
//
//	r, err := redact.New(redact.Add(form.Rule()))
//
// Those that were cut off or mistyped go as well: whatever goes on behind the ID and has digits, or letters of both cases.
// What [Form.Display] returns stays, so that a log can say which token it was.
func (f Form) Rule() redact.Rule {
	return redact.Rule{Name: strings.TrimSuffix(f.prefix, "_"), Anchor: f.prefix, Match: func(text []byte, at int) (start, end int, ok bool) {
		from := at + len(f.prefix)
		var numbers, capitals, small bool
		for end = from; end < len(text) && digit[text[end]] != noDigit; end++ {
			c := text[end]
			numbers, capitals, small = numbers || c <= '9', capitals || c >= 'A' && c <= 'Z', small || c >= 'a'
		}
		return at, end, end-from > idLen && (numbers || capitals && small)
	}}
}
