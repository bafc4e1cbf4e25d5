package redact

import (
	"reflect"
	"slices"
	"strings"
)

// remake makes a value of a closed type from a text that is fit to be shown.
type remake struct {
	typ  reflect.Type
	from func(text string) reflect.Value
}

// closed looks at a value of a type without exported fields. Reflection can read these and not set them, so that the
// value stays as it is when there is nothing to replace in it, and is made anew or else zero when there is.
func (w *walker) closed(p *plan, f *field, v reflect.Value, depth int) {
	if v.IsZero() {
		return
	}
	c := closedLook{w: w}
	name, _, _ := strings.Cut(p.typ.Name(), "[")
	if g := w.r.field(name); g.hide >= hideText {
		f = g
	}
	c.look(f, v, depth)
	if !c.dirty && !c.blind {
		return
	}
	if w.remake == nil || w.remake.typ != p.typ {
		v.SetZero()
		return
	}
	text := unreadable
	if !c.blind && len(c.said) > 0 {
		text = strings.Join(slices.Compact(c.said), ", ")
	}
	v.Set(w.remake.from(text))
}

// closedLook is one look into a closed value.
type closedLook struct {
	w     *walker
	said  []string // its texts, redacted
	dirty bool     // something is replaced
	blind bool     // not all can be seen, or others may write to it
}

func (c *closedLook) look(f *field, v reflect.Value, depth int) {
	w, t := c.w, v.Type()
	if c.blind || known(t, w.r.on[IP]) || t.Kind() == reflect.Pointer && known(t.Elem(), w.r.on[IP]) {
		return
	}
	switch t.Kind() {
	case reflect.Bool, reflect.Complex64, reflect.Complex128:
	case reflect.String:
		s := v.String()
		clean := w.text(f, s)
		c.say(clean, clean != s)
	case reflect.Interface:
		if !v.IsNil() {
			c.look(f, v.Elem(), depth)
		}
	case reflect.Array, reflect.Slice:
		c.list(f, v, depth)
	case reflect.Struct:
		if p := t.PkgPath(); p == "sync" || p == "sync/atomic" || !w.node(depth) {
			c.blind = true
			return
		}
		for i := range v.NumField() {
			sf, g := t.Field(i), f
			if h := w.r.memberName(sf); !sf.Anonymous && (h.hide != hideNothing || h.who != nil) {
				g = h
			}
			if sf.Tag.Get("privacy") != "" {
				c.blind = true
			}
			c.look(g, v.Field(i), depth-1)
		}
	case reflect.Pointer, reflect.Map, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		c.blind = !v.IsZero()
	default:
		c.number(f, v)
	}
}

// list looks at an array or slice. A copy would share the slice with the original, behind the back of its methods.
func (c *closedLook) list(f *field, v reflect.Value, depth int) {
	if v.Kind() == reflect.Slice && v.Len() > 0 && !c.w.inPlace || !c.w.node(depth) {
		c.blind = true
		return
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		if v.Kind() == reflect.Slice {
			b, changed := c.w.binary(f, v.Bytes())
			c.say(string(b), changed)
		}
		return
	}
	for i := range v.Len() {
		if c.w.nodes--; c.w.nodes < 0 {
			c.w.over, c.blind = true, true
			return
		}
		c.look(f, v.Index(i), depth-1)
	}
}

func (c *closedLook) number(f *field, v reflect.Value) {
	var label string
	var yes bool
	switch {
	case v.CanInt():
		label, yes = c.w.signed(f, v.Int())
	case v.CanUint():
		label, yes = c.w.integer(f, v.Uint(), false)
	case v.CanFloat():
		label, yes = c.w.float(f, v.Float())
	}
	if yes {
		c.say(label, true)
	}
}

func (c *closedLook) say(text string, changed bool) {
	c.dirty = c.dirty || changed
	if text != "" {
		c.said = append(c.said, text)
	}
}
