package redact

import (
	"bytes"
	"net/url"
	"reflect"
	"unicode"
	"unicode/utf8"
	"unsafe"
)

// Copy returns a deep copy of v with what is sensitive replaced. Nothing that v refers to is changed, and parts in which
// there is nothing to look at are shared with it.
//
// Texts are scanned, under the name of their field or map key where they have one. Struct tags say more:
//
//	privacy:"email"       the value is an email address, whatever it looks like; likewise with any other [Kind]
//	privacy:"card,last4"  likewise, and how it is shown: mask, last4, drop, pseudonym (secrets are only labelled or dropped)
//	privacy:"secret"      the value opens a door
//	privacy:"-"           the value is left out: its zero value takes its place
//	privacy:"safe"        the value is kept without a look
//
// Any other word replaces the value by a label with that word. A value that cannot hold a label (a number, a nil pointer)
// becomes zero.
//
// A [Secret] is kept: it shows a label by itself. A private key of the standard library becomes zero.
//
// A value whose type makes its own text (MarshalJSON, MarshalText, Error, String, Format) is asked for it once it is
// copied, and becomes zero if that still shows something sensitive: the halves of an address put together, an encoding
// undone. [Scrub] does not ask, but for values in interfaces.
//
// Copy fails closed. Unexported fields that could hold text become zero, because they cannot be replaced; so do values
// beyond the [Limits] that cannot hold a label, and the whole copy if code of v's own panics. A value of a type with
// unexported fields only is read, by reflection: it is kept when all that it holds would be kept in exported fields, and it
// holds no pointer, slice, map or function.
func Copy[T any](r *Redactor, v T) (out T) {
	w := r.walk()
	defer func() {
		if recover() != nil {
			var zero T
			out = zero
			if s, ok := any(&out).(*any); ok {
				*s = unreadable
			}
			return
		}
		w.done()
	}()
	p := r.plan(reflect.TypeFor[T]())
	if !p.skip {
		w.apply(p, nil, reflect.ValueOf(&v).Elem(), r.limits[0])
	}
	return v
}

// Any is [Copy] for a value of any type. Where Copy would leave a zero, Any returns what a log can show: for a value that
// makes its own text (an error, a json.Marshaler, encoding.TextMarshaler or fmt.Stringer with unexported fields) that
// text, scanned; for a number that is replaced its label; for an error one that [Redactor.Error] made.
func (r *Redactor) Any(v any) (out any) {
	w := r.walk()
	w.cut = true
	defer func() {
		if recover() != nil {
			out = unreadable
			return
		}
		w.done()
	}()
	return w.any(nil, v, r.limits[0])
}

// apply redacts v, which can be set and whose own memory is the walker's: what it points to is not, unless the walk is
// in place.
func (w *walker) apply(p *plan, f *field, v reflect.Value, depth int) {
	w.shaped(p, f, v, depth)
	if p.tells && !w.inPlace && v.CanSet() {
		if _, leak := w.told(f, v.Addr().Interface(), depth); leak {
			v.SetZero()
		}
	}
}

// shaped is apply for a value without code of its own.
func (w *walker) shaped(p *plan, f *field, v reflect.Value, depth int) {
	if f.whole() && p.holds() {
		w.hide(p, f, v, depth)
		return
	}
	switch p.shape {
	case shapeText:
		s := v.String()
		if t := w.text(f, s); t != s {
			v.SetString(t)
		}
	case shapeNumbered:
		if _, yes := w.number(f, []byte(v.String())); yes {
			v.SetString("")
		}
	case shapeNumber:
		w.zeroNumber(f, v)
	case shapeBytes:
		if b, changed := w.binary(f, v.Bytes()); changed {
			v.SetBytes(b)
		}
	case shapeSealed:
		v.SetZero()
	case shapeLetters:
		w.letters(f, v)
	case shapeRawJSON:
		if v.Len() > 0 {
			v.SetBytes(w.rawJSON(f, v.Bytes(), depth))
		}
	case shapeStruct:
		w.structure(p, unsafe.Pointer(v.UnsafeAddr()), depth)
	case shapeOpaque:
		w.closed(p, f, v, depth)
	case shapeURL:
		w.url(v)
	case shapePointer:
		w.pointer(p, f, v, depth)
	case shapeTexts:
		w.texts(f, v.Addr().Interface().(*[]string), depth)
	case shapeSlice:
		w.slice(p, f, v, depth)
	case shapeArray:
		for i := range v.Len() {
			if p.skip && (f == nil || f.hide == hideNothing && f.who == nil) {
				return
			}
			if !w.node(depth) {
				v.SetZero()
				return
			}
			w.apply(p.elem, f, v.Index(i), depth-1)
		}
	case shapeLabels:
		w.labels(v.Addr().Interface().(*map[string]string), depth)
	case shapeMap:
		if p.typ == typeObject && !v.IsNil() {
			n, ok := w.object(f, v.Interface().(map[string]any), depth).(map[string]any)
			if !ok {
				n = map[string]any{overLimit: overLimit}
			}
			v.Set(reflect.ValueOf(n))
			return
		}
		w.mapping(p, v, depth)
	case shapeInterface:
		if v.IsNil() {
			return
		}
		w.boxed(f, v, depth)
	}
}

