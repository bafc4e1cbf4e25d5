package redact

import "math/bits"

// codes returns the words with a capital that can be codes, or have some in them: enough letters and digits in one row, or
// letters and digits as codes begin. A word longer than the block may have them behind it.
func (b *block) codes() uint64 {
	if b.word == ^uint64(0) {
		return b.word
	}
	alnum := b.word &^ b.sign
	letter := alnum &^ b.digit
	// Of rows of letters and digits, those of seven or more with both.
	seven := alnum & (alnum << 1)
	seven &= seven << 2
	seven &= seven << 3
	some := seven &^ (alnum >> 1)
	digits, c := bits.Add64(alnum, b.digit, 0)
	letters, d := bits.Add64(alnum, letter, 0)
	some &= (digits&^alnum)>>1 | c<<63
	some &= (letters&^alnum)>>1 | d<<63
	some |= b.digit & (b.digit << 1) & (letter >> 1) & (letter >> 2) &^ (alnum >> 3) // "AB12"
	some |= b.digit & (b.sign >> 1) & (letter >> 2)                                  // "A-1"
	if some == 0 {
		return 0
	}
	return b.wordsOf(some) & b.wordsOf(b.upper)
}

// numbers returns the words that begin with a digit that can be, or begin, numbers: in front of enough digits in one row.
func (b *block) numbers(p *[reach]byte, starts uint64, src []byte, base int) (places uint64) {
	alnum := b.word &^ b.sign
	row := b.digit | b.sign | b.space | b.slash
	five := row & (row<<1 | 1)
	five &= five<<2 | 3
	seven := five & (five<<3 | 7)
	five &= row<<4 | 15
	closed := b.paren>>1 | 1<<63
	first := b.digit &^ (alnum >> 1) & (seven | five&(closed|(b.space>>1|1<<63)&(b.paren>>2|3<<62)))
	if first == 0 {
		return 0
	}
	// Within a row there is no more to see than at its beginning.
	starts &= b.wordsOf(first)
	places = starts & (b.space >> 1) & (b.digit >> 2)
	for m := starts &^ places; m != 0; {
		k := bits.LeadingZeros64(m) & 63
		at := uint64(1) << 63 >> k
		m ^= at
		first := bits.LeadingZeros64(alnum<<k>>k) & 63
		if b.digit<<first>>63 == 0 {
			continue
		}
		run := bits.LeadingZeros64(^(row << first))
		digits := b.digit << first >> ((64 - run) & 63)
		count := bits.OnesCount64(digits)
		next := first + run - bits.TrailingZeros64(digits)
		switch {
		case first+run >= 64:
		case count < 5:
			continue
		case count < 7:
			i := base + first
			if i < 2 || src[i-1] != ')' && src[i-2] != ')' {
				continue
			}
		case next < k+bits.LeadingZeros64(^(b.word<<k)) && suffixed(p[next:next+3:next+3]):
			continue
		}
		places |= at
	}
	return places
}

// addresses returns the words in which an IP or MAC address may begin: with up to four hexadecimal digits, a sign, and then
// more of both.
func (b *block) addresses(p *[reach]byte, starts uint64) (places uint64) {
	if b.word == ^uint64(0) {
		return starts
	}
	alnum := b.word &^ b.sign
	trigger := b.trigger | b.colon
	sign := (b.sign | trigger) & ((alnum|trigger)<<1 | 1)
	for m := alnum &^ (alnum >> 1) & (sign<<1 | sign<<2 | sign<<3 | sign<<4 | 15); m != 0; {
		k := bits.LeadingZeros64(m) & 63
		at := uint64(1) << 63 >> k
		m ^= at
		one := k + bits.LeadingZeros64(^(alnum << k)) // where the first group ends
		if one-k > 4 || !isHex(p[k]) {
			continue
		}
		if one < 63 {
			two := one + 1 + bits.LeadingZeros64(^(alnum << (one + 1))) // and the second
			c, last, more := p[one], p[two&63], two >= 64
			switch {
			case c == '.' && isHex(p[one+1]) && (more || last == '.'):
			case c == ':' && (p[one+1] == ':' || isHex(p[one+1]) && (more || last == ':' || last == '.')):
			case c == '-' && one-k == 2 && isHex(p[one+1]) && (more || last == '-'):
			default:
				continue
			}
		}
		places |= at
	}
	return b.wordsOf(places) & starts
}

// suffixed reports whether digits are followed, in the same word, by more letters than a number can end with: p are the
// three bytes behind them. An extension ("x42") can follow.
func suffixed(p []byte) bool {
	return class[p[0]]&cAlnum != 0 && !(p[0]|0x20 == 'x' && isDigit(p[1])) && (class[p[0]]&cUpper == 0 ||
		class[p[1]]&cAlnum != 0 && (class[p[1]]&cUpper == 0 || class[p[2]]&cAlnum != 0))
}
