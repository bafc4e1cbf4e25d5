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
	quotes     int // how many bytes, or plainQuote
}

// scanner is one scan of one text.
type scanner struct {
	r         *Redactor
	src       []byte
	pos       int // what is before is decided
	floor     int // no match begins before it: the end of the last one
	base      int // the text's beginning in src
	safe      int // no word or separator from here on is looked at yet
	numEnd    int // digits before it have been looked at
	ls, le    int // the last word before pos
	lseen     uint8
	keys      *keySet
	m         found // what the last look found
	addresses bool  // IP or MAC addresses are looked for
	final     bool
	hold      found // the next match of the built-in rules, when its kind is not 0
	own       found // the next match of the application's rules, likewise
	ownPos    int   // where to look for them
	anchors   []int // per rule of the application: where its anchor occurs next, plus one
	quoted    parity
}

func newScanner(r *Redactor, src []byte) scanner {
	return scanner{r: r, src: src, safe: len(src), final: true, keys: r.keys, addresses: r.on[IP] || r.on[MAC]}
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

// scan returns the next match of the built-in rules.
func (s *scanner) scan() (found, bool) {
	for {
		c := skim(s.src, s.safe, s.keys.table, s.keys.extra != nil, s.addresses, cut{start: s.pos, end: s.pos, seen: s.lseen, ls: s.ls, le: s.le})
		if c.word {
			if s.word(c.start, c.end, c.seen) {
				if s.m.kind == 0 { // more text is needed
					s.pos, s.ls, s.le, s.lseen = c.start, c.ls, c.le, 0xff
					return s.m, false
				}
				s.after(c.end)
				return s.m, true
			}
			s.pos, s.ls, s.le, s.lseen = c.end, c.start, c.end, c.seen
			continue
		}
		s.pos, s.ls, s.le, s.lseen = c.end, c.ls, c.le, c.seen
		if c.end >= s.safe {
			return found{}, false
		}
		skip, ok := s.trigger(c.end, c.ls, c.le)
		if ok {
			s.after(c.end + 1)
			return s.m, true
		}
		s.pos += skip
		if s.src[c.end] == ':' && skip > 3 { // a label
			s.ls, s.le = s.pos, s.pos
		}
	}
}

// cut is where skim stopped: at the word src[start:end], or at the separator src[end] with the last word before it.
type cut struct {
	start, end int
	ls, le     int
	seen       uint8 // of the word, or of the last one
	word       bool
}

// skim cuts words until one, or a separator, is worth a closer look. It is the loop that all text goes through, and a
// leaf: it calls nothing, so that all it needs stays in registers.
func skim(src []byte, safe int, keys *keyTable, anyKey, anyWord bool, c cut) cut {
	i, ls, le, lseen := c.end, c.ls, c.le, c.seen
	for i < safe {
		start := i
		var seen uint8
		end := min(len(src), i+maxWord)
		for ; i < end; i++ {
			b := class[src[i]]
			if b&cWord == 0 {
				break
			}
			seen |= b
		}
		if n := i - start; n > 0 {
			// No branch on the length: it would be guessed wrong for every other word.
			look := anyWord
			if start+4 <= len(src) && head[headHash(src, start)] != 0 {
				look = look || n >= 5
			}
			if seen&cDigit != 0 {
				switch {
				case seen&cAlpha == 0:
					look = look || n >= 5 || i+1 < len(src) && (src[i] == ' ' || src[i] == '/') && isDigit(src[i+1])
				case seen&cUpper != 0:
					look = true
				}
			} else if seen == cUpper {
				look = look || n == 2 && i+1 < len(src) && src[i] == ' ' && isDigit(src[i+1])
			}
			if look {
				return cut{start, i, ls, le, seen, true}
			}
			ls, le, lseen = start, i, seen
			if i >= safe {
				break
			}
		}
		b := src[i]
		if class[b]&cTrigger == 0 {
			if class[b]&cWord == 0 {
				i++
			}
			continue
		}
		if b == ':' || b == '=' {
			// Most keys are one plain word, and not of a kind with those that matter.
			if le-ls < 2 || le < i-8 || isDigit(src[ls]) && isDigit(src[le-1]) || lseen&(cDash|cDot|cUpper|cDigit) == 0 && !anyKey && !keys.maybe(src, ls, le) {
				if b == '=' || i+1 < len(src) && src[i+1] != '/' && src[i+1] != ':' {
					i++
					continue
				}
			}
		}
		return cut{i, i, ls, le, lseen, false}
	}
	return cut{i, i, ls, le, lseen, false}
}

// after sets the place to go on from behind the match: i or its end. No key reaches across a match.
func (s *scanner) after(i int) {
	s.pos = max(i, s.m.end)
	s.ls, s.le = s.pos, s.pos
}

// hit notes a match.
func (s *scanner) hit(start, end int, kind Kind, rule string) bool {
	s.m = found{start: start, end: end, kind: kind, rule: rule}
	return true
}

// headHash is the slot of the three bytes from src[at] on. At least four bytes have to follow.
func headHash(src []byte, at int) uint32 {
	return (binary.LittleEndian.Uint32(src[at:]) & 0xffffff) * 0x9E3779B1 >> 20
}
