package redact

// plPESEL: date of birth with 20 added to the month for the years 2000 to 2099 (and 80, 40, 60 for other centuries), weights
// 1 3 7 9 (Ministerstwo Cyfryzacji). Only the two centuries in which people live are taken.
func plPESEL(d []byte) bool {
	month := two(d, 2)
	if month > 20 {
		month -= 20
	}
	return realDate(month, two(d, 4)) && byte((10-weighed(d, "1379137913")%10)%10) == d[10]
}

// plNIP: weights 6 5 7 2 3 4 5 6 7, modulus 11.
func plNIP(d []byte) bool {
	return weighed(d, "657234567")%11 == int(d[9]) && d[0] > 0 && !allSame(d)
}

// czBirthNumber: YYMMDD with 50 added to the month for women, and 20 more when a day runs out of numbers; divisible by 11
// (zákon 133/2000 Sb.).
func czBirthNumber(d []byte) bool {
	month := two(d, 2)
	if month > 50 {
		month -= 50
	}
	if month > 20 {
		month -= 20
	}
	if !realDate(month, two(d, 4)) {
		return false
	}
	n := numberFrom(d)
	return n%11 == 0 || numberFrom(d[:9])%11 == 10 && d[9] == 0
}

// roCNP: sex and century, date, county, three digits, weights 279146358279 (Legea 105/1996).
func roCNP(d []byte) bool {
	county := two(d, 7)
	if d[0] == 0 || !realDate(two(d, 3), two(d, 5)) || county == 0 || county > 52 && county != 70 && (county < 80 || county > 83) {
		return false
	}
	c := weighed(d, "279146358279") % 11
	if c == 10 {
		c = 1
	}
	return byte(c) == d[12]
}

// bgEGN: date with 20 or 40 added to the month for other centuries, weights 2 4 8 5 10 9 7 3 6, modulus 11 (ГРАО).
func bgEGN(d []byte) bool {
	month := two(d, 2)
	if month > 40 {
		month -= 40
	} else if month > 20 {
		month -= 20
	}
	sum := weighed(d, "2485") + int(d[4])*10 + weighed(d[5:], "9736")
	return realDate(month, two(d, 4)) && byte(sum%11%10) == d[9]
}

// grAMKA: DDMMYY, five digits, Luhn (ΗΔΙΚΑ).
func grAMKA(d []byte) bool { return realDate(two(d, 2), two(d, 0)) && luhn(d) }

// trTCKN: the tenth digit is seven times the odd places minus the even ones, the last the sum of all (NVİ).
func trTCKN(d []byte) bool {
	odd := int(d[0] + d[2] + d[4] + d[6] + d[8])
	even := int(d[1] + d[3] + d[5] + d[7])
	return d[0] != 0 && ((odd*7-even)%10+10)%10 == int(d[9]) && (odd+even+int(d[9]))%10 == int(d[10])
}

// eeIsikukood: sex and century, date, three digits; weights 1 to 9 and 1, or 3 to 9 and 1 to 3 when those leave 10, modulus 11
// (Estonia, EVS 585:2007). Lithuania's asmens kodas is the same.
func eeIsikukood(d []byte) bool {
	if d[0] == 0 || d[0] > 6 || !realDate(two(d, 3), two(d, 5)) {
		return false
	}
	r := weighed(d, "1234567891") % 11
	if r == 10 {
		r = weighed(d, "3456789123") % 11 % 10
	}
	return byte(r) == d[10]
}
