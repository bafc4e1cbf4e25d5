package redact

// phoneOf looks for the phone number that the groups g at src[p] belong to. A number is taken for one when it
//   - is international: '+', a country code of ITU-T E.164 and as many digits as that country has, brackets allowed;
//   - is printed in a form that hardly anything else has: (212) 555-0100, 212-555-0100, 06 12 34 56 78, 01632 960123;
//   - or follows a word that speaks of phones.
//
// The span takes the '+', the brackets and an extension with it.
//
// first says that no other digits of the same run come before: the signs in front of a number need be looked for only then. plain
// says that a number without them is wanted too.
func phoneOf(src []byte, p int, g *digitGroups, first, plain bool) (start, end int, rule string, ok bool) {
	if !first {
		return plainPhone(src, p, g)
	}
	if plus, cc, found := plusBefore(src, p); found {
		if end := internationalEnd(src, plus, cc); end > p {
			return plus, extension(src, end), "phone-international", true
		} else if end == 0 && phoneWords(src, plus)&aboutPhone == 0 {
			return 0, 0, "", false
		}
	}
	if open, area, found := bracketsBefore(src, p); found {
		for n := g.n; n > 0; n-- {
			q := p + int(g.to[n-1])
			if !freeAfter(src, q) && !extensionAt(src, q) {
				continue
			}
			if areaFits(area, int(g.sum[n-1]), g.shape(n)) {
				return open, extension(src, q), "phone-area", true
			}
			if total := len(area) + int(g.sum[n-1]); total >= 7 && total <= 15 && phoneWords(src, open) != 0 {
				return open, extension(src, q), "phone-near-word", true
			}
		}
		return 0, 0, "", false
	}
	if !plain {
		return 0, 0, "", false
	}
	return plainPhone(src, p, g)
}

// plainPhone is phoneOf for numbers without signs in front.
func plainPhone(src []byte, p int, g *digitGroups) (start, end int, rule string, ok bool) {
	if !freeBefore(src, p) {
		return 0, 0, "", false
	}
	about, looked := context(0), p > 1 && isGroupSep(src[p-1]) && isDigit(src[p-2])
	for n := g.n; n > 0; n-- {
		total := int(g.sum[n-1])
		if total < 7 {
			break
		}
		q := p + int(g.to[n-1])
		if total > 15 || !freeAfter(src, q) && !extensionAt(src, q) {
			continue
		}
		if n > 1 && nationalForm(src, g, n) {
			return p, extension(src, q), "phone-national", true
		}
		if looksLikeDate(g, n) || g.sep[1] == '.' && n == 2 || n > 1 && g.joined(n) == '/' {
			continue // nor is a fraction
		}
		if !looked {
			about, looked = phoneWords(src, p), true
		}
		if about&aboutPhone != 0 || about&aboutContact != 0 && n > 1 && total <= 12 && (n > 2 || g.sep[1] != ' ' || g.d[0] == 0) && !unitAfter(src, q) ||
			about&aboutContact != 0 && total >= 9 && total <= 12 && (g.d[0] == 0 || total == 10 && isNANP(g.d[:])) {
			return p, extension(src, q), "phone-near-word", true
		}
	}
	return 0, 0, "", false
}

// plusBefore looks for the '+' of an international number whose digits, in whole or in part, begin at src[p]: right before it,
// or before a country code and an area code in brackets. It returns where the '+' is and where the country code begins.
func plusBefore(src []byte, p int) (plus, cc int, ok bool) {
	i := p - 1
	for n := 0; i >= 0 && n < 20; n++ {
		c := src[i]
		if c == '+' {
			if i > 0 && (isWordByte(src[i-1]) || src[i-1] == '+') {
				return 0, 0, false
			}
			cc = i + 1
			if i > 0 && src[i-1] == '(' && hasByte(src[cc:p], ')') {
				return i - 1, cc, isDigit(src[cc]) // (+30) 69…
			}
			if cc < len(src) && src[cc] == '(' {
				cc++
			}
			return i, cc, cc < len(src) && isDigit(src[cc])
		}
		if !isDigit(c) && c != '(' && c != ')' && c != ' ' && c != '-' && c != '.' {
			return 0, 0, false
		}
		i--
	}
	return 0, 0, false
}

