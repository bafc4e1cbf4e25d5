package redacttest

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"sync"
	"sync/atomic"
)

// The types that values are planted in.
type (
	record struct {
		Note string
		N    int
		Next *record
	}
	tagged struct {
		Remark string `json:"note"`
	}
	outer    struct{ Inner struct{ Deep []record } }
	embedder struct {
		record
		Name string
	}
	hidden         struct{ note string }
	anything       struct{ V any }
	word           string
	octets         []byte
	generic[T any] struct{ V T }

	valuer     struct{ V slog.Value }
	stringer   struct{ s string }
	texter     struct{ s string }
	jsoner     struct{ s string }
	formatter  struct{ s string }
	goStringer struct{ S string }
	failure    struct {
		Code   int
		Detail string
	}
	joined []error
)

func (v valuer) LogValue() slog.Value          { return v.V }
func (s stringer) String() string              { return s.s }
func (s texter) MarshalText() ([]byte, error)  { return []byte(s.s), nil }
func (s jsoner) MarshalJSON() ([]byte, error)  { return json.Marshal(map[string]string{"note": s.s}) }
func (s formatter) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, s.s) }
func (s goStringer) GoString() string          { return s.S }
func (e *failure) Error() string               { return fmt.Sprintf("code %d: %s", e.Code, e.Detail) }
func (e joined) Error() string                 { return fmt.Sprint([]error(e)) }
func (e joined) Unwrap() []error               { return e }

type value struct {
	name string
	wrap func(s string) any
}

func quoted(s string) []byte {
	b, _ := json.Marshal(s)
	return b
}

// values are what a text can be in, where a value of any type goes. A log that does not write values of a type at all
// leaks nothing of them.
var values = append([]value{
	{"string", func(s string) any { return s }},
	{"string-type", func(s string) any { return word(s) }},
	{"string-pointer", func(s string) any { return &s }},
	{"string-pointer-pointer", func(s string) any { p := &s; return &p }},
	{"bytes", func(s string) any { return []byte(s) }},
	{"bytes-type", func(s string) any { return octets(s) }},
	{"buffer", func(s string) any { return bytes.NewBufferString(s) }},
	{"raw-json", func(s string) any { return json.RawMessage(`{"note":` + string(quoted(s)) + `}`) }},
	{"raw-json-string", func(s string) any { return json.RawMessage(quoted(s)) }},
	{"struct", func(s string) any { return record{Note: s} }},
	{"struct-pointer", func(s string) any { return &record{Next: &record{Note: s}} }},
	{"struct-tagged", func(s string) any { return tagged{s} }},
	{"struct-nested", func(s string) any { var o outer; o.Inner.Deep = []record{{N: 1}, {Note: s}}; return o }},
	{"struct-embedded", func(s string) any { return embedder{record{Note: s}, "x"} }},
	{"struct-unexported", func(s string) any { return hidden{s} }},
	{"struct-unexported-pointer", func(s string) any { return &hidden{s} }},
	{"struct-any", func(s string) any { return anything{s} }},
	{"struct-generic", func(s string) any { return generic[map[string]word]{map[string]word{"k": word(s)}} }},
	{"struct-anonymous", func(s string) any { return struct{ X any }{[]any{struct{ Y string }{s}}} }},
	{"map", func(s string) any { return map[string]string{"note": s} }},
	{"map-key", func(s string) any { return map[string]int{s: 1} }},
	{"map-sensitive-key", func(s string) any { return map[string]any{"password": s, "x": map[string]any{"token": s}} }},
	{"map-any", func(s string) any { return map[string]any{"a": map[string]any{"b": []any{1, s}}} }},
	{"map-slices", func(s string) any { return map[string][]string{"note": {"a", s}} }},
	{"slice", func(s string) any { return []string{"a", s} }},
	{"slice-any", func(s string) any { return []any{1, []any{s}} }},
	{"slice-structs", func(s string) any { return []record{{Note: s}} }},
	{"slice-pointers", func(s string) any { return []*record{nil, {Note: s}} }},
	{"array", func(s string) any { return [2]string{"a", s} }},
	{"attr", func(s string) any { return slog.String("note", s) }},
	{"attrs", func(s string) any { return []slog.Attr{slog.Int("n", 1), slog.String("note", s)} }},
	{"attr-in-slice", func(s string) any { return []any{slog.String("note", s)} }},
	{"value", func(s string) any { return slog.StringValue(s) }},
	{"valuer", func(s string) any { return valuer{slog.StringValue(s)} }},
	{"valuer-pointer", func(s string) any { return &valuer{slog.AnyValue(record{Note: s})} }},
	{"valuer-group", func(s string) any { return valuer{slog.GroupValue(slog.String("note", s))} }},
	{"valuer-twice", func(s string) any { return valuer{slog.AnyValue(valuer{slog.StringValue(s)})} }},
	{"valuer-in-slice", func(s string) any { return []any{valuer{slog.StringValue(s)}} }},
	{"stringer", func(s string) any { return stringer{s} }},
	{"stringer-in-map", func(s string) any { return map[string]fmt.Stringer{"a": stringer{s}} }},
	{"text-marshaler", func(s string) any { return texter{s} }},
	{"text-marshaler-key", func(s string) any { return map[texter]int{{s}: 1} }},
	{"json-marshaler", func(s string) any { return jsoner{s} }},
	{"formatter", func(s string) any { return formatter{s} }},
	{"go-stringer", func(s string) any { return goStringer{s} }},
	{"header", func(s string) any { return http.Header{"X-Note": {"a", s}, "Authorization": {s}} }},
	{"query", func(s string) any { return url.Values{"note": {s}, "token": {s}} }},
	{"url", func(s string) any {
		return &url.URL{Scheme: "https", User: url.UserPassword("bob", s), Host: "example.com", Path: "/" + s, RawQuery: url.Values{"q": {s}}.Encode()}
	}},
	{"cookie", func(s string) any { return &http.Cookie{Name: "session", Value: url.QueryEscape(s)} }},
	{"request", func(s string) any {
		return &http.Request{Method: "GET", URL: &url.URL{Path: "/" + s}, Header: http.Header{"Authorization": {s}}}
	}},
	{"sql-null", func(s string) any { return sql.NullString{String: s, Valid: true} }},
	{"sql-null-generic", func(s string) any { return sql.Null[word]{V: word(s), Valid: true} }},
	{"sql-args", func(s string) any { return []any{sql.Named("note", s), 1} }},
	{"sync-map", func(s string) any { var m sync.Map; m.Store("note", s); return &m }},
	{"atomic-pointer", func(s string) any { var p atomic.Pointer[string]; p.Store(&s); return &p }},
	{"cycle", func(s string) any { r := &record{Note: s}; r.Next = r; return fmt.Stringer(stringer{r.Note}) }},
}, errorValues()...)

