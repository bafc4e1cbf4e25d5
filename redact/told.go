package redact

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// spoken returns the text that a value makes of itself, redacted. Its code may panic: then a label takes its place.
func (w *walker) spoken(f *field, v any, depth int) (out any, ok bool) {
	defer func() {
		if recover() != nil {
			out, ok = unreadable, true
		}
	}()
	switch v := v.(type) {
	case json.Marshaler:
		b, err := v.MarshalJSON()
		if err != nil {
			return unreadable, true
		}
		return json.RawMessage(w.rawJSON(f, b, depth)), true
	case encoding.TextMarshaler:
		b, err := v.MarshalText()
		if err != nil {
			return unreadable, true
		}
		return w.text(f, string(b)), true
	case fmt.Stringer:
		return w.text(f, v.String()), true
	}
	return nil, false
}

// mayTell reports whether code of the type's own can say what none of the value's parts shows: two halves of an address, an
// encoding undone, what a function knows. What numbers and bytes stand for is not asked, unless addresses are looked for.
func (b *planner) mayTell(t reflect.Type) bool {
	switch t {
	case typeTime, typeURL, typeRawJSON, typeNumber, reflect.TypeFor[time.Location]():
		return false
	}
	addresses := b.r.on[IP] || b.r.on[MAC]
	switch t.Kind() {
	case reflect.Array:
		return addresses || !plain(t, 0)
	case reflect.Struct:
		return !isSecret(t) && (t.PkgPath() != "net/netip" || addresses)
	case reflect.String, reflect.Slice, reflect.Map, reflect.Func, reflect.Chan:
		return true
	}
	return false
}

// told asks a redacted value, by a pointer to it, for its text in each of the ways in which encoders and printers do, and
// returns the first that still says something sensitive, redacted.
func (w *walker) told(f *field, v any, depth int) (text any, leak bool) {
	if m, ok := v.(json.Marshaler); ok {
		b, s, ok := said(m.MarshalJSON)
		if ok {
			if c := w.rawJSON(f, b, depth); !bytes.Equal(b, c) {
				return json.RawMessage(c), true
			}
		} else if t := w.text(f, s); t != s {
			return t, true
		}
	}
	var says []func() ([]byte, error)
	if m, ok := v.(encoding.TextMarshaler); ok {
		says = append(says, m.MarshalText)
	}
	switch v.(type) {
	case fmt.Formatter, fmt.Stringer, error:
		says = append(says, func() ([]byte, error) { return fmt.Appendf(nil, "%+v", v), nil })
	}
	for _, say := range says {
		b, s, ok := said(say)
		if ok {
			s = string(b)
		}
		if t := w.text(f, s); t != s {
			return t, true
		}
	}
	return nil, false
}

// said calls code of a value's own. Of a panic or an error it returns the text: whoever prints the value may print that.
func said(say func() ([]byte, error)) (b []byte, failure string, ok bool) {
	defer func() {
		if p := recover(); p != nil {
			b, failure, ok = nil, fmt.Sprint(p), false
		}
	}()
	b, err := say()
	if err != nil {
		return nil, err.Error(), false
	}
	return b, "", true
}
