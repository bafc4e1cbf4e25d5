package redact

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// ErrJSON is wrapped by the error of [Redactor.JSON] when a text is not JSON.
var ErrJSON = errors.New("redact: not valid JSON")

// JSON appends src, which is JSON text (RFC 8259; several values one after another are fine), to dst with what is
// sensitive replaced, and returns the extended slice. It does not decode: order, spelling and white space stay. Names
// hide more than they do in running text: a member whose name says that it is a secret is replaced with all it holds.
// A replaced number becomes a string. Escaped text is read through its escapes.
//
// What is beyond the [Limits] becomes a label. If src is not JSON, JSON returns dst as it was and an error that says
// where and nothing of the text.
func (r *Redactor) JSON(dst, src []byte) ([]byte, error) {
	w := r.walk()
	defer w.done()
	j := jsonWalk{w: w, src: src, dst: dst}
	if err := j.run(nil, r.limits[0]); err != nil {
		return dst, err
	}
	return j.dst, nil
}

// jsonWalk walks over the tokens of src. dst has what was decided up to src[from].
type jsonWalk struct {
	w       *walker
	src     []byte
	dst     []byte
	i, from int
	changed bool
	buf     []byte // an unescaped string
}

func (j *jsonWalk) run(f *field, depth int) error {
	for n := 0; ; n++ {
		j.space()
		if j.i == len(j.src) && n > 0 {
			break
		}
		if !j.value(f, depth) {
			return fmt.Errorf("%w at byte %d", ErrJSON, j.i)
		}
	}
	j.dst = append(j.dst, j.src[j.from:]...)
	clear(j.buf[:cap(j.buf)])
	return nil
}

func (j *jsonWalk) space() {
	for j.i < len(j.src) {
		switch j.src[j.i] {
		case ' ', '\t', '\n', '\r':
			j.i++
		default:
			return
		}
	}
}

func (j *jsonWalk) is(c byte) bool {
	if j.i < len(j.src) && j.src[j.i] == c {
		j.i++
		return true
	}
	return false
}

// put replaces src[start:j.i] by the string s.
func (j *jsonWalk) put(start int, s string) {
	j.dst = append(j.dst, j.src[j.from:start]...)
	j.dst = appendQuoted(j.dst, s)
	j.from, j.changed = j.i, true
}

// value walks over one value. It returns false where the text is not JSON.
func (j *jsonWalk) value(f *field, depth int) bool {
	if j.i >= len(j.src) {
		return false
	}
	start := j.i
	c := j.src[start]
	ok := j.w.node(depth)
	switch c {
	case '{', '[':
		if !ok || c == '{' && f.whole() {
			if !j.skip() {
				return false
			}
			if ok && j.empty(start+1) {
				return true
			}
			if ok {
				j.put(start, j.w.hidden(f))
			} else {
				j.put(start, overLimit)
			}
			return true
		}
		if c == '{' {
			return j.object(depth)
		}
		return j.array(f, depth)
	case '"':
		raw, esc, valid := j.str()
		if !valid {
			return false
		}
		if !ok {
			j.put(start, overLimit)
			return true
		}
		j.text(f, start, raw, esc)
		return true
	case 't':
		return j.word("true")
	case 'f':
		return j.word("false")
	case 'n':
		return j.word("null")
	}
	if !j.number() {
		return false
	}
	if !ok {
		j.put(start, overLimit)
	} else if s, yes := j.w.number(f, j.src[start:j.i]); yes {
		j.put(start, s)
	}
	return true
}

// empty reports whether nothing but space is between src[i] and the bracket before j.i.
func (j *jsonWalk) empty(i int) bool {
	for _, c := range j.src[i : j.i-1] {
		if c > ' ' {
			return false
		}
	}
	return true
}

func (j *jsonWalk) object(depth int) bool {
	j.i++
	if j.space(); j.is('}') {
		return true
	}
	var named *field // what a member called "name" says about the one called "value"
	for {
		j.space()
		start := j.i
		key, esc, ok := j.str()
		if !ok {
			return false
		}
		if esc {
			key = j.unescape(key)
		}
		f := j.w.r.fieldOf(key)
		if f.name != f.key {
			j.put(start, f.name)
		}
		if j.space(); !j.is(':') {
			return false
		}
		j.space()
		if f.hide == hideNothing && f.who == nil {
			switch f.key {
			case "name", "key", "header", "Name", "Key":
				named = j.peek()
			case "value", "values", "Value", "Values":
				if named != nil {
					f = named
				}
			}
		}
		if !j.value(f, depth-1) {
			return false
		}
		if j.space(); j.is('}') {
			return true
		}
		if !j.is(',') {
			return false
		}
	}
}

