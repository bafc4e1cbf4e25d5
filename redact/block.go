package redact

import (
	"encoding/binary"
	"math/bits"
)

// A block is 64 bytes of text seen as sets of bits, the first byte's bit the highest. All that most text ever costs is
// to make these sets and to see, a word for a bit, that nothing in them is worth a look.
type block struct {
	word, digit, upper, sign, dash, space uint64
	trigger                               uint64 // but for
	colon                                 uint64 // ":" and "=", which may stand behind a key
	slash, paren                          uint64 // ")" only
	first, second                         uint64 // what shortWords begin with, and go on with
	beyond                                uint64 // ASCII
	token                                 uint64 // what a token can hold
}

// reach is how many bytes a block is made from: the last word's first letters may lie behind it.
const reach = 72

// The four bits that tell the classes of bytes in a block apart, each in 16 bits of its own, so that sixteen bytes are
// added up at once. Most small letters are in aWord alone, what is in none of the sets has none.
const (
	aWord  = 1
	aDigit = 1 << 16
	aSign  = 1 << 32
	aMark  = 1 << 48
)

var lanes = func() (t [256]uint64) {
	for c := range t {
		switch k := class[c]; {
		case k&cDigit != 0:
			t[c] = aWord | aDigit
		case k&cUpper != 0:
			t[c] = aWord | aMark
		case c == '-':
			t[c] = aWord | aSign | aDigit
		case k&(cDash|cDot) != 0:
			t[c] = aWord | aSign
		case k&cWord != 0:
			t[c] = aWord
			if first, second := bytesOfShort[0][c], bytesOfShort[1][c]; first && second {
				t[c] |= aDigit | aSign | aMark
			} else if first {
				t[c] |= aDigit | aMark
			} else if second {
				t[c] |= aSign | aMark
			}
		case c == ':' || c == '=':
			t[c] = aMark | aDigit
		case k&cTrigger != 0:
			t[c] = aMark
		case c >= 0x80:
			t[c] = aDigit | aSign | aMark
		case c == ' ' || c == '\t':
			t[c] = aSign
		case c == '/':
			t[c] = aDigit | aSign
		case c == ')':
			t[c] = aDigit
		case tokenByte[c]:
			t[c] = aSign | aMark
		}
	}
	return t
}()

// read makes the sets of the first 64 bytes of p.
func (b *block) read(p *[reach]byte) {
	var w, d, s, m uint64
	for k := 0; k < 64; k += 16 {
		p := (*[16]byte)(p[k:])
		x, y := lanes[p[0]], lanes[p[8]]
		x, y = lanes[p[1]]+2*x, lanes[p[9]]+2*y
		x, y = lanes[p[2]]+2*x, lanes[p[10]]+2*y
		x, y = lanes[p[3]]+2*x, lanes[p[11]]+2*y
		x, y = lanes[p[4]]+2*x, lanes[p[12]]+2*y
		x, y = lanes[p[5]]+2*x, lanes[p[13]]+2*y
		x, y = lanes[p[6]]+2*x, lanes[p[14]]+2*y
		x, y = lanes[p[7]]+2*x, lanes[p[15]]+2*y
		x = x<<8 + y
		w = w<<16 | x&0xffff
		d = d<<16 | x>>16&0xffff
		s = s<<16 | x>>32&0xffff
		m = m<<16 | x>>48
	}
	word, mark := w&^m, w&m
	head := mark & (d | s)
	b.word, b.digit, b.upper, b.sign, b.dash = w, word&d&^s, mark&^head, word&s, word&s&d
	b.first, b.second = mark&d|b.upper, mark&s|b.upper
	d, s, m = d&^w, s&^w, m&^w
	b.beyond, b.colon, b.trigger = d&s&m, d&m&^s, m&^(d|s)
	b.slash, b.paren, b.space = d&s&^m, d&^(s|m), s&^(d|m)
	b.token = w | m&^b.beyond | b.slash
}

// longWord is the length from which on a word is looked at as a token, whatever it begins with.
const longWord = 16