// internationalEnd returns the end of the number whose country code begins at src[cc], or 0. It reads groups of digits until
// the country's numbers are full; brackets may hold a trunk zero or an area code.
func internationalEnd(src []byte, plus, cc int) (end int) {
	var d [16]byte
	n, i := 0, cc
	least, most := 0, 0
	open := cc > plus+1
	dots, others, first := 0, 0, 0
	for i < len(src) && i < plus+maxSpan {
		from := i
		for i < len(src) && isDigit(src[i]) {
			if n < len(d) {
				d[n] = src[i] - '0'
			}
			n++
			i++
		}
		if n > 15 || i == from {
			break
		}
		if most == 0 && n >= 1 {
			if least, most = digitsAbroad(d[:min(n, 3)], n); most == 0 && n >= 3 {
				return 0
			}
		}
		if most > 0 && n > most {
			break
		}
		if !open && n >= max(least, 7) && freeAfter(src, i) || !open && n >= max(least, 7) && extensionAt(src, i) {
			end = i
		}
		if first == 0 {
			first = n
		}
		if end == i && dots == 1 && others == 0 && first > 3 {
			return 0 // a fraction with its sign
		}
		// to the next group, over one separator and brackets
		steps := 0
		for i < len(src) && steps < 3 && (isGroupSep(src[i]) || src[i] == '(' && !open || src[i] == ')' && open) {
			if src[i] == '(' {
				open = true
				if i+2 < len(src) && src[i+1] == '0' && src[i+2] == ')' {
					i += 2 // a trunk zero is not part of the number
					open = false
				}
			} else if src[i] == ')' {
				open = false
			}
			if src[i] == '.' {
				dots++
			} else {
				others++
			}
			i++
			steps++
		}
	}
	return end
}

// digitsAbroad returns how few and how many digits the international numbers have that begin with d, country code included, or
// 0 when no country has this code. have is how many digits are known.
func digitsAbroad(d []byte, have int) (least, most int) {
	switch d[0] {
	case 0:
		return 0, 0
	case 1:
		return 11, 11
	case 7:
		return 11, 11
	}
	if len(d) < 2 {
		return 0, 0
	}
	switch two(d, 0) {
	case 45, 47, 65:
		return 10, 10
	case 27, 31, 33, 34, 41, 48, 61:
		return 11, 11
	case 30, 90, 91:
		return 12, 12
	case 46, 95:
		return 9, 12
	case 20, 32, 36, 40, 51, 53, 57, 58, 60, 63, 64, 66, 81, 82, 84, 92, 93, 94, 98:
		return 10, 12
	case 39, 43, 44, 49, 52, 54, 55, 56, 62, 86:
		return 10, 14
	}
	if len(d) < 3 {
		return 0, 0
	}
	switch int(d[0])*100 + two(d, 1) { // islands
	case 290, 683, 690:
		return 7, 10
	case 247, 500, 676, 677, 678, 682, 685, 686, 688:
		return 8, 11
	}
	switch d[0]*10 + d[1] {
	case 21, 22, 23, 24, 25, 26, 29, 35, 37, 38, 42, 50, 59, 67, 68, 69, 80, 85, 87, 88, 96, 97, 99:
		return 9, 13
	}
	return 0, 0
}

// bracketsBefore looks for an area code in brackets before src[p]: "(212)" or "(020) ", with a country code or a trunk 1 before
// it or not. It returns where the span begins and the area code.
func bracketsBefore(src []byte, p int) (open int, area []byte, ok bool) {
	i := p - 1
	if i >= 0 && (src[i] == ' ' || src[i] == '-') {
		i--
	}
	if i < 3 || src[i] != ')' {
		return 0, nil, false
	}
	end := i
	i--
	for i >= 0 && isDigit(src[i]) && end-i <= 6 {
		i--
	}
	if i < 0 || src[i] != '(' || end-i < 3 {
		return 0, nil, false
	}
	area = src[i+1 : end]
	open = i
	if i >= 2 && src[i-2] == '1' && (src[i-1] == ' ' || src[i-1] == '-') && freeBefore(src, i-2) {
		return i - 2, area, true
	}
	if i > 0 && (isWordByte(src[i-1]) || src[i-1] == ')') {
		return 0, nil, false
	}
	return open, area, true
}

