package export

import (
	"bytes"
	"encoding/json"
	"strings"
)

// mask withholds members of JSON: those at the paths of the map that are hidden, and those whose name is a secret's unless the map has their
// path and shows them. JSON that cannot be read is withheld as a whole.
type mask struct {
	root  step
	names map[string]bool // in small letters
	out   []byte
}

// step is a place in JSON.
type step struct {
	said    bool // the map has it
	hidden  bool
	members map[string]*step
	each    *step // of a list
}

const hidden = `"[withheld]"`

// add says what becomes of the member at a path, such as "author.email" or "to[].name".
func (m *mask) add(path string, hide bool) {
	at := &m.root
	for part := range strings.SplitSeq(path, ".") {
		name := strings.TrimRight(part, "[]")
		if name != "" {
			if at.members == nil {
				at.members = map[string]*step{}
			}
			if at.members[name] == nil {
				at.members[name] = &step{}
			}
			at = at.members[name]
		}
		for range (len(part) - len(name)) / 2 {
			if at.each == nil {
				at.each = &step{}
			}
			at = at.each
		}
	}
	at.said, at.hidden = true, hide
}

// hides reports whether anything at the place or below it is hidden.
func (s *step) hides() bool {
	if s == nil {
		return false
	}
	for _, below := range s.members {
		if below.hides() {
			return true
		}
	}
	return s.hidden || s.each.hides()
}

// mask returns v with what is hidden replaced. The result is good until the next call.
func (m *mask) mask(v []byte) []byte {
	m.out = m.out[:0]
	if !json.Valid(v) {
		m.out = append(m.out, hidden...)
		return m.out
	}
	m.value(v, &m.root)
	return m.out
}

// value copies the valid JSON value that v begins with, and returns what is behind it. A nil step is a place that the map does not have.
func (m *mask) value(v []byte, at *step) []byte {
	v = space(v)
	if at != nil && at.hidden {
		m.out = append(m.out, hidden...)
		return skip(v)
	}
	switch v[0] {
	case '{':
		return m.object(v, at)
	case '[':
		return m.list(v, at)
	}
	rest := skip(v)
	if v = v[:len(v)-len(rest)]; at.hides() && string(v) != "null" { // what is looked for is below it, as far as the map knows
		v = []byte(hidden)
	}
	m.out = append(m.out, v...)
	return rest
}

func (m *mask) object(v []byte, at *step) []byte {
	if at != nil && at.members == nil {
		at = at.each // one, where a list was expected
	}
	m.out = append(m.out, '{')
	v = space(v[1:])
	for n := 0; v[0] != '}'; n++ {
		if n > 0 {
			m.out = append(m.out, ',')
		}
		rest := skip(v)
		key := v[:len(v)-len(rest)]
		m.out = append(append(m.out, key...), ':')
		v = space(rest)[1:] // the colon
		below, name := (*step)(nil), unquote(key)
		if at != nil {
			below = at.members[name]
		}
		if (below == nil || !below.said) && m.names[strings.ToLower(name)] {
			below = &step{hidden: true}
		}
		v = space(m.value(v, below))
		if v[0] == ',' {
			v = space(v[1:])
		}
	}
	m.out = append(m.out, '}')
	return v[1:]
}

func (m *mask) list(v []byte, at *step) []byte {
	m.out = append(m.out, '[')
	v = space(v[1:])
	var below *step
	if at != nil {
		if below = at.each; below == nil {
			below = at // a list, where one was expected
		}
	}
	for n := 0; v[0] != ']'; n++ {
		if n > 0 {
			m.out = append(m.out, ',')
		}
		v = space(m.value(v, below))
		if v[0] == ',' {
			v = space(v[1:])
		}
	}
	m.out = append(m.out, ']')
	return v[1:]
}

func space(v []byte) []byte { return bytes.TrimLeft(v, " \t\r\n") }

// skip returns what is behind the value that v begins with.
func skip(v []byte) []byte {
	depth := 0
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '"':
			for i++; v[i] != '"'; i++ {
				if v[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return v[i:]
			}
			depth--
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return v[i:]
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return v[i+1:]
		}
	}
	return nil
}

// unquote returns a member's name.
func unquote(key []byte) string {
	if bytes.IndexByte(key, '\\') < 0 {
		return string(key[1 : len(key)-1])
	}
	var s string
	_ = json.Unmarshal(key, &s)
	return s
}
