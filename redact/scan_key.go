package redact

import "bytes"

// trigger looks closely at the separator src[i], where the last word is src[ls:le]. It returns a match, or how many
// bytes to go on by.
func (s *scanner) trigger(i, ls, le int) (m found, skip int, ok bool) {
	src := s.src
	switch src[i] {
	case ':':
		if s.r.on[UserInfo] && i+3 < len(src) && src[i+1] == '/' && src[i+2] == '/' {
			m, ok = userinfoAt(src, i)
			return m, 3, ok
		}
		if (s.r.on[IP] || s.r.on[MAC]) && i+1 < len(src) && src[i+1] == ':' && le != i {
			if a, b, kind, rule, ok := ipAt(src, i, &s.r.on); ok {
				return found{start: a, end: b, kind: kind, rule: rule}, 1, true
			}
		}
		m, ok = s.key(i, i+1, ls, le)
	case '=':
		m, ok = s.key(i, i+1, ls, le)
	case '>':
		if le == i && ls > s.base && src[ls-1] == '<' {
			m, ok = s.key(i, i+1, ls, le)
		}
	case '@':
		if s.r.on[Email] {
			if m, ok = s.email(i); ok {
				return m, 1, true
			}
		}
		if s.r.on[UserInfo] {
			m, ok = dsnUserAt(src, i)
		}
	case '%':
		if i+2 < len(src) && isHex(src[i+1]) && isHex(src[i+2]) {
			if src[i+1] == '3' && (src[i+2]|0x20 == 'd' || src[i+2]|0x20 == 'a') {
				m, ok = s.key(i, i+3, ls, le)
			} else if src[i+1] == '4' && src[i+2] == '0' && s.r.on[Email] {
				m, ok = s.email(i)
			}
			return m, 3, ok
		}
	case '&':
		if i+4 < len(src) && src[i+1] == '#' && s.r.on[Email] {
			m, ok = s.email(i)
		}
	case '\\':
		skip = s.escape(i)
		if skip == 6 && src[i+4] == '4' && src[i+5] == '0' && s.r.on[Email] {
			m, ok = s.email(i)
		}
		return m, skip, ok
	}
	return m, 1, ok
}

// escape returns the length of the escape that begins with the backslash src[i].
func (s *scanner) escape(i int) int {
	if i+1 >= len(s.src) {
		return 1
	}
	switch s.src[i+1] {
	case 'n', 'r', 't', 'b', 'f', '\\', '/':
		return 2
	case 'u':
		if i+5 < len(s.src) && isHex(s.src[i+2]) && isHex(s.src[i+3]) && isHex(s.src[i+4]) && isHex(s.src[i+5]) {
			return 6
		}
	}
	return 1
}

// key looks at the key in front of the separator src[i] and, if its words say so, at the value behind it, from
// src[after] on.
func (s *scanner) key(i, after, ls, le int) (found, bool) {
	src := s.src
	n := le - ls
	if n < 2 || i-le > 8 || le < s.floor {
		return found{}, false
	}
	if isDigit(src[ls]) && isDigit(src[le-1]) {
		return found{}, false
	}
	_, quotes := quoteAt(src, le, i)
	for k := le + quotes; k < i; k++ {
		switch src[k] {
		case ' ', '\t', ':', '?', '|', '+', '.', ']', '*', '"', '\'', '`', '\\':
		default:
			return found{}, false
		}
	}
	ks := max(ls, le-maxKey)
	v := s.r.keys.judge(src[ks:le])
	if v.trait == 0 && v.who == nil {
		return found{}, false
	}
	return s.keyed(v, after, le, quotes, src[i] == ':')
}

// keyed reads the value behind a key and decides whether it is one.
func (s *scanner) keyed(v verdict, after, quote, quotes int, colon bool) (found, bool) {
	src := s.src
	for after < len(src) && (src[after] == '=' || src[after] == '>' || src[after] == ':') {
		after++
	}
	val, ok := valueAt(src, after)
	if !ok {
		return found{}, false
	}
	text := src[val.start:val.end]
	if len(text) > 4096 || placeholder(text) || bytes.HasPrefix(text, pemBegin[:10]) {
		return found{}, false
	}
	m := found{start: val.start, end: val.end, kind: Credential, rule: v.rule}
	switch {
	case v.who != nil && s.r.on[v.who.kind] && v.who.is(text):
		m.kind, m.rule = v.who.kind, v.who.rule
	case !s.r.on[Credential]:
		return found{}, false
	case v.trait == keyStrong:
		if !val.quoted && len(text) < 2 {
			return found{}, false
		}
	case v.trait == keyNumber:
		if !digitsOnly(text, 3, 10, " -") {
			return found{}, false
		}
	case v.trait == keyWeak, v.trait == keyCookie:
		if !looksSecret(text) {
			return found{}, false
		}
	default:
		return found{}, false
	}
	if !val.quoted && quotes > 0 && colon {
		m.quote, m.quotes = quote, quotes
	}
	return m, true
}
