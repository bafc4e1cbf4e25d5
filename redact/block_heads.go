package redact

// tokenByte are the bytes that tokens are made of beside those of words.
var tokenByte = func() (t [256]bool) {
	for c := range t {
		t[c] = tokenSet[c] != 0
	}
	for k := range tokenShapes {
		for _, p := range tokenShapes[k].parts {
			for i := range len(p.lit) {
				t[p.lit[i]] = true
			}
		}
	}
	return t
}()

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
	for _, w := range shortWords {
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

// bytesOfShort are what the announcing words of three to five letters begin with, and go on with.
var bytesOfShort = func() (t [2][256]bool) {
	for w := range spokenWords {
		if len(w) <= 5 {
			t[0][w[0]], t[1][w[1]] = true, true
		}
	}
	for _, w := range shortWords {
		t[0][w[0]], t[1][w[1]] = true, true
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
