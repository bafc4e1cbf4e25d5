package redact

// cardOf reports whether the first n groups are a payment card number: ISO/IEC 7812 digits with a known issuer prefix, that
// issuer's length, the Luhn check and, when grouped, the grouping that is printed on such a card. Among words that speak of cards
// the issuer may be unknown. Numbers that are often
// something else (12 and 13 digits, 17 digits and more) are cards only among words that speak of cards.
func cardOf(src []byte, g *digitGroups, n int) bool {
	total := int(g.sum[n-1])
	if total < 12 || total > 19 {
		return false
	}
	if n > 1 {
		if c := g.joined(n); c != ' ' && c != '-' {
			return false
		}
		switch g.shape(n) {
		case 0x4444, 0x465, 0x464, 0x44443, 0x4441, 0x445, 0x4442, 0x448, 0x613:
		default:
			return false
		}
	}
	d := g.d[:total]
	issuer := issuerOf(d)
	if issuer == "" && (d[0] < 3 || d[0] > 6) || !luhn(d) || allSame(d[1:]) && d[1] == 0 {
		return false
	}
	start, end := g.base, g.base+int(g.to[n-1])
	if issuer == "" {
		return total >= 13 && contextNear(src, start, end)&aboutCard != 0
	}
	if n > 1 && (g.length(n-1) == 4 && columnAfter(src, end, g.sep[1]) || g.length(0) == 4 && columnBefore(src, start, g.sep[1])) &&
		contextNear(src, start, end)&aboutCard == 0 {
		return false
	}
	if n > 1 && total <= 16 && total >= 14 {
		return true
	}
	c := contextNear(src, start, end)
	if c&aboutCard != 0 {
		return true
	}
	return c&aboutProduct == 0 && total >= 14 && (n > 1 || total <= 16 && issuer != "maestro")
}

// columnAfter and columnBefore report whether one more group of four digits follows at src[q] or precedes src[p]: the groups are
// columns of a table, not a card.
func columnAfter(src []byte, q int, sep byte) bool {
	return q+5 <= len(src) && src[q] == sep && fourDigits(src[q+1:]) && (q+5 == len(src) || !isDigit(src[q+5]))
}

func columnBefore(src []byte, p int, sep byte) bool {
	return p >= 5 && src[p-1] == sep && fourDigits(src[p-5:]) && (p == 5 || !isDigit(src[p-6]) && src[p-6] != '-')
}

func fourDigits(b []byte) bool {
	return isDigit(b[0]) && isDigit(b[1]) && isDigit(b[2]) && isDigit(b[3])
}

// issuerOf returns who issues cards that begin with these digits and have this length, or "".
func issuerOf(d []byte) string {
	n := len(d)
	p := int(numberFrom(d[:6]))
	switch p2, p3, p4 := p/10000, p/1000, p/100; {
	case d[0] == 4:
		if n == 13 || n == 16 || n == 18 || n == 19 {
			return "visa"
		}
	case p2 >= 51 && p2 <= 55 || p4 >= 2221 && p4 <= 2720:
		if n == 16 {
			return "mastercard"
		}
	case p2 == 34 || p2 == 37:
		if n == 15 {
			return "amex"
		}
	case p3 >= 300 && p3 <= 305 || p4 == 3095 || p2 == 36 || p2 == 38 || p2 == 39:
		if n == 14 || n == 16 || n == 19 {
			return "diners"
		}
	case p4 >= 3528 && p4 <= 3589:
		if n >= 16 {
			return "jcb"
		}
	case p4 == 2131 || p4 == 1800:
		if n == 15 {
			return "jcb"
		}
	case p4 == 6011 || p2 == 65 || p3 >= 644 && p3 <= 649:
		if n >= 16 {
			return "discover"
		}
	case p2 == 62 || p2 == 81 && p4 <= 8171:
		if n >= 16 {
			return "unionpay"
		}
	case p4 >= 2200 && p4 <= 2204:
		if n >= 16 {
			return "mir"
		}
	case p4 == 9792:
		if n == 16 {
			return "troy"
		}
	case n == 16 && (p4 == 5019 || p4 == 6759): // unlike the rest of it, these say so by themselves
		return "dankort"
	case p2 == 50 || p2 >= 56 && p2 <= 58 || p2 == 63 || p2 == 67 || p4 == 6390 || p4 == 604 || p2 == 60:
		if n != 14 {
			return "maestro"
		}
	}
	return ""
}
