package redact

import (
	"reflect"
	"unsafe"
)

// structure redacts the struct at base, of the type of p. The memory is the walker's and base is a pointer into it: fields
// are found by the offsets of the plan, since reflection would take more time to find a field than the walk to look at it.
// What such a pointer is used as is what the plan has read of the type.
func (w *walker) structure(p *plan, base unsafe.Pointer, depth int) {
	if !w.node(depth) {
		reflect.NewAt(p.typ, base).Elem().SetZero()
		return
	}
	if p.exported {
		v, n := reflect.NewAt(p.typ, base).Elem(), reflect.New(p.typ).Elem()
		copyExported(n, v)
		v.Set(n)
	}
	for i := range p.members {
		m := &p.members[i]
		at := unsafe.Add(base, m.offset)
		switch m.op {
		case opText:
			s := (*string)(at)
			if len(*s) >= shortText || !w.harmless(*s) {
				*s = w.text(nil, *s)
			}
		case opInt:
			if *(*uint64)(at) >= 1e10 { // or negative
				w.apply(m.plan, m.field, reflect.NewAt(m.plan.typ, at).Elem(), depth-1)
			}
		case opTaggedText:
			s := (*string)(at)
			*s = m.tag.value(w, *s)
		case opTexts:
			w.texts(m.field, (*[]string)(at), depth-1)
		case opLabels:
			w.labels((*map[string]string)(at), depth-1)
		case opStruct:
			w.structure(m.plan, at, depth-1)
		case opStructs:
			if n := (*slice)(at).len; n > 0 && n <= w.nodes && depth > 1 {
				w.structs(m.plan, at, depth-1)
				continue
			}
			w.member(p, m, base, reflect.NewAt(m.plan.typ, at).Elem(), depth-1)
		case opPointer:
			if !w.inPlace {
				w.structAt(m.plan.elem, (*unsafe.Pointer)(at), depth-1)
				continue
			}
			w.member(p, m, base, reflect.NewAt(m.plan.typ, at).Elem(), depth-1)
		default:
			w.member(p, m, base, reflect.NewAt(m.plan.typ, at).Elem(), depth-1)
		}
	}
}

// slice is how a slice lies in memory.
type slice struct {
	data     unsafe.Pointer
	len, cap int
}

// structs redacts the slice of structs at the place at, in memory of its own.
func (w *walker) structs(p *plan, at unsafe.Pointer, depth int) {
	s := (*slice)(at)
	if !w.inPlace {
		v, n := reflect.NewAt(p.typ, at).Elem(), s.len
		w.old, *s = *s, slice{}
		v.Grow(n)
		v.SetLen(n)
		reflect.Copy(v, reflect.NewAt(p.typ, unsafe.Pointer(&w.old)).Elem())
		w.old = slice{}
	}
	for i := range s.len {
		w.structure(p.elem, unsafe.Add(s.data, uintptr(i)*p.elem.size), depth-1)
	}
}

// structAt redacts the struct that the pointer at the place at leads to, in memory of its own.
func (w *walker) structAt(p *plan, at *unsafe.Pointer, depth int) {
	if *at == nil {
		return
	}
	if !w.node(depth) {
		*at = nil
		return
	}
	n := reflect.New(p.typ)
	n.Elem().Set(reflect.NewAt(p.typ, *at).Elem())
	*at = n.UnsafePointer()
	w.structure(p, *at, depth-1)
}

// member redacts a field by reflection.
func (w *walker) member(p *plan, m *member, base unsafe.Pointer, v reflect.Value, depth int) {
	switch {
	case m.tag != nil:
		w.tagged(m.plan, m.tag, m.field, v, depth)
	case m.value && p.named > 0:
		f := w.r.field(reflect.NewAt(p.typ, base).Elem().Field(p.named - 1).String())
		if f.hide == hideNothing && f.who == nil {
			f = m.field
		}
		w.apply(m.plan, f, v, depth)
	default:
		w.apply(m.plan, m.field, v, depth)
	}
}

// copyExported copies the fields that can be looked at.
func copyExported(dst, src reflect.Value) {
	for i := range src.NumField() {
		switch f := dst.Field(i); {
		case f.CanSet():
			f.Set(src.Field(i))
		case src.Type().Field(i).Anonymous && f.Kind() == reflect.Struct:
			copyExported(f, src.Field(i))
		}
	}
}

// tagged replaces the value of a field with a tag.
func (w *walker) tagged(p *plan, t *tagRule, f *field, v reflect.Value, depth int) {
	if !v.CanSet() {
		return
	}
	switch {
	case t.drop:
		v.SetZero()
	case p.skip && isSecret(p.typ):
	case p.shape == shapeText:
		v.SetString(t.value(w, v.String()))
	case p.shape == shapeBytes:
		if v.Len() > 0 {
			v.SetBytes([]byte(t.value(w, string(v.Bytes()))))
		}
	case p.shape == shapeTexts || p.shape == shapeSlice && p.elem.shape == shapeText:
		if v.IsNil() || !w.node(depth) {
			v.SetZero()
			return
		}
		n := reflect.MakeSlice(p.typ, v.Len(), v.Len())
		for i := range v.Len() {
			n.Index(i).SetString(t.value(w, v.Index(i).String()))
		}
		v.Set(n)
	case p.shape == shapePointer && p.elem.shape == shapeText && !v.IsNil():
		n := reflect.New(p.elem.typ)
		n.Elem().SetString(t.value(w, v.Elem().String()))
		v.Set(n)
	case p.shape == shapeInterface && v.NumMethod() == 0 && !v.IsNil():
		s, ok := v.Interface().(string)
		if !ok {
			s = "?"
		}
		v.Set(reflect.ValueOf(t.value(w, s)))
	default:
		v.SetZero()
	}
}
