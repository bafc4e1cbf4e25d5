package redact

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
)

// Error returns an error with the text of err redacted, in whatever way it is printed. [errors.Is] and [errors.As] answer
// for it as they do for err, so that code can still decide by it, but Unwrap gives nothing: a logger or error reporter
// that walks the chain or dumps its fields finds only the redacted text. What errors.As gives out is the error itself,
// text and all.
//
// If the Error method of err panics, a label is the text. Error(nil) is nil.
func (r *Redactor) Error(err error) error {
	if err == nil {
		return nil
	}
	w := r.walk()
	defer w.done()
	return w.error(err)
}

func (w *walker) error(err error) error {
	if reflect.TypeOf(err) == plainError { // it is nothing but its text
		s := err.Error()
		if t := w.text(nil, s); t != s {
			return newRedactedError(w.r, t, err)
		}
		return err
	}
	if e, ok := err.(*redactedError); ok && e.by == w.r.shared {
		return e
	}
	s, ok := errorText(err)
	if ok {
		s = w.text(nil, s)
	}
	return newRedactedError(w.r, s, err)
}

func newRedactedError(r *Redactor, text string, err error) error {
	return &redactedError{text, func() error { return err }, r.shared}
}

// plainError is the type of what errors.New returns.
var plainError = reflect.TypeOf(errors.New(""))

func errorText(err error) (s string, ok bool) {
	defer func() {
		if recover() != nil {
			s, ok = unreadable, false
		}
	}()
	return err.Error(), true
}

// redactedError keeps the error it stands for in a closure, where no reflection gets at it.
type redactedError struct {
	text string
	err  func() error
	by   *structured
}

func (e *redactedError) Error() string { return e.text }

// Is answers as the error itself would.
func (e *redactedError) Is(target error) bool { return errors.Is(e.err(), target) }

// As answers as the error itself would.
func (e *redactedError) As(target any) bool { return errors.As(e.err(), target) }

// MarshalText keeps encoders from writing an empty object.
func (e *redactedError) MarshalText() ([]byte, error) { return []byte(e.text), nil }

// GoString is the text, quoted.
func (e *redactedError) GoString() string { return strconv.Quote(e.text) }

// Format writes the text for every verb, so that none of them prints fields.
func (e *redactedError) Format(s fmt.State, verb rune) {
	if verb == 'q' || verb == 'v' && s.Flag('#') {
		_, _ = io.WriteString(s, strconv.Quote(e.text))
		return
	}
	_, _ = io.WriteString(s, e.text)
}
