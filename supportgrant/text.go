package supportgrant

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// ticketOf is a reference as it is kept: trimmed, of 1 to 128 characters, on one line.
func ticketOf(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		return "", &InvalidError{"ticket", "there is none"}
	case n > 128:
		return "", &InvalidError{"ticket", "it is longer than 128 characters"}
	}
	return s, plain("ticket", s, false)
}

// reasonOf is a reason as it is kept: trimmed, with 10 letters or digits and at most 1000 characters.
func reasonOf(s string) (string, error) {
	s, err := remarkOf("reason", s)
	if err != nil {
		return "", err
	}
	said := 0
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			said++
		}
	}
	if said < 10 {
		return "", &InvalidError{"reason", "it has less than 10 letters"}
	}
	return s, nil
}

// remarkOf is text that may be empty.
func remarkOf(field, s string) (string, error) {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	if utf8.RuneCountInString(s) > 1000 {
		return "", &InvalidError{field, "it is longer than 1000 characters"}
	}
	return s, plain(field, s, true)
}

// personOf is nil for a name that can be one.
func personOf(field string, p Person) error {
	if p == "" || len(p) > 128 {
		return &InvalidError{field, "it is not of 1 to 128 bytes"}
	}
	return plain(field, string(p), false)
}

// plain refuses what people cannot see, or see otherwise than it is: control characters, those that turn the direction of
// writing, blank ones, heaps of marks. Joiners stand where scripts need them, after a letter.
func plain(field, s string, lines bool) error {
	if !utf8.ValidString(s) {
		return &InvalidError{field, "it is not UTF-8"}
	}
	var last rune
	marks := 0
	for _, r := range s {
		switch {
		case r == '\n' && lines:
		case (r == '\u200c' || r == '\u200d') && (unicode.IsLetter(last) || unicode.IsMark(last) || unicode.IsSymbol(last)):
		case !unicode.IsPrint(r), strings.ContainsRune(blank, r), r == unicode.ReplacementChar:
			return &InvalidError{field, "it has a character that cannot be seen"}
		}
		if marks++; !unicode.IsMark(r) {
			marks = 0
		}
		if marks > 4 {
			return &InvalidError{field, "it has too many marks on a letter"}
		}
		last = r
	}
	return nil
}

// blank are letters and symbols that look like nothing.
const blank = "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
