package redact

import (
	"encoding/binary"
	"math/bits"
)

// The scan is one pass. It takes the text in blocks of 64 bytes (see block), looks closer at the few words and separators
// in each that can begin, end or announce something sensitive, and goes on behind the block. Words are runs of letters,
// digits, "-", "_" and "."; a block begins with a word or a separator, never within a word, unless the word is longer than
// a block. A closer look reads at most lookBehind bytes before its place and maxWindow bytes (a PEM block: pemWindow) from
// it, so that time is linear in the text whatever the text, and the Writer need keep no more than that. What is found does
// not depend on where blocks begin.
//
// Overlaps: what is found first by its anchor wins and the scan goes on behind it; anchors lie so that what encloses is
// found before what it encloses (the key before its value, "://" before the user, the first byte of a token). At one
// place, the longest wins, then the earlier kind. What lies between an anchor and its match is looked at before the match
// is returned (see ahead), and no look reads over a label (see hit): so a second pass asks what the first one asked.
const (
	lookBehind = 64
	maxWindow  = 4096
	pemWindow  = 64 << 10
	maxWord    = 1024 // no look at a word needs more of it
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
	floor     int // no look reads across it: the end of the last match or label
	done      int // no match begins before it: the end of the last one
	safe      int // no word or separator from here on is looked at yet
	numEnd    int // digits before it have been looked at
	rowEnd    int // up to where the last row of digits is known
	ws        int // where the word begins that src[pos] goes on with; pos if none
	ls, le    int // the last whole word before pos
	before    labelSought
	behind    labelSought
	keys      *keySet
	m         found // what the last look found
	addresses bool  // IP or MAC addresses are looked for
	final     bool
	hold      found // the next match of the built-in rules, when its kind is not 0
	own       found // the next match of the application's rules, likewise
	ownPos    int   // where to look for them
	anchors   []int // per rule of the application: where its anchor occurs next, plus one
	quoted    parity
	fold      *folding    // what src was made of, if it is not the text itself
	walk      walk        // where a key has several values: how to find the next
	at        int         // the place that is looked at
	met       bool        // a label, at this place
	ahead     aheads      // matches with text before them that is looked at first
	opts      lineOptions // of the command in this line
	user      userBefore
	slash     int // there is no "/" from here to the block
	barren    int // walks over members have read up to here in vain
	ended     int // where the last one ended
	dry       dryWalk
	cdataEnd  sought
	kind      sought // "kind: Secret"
	bracket   sought
	closer    sought
	bare      stretch
	run       tokenRun
	b         block // that s.pos was in last
}

// open begins the scan of src with the zero scanner.
func (s *scanner) open(r *Redactor, src []byte) {
	s.r, s.src, s.safe, s.final = r, src, len(src), true
	s.keys, s.addresses, s.user.at, s.ahead.wall = r.keys, r.on[IP] || r.on[MAC], -1, noWall
	if r.strict && foldable(src) {
		s.foldText()
	}
}

// replace appends the text from the last replacement on to dst, with m and all later matches replaced.
func (s *scanner) replace(dst []byte, m found) []byte {
	text, from := s.text(), 0
	for ok := true; ok; m, ok = s.next() {
		dst = append(dst, text[from:s.origin(m.start)]...)
		dst = s.write(dst, &m)
		from = s.origin(m.end)
	}
	return append(dst, text[from:]...)
}

// scan returns the next match of the built-in rules.
func (s *scanner) scan() (found, bool) {
	for {
		if s.pos >= s.stop() {
			return s.arrived()
		}
		if s.at, s.met = s.pos, false; s.walk.mode != 0 && s.walkOn(s.pos) {
			if s.putOff(s.pos) {
				continue
			}
			s.after(s.pos)
			return s.m, true
		}
		var ok bool
		if s.pos+reach <= len(s.src) {
			ok = s.block((*[reach]byte)(s.src[s.pos:]))
		} else {
			var end [reach]byte
			copy(end[:], s.src[s.pos:])
			ok = s.block(&end)
		}
		if ok {
			return s.m, s.m.kind != 0
		}
	}
}

// block looks at the block p from s.pos on and moves s.pos behind it or, when it finds something, behind that. It returns
// true with a match of kind 0 when more text is needed.
func (s *scanner) block(p *[reach]byte) bool {
	base, b := s.pos, &s.b
	b.read(p)
	next := 64
	starts := b.word &^ (b.word >> 1)
	if s.ws < base {
		starts &^= 1 << 63
	}
	if b.word&1 != 0 && b.word != ^uint64(0) && base+64 < len(s.src) {
		// The last word may go on: it is left to the next block.
		n := bits.TrailingZeros64(^b.word)
		next -= n
		starts &= ^uint64(0) << n
	}
	places, numbers := b.worth(p, starts, s.src, base)
	if b.slash != 0 {
		s.slash = base + 64
	}
	if s.addresses {
		places |= b.addresses(p, starts)
	}
	places, numbers = places|numbers, numbers&b.digit&^places
	if b.dash != 0 {
		places |= b.begins(p) &^ (^uint64(0) >> next)
	}
	if stop := s.stop(); base+next > stop {
		next = stop - base
		places &= ^(^uint64(0) >> next)
	}
	if places != 0 {
		return s.look(p, places, numbers, next)
	}
	s.pass(b.word, next)
	return false
}

