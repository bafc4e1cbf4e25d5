package proof

import (
	"bytes"
	"crypto/md5"  //nolint:gosec // looked for, not relied on
	"crypto/sha1" //nolint:gosec // the same
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"
)

// form is one way in which a value may be written.
type form struct {
	name    string // in dsar.Residue.Form
	pattern []byte
	fold    bool   // the case of ASCII letters does not matter; pattern is in small ones
	beside  beside // what may stand beside it
	skip    int    // of base64: characters of its first group that depend on what is before
	end     int    // of base64: bytes from the first group to the end of the value
	value   int    // whose it is: the number of the needle
}

// The shortest patterns that are looked for inside of other text. What is shorter is in anything by accident.
const (
	shortestText   = 5
	shortestBase64 = 8
	shortestDigits = 7
)

// formsOf returns all ways to write a value that are looked for. The value is at least shortestText bytes.
func formsOf(value string, number int) []form {
	w := &writer{number: number, seen: map[string]bool{}}
	for _, s := range spellings(value) {
		w.text(s)
		w.binary(s)
		w.digests(s)
	}
	w.phone(value)
	w.uuid(value)
	return w.forms
}

// spellings are the texts that people and databases make of a value without meaning another one.
func spellings(v string) []string {
	var out []string
	add := func(s string) {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, s := range []string{v, strings.TrimSpace(v), norm.NFC.String(v), norm.NFD.String(v)} {
		add(s)
		add(norm.NFC.String(strings.ToLower(s)))
		add(norm.NFD.String(strings.ToLower(s)))
		add(strings.ToUpper(s))
	}
	return out
}

type writer struct {
	number int
	forms  []form
	seen   map[string]bool
}

func (w *writer) add(name, pattern string, fold bool, b beside) {
	w.base64(name, pattern, fold, b, 0, 0)
}

func (w *writer) base64(name, pattern string, fold bool, b beside, skip, end int) {
	if fold {
		p := []byte(pattern)
		for i := range p {
			p[i] = small[p[i]]
		}
		pattern = string(p)
	}
	key := fmt.Sprint(pattern, fold, b, skip)
	if w.seen[key] || len(pattern) < shortestText {
		return
	}
	w.seen[key] = true
	w.forms = append(w.forms, form{name: name, pattern: []byte(pattern), fold: fold, beside: b, skip: skip, end: end, value: w.number})
}

// text are the ways to write it as text, in which the case of letters does not matter.
func (w *writer) text(s string) {
	w.add("as is", s, true, aWord)
	for _, e := range []string{
		url.QueryEscape(s), url.PathEscape(s), percent(s), url.QueryEscape(url.QueryEscape(s)),
	} {
		w.add("url", e, true, aWord)
	}
	for _, htmlSafe := range []bool{true, false} {
		in := quoted(s, htmlSafe)
		for _, e := range []string{in, strings.ReplaceAll(in, "/", `\/`), ascii(in, utf16Escape), quoted(in, htmlSafe), quoted(ascii(in, utf16Escape), htmlSafe)} {
			w.add("json", e, true, aWord) // the last two: JSON in JSON
		}
	}
	escaped := html.EscapeString(s)
	w.add("html", escaped, true, aWord)
	w.add("html", strings.NewReplacer("&#34;", "&quot;", "&#39;", "&apos;").Replace(escaped), true, aWord)
	w.add("html", strings.NewReplacer("&#34;", `"`, "&#39;", "'").Replace(escaped), true, aWord)
	for _, format := range []string{"&#%d;", "&#x%x;"} {
		w.add("html", ascii(html.EscapeString(s), func(c rune) string { return fmt.Sprintf(format, c) }), true, aWord)
		w.add("html", each(s, plainLetter, func(c rune) string { return fmt.Sprintf(format, c) }), true, aWord)
	}
	w.add("quoted-printable", printable(s), true, aWord)
	w.add("sql", strings.ReplaceAll(s, "'", "''"), true, aWord)
	w.add("csv", strings.ReplaceAll(s, `"`, `""`), true, aWord)
	if latin, ok := latin1(s); ok {
		w.add("latin-1", latin, true, aWord)
	}
}

// binary are the ways in which its bytes are hidden from who reads.
func (w *writer) binary(s string) {
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for shift := range 3 {
			// What stands before and behind shares a character with it: those characters are left out.
			text := e.EncodeToString(append(make([]byte, shift), s...))
			skip := []int{0, 2, 3}[shift]
			if whole := (shift + len(s)) * 8 / 6; whole-skip >= shortestBase64 {
				w.base64("base64", text[skip:whole], false, inBase64, skip, shift+len(s))
			}
		}
	}
	w.add("hex", hex.EncodeToString([]byte(s)), true, inHex)
	var le, be []byte
	for _, u := range utf16.Encode([]rune(s)) {
		le, be = append(le, byte(u), byte(u>>8)), append(be, byte(u>>8), byte(u))
	}
	w.add("utf-16", string(le), true, inUTF16LE)
	w.add("utf-16", string(be), true, inUTF16BE)
}