// areaFits reports whether an area code in brackets and the digits behind it make a phone number: ten digits of the North
// American plan, or a trunk zero and 8 to 12 digits in all.
func areaFits(area []byte, digits int, shape uint32) bool {
	switch {
	case len(area) == 3 && area[0] >= '2':
		return digits == 7 && (shape == 0x34 || shape == 7 || shape == 0x322)
	case area[0] == '0' && len(area) >= 2:
		return len(area)+digits >= 8 && len(area)+digits <= 12
	case len(area) == 2 && area[0] > '0':
		return shape == 0x44 || shape == 0x54 || shape == 8 || shape == 9 // Brazil, Mexico
	}
	return false
}

// nationalForm reports whether the first n groups are printed as only phone numbers are.
func nationalForm(src []byte, g *digitGroups, n int) bool {
	d, c := g.d[:], g.joined(n)
	switch g.shape(n) {
	case 0x334:
		return (c == '-' || c == '.') && isNANP(d)
	case 0x1334:
		return d[0] == 1 && c != 0 && c != '/' && isNANP(d[1:])
	case 0x3334: // 001-212-555-0100
		return c == '-' && d[0] == 0 && d[1] == 0 && d[2] == 1
	}
	if d[0] != 0 || d[1] == 0 || g.inTable(src, n) {
		return false
	}
	if c == 0 { // Sweden: 070-123 45 67
		total := g.sum[n-1]
		for k := 2; k < n; k++ {
			if g.sep[k] != ' ' {
				return false
			}
		}
		return g.sep[1] == '-' && n >= 3 && total >= 8 && total <= 10 && g.length(0) <= 4 && g.length(n-1) == 2
	}
	switch g.shape(n) {
	case 0x47, 0x48: // Germany and Austria, mobile
		return c != '.' && (d[1] == 1 && d[2] >= 5 && d[2] <= 7 || d[1] == 6 && d[2] >= 5 && c != '-')
	case 0x27, 0x37, 0x28: // Israel, the Netherlands
		return c == '-'
	}
	if c == '/' {
		return false
	}
	switch g.shape(n) {
	case 0x22222: // France, 01 to 09
		return !(c == ' ' && isHexDump(src, g.base, g.base+int(g.to[n-1]))) && d[2]|d[3]|d[4]|d[5] != 0 && numberFrom(d[:10]) != 102030405
	case 0x433: // Australia, 04
		return d[1] == 4 || d[1] == 7 || c == '-'
	case 0x334, 0x234, 0x3322: // Korea, Switzerland and others
		return true
	case 0x344: // United Kingdom 02, Japan 0x0
		return d[1] == 2 || d[2] == 0 || c == '-'
	case 0x434: // United Kingdom
		return d[1] == 1 || d[1] == 3 || d[1] == 8
	case 0x56, 0x533:
		return (d[1] == 1 || d[1] == 7) && c == ' '
	case 0x244: // Japan, Australia
		return true
	}
	return false
}

// isHexDump reports whether pairs of hex digits go on before or behind src[p:q].
func isHexDump(src []byte, p, q int) bool {
	return p >= 3 && src[p-1] == ' ' && isHex(src[p-2]) && isHex(src[p-3]) && (p == 3 || !isLetter(src[p-4])) ||
		q+2 < len(src) && src[q] == ' ' && isHex(src[q+1]) && isHex(src[q+2]) && (q+3 == len(src) || !isLetter(src[q+3]))
}

// isNANP reports whether ten digits can be a number of the North American plan: neither area code nor exchange begins with 0 or 1.
func isNANP(d []byte) bool { return d[0] >= 2 && d[3] >= 2 }

// looksLikeDate reports whether the first n groups are a date, or begin with one.
func looksLikeDate(g *digitGroups, n int) bool {
	d := g.d[:]
	if n == 1 {
		t := g.sum[0]
		return (t == 8 || t == 12 || t == 14) && (two(d, 0) == 19 || two(d, 0) == 20) && realDate(two(d, 4), two(d, 6))
	}
	if n < 3 {
		return false
	}
	switch g.shape(3) {
	case 0x422:
		return realDate(two(d, 4), two(d, 6))
	case 0x224:
		return realDate(two(d, 0), two(d, 2)) || realDate(two(d, 2), two(d, 0))
	}
	return false
}
