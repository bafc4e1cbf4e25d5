package consent

import (
	"crypto/sha256"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckWrite returns the error that [Store].Write has for what no ledger can take, whatever it holds. A Store calls it before it asks its
// database.
func CheckWrite(entries []Entry, states []State, texts []Document) error {
	keys := make(map[Key]struct{}, len(entries))
	for i := range entries {
		e := &entries[i]
		switch {
		case e.Seq == 0 || e.Seq > math.MaxInt64 || e.Seq != entries[0].Seq+uint64(i):
			return ErrConflict
		case !e.Method.known() || e.Subject == (Subject{}) || e.At.IsZero():
			return fmt.Errorf("%w: an entry without a method, subject or time", ErrRefused)
		case !isLine(e.Place) || !isLine(e.Regimes):
			return errLine
		}
		keys[e.Key] = struct{}{}
	}
	if len(keys) < len(entries) {
		return errKey
	}
	whos := make(map[Who]struct{}, len(states))
	for i := range states {
		s := &states[i]
		if s.Who == (Who{}) || s.Subject == (Subject{}) || s.Seq == 0 || s.Seq > math.MaxInt64 || s.At.IsZero() {
			return fmt.Errorf("%w: a state of nobody, or of no entry", ErrRefused)
		}
		whos[s.Who] = struct{}{}
	}
	if len(whos) < len(states) {
		return fmt.Errorf("%w: two states of the same name", ErrRefused)
	}
	for i := range texts {
		d := &texts[i]
		switch {
		case d.Hash != sha256.Sum256(d.Body):
			return fmt.Errorf("%w: a text with another hash", ErrRefused)
		case !isLine(d.Language):
			return errLine
		}
	}
	return nil
}

var (
	errKey    = fmt.Errorf("%w: an entry of the same key", ErrRefused)
	errLine   = fmt.Errorf("%w: text that is not one line of UTF-8", ErrRefused)
	errNoText = fmt.Errorf("%w: an entry on a text that is not known", ErrRefused)
)

// isLine reports whether every database gives s back as it is.
func isLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
