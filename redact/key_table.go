package redact

// keyTable is a hash table from words of keys to their traits. A look-up costs a few nanoseconds and reads the word twice.
type keyTable struct {
	slot  [4096]uint16 // index into words, plus one
	words []string
	trait []keyTrait
	tail  [1024]uint64 // a bit for each hash of the length and the last four bytes of a word that can make a key sensitive
}

const wordSeed, wordStep = 0x811C9DC5, 0x01000193

func wordHash(w []byte) uint32 {
	h := uint32(wordSeed)
	for _, c := range w {
		h = (h ^ uint32(c)) * wordStep
	}
	return h
}

func slotOf(h uint32) uint32 { return (h ^ h>>15) * 0x9E3779B1 >> 20 }

func (t *keyTable) add(w string, trait keyTrait) {
	for at := slotOf(wordHash([]byte(w))); ; at = (at + 1) & 4095 {
		i := t.slot[at]
		if i == 0 {
			t.words, t.trait = append(t.words, w), append(t.trait, trait)
			t.slot[at] = uint16(len(t.words))
			return
		}
		if t.words[i-1] == w {
			t.trait[i-1] |= trait
			return
		}
	}
}

func (t *keyTable) get(w []byte, h uint32) keyTrait {
	for at := slotOf(h); ; at = (at + 1) & 4095 {
		i := t.slot[at]
		if i == 0 {
			return 0
		}
		if t.words[i-1] == string(w) {
			return t.trait[i-1]
		}
	}
}

// tailOf returns the last four letters of src[from:to], which has two bytes or more.
func tailOf(src []byte, from, to int) uint32 {
	v := uint32(src[to-1]) | uint32(src[to-2])<<8
	if to-from >= 4 {
		v |= uint32(src[to-3])<<16 | uint32(src[to-4])<<24
	} else if to-from == 3 {
		v |= uint32(src[to-3]) << 16
	}
	return v
}

func tailHash(tail uint32, n int) uint32 {
	return ((tail | 0x20202020) ^ uint32(n)<<24) * 0x9E3779B1 >> 16
}

func (t *keyTable) addTail(w string) {
	if len(w) >= 2 {
		t.addTailOf(w, len(w))
	}
}

// addTailOf adds the tail of w as that of a word of n letters.
func (t *keyTable) addTailOf(w string, n int) {
	h := tailHash(tailOf([]byte(w), 0, len(w)), n)
	t.tail[h>>6] |= 1 << (h & 63)
}

// maybeTail reports whether a plain word of n letters with this tail can make a key sensitive.
func (t *keyTable) maybeTail(tail uint32, n int) bool {
	h := tailHash(tail, n)
	return t.tail[h>>6&1023]>>(h&63)&1 != 0
}

// maybe is the quick look at a key of one plain word.
func (t *keyTable) maybe(src []byte, from, to int) bool {
	return t.maybeTail(tailOf(src, from, to), to-from)
}
