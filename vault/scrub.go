package vault

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// ErrScrubbed is in the chain of an error whose text had a secret in it. The error that had it is not in the chain, for
// who gets at it gets at the secret; errors.Is still finds what it was.
var ErrScrubbed = errors.New("vault: a secret was taken out of an error")

const scrubLabel = "[redacted:secret]"

// scrubbed runs f, and takes secret out of the error that it returns, or out of its panic.
func scrubbed(secret []byte, f func() error) error {
	thrown, err := caught(f)
	if thrown != nil {
		if text := fmt.Sprintf("%v %+v", thrown, thrown); scrub(text, secret) != text {
			// The panic that it was is over, so that the runtime does not print it beside this one.
			panic(scrub(fmt.Sprint(thrown), secret))
		}
		panic(thrown)
	}
	if err == nil {
		return nil
	}
	if text := fmt.Sprintf("%v\n%+v\n%#v", err, err, err); scrub(text, secret) == text {
		return err
	}
	return &scrubbedError{scrub(err.Error(), secret), func(target error) bool { return errors.Is(err, target) }}
}

func caught(f func() error) (thrown any, err error) {
	defer func() { thrown = recover() }()
	return nil, f()
}

// scrubbedError is an error without the secret. What it was can be asked after, and not had: printers look into fields, and not
// into functions.
type scrubbedError struct {
	text string
	was  func(target error) bool
}

func (e *scrubbedError) Error() string { return e.text }

// Format prints no field, whatever the verb.
func (e *scrubbedError) Format(f fmt.State, verb rune) {
	if verb == 'q' {
		_, _ = f.Write(strconv.AppendQuote(nil, e.text))
		return
	}
	_, _ = f.Write([]byte(e.text))
}

func (e *scrubbedError) Is(target error) bool {
	return target == ErrScrubbed || e.was(target)
}

// scrub replaces secret in text, as it is and in the encodings in which it gets into errors.
func scrub(text string, secret []byte) string {
	for _, form := range forms(secret) {
		text = strings.ReplaceAll(text, form, scrubLabel)
	}
	return text
}

// forms are the ways in which secret may stand in a text, the longest first.
func forms(secret []byte) []string {
	s := string(secret)
	all := []string{s, url.QueryEscape(s), url.PathEscape(s), hex.EncodeToString(secret), strings.ToUpper(hex.EncodeToString(secret))}
	for _, quoted := range []string{strconv.Quote(s), strconv.QuoteToASCII(s)} {
		all = append(all, quoted[1:len(quoted)-1])
	}
	for _, escapeHTML := range []bool{true, false} {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(escapeHTML)
		if e.Encode(s) == nil {
			quoted := strings.TrimSuffix(b.String(), "\n")
			all = append(all, quoted[1:len(quoted)-1])
		}
	}
	all = append(all, strings.Trim(fmt.Sprint(secret), "[]"))               // %v of bytes
	all = append(all, strings.TrimSuffix(fmt.Sprintf("% x ", secret), " ")) // spaced hexadecimal
	// In base64 a secret looks different by what comes before it, modulo 3; its ends mix with their neighbours.
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			padded := e.EncodeToString(append(make([]byte, before), secret...))
			from := (before*8 + 5) / 6
			to := (before + len(secret)) * 8 / 6
			all = append(all, padded[from:to])
		}
	}
	for _, form := range slices.Clone(all) { // as url.Error and others quote what they are given
		quoted := strconv.Quote(form)
		all = append(all, quoted[1:len(quoted)-1])
	}
	least := min(len(secret), 4) // what is shorter is in every text
	all = slices.DeleteFunc(all, func(f string) bool { return len(f) < least })
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(all)
}