// errorValues are the errors among the values.
func errorValues() (vs []value) {
	for _, e := range failures {
		vs = append(vs, value{"error-" + e.name, func(s string) any { return e.wrap(s) }})
	}
	return append(vs,
		value{"error-in-struct", func(s string) any { return anything{errors.New(s)} }},
		value{"error-in-slice", func(s string) any { return []error{nil, errors.New(s)} }},
		value{"error-in-map", func(s string) any { return map[string]error{"a": errors.New(s)} }})
}

// failures are ways in which a text can be in an error.
var failures = []struct {
	name string
	wrap func(s string) error
}{
	{"plain", errors.New},
	{"wrapped", func(s string) error { return fmt.Errorf("loading: %w", errors.New(s)) }},
	{"wrapped-deep", func(s string) error {
		return fmt.Errorf("a: %w", fmt.Errorf("b: %w", fmt.Errorf("c: %w", errors.New(s))))
	}},
	{"formatted", func(s string) error { return fmt.Errorf("loading %v, %q", record{Note: s}, s) }},
	{"joined", func(s string) error { return errors.Join(fs.ErrNotExist, errors.New(s)) }},
	{"joined-type", func(s string) error { return joined{fs.ErrNotExist, errors.New(s)} }},
	{"url", func(s string) error { return &url.Error{Op: "Get", URL: s, Err: errors.New(s)} }},
	{"path", func(s string) error { return &fs.PathError{Op: "open", Path: s, Err: fs.ErrNotExist} }},
	{"network", func(s string) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: s}}
	}},
	{"json", func(s string) error {
		return &json.UnmarshalTypeError{Value: s, Field: "note", Type: reflect.TypeFor[int]()}
	}},
	{"json-field", func(s string) error {
		return &json.UnmarshalTypeError{Value: "number", Struct: "", Field: s, Type: reflect.TypeFor[string]()}
	}},
	{"fields", func(s string) error { return &failure{Code: 23505, Detail: s} }},
	{"wrapped-fields", func(s string) error { return fmt.Errorf("inserting: %w", &failure{Code: 23505, Detail: s}) }},
	{"panic", func(s string) (err error) {
		defer func() { err = fmt.Errorf("recovered: %v", recover()) }()
		panic(s)
	}},
}
