package redact

// lettersAndDigitsAt looks for a bank account or national id that begins at src[start], where src[start:end] is a maximal
// word of [A-Za-z0-9] which either holds letters and at least 6 digits in at most 34 bytes, or begins with two capitals and
// two digits (an IBAN in groups goes on behind the word), or is one or two capitals before a space or hyphen and a digit. The
// span always begins at start; it may end up to 48 bytes after end.
func lettersAndDigitsAt(src []byte, start, end int, on *[lastKind]bool) (s, e int, kind Kind, rule string, ok bool) {
	n := end - start
	if n < 1 || n > 34 || !on[BankAccount] && !on[NationalID] || !freeBefore(src, start) {
		return 0, 0, 0, "", false
	}
	if on[BankAccount] && n >= 4 {
		if e, ok := ibanAt(src, start); ok {
			return start, e, BankAccount, "iban", true
		}
	}
	if on[NationalID] {
		if e, rule := letteredID(src, start, end); rule != "" {
			return start, e, NationalID, rule, true
		}
		if e := namedEnd(src, start, end); e > 0 && namedID(src, start) == nameOfID {
			return start, e, NationalID, "named-id", true
		}
	}
	return 0, 0, 0, "", false
}

// letteredID returns the end and rule of the national id with letters that begins at src[start].
func letteredID(src []byte, start, end int) (e int, rule string) {
	w := src[start:end]
	if len(w) <= 3 || len(w) == 8 || len(w) == 9 {
		if e, ok := ninoAt(src, start); ok {
			return e, "gb-nino"
		}
	}
	var up [18]byte
	if len(w) > len(up) {
		return 0, ""
	}
	for i, c := range w {
		if c >= 'a' && c <= 'z' {
			c &^= 0x20
		}
		up[i] = c
	}
	u := up[:len(w)]
	if len(w) == 1 {
		return spacedNIE(src, start)
	}
	if len(w) == 7 || len(w) == 8 {
		if e, ok := bracketedHKID(src, start, end); ok {
			return e, "hk-id"
		}
		if end+1 < len(src) && src[end] == '-' && isUpper(src[end+1]) && len(w) == 8 && isNIE(u, src[end+1]) && freeAfter(src, end+2) {
			return end + 2, "es-nie"
		}
	}
	if !freeAfter(src, end) {
		return 0, ""
	}
	switch len(w) {
	case 10:
		if inPAN(w) {
			return end, "in-pan"
		}
		if twID(w) {
			return end, "tw-id"
		}
	case 8, 9:
		if len(w) == 9 && isUpper(w[0]) && isUpper(w[8]) {
			var d [7]byte
			if digitsInto(d[:], w[1:8]) {
				if isNIE(w[:8], w[8]) {
					return end, "es-nie"
				}
				if sgNRIC(d[:], w[0], w[8]) {
					return end, "sg-nric"
				}
			}
		}
		if k := len(w) - 7; isUpper(w[0]) && isUpper(w[k-1]) {
			var d [6]byte
			if digitsInto(d[:], w[k:k+6]) && (isDigit(w[k+6]) || w[k+6] == 'A') && hkID(w[:k], d[:], w[k+6]) &&
				contextNear(src, start, end)&(aboutHongKong|aboutID) != 0 {
				return end, "hk-id"
			}
		}
	case 11:
		var d [9]byte
		if digitsInto(d[:6], w[:6]) && digitsInto(d[6:], w[7:10]) && fiHETU(d[:], w[6], w[10]) {
			return end, "fi-hetu"
		}
	case 12, 13:
		if mxRFC(u) {
			return end, "mx-rfc"
		}
	case 14:
		var d [14]byte
		for i, c := range w {
			if c >= 'a' {
				return 0, ""
			}
			d[i] = c - '0'
		}
		if d[12] <= 9 && d[13] <= 9 && brCNPJ(d[:]) && contextNear(src, start, end)&aboutBrazil != 0 {
			return end, "br-cnpj"
		}
	case 15:
		if inGSTIN(w) {
			return end, "in-gstin"
		}
		if w[5] == '2' && (u[6] == 'A' || u[6] == 'B') {
			var d [15]byte
			less := uint64(1_000_000) // Corsica counts as 19, with a million off for 2A and two for 2B
			if u[6] == 'B' {
				less = 2_000_000
			}
			u[6] = '0'
			if digitsInto(d[:], u) && d[0] != 0 && two(d[:], 3) >= 1 && two(d[:], 3) <= 42 && 97-(numberFrom(d[:13])-less)%97 == numberFrom(d[13:]) {
				return end, "fr-nir"
			}
		}
	case 16:
		if itCodiceFiscale(u) {
			return end, "it-codice-fiscale"
		}
	case 18:
		if mxCURP(u) {
			return end, "mx-curp"
		}
	}
	return 0, ""
}

