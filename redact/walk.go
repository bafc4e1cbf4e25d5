package redact

import (
	"bytes"
	"errors"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// What stands for values that were not looked at: the structured side fails closed.
const (
	overLimit  = "[redacted:limit]"      // beyond the depth, nodes or bytes of [Limits]
	unreadable = "[redacted:unreadable]" // the value's own code panicked or gave an error
)

// ErrLimit is wrapped by the error of [Scrub] when a value went beyond the [Limits].
var ErrLimit = errors.New("redact: the value is too deep or too large")

// structured is what a Redactor learns about names and types. All its tenants share it.
type structured struct {
	names   fieldCache
	plans   sync.Map // reflect.Type to *plan
	last    atomic.Pointer[plan]
	build   sync.Mutex
	dropped dropCount
}

// walker is one walk of one structure. It is used by one goroutine.
type walker struct {
	r       *Redactor
	in, out []byte
	high    int // how much of in was used
	nodes   int
	bytes   int
	over    bool
	quick   bool // short texts need no scan; see harmless
	inPlace bool // the value itself is changed, not a copy
	cut     bool // cycles are cut instead of copied
	memo    map[visit]reflect.Value
	remake  *remake
	old     slice       // one that is being copied
	record  []slog.Attr // the attributes of one
}

// visit is a pointer that was seen.
type visit struct {
	at  uintptr
	typ reflect.Type
}

var walkers = sync.Pool{New: func() any { return new(walker) }}

func (r *Redactor) walk() *walker {
	w := walkers.Get().(*walker)
	w.r, w.nodes, w.bytes = r, r.limits[1], r.limits[2]
	w.quick = !r.on[IP] && !r.on[MAC] && len(r.rules) == 0 && !r.strict
	return w
}

// done wipes what the walker saw and gives it back.
func (w *walker) done() {
	clear(w.in[:min(w.high, cap(w.in))])
	clear(w.out[:cap(w.out)])
	if cap(w.in) > 64<<10 {
		w.in = nil
	}
	if cap(w.out) > 4<<10 {
		w.out = nil
	}
	if w.memo != nil || w.remake != nil {
		w.memo, w.remake = nil, nil
	}
	w.r, w.high, w.over, w.inPlace, w.cut = nil, 0, false, false, false
	walkers.Put(w)
}

// node counts a node and reports whether it may be looked at.
func (w *walker) node(depth int) bool {
	if w.nodes--; w.nodes < 0 || depth <= 0 {
		w.over = true
		return false
	}
	return true
}

// text returns what takes the place of s under the name f, or of s alone when f is nil.
func (w *walker) text(f *field, s string) string {
	if (f == nil || f.hide == hideNothing && f.who == nil) && (len(s) < minText || len(s) < shortText && w.harmless(s)) {
		return s
	}
	w.in = append(w.in[:0], s...)
	w.high = max(w.high, len(s))
	if t, changed := w.textOf(f, w.in); changed {
		return t
	}
	return s
}

// shortText is the length below which a text of words and few digits is nothing that the scan could find: the shortest
// secret with an announcement, "Basic" and eight letters and digits, has as much, and no number that counts by itself has
// fewer than seven digits, or six and two letters. Most values in structures are that short.
const shortText = 14

func (w *walker) harmless(s string) bool {
	var n int
	for i := range len(s) {
		n += int(weight[s[i]])
	}
	return n < 6*weightDigit+2 && w.quick
}

// weightDigit is more than all the letters of a short text weigh, and what a trigger weighs more than all its digits.
const weightDigit = 1 << 8

var weight = func() (t [256]uint16) {
	for c := range t {
		switch k := class[c]; {
		case k&cTrigger != 0:
			t[c] = 16 * weightDigit
		case k&cDigit != 0:
			t[c] = weightDigit
		default:
			t[c] = uint16(k & cAlpha)
		}
	}
	return t
}()

// textOf is text for a text in a buffer, which may be the walker's. It reports whether anything takes the place of v.
func (w *walker) textOf(f *field, v []byte) (string, bool) {
	named := f != nil && (f.hide != hideNothing || f.who != nil)
	if len(v) == 0 || len(v) < minText && !named {
		return "", false
	}
	if w.bytes -= len(v); w.bytes < 0 {
		w.over = true
		return overLimit, true
	}
	if named {
		if f.hide == hideCookie && hasByte(v, '=') {
			s := string(v)
			t := w.cookies(s, strings.Contains(strings.ToLower(f.key), "set"))
			return t, t != s
		}
		if k, rule := w.r.under(f, v); k != 0 {
			return w.replaced(k, rule, v)
		}
		if len(v) < minText {
			return "", false
		}
	}
	if (v[0] == '{' || v[0] == '[') && len(v) > 2 {
		if t, changed, ok := w.nested(f, v); ok {
			return t, changed
		}
	}
	if w.r.strict {
		s := string(v)
		t := w.r.String(s)
		return t, t != s
	}
	if len(v) <= 64 && w.quick && nothingIn(v) {
		return "", false
	}
	var sc scanner
	sc.open(w.r, v)
	m, ok := sc.next()
	switch {
	case !ok:
		return "", false
	case m.start == 0 && m.end == len(v) && w.r.use[m.kind] == Label && m.quotes == 0:
		return labels[m.kind], true
	}
	w.out = sc.replace(w.out[:0], m)
	return string(w.out), true
}

// nothingIn reports whether the scan of a text of one block would find nothing in it that is worth a look. The usual signs
// of something are looked for first: then the scan makes the block, and it need not be made twice.
func nothingIn(v []byte) bool {
	if bytes.IndexByte(v, ':') >= 0 || bytes.IndexByte(v, '@') >= 0 || bytes.IndexByte(v, '=') >= 0 {
		return false
	}
	var p [reach]byte
	copy(p[:], v)
	var b block
	b.read(&p)
	some, numbers := b.worth(&p, b.word&^(b.word>>1), v, 0)
	return some|numbers|b.begins(&p) == 0
}

// replaced returns what takes the place of the whole text v, which is of kind k, and whether that is another text.
func (w *walker) replaced(k Kind, rule string, v []byte) (string, bool) {
	if len(w.r.allow) > 0 {
		if _, ok := w.r.allow[string(v)]; ok {
			return "", false
		}
	}
	if w.r.onMatch != nil {
		w.r.onMatch(k, rule)
	}
	switch w.r.use[k] {
	case Label:
		return labels[k], true
	case Drop:
		return "", len(v) > 0
	}
	w.out = w.r.appendValue(w.out[:0], k, v)
	return string(w.out), string(w.out) != string(v)
}

// hidden returns what takes the place of a value that is hidden with all it holds.
func (w *walker) hidden(f *field) string {
	if w.r.onMatch != nil {
		w.r.onMatch(Credential, f.rule)
	}
	if w.r.use[Credential] == Drop {
		return ""
	}
	return labels[Credential]
}

// nested redacts a text that is JSON, so that what its names hide is hidden in it too.
func (w *walker) nested(f *field, v []byte) (t string, changed, ok bool) {
	switch v[1] {
	case '"', '{', '[', ' ', '\n', '\r', '\t':
	default:
		return "", false, false
	}
	j := jsonWalk{w: w, src: bytes.Clone(v)} // the walk uses the buffer that v may be in
	ok = j.run(f, w.r.limits[0]) == nil
	if ok && j.changed {
		t = string(j.dst)
	}
	clear(j.src)
	clear(j.dst)
	return t, j.changed, ok
}

// number returns what takes the place of a number written in decimal, and whether anything does. A number without a name
// is looked at from eleven digits on: what is shorter and personal has a name.
func (w *walker) number(f *field, digits []byte) (string, bool) {
	if f != nil && (f.hide == hideAll || f.hide == hideCode || f.who != nil) {
		if k, rule := w.r.under(f, digits); k != 0 {
			return w.replaced(k, rule, digits)
		}
	}
	if len(digits) < 11 {
		return "", false
	}
	var sc scanner
	sc.open(w.r, digits)
	m, ok := sc.next()
	if !ok {
		return "", false
	}
	return string(w.r.appendValue(nil, m.kind, digits[m.start:m.end])), true
}

// integer is number for the integer n, or for -n.
func (w *walker) integer(f *field, n uint64, minus bool) (string, bool) {
	if n < 1e10 && (f == nil || f.hide < hideCode && f.who == nil) {
		return "", false
	}
	var buf [21]byte
	b := buf[:0]
	if minus {
		b = append(b, '-')
	}
	return w.number(f, strconv.AppendUint(b, n, 10))
}

func (w *walker) signed(f *field, n int64) (string, bool) {
	if n < 0 {
		return w.integer(f, uint64(-n), true)
	}
	return w.integer(f, uint64(n), false)
}

// float is number for a number that may have lost its last digits.
func (w *walker) float(f *field, n float64) (string, bool) {
	if f == nil || f.hide < hideCode && f.who == nil {
		return "", false
	}
	var buf [32]byte
	return w.number(f, strconv.AppendFloat(buf[:0], n, 'f', -1, 64))
}

// binary redacts bytes and reports whether any changed. The result does not share memory with b if one did.
func (w *walker) binary(f *field, b []byte) ([]byte, bool) {
	if w.bytes -= len(b); w.bytes < 0 {
		w.over = true
		return []byte(overLimit), true
	}
	if len(b) == 0 {
		return b, false
	}
	if k, rule := w.r.under(f, b); k != 0 {
		t, changed := w.replaced(k, rule, b)
		if !changed {
			return b, false
		}
		return []byte(t), true
	}
	if b[0] == '{' || b[0] == '[' {
		j := jsonWalk{w: w, src: b}
		if j.run(f, w.r.limits[0]) == nil {
			return j.dst, j.changed
		}
	}
	var sc scanner
	sc.open(w.r, b)
	if w.r.strict {
		out := w.r.Append(nil, b)
		return out, string(out) != string(b)
	}
	m, ok := sc.next()
	if !ok {
		return b, false
	}
	return sc.replace(nil, m), true
}
