package redact

import "unicode/utf8"

// A Strategy says what takes the place of a match.
type Strategy uint8

const (
	Label     Strategy = iota // "[redacted:email]"
	Mask                      // every letter and digit becomes "*"; length and punctuation stay
	Last4                     // like Mask, and the last four letters and digits stay if there are at least twelve
	Drop                      // nothing
	Pseudonym                 // a keyed name that is the same for the same value; see [PseudonymKey]
)

var labels = func() (l [lastKind]string) {
	for k := range lastKind {
		l[k] = "[redacted:" + k.String() + "]"
	}
	return l
}()

// Label returns the text that stands for a value of the kind, such as "[redacted:email]".
func (k Kind) Label() string {
	if !k.valid() {
		return "[redacted]"
	}
	return labels[k]
}

func (k Kind) valid() bool { return k > 0 && k < lastKind }

// appendValue appends what takes the place of the value v of kind k.
func (r *Redactor) appendValue(dst []byte, k Kind, v []byte) []byte {
	switch r.use[k] {
	case Mask:
		return appendMask(dst, v, 0)
	case Last4:
		return appendMask(dst, v, 4)
	case Drop:
		return dst
	case Pseudonym:
		return r.names.append(dst, k, v)
	}
	return append(dst, labels[k]...)
}

// appendMask writes one star for each letter, digit or rune beyond ASCII, but for the last keep of them when v has at
// least twelve: less would leave too little to guess.
func appendMask(dst, v []byte, keep int) []byte {
	marks := 0
	for i := 0; i < len(v); {
		c, n := utf8.DecodeRune(v[i:])
		if c >= utf8.RuneSelf || class[v[i]]&cAlnum != 0 {
			marks++
		}
		i += n
	}
	if marks < 12 {
		keep = 0
	}
	for i := 0; i < len(v); {
		c, n := utf8.DecodeRune(v[i:])
		switch {
		case c >= utf8.RuneSelf || class[v[i]]&cAlnum != 0:
			if marks--; marks < keep {
				dst = append(dst, v[i:i+n]...)
			} else {
				dst = append(dst, '*')
			}
		case c == '"' || c == '\\' || c < ' ': // never out of a replacement
			dst = append(dst, '*')
		default:
			dst = append(dst, byte(c))
		}
		i += n
	}
	return dst
}
