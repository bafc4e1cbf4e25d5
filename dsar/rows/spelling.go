package rows

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/schema"
)

// Normal returns the one form of all spellings of a value that are the same: Exact leaves it as it is. Fold is small letters in Unicode's
// normal form C, without space around; Email is Fold without what follows a + before the @; Phone is + and the digits, without a leading 00.
func Normal(f dsar.Form, s string) string {
	switch f {
	case dsar.Fold, dsar.Email:
		s = norm.NFC.String(strings.ToLower(norm.NFC.String(strings.TrimSpace(s))))
		if at := strings.LastIndexByte(s, '@'); f == dsar.Email && at > 0 {
			if plus := strings.IndexByte(s[:at], '+'); plus > 0 {
				s = s[:plus] + s[at:]
			}
		}
	case dsar.Phone:
		d := digits(s)
		if d == "" {
			return ""
		}
		return "+" + strings.TrimPrefix(d, "00")
	}
	return s
}

// digits are the digits of a text, of whatever script, as 0 to 9.
func digits(s string) string {
	var b strings.Builder
	for _, c := range s {
		if unicode.Is(unicode.Nd, c) {
			b.WriteByte(byte('0' + digit(c)))
		}
	}
	return b.String()
}

// digit is the value of a digit: those of a script follow each other in Unicode, from zero on.
func digit(c rune) int {
	n := 0
	for n < 9 && unicode.Is(unicode.Nd, c-1) && !firstDigit(c) {
		c--
		n++
	}
	return n
}

// firstDigit reports whether c is a zero that follows right behind another script's nine.
func firstDigit(c rune) bool {
	n := 0
	for unicode.Is(unicode.Nd, c-1) {
		c--
		n++
	}
	return n%10 == 0
}

// likely is a condition on a text in SQL that all spellings of a normal form meet, and few other values.
func (r *Rows) likely(f dsar.Form, v, normal string) Cond {
	beyond := Cond{SQL: "octet_length(" + v + ") <> length(" + v + ")"} // what is not ASCII is looked at in Go
	ascii := strings.IndexFunc(normal, func(c rune) bool { return c > unicode.MaxASCII }) < 0
	switch {
	case f == dsar.Phone:
		like := "%"
		for _, c := range digits(normal) {
			like += string(c) + "%"
		}
		return either(Cond{v + " LIKE ?", []any{like}}, beyond)
	case !ascii:
		return beyond
	}
	small := "lower(" + v + ")"
	ways := []Cond{beyond, {small + " LIKE ? ESCAPE '!'", []any{"%" + escaped(normal) + "%"}}}
	if at := strings.LastIndexByte(normal, '@'); f == dsar.Email && at > 0 {
		ways = append(ways, Cond{small + " LIKE ? ESCAPE '!'", []any{"%" + escaped(normal[:at]) + "+%" + escaped(normal[at:]) + "%"}})
	}
	return either(ways...)
}

// escaped is s as it stands in a pattern of LIKE.
func escaped(s string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s)
}

// roughly is Normal in SQL, but for what is beyond ASCII.
func (r *Rows) roughly(f dsar.Form, v string) string {
	v = "CAST(" + v + " AS text)"
	switch f {
	case dsar.Fold:
		return "lower(trim(" + v + "))"
	case dsar.Email:
		v = "lower(trim(" + v + "))"
		if r.dialect == schema.Postgres {
			return "regexp_replace(" + v + `, '^([^+@]+)[+].*(@[^@]*)$', '\1\2')`
		}
		plus, at := "instr("+v+", '+')", "instr("+v+", '@')"
		return "CASE WHEN " + plus + " > 1 AND " + at + " > " + plus + " THEN substr(" + v + ", 1, " + plus + " - 1) || substr(" + v + ", " + at + ") ELSE " + v + " END"
	case dsar.Phone:
		if r.dialect == schema.Postgres {
			return "regexp_replace(regexp_replace(" + v + `, '[^0-9]', '', 'g'), '^00', '')`
		}
		for _, c := range []string{" ", "-", "/", ".", "(", ")", "+"} {
			v = "replace(" + v + ", '" + c + "', '')"
		}
		return "CASE WHEN " + v + " LIKE '00%' THEN substr(" + v + ", 3) ELSE " + v + " END"
	}
	return v
}