// holds reports whether values of the type hold others under names.
func (p *plan) holds() bool {
	switch p.shape {
	case shapeStruct, shapeMap, shapeLabels:
		return p.typ != typeTime
	}
	return false
}

// hide replaces a value that holds others: by zero, or a text under each of its names if it is a map of texts.
func (w *walker) hide(p *plan, f *field, v reflect.Value, _ int) {
	if v.IsZero() {
		return
	}
	if w.r.onMatch != nil {
		w.r.onMatch(Credential, f.rule)
	}
	v.SetZero()
}

// letters makes an array of bytes zero if it is text with something to replace in it, up to the zeros at its end. Most are
// keys of rows and digests: no text.
func (w *walker) letters(f *field, v reflect.Value) {
	b := bytes.TrimRight(v.Slice(0, v.Len()).Bytes(), "\x00")
	if f != nil && (f.hide != hideNothing || f.who != nil) || utf8.Valid(b) && bytes.IndexFunc(b, unicode.IsControl) < 0 {
		if _, changed := w.binary(f, b); changed {
			v.SetZero()
		}
	}
}

func (w *walker) zeroNumber(f *field, v reflect.Value) {
	yes := false
	switch {
	case v.CanInt():
		_, yes = w.signed(f, v.Int())
	case v.CanUint():
		_, yes = w.integer(f, v.Uint(), false)
	case v.CanFloat():
		_, yes = w.float(f, v.Float())
	}
	if yes {
		v.SetZero()
	}
}

func (w *walker) pointer(p *plan, f *field, v reflect.Value, depth int) {
	if v.IsNil() || p.skip && f == nil {
		return
	}
	if !w.node(depth) {
		v.SetZero()
		return
	}
	if p.recursive || w.inPlace {
		at := visit{v.Pointer(), p.typ}
		if n, ok := w.memo[at]; ok {
			if !n.IsValid() { // within itself
				v.SetZero()
			} else {
				v.Set(n)
			}
			return
		}
		if w.memo == nil {
			w.memo = map[visit]reflect.Value{}
		}
		if w.cut {
			w.memo[at] = reflect.Value{}
			defer func() { delete(w.memo, at) }()
		} else if w.inPlace {
			w.memo[at] = v
		}
	}
	if w.inPlace {
		w.apply(p.elem, f, v.Elem(), depth-1)
		return
	}
	n := reflect.New(p.elem.typ)
	if p.elem.shape == shapeStruct && p.elem.exported {
		copyExported(n.Elem(), v.Elem())
	} else {
		n.Elem().Set(v.Elem())
	}
	if p.recursive && !w.cut {
		w.memo[visit{v.Pointer(), p.typ}] = n
	}
	w.apply(p.elem, f, n.Elem(), depth-1)
	v.Set(n)
}

func (w *walker) texts(f *field, p *[]string, depth int) {
	own := w.inPlace
	for i, s := range *p {
		if !w.node(depth) {
			*p = append((*p)[:i:i], overLimit)
			return
		}
		if t := w.text(f, s); t != s {
			if !own {
				*p, own = append([]string(nil), *p...), true
			}
			(*p)[i] = t
		}
	}
}

func (w *walker) slice(p *plan, f *field, v reflect.Value, depth int) {
	if v.Len() == 0 || p.skip && (f == nil || f.hide == hideNothing && f.who == nil) {
		return
	}
	n := v
	size := v.Len()
	if room := max(w.nodes, 0); size > room || depth <= 0 {
		w.over = true
		size = room
		if depth <= 0 {
			size = 0
		}
	}
	if p.elem.shape == shapeStruct && !p.elem.tells && !f.whole() && size == v.Len() {
		w.structs(p, unsafe.Pointer(v.UnsafeAddr()), depth)
		return
	}
	if !w.inPlace || size < v.Len() {
		n = reflect.MakeSlice(p.typ, size, size)
		reflect.Copy(n, v)
	}
	for i := range size {
		w.nodes--
		w.apply(p.elem, f, n.Index(i), depth-1)
	}
	if size < v.Len() {
		switch p.elem.shape {
		case shapeText:
			n = reflect.Append(n, reflect.ValueOf(overLimit).Convert(p.elem.typ))
		case shapeInterface:
			if p.elem.typ.NumMethod() == 0 {
				n = reflect.Append(n, reflect.ValueOf(overLimit))
			}
		}
	}
	v.Set(n)
}

