package proof

import "bytes"

// matcher finds any of many patterns in one pass. It skips as Wu and Manber's does: of a window as long as the shortest pattern it looks
// at the last three bytes, and if no pattern has them there, goes on behind them. It allocates nothing, and is safe for concurrent
// use.
type matcher struct {
	forms  []form
	window int
	shift  [tableSize]uint8
	// starts and lists are the forms whose window ends with what has that hash: lists[starts[h]:starts[h+1]].
	starts [tableSize + 1]uint32
	lists  []uint32
}

const (
	tableSize = 1 << 15
	block     = 3
)

// small has the small letter of each byte of ASCII.
var small = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if i >= 'A' && i <= 'Z' {
			t[i] += 'a' - 'A'
		}
	}
	return t
}()

func hash(a, b, c byte) uint32 {
	return (uint32(small[a])<<10 ^ uint32(small[b])<<5 ^ uint32(small[c])) & (tableSize - 1)
}

// newMatcher takes patterns of at least block bytes.
func newMatcher(forms []form) *matcher {
	m := &matcher{forms: forms}
	if len(forms) == 0 {
		return m
	}
	m.window = 255
	for _, f := range forms {
		m.window = min(m.window, len(f.pattern))
	}
	for i := range m.shift {
		m.shift[i] = uint8(m.window - block + 1)
	}
	var ends [tableSize][]uint32
	for n, f := range forms {
		for i := block - 1; i < m.window; i++ {
			h := hash(f.pattern[i-2], f.pattern[i-1], f.pattern[i])
			m.shift[h] = min(m.shift[h], uint8(m.window-1-i))
			if i == m.window-1 {
				ends[h] = append(ends[h], uint32(n))
			}
		}
	}
	for h := range ends {
		m.starts[h] = uint32(len(m.lists))
		m.lists = append(m.lists, ends[h]...)
	}
	m.starts[tableSize] = uint32(len(m.lists))
	return m
}

// any reports whether one of the patterns is in b, whatever stands beside it.
func (m *matcher) any(b []byte) bool {
	w := m.window
	if w == 0 {
		return false
	}
	for i := w - 1; i < len(b); {
		h := hash(b[i-2], b[i-1], b[i])
		if s := m.shift[h]; s != 0 {
			i += int(s)
			continue
		}
		for _, n := range m.lists[m.starts[h]:m.starts[h+1]] {
			if m.forms[n].at(b, i-w+1) {
				return true
			}
		}
		i++
	}
	return false
}

// each calls fn with each pattern that is in b, and where. alone is false if what stands beside it says that it is part of something
// else.
func (m *matcher) each(b []byte, fn func(form, at int, alone bool)) {
	w := m.window
	if w == 0 {
		return
	}
	for i := w - 1; i < len(b); {
		h := hash(b[i-2], b[i-1], b[i])
		if s := m.shift[h]; s != 0 {
			i += int(s)
			continue
		}
		for _, n := range m.lists[m.starts[h]:m.starts[h+1]] {
			if f := &m.forms[n]; f.at(b, i-w+1) {
				fn(int(n), i-w+1, f.alone(b, i-w+1))
			}
		}
		i++
	}
}

// longest is the length of the longest pattern.
func (m *matcher) longest() (n int) {
	for _, f := range m.forms {
		n = max(n, len(f.pattern))
	}
	return n
}

// at reports whether the pattern is in b at i.
func (f *form) at(b []byte, i int) bool {
	if i+len(f.pattern) > len(b) {
		return false
	}
	b = b[i : i+len(f.pattern)]
	if !f.fold {
		return bytes.Equal(b, f.pattern)
	}
	for i, c := range f.pattern {
		if small[b[i]] != c {
			return false
		}
	}
	return true
}
