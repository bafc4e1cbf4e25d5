package redact

// ipAt looks for an IP or MAC address that begins at src[i]: the first byte of a maximal word of [A-Za-z0-9] that is
// followed by '.', ':' or '-', or the first of two colons that no word comes before. It reads at most 64 bytes.
//
// A version of four parts is told from an address by what stands around it: "v1.2.3.4", "version 1.2.3.4", "Chrome/141.0.0.0",
// "1.2.3.4-rc1" and object identifiers stay. The unspecified addresses 0.0.0.0 and :: are nobody's and stay too. A prefix
// length ("/64") and a zone ("%eth0") belong to the span, a port does not.
func ipAt(src []byte, i int, on *[lastKind]bool) (s, e int, kind Kind, rule string, ok bool) {
	if i >= len(src) || !isHex(src[i]) && src[i] != ':' {
		return 0, 0, 0, "", false
	}
	first := i
	i = firstGroup(src, i)
	if !apart(src, i) {
		return 0, 0, 0, "", false
	}
	if s, e, kind, rule, ok = addressAt(src, i, on); e <= first {
		return 0, 0, 0, "", false
	}
	return s, e, kind, rule, ok
}

// firstGroup returns where the row of hex groups with colons or hyphens begins that src[i] is in: the caller may have passed over
// groups without a digit.
func firstGroup(src []byte, i int) int {
	k := i
	for k > 0 && i-k < 45 && (isHex(src[k-1]) || (src[k-1] == ':' || src[k-1] == '-') && src[k] != '-') {
		k--
	}
	for k < i && (src[k] == '-' || src[k] == ':' && src[k+1] != ':') {
		k++
	}
	if k < i && k > 0 && isWordByte(src[k-1]) {
		return i
	}
	return k
}

// addressAt is ipAt for the first byte of the address.
func addressAt(src []byte, i int, on *[lastKind]bool) (s, e int, kind Kind, rule string, ok bool) {
	if on[MAC] {
		if e, ok := macEnd(src, i); ok {
			return i, e, MAC, "mac", true
		}
	}
	if !on[IP] {
		return 0, 0, 0, "", false
	}
	if isDigit(src[i]) {
		if e, nobody, ok := ipv4End(src, i); ok {
			if nobody || !loneIPv4(src, i, e) {
				return 0, 0, 0, "", false
			}
			return i, prefixLength(src, e, 32), IP, "ipv4", true
		}
	}
	if e, ok := ipv6End(src, i); ok {
		return i, prefixLength(src, e, 128), IP, "ipv6", true
	}
	return 0, 0, 0, "", false
}

// apart reports whether an address may begin at src[i].
func apart(src []byte, i int) bool {
	if i == 0 {
		return true
	}
	switch c := src[i-1]; {
	case c == '\\' || isWordByte(c):
		return i >= 2 && src[i-2] == '\\' && (c == 'n' || c == 't' || c == 'r')
	case c == '.':
		return false
	case c == ':':
		return src[i] != ':' && !(i >= 2 && (isHex(src[i-2]) && hexGroupBefore(src, i-1) || src[i-2] == ':'))
	case c == '-':
		return src[i] != ':' && !(i >= 2 && isWordByte(src[i-2]) && !isDigit(src[i-2]))
	}
	return true
}

// hexGroupBefore reports whether the word that ends before src[i] can be a group of an address: nothing but hex digits, at most
// four of them, with a colon or nothing before it.
func hexGroupBefore(src []byte, i int) bool {
	k := i
	for k > 0 && i-k <= 4 && isHex(src[k-1]) {
		k--
	}
	return i-k <= 4 && k > 0 && src[k-1] == ':'
}

// ipv4End reads four numbers of 0 to 255 without leading zeros. nobody says that all are 0.
func ipv4End(src []byte, i int) (end int, nobody, ok bool) {
	nobody = true
	for part := range 4 {
		from, n := i, 0
		for i < len(src) && isDigit(src[i]) && i-from < 3 {
			n = n*10 + int(src[i]-'0')
			i++
		}
		if i == from || n > 255 || src[from] == '0' && i-from > 1 || i < len(src) && isDigit(src[i]) {
			return 0, false, false
		}
		nobody = nobody && n == 0
		if part < 3 {
			if i >= len(src) || src[i] != '.' {
				return 0, false, false
			}
			i++
		}
	}
	return i, nobody, true
}

