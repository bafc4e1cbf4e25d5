package redact

import "bytes"

// privateMembers begins the walk over a JSON Web Key whose type is the value at src[after]: its members d, p, q, dp, dq,
// qi and, of a symmetric key, k (RFC 7518, section 6) are private; the others stay.
func (s *scanner) privateMembers(after int) bool {
	val, ok := s.valueAt(after)
	if !ok || !val.quoted || val.end-val.start > 3 {
		return false
	}
	switch string(s.src[val.start:val.end]) {
	case "RSA", "EC", "OKP", "oct":
		if val.end < s.barren {
			return false
		}
		return s.begin(walk{mode: walkMembers}, val.end) || s.fruitless()
	}
	return false
}

// fruitless notes that a walk found nothing up to where it ended.
func (s *scanner) fruitless() bool {
	s.barren = s.ended
	return false
}

// nextMember is the step in a flat JSON object, from the end of a value at src[at].
func (s *scanner) nextMember(at int) bool {
	src := s.src
	i, hi := at, min(len(src), at+maxWindow)
	defer func() { s.ended = i }()
	if _, n := quoteAt(src, i, hi); n > 0 && s.walk.skip >= 0 {
		i += n
	}
	s.walk.skip = 0
	for i < hi {
		switch src[i] {
		case '}', '{', '\n':
			if src[i] != '\n' {
				return false
			}
		case '"', '\\':
			q, n := quoteAt(src, i, hi)
			if n == 0 {
				break
			}
			end := closing(src, i+n, hi, q, n)
			if end < 0 || end+n >= hi {
				return false
			}
			name := src[i+n : end]
			i = end + n
			for i < hi && (src[i] == ' ' || src[i] == ':') {
				if src[i] == ':' {
					n = -n
				}
				i++
			}
			if n > 0 {
				continue // an element of a list
			}
			val, ok := s.valueAt(i)
			if !ok || !val.quoted || val.end >= hi {
				continue
			}
			text := src[val.start:val.end]
			if s.walk.mode == walkValues && !s.fills(text) && (s.walk.trait != keyWeak || looksSecret(text)) || s.walk.mode == walkMembers && privateMember(name) && len(text) >= 8 && !s.fills(text) {
				return s.hit(val.start, val.end, Credential, "key-member")
			}
			_, m := quoteAt(src, val.open, hi)
			i = val.end + m
			continue
		}
		i++
	}
	return false
}

func privateMember(name []byte) bool {
	switch string(name) {
	case "d", "p", "q", "dp", "dq", "qi", "k":
		return true
	}
	return false
}

// secretData begins the walk over the data of a Kubernetes Secret, when the key src[ks:le] with its ":" at src[i] is in one.
func (s *scanner) secretData(i, after, ks, le int) bool {
	src := s.src
	if src[i] != ':' || after >= len(src) {
		return false
	}
	j := after
	for j < len(src) && j < after+4 && src[j] == ' ' {
		j++
	}
	if j >= len(src) || src[j] != '\n' && src[j] != '{' {
		return false
	}
	if secretKind(src[max(s.floor, i-4*lookBehind):i]) < 0 {
		k := s.kind.in(j, min(len(src), j+1024), 32, func(from, to int) int { return secretKind(src[from:to]) })
		if k < 0 || holdsLabel(src[j:k]) {
			return false
		}
	}
	if src[j] == '{' {
		return s.begin(walk{mode: walkValues, skip: -1}, j+1)
	}
	return s.begin(walk{mode: walkPairs, trait: keyStrong, indent: s.indentOf(ks)}, j)
}

// secretKind returns where text says that something is of the kind Secret, or -1.
func secretKind(text []byte) int {
	for at := 0; ; at += 4 {
		k := bytes.Index(text[at:], []byte("kind"))
		if k < 0 {
			return -1
		}
		at += k
		j := at + 4
		for j < len(text) && j < at+10 && hasByte([]byte(`":\ `), text[j]) {
			j++
		}
		if bytes.HasPrefix(text[j:], []byte("Secret")) && (j+6 == len(text) || !isWord(text[j+6])) {
			return at
		}
	}
}
