package redact

import "bytes"

// A walk is what the scan does behind a key whose value is many: the cookies of a header, the elements of a list, the
// lines of a block, the private members of a JSON Web Key. It goes from one of them to the next, each a match of its
// own, and what lies between them is left as it is. Like any look it reads at most maxWindow bytes ahead.
type walk struct {
	mode   walkMode
	trait  keyTrait // of the key
	indent int      // of the key's line, in YAML
	skip   int      // bytes of the quote that closes the last element
}

type walkMode uint8

const (
	walkCookies walkMode = iota + 1
	walkArray            // ["a","b"]
	walkLines            // | and lines that are indented
	walkItems            // lines that begin with "- "
	walkMembers          // the private members of a JSON Web Key
	walkValues           // all values of a flat JSON object
	walkPairs            // lines "name: value" that are indented
	walkAWS              // the secret behind the id of an access key
)

// begin starts a walk at src[at] and takes its first match.
func (s *scanner) begin(w walk, at int) bool {
	s.walk = w
	return s.walkOn(at)
}

// walkOn takes the next match of the walk from src[at] on, or ends the walk.
func (s *scanner) walkOn(at int) bool {
	if s.met { // nothing is found at this place any more
		s.walk = walk{}
		return false
	}
	var ok bool
	switch s.walk.mode {
	case walkCookies:
		ok = s.nextCookie(at)
	case walkArray:
		ok = s.nextElement(at)
	case walkLines, walkItems, walkPairs:
		ok = s.nextLine(at)
	case walkMembers, walkValues:
		ok = s.nextMember(at)
	case walkAWS:
		ok = s.secretOfPair(at)
	}
	if !ok || s.walk.mode == walkAWS {
		s.walk = walk{}
	}
	return ok
}

// element reports whether v, one of several values of a key, is a secret.
func (s *scanner) isElement(v []byte) bool {
	if len(v) == 0 || s.fills(v) || bytes.HasPrefix(v, pemBegin[:10]) {
		return false
	}
	if s.walk.trait != keyStrong {
		return looksSecret(v)
	}
	return !hasByte(v, ' ') && !holdsLabel(v) || looksSecret(v) // "is too short" is no password, and what had a space may have lost it
}

// nextElement is the step in a list in brackets.
func (s *scanner) nextElement(at int) bool {
	src := s.src
	i, hi := at+s.walk.skip, min(len(src), at+maxWindow)
	for i < hi {
		for i < hi && (isSpace(src[i]) || src[i] == ',') {
			i++
		}
		if i >= hi {
			return false
		}
		q, n := quoteAt(src, i, hi)
		if n == 0 {
			from := i
			for i < hi && isDigit(src[i]) {
				i++
			}
			if i-from < 4 || i == hi || src[i] != ',' && src[i] != ']' || s.walk.trait != keyStrong {
				return false
			}
			s.walk.skip = 0
			return s.hit(from, i, Credential, "key-list")
		}
		end := closing(src, i+n, hi, q, n)
		if end < 0 {
			return false
		}
		if s.isElement(src[i+n : end]) {
			s.walk.skip = n
			return s.hit(i+n, end, Credential, "key-list")
		}
		i = end + n
	}
	return false
}

// listed finds the values of a key that has several, or one on lines of its own.
func (s *scanner) listed(v verdict, after, ks int, colon bool) bool {
	src := s.src
	if !s.r.on[Credential] {
		return false
	}
	i := after
	for i < min(len(src), after+8) && (src[i] == ' ' || src[i] == '\t') {
		i++
	}
	if i >= len(src) {
		return false
	}
	w := walk{trait: v.trait}
	switch c := src[i]; {
	case c == '[':
		w.mode = walkArray
		return s.begin(w, i+1)
	case !colon:
		return false
	case c == '|' || c == '>':
		w.mode = walkLines
		for i++; i < len(src) && (src[i] == '-' || src[i] == '+' || isDigit(src[i])); i++ {
		}
	case c == '\n' || c == '\r':
		w.mode = walkItems
	default:
		return false
	}
	if i >= len(src) || src[i] != '\n' && src[i] != '\r' {
		return false
	}
	w.indent = s.indentOf(ks)
	return s.begin(w, i)
}