// peek says what the short string that begins here would say as a name.
func (j *jsonWalk) peek() *field {
	at := j.i
	defer func() { j.i = at }()
	if s, esc, ok := j.str(); ok && !esc && len(s) <= maxKey {
		return j.w.r.fieldOf(s)
	}
	return nil
}

func (j *jsonWalk) array(f *field, depth int) bool {
	j.i++
	if j.space(); j.is(']') {
		return true
	}
	for {
		if j.space(); !j.value(f, depth-1) {
			return false
		}
		if j.space(); j.is(']') {
			return true
		}
		if !j.is(',') {
			return false
		}
	}
}

// text replaces the string src[start:j.i], whose text is raw, if need be.
func (j *jsonWalk) text(f *field, start int, raw []byte, esc bool) {
	if esc {
		raw = j.unescape(raw)
	}
	if t, changed := j.w.textOf(f, raw); changed {
		j.put(start, t)
	}
}

// str walks over a string and returns what is between its quotes and whether there are escapes in it.
func (j *jsonWalk) str() (raw []byte, esc, ok bool) {
	if !j.is('"') {
		return nil, false, false
	}
	start := j.i
	for j.i < len(j.src) {
		switch c := j.src[j.i]; {
		case c == '"':
			j.i++
			return j.src[start : j.i-1], esc, true
		case c < ' ':
			return nil, false, false
		case c == '\\':
			esc = true
			if j.i+1 >= len(j.src) {
				return nil, false, false
			}
			switch j.src[j.i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if j.i+5 >= len(j.src) {
					return nil, false, false
				}
				for _, h := range j.src[j.i+2 : j.i+6] {
					if !isHex(h) {
						return nil, false, false
					}
				}
				j.i += 4
			default:
				return nil, false, false
			}
			j.i += 2
		default:
			j.i++
		}
	}
	return nil, false, false
}

func (j *jsonWalk) word(s string) bool {
	if len(j.src)-j.i < len(s) || string(j.src[j.i:j.i+len(s)]) != s {
		return false
	}
	j.i += len(s)
	return true
}

func (j *jsonWalk) digits() bool {
	start := j.i
	for j.i < len(j.src) && isDigit(j.src[j.i]) {
		j.i++
	}
	return j.i > start
}

func (j *jsonWalk) number() bool {
	j.is('-')
	if !j.is('0') && !j.digits() {
		return false
	}
	if j.is('.') && !j.digits() {
		return false
	}
	if j.is('e') || j.is('E') {
		if !j.is('+') {
			j.is('-')
		}
		if !j.digits() {
			return false
		}
	}
	return j.i == len(j.src) || !isWord(j.src[j.i]) // not 01 or 1.2.3
}

// skip walks to the end of an object or array that is not looked at: only strings and brackets count.
func (j *jsonWalk) skip() bool {
	for depth := 0; j.i < len(j.src); {
		switch j.src[j.i] {
		case '"':
			if _, _, ok := j.str(); !ok {
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				j.i++
				return true
			}
		}
		j.i++
	}
	return false
}

// unescape returns the text of a string with escapes, in a buffer that the next call reuses.
func (j *jsonWalk) unescape(raw []byte) []byte {
	b := j.buf[:0]
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c != '\\' {
			b = append(b, c)
			continue
		}
		i++
		switch c = raw[i]; c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			u := hex4(raw[i+1:])
			i += 4
			if u >= 0xD800 && u < 0xDC00 && i+6 < len(raw) && raw[i+1] == '\\' && raw[i+2] == 'u' {
				if low := hex4(raw[i+3:]); low >= 0xDC00 && low < 0xE000 {
					u = 0x10000 + (u-0xD800)<<10 + (low - 0xDC00)
					i += 6
				}
			}
			b = utf8.AppendRune(b, u)
			continue
		}
		b = append(b, c)
	}
	j.buf = b
	return b
}

func hex4(p []byte) (u rune) {
	for _, c := range p[:4] {
		c |= 0x20
		if c >= 'a' {
			c -= 'a' - 10 - '0'
		}
		u = u<<4 | rune(c-'0')
	}
	return u
}

// appendQuoted appends s as a JSON string.
func appendQuoted(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