func (w *walker) labels(p *map[string]string, depth int) {
	var n map[string]string
	for k, s := range *p {
		if !w.node(depth) {
			m := make(map[string]string)
			for k, s := range *p { // what was not looked at is left out
				if len(m) >= w.r.limits[1]/2 || depth <= 0 {
					break
				}
				f := w.r.field(k)
				m[f.name] = w.text(f, s)
			}
			m[overLimit] = overLimit
			*p = m
			return
		}
		f := w.r.field(k)
		t := w.text(f, s)
		if t == s && f.name == k {
			continue
		}
		if n == nil {
			n = make(map[string]string, len(*p))
			for k, s := range *p {
				n[k] = s
			}
		}
		if f.name != k {
			delete(n, k)
		}
		n[f.name] = t
	}
	if n == nil {
		return
	}
	if w.inPlace {
		clear(*p)
		for k, s := range n {
			(*p)[k] = s
		}
		return
	}
	*p = n
}

func (w *walker) mapping(p *plan, v reflect.Value, depth int) {
	if v.IsNil() || p.skip && p.key.shape != shapeText {
		return
	}
	n := reflect.MakeMapWithSize(p.typ, min(v.Len(), max(w.nodes, 0)))
	elem, key := reflect.New(p.elem.typ).Elem(), reflect.New(p.key.typ).Elem()
	for it := v.MapRange(); it.Next(); {
		if !w.node(depth) {
			if p.key.shape == shapeText {
				key.SetString(overLimit)
				elem.SetZero()
				w.limitLabel(p.elem, elem)
				n.SetMapIndex(key, elem)
			}
			break
		}
		key.SetIterKey(it)
		elem.SetIterValue(it)
		var f *field
		switch {
		case p.key.shape == shapeText:
			f = w.r.field(key.String())
			if f.name != f.key {
				key.SetString(f.name)
			}
			if p.key.tells {
				w.apply(p.key, nil, key, depth-1)
			}
		case !p.key.skip:
			if k, ok := key.Interface().(string); ok {
				f = w.r.field(k)
				key.Set(reflect.ValueOf(f.name))
			} else {
				w.apply(p.key, nil, key, depth-1)
				if !key.Comparable() {
					key.SetZero()
				}
			}
		}
		w.apply(p.elem, f, elem, depth-1)
		n.SetMapIndex(key, elem)
	}
	if w.inPlace {
		v.Clear()
		for it := n.MapRange(); it.Next(); {
			v.SetMapIndex(it.Key(), it.Value())
		}
		return
	}
	v.Set(n)
}

func (w *walker) limitLabel(p *plan, v reflect.Value) {
	switch {
	case p.shape == shapeText:
		v.SetString(overLimit)
	case p.shape == shapeInterface && p.typ.NumMethod() == 0:
		v.Set(reflect.ValueOf(overLimit))
	}
}

// boxed redacts what an interface holds.
func (w *walker) boxed(f *field, v reflect.Value, depth int) {
	n := w.any(f, v.Interface(), depth)
	if n == nil {
		v.SetZero()
		return
	}
	nv := reflect.ValueOf(n)
	if !nv.Type().AssignableTo(v.Type()) { // an interface with methods: it gets a value of the type it had
		old := v.Elem()
		nv = reflect.New(old.Type()).Elem()
		nv.Set(old)
		w.apply(w.r.plan(old.Type()), f, nv, depth-1)
	}
	v.Set(nv)
}

// rawJSON redacts JSON text; what is none becomes a label.
func (w *walker) rawJSON(f *field, b []byte, depth int) []byte {
	if w.bytes -= len(b); w.bytes < 0 {
		w.over = true
		return appendQuoted(nil, overLimit)
	}
	j := jsonWalk{w: w, src: b}
	if j.run(f, depth) != nil {
		return appendQuoted(nil, unreadable)
	}
	if !j.changed {
		return b
	}
	return j.dst
}

// url redacts a url.URL that keeps its type.
func (w *walker) url(v reflect.Value) {
	u := v.Addr().Interface().(*url.URL)
	if u.User != nil {
		u.User = url.User("redacted")
	}
	c := *u
	c.RawQuery = w.pairs(u.RawQuery)
	c.Path = w.text(nil, u.Path)
	if c.Path != u.Path {
		c.RawPath = ""
	}
	c.Fragment, c.RawFragment = w.fragment(u.EscapedFragment()), ""
	c.Opaque, c.Host = w.text(nil, u.Opaque), w.text(nil, u.Host)
	*u = c
}
