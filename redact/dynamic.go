package redact

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"time"
)

// any redacts a value of a type that is known only now. It returns v itself where there is nothing to replace, unless that
// takes a copy to find out.
func (w *walker) any(f *field, v any, depth int) any {
	var label string
	var yes bool
	switch x := v.(type) {
	case nil, bool, time.Time:
		return v
	case string:
		label = w.text(f, x)
		yes = label != x
	case error:
		return w.failure(f, x)
	case int:
		label, yes = w.signed(f, int64(x))
	case int64:
		label, yes = w.signed(f, x)
	case uint64:
		label, yes = w.integer(f, x, false)
	case float64:
		label, yes = w.float(f, x)
	case json.Number:
		label, yes = w.number(f, []byte(x))
	case json.RawMessage:
		if len(x) > 0 {
			return json.RawMessage(w.rawJSON(f, x, depth))
		}
	case []byte:
		if b, changed := w.binary(f, x); changed {
			return b
		}
	case *url.URL:
		if x != nil {
			return w.address(x)
		}
	case url.URL:
		return w.address(&x)
	case http.Header:
		switch {
		case f.whole() && len(x) > 0:
			return w.hidden(f)
		case x != nil:
			return w.header(x)
		}
	case *http.Request:
		if x != nil {
			return w.text(nil, x.Method) + " " + w.address(x.URL)
		}
	case *http.Response:
		if x != nil {
			return strconv.Itoa(x.StatusCode)
		}
	case map[string]any:
		if x != nil {
			return w.object(f, x, depth)
		}
	case []any:
		if x != nil {
			return w.list(f, x, depth)
		}
	case slog.Value:
		t, _ := w.logged(f, x, depth)
		return t
	case slog.Attr:
		w.attr(&x, depth)
		return x
	case []slog.Attr:
		t, _ := w.attrs(x, depth)
		return t
	default:
		return w.reflected(f, v, depth)
	}
	if yes {
		return label
	}
	return v
}

// object redacts a decoded JSON object. A member called "value" is also judged by what one called "name" or "key" says.
func (w *walker) object(f *field, v map[string]any, depth int) any {
	if len(v) > 0 && f.whole() {
		return w.hidden(f)
	}
	if !w.node(depth) {
		return overLimit
	}
	var named *field
	for _, k := range [...]string{"name", "key", "header"} {
		if s, ok := v[k].(string); ok && len(v) <= 8 && len(s) <= maxKey {
			if g := w.r.field(s); g.hide != hideNothing || g.who != nil {
				named = g
			}
		}
	}
	n := v
	if !w.inPlace {
		n = make(map[string]any, min(len(v), max(w.nodes, 0)))
	}
	for k, x := range v {
		if w.nodes <= 0 {
			w.over = true
			if w.inPlace {
				n[k] = overLimit
				continue
			}
			n[overLimit] = overLimit
			break
		}
		w.nodes--
		g := w.r.field(k)
		if named != nil && (k == "value" || k == "values") {
			g = named
		}
		name := w.r.field(k).name
		if w.inPlace && name != k {
			delete(n, k)
		}
		n[name] = w.any(g, x, depth-1)
	}
	return n
}

func (w *walker) list(f *field, v []any, depth int) any {
	if !w.node(depth) {
		return overLimit
	}
	n := v
	if !w.inPlace {
		n = make([]any, 0, min(len(v), max(w.nodes, 0)+1))
	}
	for i, x := range v {
		w.nodes--
		t := any(overLimit)
		if w.nodes >= 0 {
			t = w.any(f, x, depth-1)
		} else {
			w.over = true
		}
		if w.inPlace {
			n[i] = t
		} else if n = append(n, t); w.nodes < 0 {
			break
		}
	}
	return n
}

// failure redacts an error.
func (w *walker) failure(f *field, err error) any {
	if f != nil && f.hide >= hideText {
		return w.hidden(f)
	}
	return w.error(err)
}

// reflected redacts a value of a type that this package does not know.
func (w *walker) reflected(f *field, v any, depth int) any {
	rv := reflect.ValueOf(v)
	p := w.r.plan(rv.Type())
	inner := p
	for inner.shape == shapePointer && inner.elem != nil && inner.elem != inner {
		if !w.inPlace && rv.Kind() == reflect.Pointer && rv.IsNil() {
			return v
		}
		inner = inner.elem
		if rv.Kind() == reflect.Pointer {
			rv = rv.Elem()
		}
	}
	if f.whole() && inner.holds() {
		return w.hidden(f)
	}
	if inner.shape == shapeSealed {
		return labels[PrivateKey]
	}
	if inner.exported && (p.speaks || inner.speaks) && !w.inPlace {
		if t, ok := w.spoken(f, v, depth); ok {
			return t
		}
	}
	if inner.shape == shapeNumber && p == inner {
		if label, yes := w.anyNumber(f, rv); yes {
			return label
		}
		return v
	}
	if p.skip {
		return v
	}
	if depth <= 0 || w.nodes <= 0 {
		w.over = true
		return overLimit
	}
	n := reflect.New(p.typ).Elem()
	n.Set(reflect.ValueOf(v))
	w.shaped(p, f, n, depth)
	if p.tells {
		if t, leak := w.told(f, n.Addr().Interface(), depth); leak {
			return t
		}
	}
	return n.Interface()
}

func (w *walker) anyNumber(f *field, v reflect.Value) (string, bool) {
	switch {
	case v.CanInt():
		return w.signed(f, v.Int())
	case v.CanUint():
		return w.integer(f, v.Uint(), false)
	}
	return w.float(f, v.Float())
}
