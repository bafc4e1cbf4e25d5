package redact

import "encoding/binary"

// The scan is one pass. It cuts the text into words, which are runs of letters, digits, "-", "_" and ".", and looks
// closer at the few words and separators that can begin, end or announce something sensitive. A closer look reads at
// most lookBehind bytes before its place and maxWindow bytes (a PEM block: pemWindow) from it, so that time is linear in
// the text whatever the text, and the Writer need keep no more than that.
//
// Overlaps: what is found first by its anchor wins and the scan goes on behind it; anchors lie so that what encloses is
// found before what it encloses (the key before its value, "://" before the user, the first byte of a token). At one
// place, the longest wins, then the earlier kind.
const (
	lookBehind = 64
	maxWindow  = 4096
	pemWindow  = 64 << 10
	maxWord    = 1024 // a longer word is cut into pieces: no look at one piece needs more
	keepBehind = 512  // what the Writer keeps of the text before its place: more than any look-behind adds up to
)

// found is a match and how to write its replacement.
type found struct {
	start, end int
	kind       Kind
	rule       string
	quote      int // the replacement is put between copies of src[quote:quote+quotes]: it stands for a bare JSON value
	quotes     int
}

// scanner is one scan of one text.
type scanner struct {
	r       *Redactor
	src     []byte
	pos     int // what is before is decided
	floor   int // no match begins before it: the end of the last one
	base    int // the text's beginning in src
	safe    int // no word or separator from here on is looked at yet
	numEnd  int // digits before it have been looked at
	ls, le  int // the last word before pos
	final   bool
	held    bool // next has a match of the built-in rules in hold
	hold    found
	anchors []int // per rule of the application: where its anchor occurs next, plus one
	quoted  parity
}

func newScanner(r *Redactor, src []byte) scanner {
	return scanner{r: r, src: src, safe: len(src), final: true}
}

// next returns the next match, with those of the application's rules merged in.
func (s *scanner) next() (found, bool) {
	for {
		m, ok := s.nextAny()
		if !ok {
			return m, false
		}
		s.settle(&m)
		s.floor = m.end
		s.pos = max(s.pos, m.end)
		if len(s.r.allow) > 0 {
			if _, ok := s.r.allow[string(s.src[m.start:m.end])]; ok {
				continue
			}
		}
		if s.r.onMatch != nil {
			s.r.onMatch(m.kind, m.rule)
		}
		return m, true
	}
}

func (s *scanner) nextAny() (found, bool) {
	if len(s.r.rules) == 0 || !s.r.on[Custom] {
		return s.scan()
	}
	return s.scan()
}

// replace appends the text from the last replacement on to dst, with m and all later matches replaced.
func (s *scanner) replace(dst []byte, m found) []byte {
	from := s.base
	for ok := true; ok; m, ok = s.next() {
		dst = append(dst, s.src[from:m.start]...)
		dst = s.write(dst, &m)
		from = m.end
	}
	return append(dst, s.src[from:]...)
}

// write appends what takes the place of m.
func (s *scanner) write(dst []byte, m *found) []byte {
	q := s.src[m.quote : m.quote+m.quotes]
	dst = append(dst, q...)
	dst = s.r.appendValue(dst, m.kind, s.src[m.start:m.end])
	return append(dst, q...)
}

// scan returns the next match of the built-in rules.
func (s *scanner) scan() (found, bool) {
	src, i := s.src, s.pos
	ls, le := s.ls, s.le
	for i < s.safe {
		start := i
		var seen uint8
		for end := min(len(src), i+maxWord); i < end; i++ {
			c := class[src[i]]
			if c&cWord == 0 {
				break
			}
			seen |= c
		}
		if n := i - start; n > 0 {
			if (seen&cDigit != 0 || n >= 5 || seen == cUpper) && s.interesting(start, i, seen) {
				if m, ok := s.word(start, i, seen); ok {
					s.pos, s.ls, s.le = i, start, i
					return m, true
				}
			}
			if i < len(src) && class[src[i]]&cTrigger == 0 {
				ls, le = start, i
				if n < maxWord {
					i++
				}
				continue
			}
		}
		if i == len(src) {
			ls, le = start, i
			break
		}
		if class[src[i]]&cTrigger == 0 {
			i++
			continue
		}
		if i > start {
			ls, le = start, i
		}
		m, skip, ok := s.trigger(i, ls, le)
		if ok {
			s.pos, s.ls, s.le = i+1, ls, le
			return m, true
		}
		i += skip
	}
	s.pos, s.ls, s.le = i, ls, le
	return found{}, false
}

// interesting is the quick look at a word: whether it can be a number, a token, or a word that announces one.
func (s *scanner) interesting(start, end int, seen uint8) bool {
	switch {
	case seen&cDigit != 0 && (seen&cAlpha == 0 || seen&cUpper != 0 || s.r.on[IP] || s.r.on[MAC]):
		return true
	case seen == cUpper && end-start == 2:
		return end+1 < len(s.src) && s.src[end] == ' ' && isDigit(s.src[end+1])
	}
	return end-start >= 5 && head[headHash(s.src[start:])] != 0
}

// headHash is the slot of a word's first three bytes. p has at least four bytes.
func headHash(p []byte) uint32 {
	if len(p) < 4 {
		return 0
	}
	return (binary.LittleEndian.Uint32(p) & 0xffffff) * 0x9E3779B1 >> 20
}
