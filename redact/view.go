package redact

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// View writes the listed fields of a T as JSON and nothing else: what may be seen by the public, a customer's API, a
// support agent. A field that is added to T later is absent until it is listed; one that is renamed or changes to
// a type that could carry more is an error when the program starts.
//
// A field is listed by its name in Go, one within a struct by its path: "Profile.City", also through pointers and the
// viewElements of slices and arrays, also into an embedded struct: "Base.ID". Listed fields are booleans, numbers, strings,
// bytes, [time.Time], arrays of bytes with a MarshalText (such as UUIDs), pointers to such, and slices and arrays of
// such: values that hold nothing beside themselves. Structs are listed field by field, so that a View can stand for one:
// see [View.In]. Interfaces, maps, and types with marshallers of their own are refused, and marshallers of the structs on
// the way are not called. So are fields that cannot be meant: those with `json:"-"`, and those that a privacy tag gives a
// class that support may never see (see [FieldClass]).
//
// Names in the output are those of json.Marshal, and so is the form of every value; fields come in the order in which
// they are listed. Of the options of json tags, omitempty and omitzero work, and "string" is refused.
//
// A View is immutable and safe for concurrent use.
type View[T any] struct {
	paths []string
	root  viewGroup
}

// ErrView is wrapped by the errors of [NewView].
var ErrView = errors.New("redact: this cannot be a view")

// NewView returns the View of T, a struct, that has the listed fields. Its errors wrap [ErrView].
func NewView[T any](fields ...string) (*View[T], error) {
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%w: %s is not a struct", ErrView, t)
	}
	if len(fields) == 0 {
		return nil, fmt.Errorf("%w: of %s no field is listed", ErrView, t)
	}
	v := &View[T]{paths: slices.Clone(fields)}
	for _, path := range fields {
		if err := v.root.add(t, path); err != nil {
			return nil, fmt.Errorf("%w: %s.%.200s: %w", ErrView, t, path, err)
		}
	}
	if err := v.root.checkNames(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrView, t, err)
	}
	return v, nil
}

// Fields returns the listed fields, for a test that keeps an eye on them.
func (v *View[T]) Fields() []string { return slices.Clone(v.paths) }

// In returns the fields of v as paths through a field of another struct, which is a T or holds Ts: for the list of that
// struct's View.
func (v *View[T]) In(field string) []string {
	in := make([]string, len(v.paths))
	for i, p := range v.paths {
		in[i] = field + "." + p
	}
	return in
}

// Append appends the JSON of p's listed fields to dst and returns the extended slice; of a nil p, null. It allocates only
// to grow dst. An error names the field that cannot be written in JSON (NaN, infinity, a year beyond 9999, a MarshalText
// that fails) and not its value, and dst is then returned as it was.
func (v *View[T]) Append(dst []byte, p *T) ([]byte, error) {
	if p == nil {
		return append(dst, "null"...), nil
	}
	out, err := v.root.append(dst, reflect.ValueOf(p).Elem())
	if err != nil {
		return dst, err
	}
	return out, nil
}

// viewGroup is the listed fields of one struct.
type viewGroup struct{ fields []*viewField }

// append writes the group as an object. Each field writes a comma before its name; the first is made the brace.
func (g *viewGroup) append(dst []byte, s reflect.Value) ([]byte, error) {
	start := len(dst)
	dst, err := g.members(dst, s)
	if err != nil {
		return nil, err
	}
	if len(dst) == start {
		return append(dst, "{}"...), nil
	}
	dst[start] = '{'
	return append(dst, '}'), nil
}

func (g *viewGroup) members(dst []byte, s reflect.Value) (_ []byte, err error) {
	for _, f := range g.fields {
		v := s.Field(f.index)
		if f.flat {
			if f.pointer {
				if v.IsNil() {
					continue
				}
				v = v.Elem()
			}
			if dst, err = f.group.members(dst, v); err != nil {
				return nil, err
			}
			continue
		}
		if f.omitEmpty && viewEmpty(v) || f.omitZero && v.IsZero() {
			continue
		}
		dst = append(dst, f.key...)
		if f.pointer {
			if v.IsNil() {
				dst = append(dst, "null"...)
				continue
			}
			v = v.Elem()
		}
		if dst, err = f.write(dst, v); err != nil {
			return nil, fmt.Errorf("redact: the field %s: %w", f.name, err)
		}
	}
	return dst, nil
}

// viewEmpty is what the option omitempty of a json tag asks.
func viewEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Array, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// viewElements writes the elements of a slice or array.
func viewElements(dst []byte, v reflect.Value, pointers bool, write viewWriter) (_ []byte, err error) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		return append(dst, "null"...), nil
	}
	dst = append(dst, '[')
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		e := v.Index(i)
		if pointers {
			if e.IsNil() {
				dst = append(dst, "null"...)
				continue
			}
			e = e.Elem()
		}
		if dst, err = write(dst, e); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}
