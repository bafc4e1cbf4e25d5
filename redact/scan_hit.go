package redact

import "bytes"

// hit notes a match, unless a match that was put off is in its way, or a label: one that lies in it or around it, between it and
// what announced it, or right behind it. A text with a label there is not what the rules were made for; the pass that put the
// label there has seen the text without, and what it left stays.
func (s *scanner) hit(start, end int, kind Kind, rule string) bool {
	if end > s.ahead.wall {
		return false
	}
	if s.met = s.met || s.labelled(min(start, s.at), end); s.met {
		return false
	}
	s.m = found{start: start, end: end, kind: kind, rule: rule}
	return true
}

// fills reports whether v only fills the place of a value. When it is a label, something was found at this place, and the
// place says no more: what else could be made of it would have been asked then.
func (s *scanner) fills(v []byte) bool {
	s.met = s.met || isLabel(v)
	return placeholder(v)
}

// across says how a value was read on to what ends it, k bytes behind src[from], or failing that (-1) n bytes far. The place says
// no more when a label lies there: what it stands for may have held what ends the value, or be longer or shorter.
func (s *scanner) across(from, k, n int) {
	if k < 0 {
		k = n
	}
	s.met = s.met || holdsLabel(s.src[from:min(len(s.src), from+k)])
}

// labelled reports whether a label shares a byte with src[start:end], or follows with no more than dots and one other byte
// between that is no space.
func (s *scanner) labelled(start, end int) bool {
	src := s.src
	for n := 0; n < 8 && end < len(src) && (src[end] == '.' || src[end] == ':'); n++ {
		end++ // what may have been cut off
	}
	hi := min(len(src), end+1)
	if end < len(src) && !isSpace(src[end]) {
		hi = min(len(src), end+2)
	}
	for i := max(0, start-maxLabel); i < hi; i++ {
		n := bytes.IndexByte(src[i:hi], '[')
		if n < 0 {
			return false
		}
		if i += n; labelAt(src, i) > start {
			return true
		}
	}
	return false
}