// look takes a closer look at the places in the first next bytes of the block p that begins at s.pos, of which some may be numbers.
func (s *scanner) look(p *[reach]byte, places, numbers uint64, next int) bool {
	base, b := s.pos, &s.b
	whole, begun := b.word, s.ws < base // the words that keys may be made of
	plain, colons := whole&^(b.digit|b.upper|b.sign), b.colon
	if b.beyond != 0 || s.keys.extra != nil {
		colons = 0
	}
	for places != 0 {
		k := bits.LeadingZeros64(places) & 63
		at := uint64(1) << 63 >> k
		places ^= at
		i := base + k
		if at&colons != 0 {
			if b.dull(p, k, whole, plain, begun, s.keys.table) {
				continue
			}
		} else if (b.trigger|b.colon)&at == 0 {
			if numbers&at != 0 && i < s.numEnd {
				continue
			}
			end := i + bits.LeadingZeros64(^(b.word << k))
			if end-base >= 64 {
				for hi := min(len(s.src), i+maxWord); end < hi && isWord(s.src[end]); {
					end++
				}
			}
			if s.at, s.met = i, false; !s.word(i, end) {
				continue
			}
			if s.m.kind == 0 { // more text is needed
				s.last(base, whole&^(^uint64(0)>>k))
				s.pos, s.ws = i, i
				return true
			}
			if s.lookBack() {
				return false
			}
			if s.putOff(i) {
				next = min(next, s.stop()-base)
				places &^= ^uint64(0) >> next
				continue
			}
			s.after(i) // what is left of the word is looked at as it is behind a label
			return true
		}
		ls, le := s.ls, s.le
		if before := whole &^ (^uint64(0) >> k); before != 0 {
			ls, le = s.wordIn(base, before)
		}
		c := p[k]
		if c == '=' && le == i && le-ls == 1 && s.src[ls] == '.' {
			ls, le = s.keyBefore(ls) // x .= "y"
		}
		if c == '=' || c == ':' && p[k+1] != '/' && p[k+1] != ':' {
			if (le-ls < 2 || le < i-8 || !s.keyMaybe(ls, le)) && i >= 2 && (s.src[i-1]|s.src[i-2])&0x80 == 0 && (ls == 0 || s.src[ls-1] < 0x80) && (p[k+5] != ':' || !postgresPort(p[k:k+6])) {
				continue
			}
		}
		if c == '@' && !b.address(p, k) && i-lookBehind > s.slash {
			continue
		}
		if c == '(' && le == i && !openArgument[p[k+1]] && secretArgument(s.src[ls:le]) == 0 {
			continue
		}
		s.at, s.met = i, false
		skip, ok := s.trigger(i, ls, le)
		if ok && s.lookBack() {
			return false
		} else if ok && s.putOff(i) {
			next = min(next, s.stop()-base)
			places &^= ^uint64(0) >> next
		} else if ok {
			s.after(i + 1)
			return true
		}
		if skip == 1 {
			continue
		}
		q := k + skip
		if skip > 3 && (c == ':' || c == '~') { // a label
			ls, le = base+q, base+q
			whole &= ^uint64(0) >> k // no key reaches across it
			s.floor = max(s.floor, le)
			s.ls, s.le = ls, le
		}
		if q >= next {
			s.ls, s.le = ls, le
			s.pos, s.ws = base+q, base+q
			return false
		}
		gone := ^uint64(0) >> k &^ (^uint64(0) >> q)
		places &^= gone
		whole &^= gone
		b.word &^= gone
		if b.word<<q>>63 != 0 {
			places |= 1 << 63 >> q
		}
	}
	s.pass(whole, next)
	return false
}

// keyBefore returns the word in front of the spaces before src[i].
func (s *scanner) keyBefore(i int) (ls, le int) {
	for le = i; le > max(s.floor, i-2) && s.src[le-1] == ' '; le-- {
	}
	for ls = le; ls > max(s.floor, le-maxKey-1) && isWord(s.src[ls-1]); ls-- {
	}
	return ls, le
}

// pass moves on to the end of the block, which is next bytes long and has these words: the last of them may be a key's, and the
// one that goes on behind the block is the next one's.
func (s *scanner) pass(words uint64, next int) {
	base := s.pos
	rest := words
	if next < 64 {
		rest &^= ^uint64(0) >> next
	}
	s.pos = base + next
	ws := s.pos
	if rest>>((64-next)&63)&1 != 0 && (next < 64 && words<<next>>63 != 0 || next == 64 && s.pos < len(s.src) && isWord(s.src[s.pos])) {
		n := bits.TrailingZeros64(^(rest >> (64 - next)))
		if ws -= n; ws == base {
			ws = s.ws
		}
		rest &= ^(^uint64(0) >> (next - n))
	}
	s.last(base, rest)
	s.ws = ws
}

// last notes the last of the words of a block from base on.
func (s *scanner) last(base int, words uint64) {
	if words != 0 {
		s.ls, s.le = s.wordIn(base, words)
	}
}

// wordIn returns the last word in the set, which is not empty.
func (s *scanner) wordIn(base int, words uint64) (ls, le int) {
	z := bits.TrailingZeros64(words) & 63
	n := bits.TrailingZeros64(^(words >> z))
	le = base + 64 - z
	if ls = le - n; ls == base {
		ls = s.ws
	}
	return ls, le
}

// after sets the place to go on from behind the match: i or its end. No key reaches across a match.
func (s *scanner) after(i int) {
	s.pos = max(i, s.m.end)
	s.ws, s.ls, s.le = s.pos, s.pos, s.pos
	s.numEnd = min(s.numEnd, s.pos) // another row begins
}

// skip moves on to i, behind a match, if the scan is not there yet.
func (s *scanner) skip(i int) {
	if i > s.pos {
		s.pos, s.ws, s.ls, s.le = i, i, i, i
		s.numEnd = min(s.numEnd, i)
	}
}

// headHash is the slot of the three bytes from src[at] on. At least four bytes have to follow.
func headHash(src []byte, at int) uint32 { return headOf(binary.LittleEndian.Uint32(src[at:])) }

func headOf(v uint32) uint32 { return (v & 0xffffff) * 0x9E3779B1 >> 20 }
