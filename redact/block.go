package redact

import (
	"encoding/binary"
	"math/bits"
)

// A block is 64 bytes of text seen as sets of bits, the first byte's bit the highest. All that most text ever costs is
// to make these sets and to see, a word for a bit, that nothing in them is worth a look.
type block struct {
	word, digit, sep, trigger uint64
}

// reach is how many bytes a block is made from: the last word's first letters may lie behind it.
const reach = 72

// lanes holds the four sets that a byte is in, each in its own 16 bits, so that sixteen bytes are added up at once.
// sep are spaces, and those bytes of words that are neither letter nor digit.
var lanes = func() (t [256]uint64) {
	for c := range t {
		k := class[c]
		if k&cWord != 0 {
			t[c] |= 1
		}
		if k&cDigit != 0 {
			t[c] |= 1 << 16
		}
		if k&(cDash|cDot) != 0 || c == ' ' {
			t[c] |= 1 << 32
		}
		if k&cTrigger != 0 {
			t[c] |= 1 << 48
		}
	}
	return t
}()

// blockOf makes the sets of the first 64 bytes of p.
func blockOf(p *[reach]byte) (w block) {
	for k := 0; k < 64; k += 16 {
		p := (*[16]byte)(p[k:])
		a, b := lanes[p[0]], lanes[p[8]]
		a, b = a<<1+lanes[p[1]], b<<1+lanes[p[9]]
		a, b = a<<1+lanes[p[2]], b<<1+lanes[p[10]]
		a, b = a<<1+lanes[p[3]], b<<1+lanes[p[11]]
		a, b = a<<1+lanes[p[4]], b<<1+lanes[p[12]]
		a, b = a<<1+lanes[p[5]], b<<1+lanes[p[13]]
		a, b = a<<1+lanes[p[6]], b<<1+lanes[p[14]]
		a, b = a<<1+lanes[p[7]], b<<1+lanes[p[15]]
		a = a<<8 + b
		w.word = w.word<<16 | a&0xffff
		w.digit = w.digit<<16 | a>>16&0xffff
		w.sep = w.sep<<16 | a>>32&0xffff
		w.trigger = w.trigger<<16 | a>>48
	}
	return w
}

// longWord is the length from which on a word is looked at as a token, whatever it begins with.
const longWord = 16

// worth returns the places of a block that are worth a closer look: the triggers, and the first bytes of words that can
// be tokens, numbers or codes. A set bit of starts is the first byte of a word; the block is that of src[base:].
func (b *block) worth(p *[reach]byte, starts uint64, src []byte, base int) uint64 {
	places := b.trigger
	// A word with a short head goes on behind a sign, not a space; one that announces a secret has four to six letters, and
	// the secret eight.
	space := b.sep &^ b.word
	near := space | space<<1
	near |= near << 2
	near |= near << 4
	far := near | near<<8
	before := space &^ (near << 1)
	four := b.word & (b.word << 1)
	four &= four << 2
	places |= starts & b.sep & (b.word << 1) // "-p", "--password"
	eight := four & (four << 4)
	spoken := eight & (space<<8 | space<<10 | space<<11 | space<<13) // password, IDENTIFIED, requirepass
	for m := starts & (^far | four&(before<<4|before<<5|before<<6|space<<6) | spoken); m != 0; {
		k := bits.LeadingZeros64(m) & 63
		at := uint64(1) << 63 >> k
		m ^= at
		if shortHead(binary.LittleEndian.Uint32(p[k:])) {
			places |= at
		}
	}
	long := four & (four << 4)
	long &= long << 8
	for m := long & starts; m != 0; {
		k := bits.LeadingZeros64(m) & 63
		at := uint64(1) << 63 >> k
		m ^= at
		if c := p[k]; c == '-' || c == '.' || c == '_' || c == 'M' || c == 'N' || c == 'O' || c == 'A' && p[k+1] == 'A' || head[headOf(binary.LittleEndian.Uint32(p[k:]))] != 0 {
			places |= at
		}
	}
	if two := b.twoLetters(starts); two != 0 {
		for ; two != 0; two &= two - 1 {
			k := 63 - bits.TrailingZeros64(two)
			if class[p[k]]&class[p[k+1]]&cUpper != 0 {
				places |= two & -two
			}
		}
	}
	if b.digit != 0 {
		places |= b.numbers(p, starts, src, base)
	}
	return places
}

// begins returns the last dashes of what may be "-----BEGIN". What lies before the block may be dashes.
func (b *block) begins(p *[reach]byte) (places uint64) {
	sign := b.sep & b.word
	for m := sign & (sign>>1 | 1<<63) & (sign>>2 | 3<<62) & (b.word<<1 | 1) &^ (sign << 1); m != 0; {
		k := bits.LeadingZeros64(m) & 63
		at := uint64(1) << 63 >> k
		m ^= at
		if p[k] == '-' && p[k+1] == 'B' && p[k+2] == 'E' {
			places |= at
		}
	}
	return places
}