// worth returns the places of a block that are worth a closer look: the triggers, and the first bytes of words that can
// be tokens or codes; and those of words that can be numbers. A set bit of starts is the first byte of a word; the block is that of src[base:].
func (b *block) worth(p *[reach]byte, starts uint64, src []byte, base int) (places, numbers uint64) {
	places = b.trigger | b.colon
	two := b.word & (b.word << 1)
	four := two & (two << 2)
	eight := four & (four << 4)
	// Tokens of which the first stretch of word bytes is short go on behind a sign.
	far := row16(b.token)
	spaced := b.wordsOf(b.word&(b.space<<1)) | 1<<63                  // a word in front of a space, or one that is longer than the block
	places |= starts & (b.word << 1) & (b.dash | b.sign&(far|spaced)) // "-p", "--password", "_token x"
	// A word that announces a secret has one of a few lengths; of the shorter ones the first letters tell most others apart.
	short := b.first & (b.second << 1) & (b.word<<2&(b.space<<3) | two<<2&(b.space<<4|b.word<<4&(b.space<<5)))
	announces := four&(b.space<<6) | eight&(b.space<<8|b.space<<10|b.space<<11|b.space<<13)
	for m := starts & (far | announces&spaced | short); m != 0; {
		k := bits.LeadingZeros64(m) & 63
		at := uint64(1) << 63 >> k
		m ^= at
		if shortHead(binary.LittleEndian.Uint32(p[k:])) {
			places |= at
		}
	}
	long := eight & (eight << 8)
	for m := long & starts; m != 0; {
		k := bits.LeadingZeros64(m) & 63
		at := uint64(1) << 63 >> k
		m ^= at
		if c := p[k]; c == '-' || c == '.' || c == '_' || c == 'M' || c == 'N' || c == 'O' || c == 'A' && p[k+1] == 'A' || head[headOf(binary.LittleEndian.Uint32(p[k:]))] != 0 {
			places |= at
		}
	}
	places |= starts & b.twoLetters() // the digit may lie behind the block
	if b.digit != 0 {
		places |= starts & (b.codes() | long&(b.dash<<32)) // keys of hexadecimal digits with a tail
		numbers = b.numbers(p, starts, src, base)
	}
	return places, numbers
}

// row16 returns the members of a set behind which fifteen more follow. What lies behind the block may be some.
func row16(m uint64) uint64 {
	m &= m<<1 | 1
	m &= m<<2 | 3
	m &= m<<4 | 15
	return m & (m<<8 | 255)
}

// wordsOf returns the first bytes of the words that some of their bytes are given of: to add these to the bits of the word
// carries out at its first byte.
func (b *block) wordsOf(some uint64) uint64 {
	sum, carry := bits.Add64(b.word, some, 0)
	return (sum&^b.word)>>1 | carry<<63
}

// address reports whether what follows the "@" at p[k] may be the domain of an address, or the protocol and bracket of a
// data source name.
func (b *block) address(p *[reach]byte, k int) bool {
	n := bits.LeadingZeros64(^(b.word << k << 1))
	if k+1+n >= 64 {
		return true
	}
	dots := b.sign &^ b.dash
	c := p[k+1+n]
	return c >= 0x80 || c == '(' || n == 0 && c == '[' || n > 0 && dots<<k<<1>>(64-n) != 0
}

// begins returns the last dashes of what may be "-----BEGIN". What lies before the block may be dashes.
func (b *block) begins(p *[reach]byte) (places uint64) {
	for m := b.dash & (b.dash>>1 | 1<<63) & (b.dash>>2 | 3<<62) & (b.word<<1 | 1) &^ (b.dash << 1); m != 0; {
		k := bits.LeadingZeros64(m) & 63
		at := uint64(1) << 63 >> k
		m ^= at
		if p[k+1] == 'B' && p[k+2] == 'E' {
			places |= at
		}
	}
	return places
}

// dull reports whether nothing can be announced by the ":" or "=" at p[k]: the word before it, or before a quote, is the hour of a time,
// or one plain word of up to 16 letters that no rule looks at. Of the words in the block, which are those that keys may be made of, the
// plain ones are small letters; the first of them may have begun before the block.
func (b *block) dull(p *[reach]byte, k int, words, plain uint64, begun bool, keys *keyTable) bool {
	last := uint64(1) << 63 >> (k & 63) << 1
	at := k - 4 // of the last four bytes before
	if k < 5 || p[k&63+5] == ':' || p[k&63] == ':' && (p[k&63+1] == '/' || p[k&63+1] == ':') {
		return false
	}
	if p[k&63-1] == '"' {
		last <<= 1
		at--
	}
	gap := ^words & -last
	gap &= -gap
	word := gap - last // as bits, for words have no gaps
	switch {
	case word == 0 || gap == 0 && begun:
		return false
	case b.digit&last != 0:
		return b.digit&(word&^(word>>1)) != 0
	case word&plain != word || word&(last<<16) != 0:
		return false
	}
	tail, n := binary.BigEndian.Uint32(p[at&63:]), bits.OnesCount64(word)
	if n < 4 {
		if n == 1 {
			return true
		}
		tail &= 1<<(8*n&31) - 1
	}
	return !keys.maybeTail(tail, n)
}

// twoLetters returns the words of two capitals in front of a space or hyphen and a digit. What lies behind the block may be
// a digit.
func (b *block) twoLetters() uint64 {
	return b.upper & (b.upper << 1) & (b.space<<2 | 3) & (b.digit<<3 | 7)
}