// indentOf returns how far the key at src[ks] is indented, or 0 when its line does not begin within lookBehind, or holds a match before it.
func (s *scanner) indentOf(ks int) int {
	src := s.src
	i := ks
	for i > max(s.floor, ks-lookBehind) && src[i-1] != '\n' {
		i--
	}
	if i > 0 && src[i-1] != '\n' {
		return 0
	}
	n := 0
	for i+n < ks && src[i+n] == ' ' {
		n++
	}
	return n
}

// nextLine is the step in a block of lines that are indented more than the key; src[at] lies in the line before.
func (s *scanner) nextLine(at int) bool {
	src := s.src
	i, hi := s.dry.past(&s.walk, at), min(len(src), at+maxWindow)
	line, cut := i, false // where the last whole line ended
	for i < hi {
		if !cut {
			line = i
		}
		k := bytes.IndexByte(src[i:hi], '\n')
		if k < 0 {
			return s.inVain(at, line)
		}
		from := i + k + 1
		to := from
		for to < hi && src[to] == ' ' {
			to++
		}
		if to == hi {
			return s.inVain(at, line)
		}
		indent := to - from
		if src[to] == '\n' || src[to] == '\r' {
			i = to
			continue
		}
		if indent < s.walk.indent || indent == s.walk.indent && (s.walk.mode != walkItems || src[to] != '-') {
			return s.inVain(at, line)
		}
		end := bytes.IndexByte(src[to:hi], '\n')
		if cut = end < 0; cut {
			end = hi - to
			if hi < len(src) {
				if end < maxWindow/2 {
					break // it ends beyond what is read
				}
				for end > 0 && src[to+end]&0xC0 == 0x80 {
					end--
				}
			}
		}
		end += to
		i = end
		for end > to && isSpace(src[end-1]) {
			end--
		}
		switch s.walk.mode {
		case walkItems:
			if src[to] != '-' || to+1 >= end || src[to+1] != ' ' {
				return s.inVain(at, line)
			}
			to += 2
			if bytes.Contains(src[to:end], []byte(": ")) {
				continue
			}
		case walkPairs:
			k := bytes.Index(src[to:end], []byte(": "))
			if k < 0 {
				continue
			}
			to += k + 2
		}
		for to < end && src[to] == ' ' {
			to++
		}
		if bytes.HasPrefix(src[to:end], pemBegin) {
			return false
		}
		if n := end - to; n >= 2 && (src[to] == '"' || src[to] == '\'') && src[end-1] == src[to] {
			to, end = to+1, end-1
		}
		if end > to && (s.isElement(src[to:end]) || s.walk.mode == walkLines && s.walk.trait == keyStrong && !s.fills(src[to:end])) {
			return s.hit(to, end, Credential, "key-lines") || s.inVain(at, line)
		}
		if s.met {
			break
		}
	}
	return s.inVain(at, line)
}

// A dryWalk is one over lines that found nothing: a later one of its kind need not read them again, or a text of nothing but
// keys with lists would be read to the end of the window for each.
type dryWalk struct {
	walk
	from, to int
}

// past returns where the walk goes on that begins at src[at].
func (d *dryWalk) past(w *walk, at int) int {
	if *w != d.walk || at < d.from || at > d.to {
		return at
	}
	return d.to
}

// inVain notes that nothing was found between src[at] and the end of a line at src[to].
func (s *scanner) inVain(at, to int) bool {
	if s.dry.past(&s.walk, at) != at {
		at = s.dry.from
	}
	s.dry = dryWalk{s.walk, at, to}
	return false
}

// secretOfPair finds the secret of an access key of AWS right behind its id.
func (s *scanner) secretOfPair(at int) bool {
	src := s.src
	i, hi := at, min(len(src), at+32)
	for i < hi && (isSpace(src[i]) || hasByte([]byte(`"':,;|\`), src[i])) {
		i++
	}
	from := i
	for i < min(len(src), from+41) && (isAlnum(src[i]) || src[i] == '+' || src[i] == '/') {
		i++
	}
	return i-from == 40 && from > at && looksSecret(src[from:i]) && s.hit(from, i, Credential, "aws-secret-key")
}
