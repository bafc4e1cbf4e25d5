package redact

import "strings"

// wordSet is a set of words. Of those that are not in it, most cost no more than a multiplication.
type wordSet struct {
	slot  [4096]uint16 // index into words, plus one
	words []string
}

func wordsOf(words string) *wordSet {
	s := &wordSet{words: strings.Fields(words)}
	for i, w := range s.words {
		at := edgeHash([]byte(w))
		for s.slot[at] != 0 {
			at = (at + 1) & 4095
		}
		s.slot[at] = uint16(i + 1)
	}
	return s
}

func (s *wordSet) has(w []byte) bool {
	if len(w) == 0 {
		return false
	}
	for at := edgeHash(w) & 4095; s.slot[at] != 0; at = (at + 1) & 4095 {
		if s.words[s.slot[at]-1] == string(w) {
			return true
		}
	}
	return false
}

// edgeHash is made of the first two bytes of a word, its last and its length.
func edgeHash(w []byte) uint32 {
	v := uint32(w[0]) | uint32(w[min(1, len(w)-1)])<<8 | uint32(w[len(w)-1])<<16 | 0x202020
	return (v + uint32(len(w))<<24) * 0x9E3779B1 >> 20
}
