package redact

import "strings"

// itCodiceFiscale: surname and name, year, month letter, day (40 more for women), place, check letter (Decreto ministeriale of 23
// December 1976). Letters may stand for digits where two people would have the same code.
func itCodiceFiscale(w []byte) bool {
	const kinds = "LLLLLLDDLDDLDDDL"
	sum := 0
	var v [16]byte // the value of each digit, letters in their place undone
	for i, c := range w {
		if kinds[i] == 'L' {
			if !isUpper(c) {
				return false
			}
		} else if isDigit(c) {
			v[i] = c - '0'
		} else {
			d := digitOfLetter(c)
			if d > 9 {
				return false
			}
			v[i] = d
		}
		if i < 15 {
			sum += fiscalValue(c, i%2 == 0)
		}
	}
	day := two(v[:], 9)
	if day > 40 {
		day -= 40
	}
	month := 0
	for i := range 12 {
		if "ABCDEHLMPRST"[i] == w[8] {
			month = i + 1
		}
	}
	return realDate(month, day) && byte(sum%26)+'A' == w[15]
}

// digitOfLetter returns the digit that a letter stands for in a codice fiscale, or 10.
func digitOfLetter(c byte) byte {
	for i := range byte(10) {
		if "LMNPQRSTUV"[i] == c {
			return i
		}
	}
	return 10
}

// fiscalValue returns what a character adds to the check of a codice fiscale, in an odd place (the first is one) or an even one.
func fiscalValue(c byte, odd bool) int {
	i := int(c - 'A')
	if isDigit(c) {
		i = int(c - '0')
	}
	if !odd {
		return i
	}
	return int("\x01\x00\x05\x07\x09\x0d\x0f\x11\x13\x15\x02\x04\x12\x14\x0b\x03\x06\x08\x0c\x0e\x10\x0a\x16\x19\x18\x17"[i])
}

// mxCURP: four letters, date of birth, sex, state, three consonants, a character for the century, a check digit (RENAPO).
func mxCURP(w []byte) bool {
	var d [6]byte
	for _, c := range w[:4] {
		if !isUpper(c) {
			return false
		}
	}
	for _, c := range w[11:16] {
		if !isUpper(c) {
			return false
		}
	}
	if !digitsInto(d[:], w[4:10]) || !realDate(two(d[:], 2), two(d[:], 4)) || w[10] != 'H' && w[10] != 'M' && w[10] != 'X' || !isDigit(w[17]) {
		return false
	}
	sum := 0
	for i, c := range w[:17] {
		v := int(c - '0')
		if isUpper(c) {
			if v = int(c-'A') + 10; c > 'N' {
				v++ // Ñ comes between
			}
		}
		sum += v * (18 - i)
	}
	return byte((10-sum%10)%10) == w[17]-'0'
}

// mxRFC: three letters of a company or four of a person, date, two characters, a check digit or A (SAT, modulus 11).
func mxRFC(w []byte) bool {
	k := len(w) - 9
	var d [6]byte
	for _, c := range w[:k] {
		if !isUpper(c) {
			return false
		}
	}
	if !digitsInto(d[:], w[k:k+6]) || !realDate(two(d[:], 2), two(d[:], 4)) {
		return false
	}
	sum := 0
	if len(w) == 12 {
		sum = 37 * 13 // a company's begins with a space
	}
	for i, c := range w[:len(w)-1] {
		v := int(c - '0')
		if isUpper(c) {
			if v = int(c-'A') + 10; c > 'N' {
				v++ // & comes between
			}
		}
		sum += v * (len(w) - i)
	}
	r := 11 - sum%11
	switch c := w[len(w)-1]; {
	case r == 11:
		return c == '0'
	case r == 10:
		return c == 'A'
	default:
		return c == byte(r)+'0'
	}
}

// inPAN: three letters, the kind of holder, an initial, four digits, a check letter whose rule is not published (Income Tax Department
// of India).
func inPAN(w []byte) bool {
	for i, c := range w {
		if digit := i >= 5 && i < 9; digit != isDigit(c) || !digit && !isUpper(c) {
			return false
		}
	}
	return hasByte([]byte("ABCFGHJLPT"), w[3]) && string(w[5:9]) != "0000"
}

// inGSTIN: a state from 01 to 38, the shape of a PAN, the number of the registration, "Z" and a check character (GST Council). Hardly
// anything else has this shape: the check is not asked for.
func inGSTIN(w []byte) bool {
	if !isDigit(w[0]) || !isDigit(w[1]) || w[0] > '3' || w[0] == '3' && w[1] > '8' || w[0] == '0' && w[1] == '0' || w[13] != 'Z' || w[12] == '0' {
		return false
	}
	for i, c := range w[2:12] {
		if digit := i >= 5 && i < 9; digit != isDigit(c) || !digit && !isUpper(c) {
			return false
		}
	}
	return true
}

// twID: a letter for the place, 1 or 2 for the sex (8 or 9 of a resident), seven digits, a check digit (Ministry of the Interior of
// Taiwan).
func twID(w []byte) bool {
	var d [9]byte
	if !isUpper(w[0]) || !digitsInto(d[:], w[1:]) || d[0] != 1 && d[0] != 2 && d[0] != 8 && d[0] != 9 {
		return false
	}
	place := 10 + strings.IndexByte("ABCDEFGHJKLMNPQRSTUVXYWZIO", w[0])
	return (place/10+place%10*9+weighed(d[:], "87654321")+int(d[8]))%10 == 0
}
