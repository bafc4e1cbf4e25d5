package redact

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// viewField is one field of a group.
type viewField struct {
	name                string // in Go
	key                 []byte // its name in JSON, as `,"name":`
	index               int
	pointer             bool
	omitEmpty, omitZero bool
	flat                bool       // embedded: its fields are written as the outer struct's
	group               *viewGroup // of a struct
	write               viewWriter
}

// viewWriter writes a value that is no pointer.
type viewWriter func(dst []byte, v reflect.Value) ([]byte, error)

// add lists the field at the path from the struct type t on.
func (g *viewGroup) add(t reflect.Type, path string) error {
	name, rest, deeper := strings.Cut(path, ".")
	sf, ok := reflect.StructField{}, false
	for i := range t.NumField() { // not FieldByName: that finds fields of embedded structs, and others after a change
		if t.Field(i).Name == name {
			sf, ok = t.Field(i), true
		}
	}
	switch {
	case !ok || name == "_":
		return fmt.Errorf("%s has no field %q of its own", t, name)
	case !sf.IsExported() && !(sf.Anonymous && deeper):
		return errors.New("it is not exported")
	}
	var f *viewField
	for _, o := range g.fields {
		if o.name != name {
			continue
		}
		if o.group == nil || !deeper {
			return errors.New("it is listed twice")
		}
		f = o
	}
	if f == nil {
		var err error
		if f, err = newViewField(sf, deeper); err != nil {
			return err
		}
		g.fields = append(g.fields, f)
	}
	if deeper {
		s, _, _ := structWithin(sf.Type)
		return f.group.add(s, rest)
	}
	return nil
}

func newViewField(sf reflect.StructField, deeper bool) (*viewField, error) {
	if class, err := FieldClass(sf); err != nil {
		return nil, err
	} else if !class.IsZero() && !class.SupportMaySee() {
		return nil, fmt.Errorf("its privacy tag says %s", class)
	}
	tag := sf.Tag.Get("json")
	if tag == "-" {
		return nil, errors.New("its json tag leaves it out")
	}
	name, options, _ := strings.Cut(tag, ",")
	f := &viewField{name: sf.Name, index: sf.Index[0], flat: sf.Anonymous && name == "" && deeper}
	for o := range strings.SplitSeq(options, ",") {
		switch o {
		case "omitempty":
			f.omitEmpty = true
		case "omitzero":
			f.omitZero = true
		case "":
		default:
			return nil, fmt.Errorf("its json tag has the option %q", o)
		}
	}
	if name == "" {
		name = sf.Name
	}
	f.key = append(appendJSONString([]byte{','}, name), ':')
	t := sf.Type
	if f.pointer = t.Kind() == reflect.Pointer; f.pointer {
		t = t.Elem()
	}
	if !deeper {
		w, err := viewLeaf(t)
		if err != nil {
			return nil, err
		}
		f.write = w
		return f, nil
	}
	if _, list, pointers := structWithin(sf.Type); list {
		f.group, f.flat = new(viewGroup), false
		f.write = func(dst []byte, v reflect.Value) ([]byte, error) {
			return viewElements(dst, v, pointers, f.group.append)
		}
		return f, nil
	} else if t.Kind() != reflect.Struct || t == viewTimeType {
		return nil, fmt.Errorf("a path does not lead into a %s", t)
	}
	f.group = new(viewGroup)
	f.write = f.group.append
	return f, nil
}

// structWithin returns the struct that t is, points to, or has as its elements.
func structWithin(t reflect.Type) (s reflect.Type, list, pointers bool) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if k := t.Kind(); k == reflect.Slice || k == reflect.Array {
		if t = t.Elem(); t.Kind() == reflect.Pointer {
			t, pointers = t.Elem(), true
		}
		list = t.Kind() == reflect.Struct && t != viewTimeType
	}
	return t, list, pointers
}

// checkNames refuses two fields of one name in JSON, of which a reader would see either.
func (g *viewGroup) checkNames() error {
	seen := map[string]string{}
	var walk func(g *viewGroup) error
	walk = func(g *viewGroup) error {
		for _, f := range g.fields {
			if f.flat {
				if err := walk(f.group); err != nil {
					return err
				}
				continue
			}
			key := string(f.key)
			if o, ok := seen[key]; ok {
				return fmt.Errorf("%s and %s have the same name in JSON", o, f.name)
			}
			seen[key] = f.name
			if f.group != nil {
				if err := f.group.checkNames(); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return walk(g)
}

var (
	viewTimeType  = reflect.TypeFor[time.Time]()
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

// viewLeaf returns what writes values of the type t, or why nothing does.
func viewLeaf(t reflect.Type) (viewWriter, error) {
	if w, err := viewScalar(t); w != nil || err != nil {
		return w, err
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		e, pointers := t.Elem(), false
		if t.Kind() == reflect.Slice && e.Kind() == reflect.Uint8 && !hasMarshaler(e) {
			return viewBytes, nil
		}
		if e.Kind() == reflect.Pointer {
			e, pointers = e.Elem(), true
		}
		w, err := viewScalar(e)
		if err == nil && w == nil {
			err = fmt.Errorf("a list of %s could carry more than is listed", e)
		}
		if err != nil {
			return nil, err
		}
		return func(dst []byte, v reflect.Value) ([]byte, error) { return viewElements(dst, v, pointers, w) }, nil
	case reflect.Struct:
		return nil, errors.New("it is a struct: list the fields within it")
	}
	return nil, fmt.Errorf("a %s could carry more than is listed", t)
}

// viewScalar returns what writes values of t if they hold nothing beside themselves, nil if that is not so, and an error if a
// marshaller of t's own says how it is written: to call it could show anything, not to call it what it is there to hide.
func viewScalar(t reflect.Type) (viewWriter, error) {
	switch {
	case t == viewTimeType:
		return viewTime, nil
	case t.Kind() == reflect.Array && t.Elem().Kind() == reflect.Uint8 && !viewImplements(t, jsonMarshaler) && viewImplements(t, textMarshaler):
		return viewText, nil
	case hasMarshaler(t):
		return nil, fmt.Errorf("%s has a marshaller of its own", t)
	case t == reflect.TypeFor[json.Number]():
		return nil, errors.New("a json.Number may be any text")
	}
	switch t.Kind() {
	case reflect.Bool:
		return viewBool, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return viewInt, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return viewUint, nil
	case reflect.Float32:
		return viewFloat32, nil
	case reflect.Float64:
		return viewFloat64, nil
	case reflect.String:
		return viewString, nil
	}
	return nil, nil
}

func viewImplements(t, i reflect.Type) bool {
	return t.Implements(i) || reflect.PointerTo(t).Implements(i)
}

func hasMarshaler(t reflect.Type) bool {
	return viewImplements(t, jsonMarshaler) || viewImplements(t, textMarshaler)
}