// digests are its hashes, unsalted: whoever guesses the value finds it by them.
func (w *writer) digests(s string) {
	md, s1, s256, s512 := md5.Sum([]byte(s)), sha1.Sum([]byte(s)), sha256.Sum256([]byte(s)), sha512.Sum512([]byte(s)) //nolint:gosec // see above
	for _, d := range []struct {
		name string
		sum  []byte
	}{{"md5", md[:]}, {"sha1", s1[:]}, {"sha256", s256[:]}, {"sha512", s512[:]}} {
		w.add(d.name, hex.EncodeToString(d.sum), true, noHex)
		w.add(d.name, base64.RawStdEncoding.EncodeToString(d.sum), false, anything)
		w.add(d.name, base64.RawURLEncoding.EncodeToString(d.sum), false, anything)
		w.add(d.name, string(d.sum), false, anything)
	}
}

// phone is the digits of what looks like a number that somebody dials.
func (w *writer) phone(v string) {
	var d []byte
	for _, c := range v {
		switch {
		case c >= '0' && c <= '9':
			d = append(d, byte(c))
		case !strings.ContainsRune(" +-./()\u00a0\u2010\u2011\u2013", c):
			return
		}
	}
	d = bytes.TrimPrefix(d, []byte("00"))
	if len(d) >= shortestDigits {
		w.add("digits", string(d), true, noDigit)
	}
}

// uuid is the sixteen bytes of one, and its digits alone.
func (w *writer) uuid(v string) {
	digits := strings.ReplaceAll(v, "-", "")
	raw, err := hex.DecodeString(digits)
	if err != nil || len(raw) != 16 || len(v) != 36 {
		return
	}
	w.add("binary", string(raw), false, anything)
	w.add("as is", digits, true, noHex)
	w.add("base64", base64.RawStdEncoding.EncodeToString(raw)[:21], false, anything)
	w.add("base64", base64.RawURLEncoding.EncodeToString(raw)[:21], false, anything)
}

// percent is what JavaScript's encodeURIComponent makes of s.
func percent(s string) string {
	return strings.NewReplacer("%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*", "+", "%20").Replace(url.QueryEscape(s))
}

// printable is s in MIME's quoted-printable form, without the ends of lines.
func printable(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c == '=' || c >= 0x80 {
			fmt.Fprintf(&b, "=%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// quoted is what stands between the quotation marks of a text in JSON.
func quoted(s string, htmlSafe bool) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(htmlSafe)
	_ = enc.Encode(s) // a text and a builder
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), `"`), `"`)
}

func ascii(s string, escape func(rune) string) string {
	return each(s, func(c rune) bool { return c < 0x80 }, escape)
}

func each(s string, keep func(rune) bool, escape func(rune) string) string {
	var b strings.Builder
	for _, c := range s {
		if keep(c) {
			b.WriteRune(c)
		} else {
			b.WriteString(escape(c))
		}
	}
	return b.String()
}

func plainLetter(c rune) bool {
	return c < 0x80 && (unicode.IsLetter(c) || unicode.IsDigit(c)) || c == '.' || c == ' '
}

func utf16Escape(c rune) string {
	if c < 0x10000 {
		return fmt.Sprintf(`\u%04x`, c)
	}
	a, b := utf16.EncodeRune(c)
	return fmt.Sprintf(`\u%04x\u%04x`, a, b)
}

func latin1(s string) (string, bool) {
	var b []byte
	other := false
	for _, c := range s {
		if c > 0xff {
			return "", false
		}
		other = other || c >= 0x80
		b = append(b, byte(c))
	}
	return string(b), other
}
