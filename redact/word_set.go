package redact

import "strings"

// wordSet is a set of words behind a filter: of those that are not in it, most cost no more than a multiplication.
type wordSet struct {
	words  map[string]bool
	hashes [64]uint64 // a bit for each hash of a word
}

func wordsOf(words string) *wordSet {
	s := &wordSet{words: map[string]bool{}}
	for _, w := range strings.Fields(words) {
		s.words[w] = true
		h := edgeHash([]byte(w))
		s.hashes[h>>6] |= 1 << (h & 63)
	}
	return s
}

func (s *wordSet) has(w []byte) bool {
	if len(w) == 0 {
		return false
	}
	h := edgeHash(w)
	return s.hashes[h>>6]>>(h&63)&1 != 0 && s.words[string(w)]
}

// edgeHash is made of the first two bytes of a word, its last and its length.
func edgeHash(w []byte) uint32 {
	v := uint32(w[0]) | uint32(w[min(1, len(w)-1)])<<8 | uint32(w[len(w)-1])<<16 | 0x202020
	return (v + uint32(len(w))<<24) * 0x9E3779B1 >> 20
}