// loneIPv4 reports whether src[s:e] is no part of a longer number and no version.
func loneIPv4(src []byte, s, e int) bool {
	if e < len(src) {
		c := src[e]
		if isWordByte(c) || (c == '.' || c == '-' || c == '+') && e+1 < len(src) && isWordByte(src[e+1]) && !(c == '-' && isDigit(src[e+1])) {
			return false
		}
	}
	if s >= 2 && src[s-1] == '/' && isASCIILetter(src[s-2]) && string(src[e-4:e]) == ".0.0" {
		return false // the product token of a user agent
	}
	return wordsBefore(src, s, 16)&aboutVersion == 0
}

// ipv6End reads an address of RFC 4291: eight groups, or fewer around one "::", the last two perhaps as IPv4, and a zone. Less
// than that is taken for a time, a ratio or a name of code: it must have three groups, or "::" and a digit.
func ipv6End(src []byte, i int) (end int, ok bool) {
	p, groups, double, digits := i, 0, false, 0
	limit := min(len(src), i+46)
	if p+1 < limit && src[p] == ':' {
		if src[p+1] != ':' {
			return 0, false
		}
		double = true
		p += 2
	}
	for p < limit {
		from := p
		for p < limit && isHex(src[p]) && p-from < 5 {
			if isDigit(src[p]) {
				digits++
			}
			p++
		}
		if p == from {
			break // "::" ends it
		}
		if p-from > 4 {
			return 0, false
		}
		if p < limit && src[p] == '.' && (groups == 6 || double && groups < 6) {
			if e, _, ok := ipv4End(src, from); ok && !(e < len(src) && isWordByte(src[e])) {
				return e, true
			}
		}
		groups++
		if p+1 >= limit || src[p] != ':' || groups == 8 {
			break
		}
		if src[p+1] == ':' {
			if double {
				return 0, false
			}
			double = true
			p += 2
			continue
		}
		if !isHex(src[p+1]) {
			break
		}
		p++
	}
	if !double && groups != 8 || double && groups > 7 || groups == 0 || groups < 3 && digits == 0 {
		return 0, false
	}
	if p < len(src) {
		if c := src[p]; isWordByte(c) || c == ':' && groups == 8 && p+1 < len(src) && isHex(src[p+1]) || c == '.' && p+1 < len(src) && isDigit(src[p+1]) {
			return 0, false
		}
		if src[p] == '%' {
			z := p + 1
			for z < len(src) && z < p+17 && (isWordByte(src[z]) || src[z] == '-') {
				z++
			}
			if z > p+1 {
				p = z
			}
		}
	}
	return p, true
}

// prefixLength returns the end of the "/24" at src[e], or e.
func prefixLength(src []byte, e, most int) int {
	if e >= len(src) || src[e] != '/' {
		return e
	}
	i, n := e+1, 0
	for i < len(src) && isDigit(src[i]) && i < e+4 {
		n = n*10 + int(src[i]-'0')
		i++
	}
	if i == e+1 || n > most || i < len(src) && isWordByte(src[i]) {
		return e
	}
	return i
}

// macEnd reads six pairs of hex digits with colons or hyphens, or three groups of four with dots (IEEE 802, Cisco). A longer row
// of pairs is a fingerprint.
func macEnd(src []byte, i int) (end int, ok bool) {
	if i+14 > len(src) || i >= 2 && (src[i-1] == ':' || src[i-1] == '-') && isHex(src[i-2]) || i > 0 && src[i-1] == '*' {
		return 0, false
	}
	sep, width, groups := src[min(i+2, len(src)-1)], 2, 6
	if sep != ':' && sep != '-' {
		if sep, width, groups = src[i+4], 4, 3; sep != '.' {
			return 0, false
		}
	}
	p := i
	for g := range groups {
		for range width {
			if p >= len(src) || !isHex(src[p]) {
				return 0, false
			}
			p++
		}
		if g < groups-1 {
			if p >= len(src) || src[p] != sep {
				return 0, false
			}
			p++
		}
	}
	if p < len(src) && (isWordByte(src[p]) || src[p] == sep && p+1 < len(src) && isHex(src[p+1])) {
		return 0, false
	}
	return p, true
}