// suffixedID returns the end and rule of the id that the first n groups and the letters behind them are.
func suffixedID(src []byte, g *digitGroups, n int) (end int, rule string) {
	total := int(g.sum[n-1])
	q := g.base + int(g.to[n-1])
	if q >= len(src) {
		return 0, ""
	}
	if total == 17 {
		if src[q]|0x20 == 'x' && freeAfter(src, q+1) && cnResidentID(g.d[:17], 'X') {
			return q + 1, "cn-resident-id"
		}
		return 0, ""
	}
	if n == 2 && g.shape(2) == 0x63 && g.sep[1] == '-' {
		if fiHETU(g.d[:9], '-', src[q]) && freeAfter(src, q+1) {
			return q + 1, "fi-hetu"
		}
		return 0, ""
	}
	if total > 8 || n > 1 && (total != 8 || n != 3 || g.shape(3) != 0x233 || g.joined(3) != '.') {
		return 0, ""
	}
	at := q
	if src[at] == '-' && at+1 < len(src) {
		at++
	}
	if at >= len(src) || !isUpper(src[at]) {
		return 0, ""
	}
	if (total == 8 || at > q) && freeAfter(src, at+1) && esDNI(g.d[:total], src[at]) {
		return at + 1, "es-dni"
	}
	if total == 8 && at > q && src[at] == 'K' && freeAfter(src, at+1) && clRUT(g.d[:8], 'K') {
		return at + 1, "cl-rut"
	}
	if total == 7 && at == q {
		if freeAfter(src, q+1) && iePPS(g.d[:7], src[q], 0) {
			return q + 1, "ie-pps"
		}
		if q+1 < len(src) && isUpper(src[q+1]) && freeAfter(src, q+2) && (src[q+1] <= 'I' || src[q+1] >= 'T') && iePPS(g.d[:7], src[q], src[q+1]) {
			return q + 2, "ie-pps"
		}
	}
	return 0, ""
}

// digitsInto puts the values of the digits w into d and reports whether w holds nothing else.
func digitsInto(d, w []byte) bool {
	for i, c := range w {
		if !isDigit(c) {
			return false
		}
		d[i] = c - '0'
	}
	return true
}

// ninoAt looks for a UK national insurance number: two letters of those that are given out, six digits in pairs or together, and
// A to D (HMRC, NIM39110).
func ninoAt(src []byte, i int) (end int, ok bool) {
	if i+9 > len(src) || !isASCIILetter(src[i]) || !isASCIILetter(src[i+1]) {
		return 0, false
	}
	small := src[i] & 0x20
	a, b := src[i]&^0x20, src[i+1]&^0x20
	for _, c := range [5]byte{'D', 'F', 'I', 'Q', 'U'} {
		if a == c || b == c {
			return 0, false
		}
	}
	if a == 'V' || b == 'V' || b == 'O' || src[i+1]&0x20 != small {
		return 0, false
	}
	switch string([]byte{a, b}) {
	case "BG", "GB", "KN", "NK", "NT", "TN", "ZZ":
		return 0, false
	}
	p, sep := i+2, byte(0)
	if c := src[p]; c == ' ' || c == '-' {
		sep = c
		p++
	}
	digits := 0
	for p < len(src) && digits < 6 {
		switch {
		case isDigit(src[p]):
			digits++
		case sep != 0 && src[p] == sep && digits > 0 && digits%2 == 0 && src[p-1] != sep:
		default:
			return 0, false
		}
		p++
	}
	if sep != 0 && p < len(src) && src[p] == sep {
		p++
	}
	if digits < 6 || p >= len(src) || src[p]&0x20 != small || src[p]&^0x20 < 'A' || src[p]&^0x20 > 'D' || !freeAfter(src, p+1) {
		return 0, false
	}
	return p + 1, true
}

// isNIE reports whether w, a letter and seven digits, is a Spanish foreigner's number with this check letter.
func isNIE(w []byte, check byte) bool {
	if w[0] < 'X' || w[0] > 'Z' {
		return false
	}
	var d [8]byte
	d[0] = w[0] - 'X'
	return digitsInto(d[1:], w[1:8]) && esDNI(d[:], check)
}

// spacedNIE looks for a NIE with hyphens: X-1234567-L.
func spacedNIE(src []byte, i int) (end int, rule string) {
	if i+10 > len(src) || src[i+1] != '-' || src[i+9] != '-' && !isUpper(src[i+9]) {
		return 0, ""
	}
	at := i + 9
	if src[at] == '-' {
		at++
	}
	var w [8]byte
	w[0] = src[i]
	copy(w[1:], src[i+2:i+9])
	if at >= len(src) || !isUpper(src[at]) || !freeAfter(src, at+1) || !isNIE(w[:], src[at]) {
		return 0, ""
	}
	return at + 1, "es-nie"
}

// bracketedHKID looks for a Hong Kong identity card number whose check digit is in brackets, as on the card: A123456(3).
func bracketedHKID(src []byte, start, end int) (e int, ok bool) {
	k := end - start - 6
	if end+3 > len(src) || src[end] != '(' || src[end+2] != ')' || !isUpper(src[start]) || !isUpper(src[start+k-1]) {
		return 0, false
	}
	var d [6]byte
	c := src[end+1]
	if !digitsInto(d[:], src[start+k:end]) || !isDigit(c) && c != 'A' || !hkID(src[start:start+k], d[:], c) {
		return 0, false
	}
	return end + 3, true
}