// twoLetters returns the words of two letters in front of a space or hyphen and a digit. What lies behind the block may be
// a digit.
func (b *block) twoLetters(starts uint64) uint64 {
	letter := b.word &^ b.sep &^ b.digit
	return starts & letter & (letter << 1) &^ (b.word << 2) & (b.sep<<2 | 3) & (b.digit<<3 | 7)
}

// numbers returns the words with digits in them that can be, or begin, numbers or codes: in front of enough digits in one
// row, with enough digits among letters, or with letters and digits as codes begin.
func (b *block) numbers(p *[reach]byte, starts uint64, src []byte, base int) (places uint64) {
	// Adding a word's digits to its bits carries out at its first byte, if there are any.
	sum, carry := bits.Add64(b.word, b.digit, 0)
	alnum := b.word &^ b.sep
	letter := alnum &^ b.digit
	row := b.digit | b.sep
	codes := b.digit & (b.digit << 1) & (letter >> 1) & (letter >> 2) &^ (alnum >> 3)
	codes |= b.digit & (b.sep >> 1) & (b.word >> 1) & (letter >> 2)
	for m := ((sum&^b.word)>>1 | carry<<63) & starts; m != 0; {
		k := bits.LeadingZeros64(m) & 63
		at := uint64(1) << 63 >> k
		m ^= at
		n := bits.LeadingZeros64(^(b.word << k))
		in := ^uint64(0) << ((64 - n) & 63) >> k // the word's bits; n is at least 1
		digits, all := bits.OnesCount64(b.digit&in), bits.OnesCount64(alnum&in)
		if all > digits && (digits >= 6 || codes&in != 0) && capital(p, k, k+n) {
			places |= at
			continue
		}
		first := bits.LeadingZeros64(alnum&in) & 63
		if b.digit<<first>>63 == 0 {
			continue
		}
		run := bits.LeadingZeros64(^(row << first))
		count := bits.OnesCount64(b.digit << first >> ((64 - run) & 63))
		next := first + run
		switch {
		case next >= 64 || p[next] == '/' && isDigit(p[next+1]):
		case count < 5:
			continue
		case count < 7:
			i := base + first
			if i < 2 || src[i-1] != ')' && src[i-2] != ')' {
				continue
			}
		case next < k+n && suffixed(p[next:next+3:next+3]):
			continue
		}
		places |= at
	}
	return places
}

// capital reports whether there may be a capital letter in p[from:to].
func capital(p *[reach]byte, from, to int) bool {
	var v uint64
	for ; from < to; from += 8 {
		w := binary.LittleEndian.Uint64(p[min(from, reach-8):])
		v |= w &^ (w << 1)
	}
	return v&0x4040404040404040 != 0
}

// suffixed reports whether digits are followed, in the same word, by more letters than a number can end with: p are the
// three bytes behind them.
func suffixed(p []byte) bool {
	return class[p[0]]&cAlnum != 0 && (class[p[0]]&cUpper == 0 ||
		class[p[1]]&cAlnum != 0 && (class[p[1]]&cUpper == 0 || class[p[2]]&cAlnum != 0))
}

// shortHeads has a bit for each hash of three bytes that begin a word which is worth a look however short it is: one that
// announces a secret, or a token of which the first stretch of word bytes can be short.
var shortHeads = func() (t [512]uint64) {
	add := func(s string) {
		h := shortHash(uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16)
		t[h>>6] |= 1 << (h & 63)
	}
	for w := range spokenWords {
		add(w)
	}
	for k := range tokenShapes {
		s := &tokenShapes[k]
		if s.firstStretch() >= longWord {
			continue
		}
		lit := s.parts[0].lit
		if len(lit) >= 3 {
			add(lit)
			continue
		}
		for c := range 128 {
			if tokenSet[c]&s.parts[1].set != 0 {
				add(lit + string(rune(c)) + "x")
			}
		}
	}
	return t
}()

// firstStretch returns how many bytes of words a token of the shape begins with at least.
func (t *tokenShape) firstStretch() (n int) {
	for _, p := range t.parts {
		if p.lit == "" {
			for c := range 256 {
				if tokenSet[c]&p.set != 0 && !isWord(byte(c)) {
					return n
				}
			}
			n += p.min
			continue
		}
		for i := range len(p.lit) {
			if !isWord(p.lit[i]) {
				return n
			}
			n++
		}
	}
	return n
}

func shortHash(v uint32) uint32 { return (v & 0xffffff) * 0x9E3779B1 >> 17 }

func shortHead(v uint32) bool {
	h := shortHash(v)
	return shortHeads[h>>6&511]>>(h&63)&1 != 0
}
