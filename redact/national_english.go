package redact

// usSSN: area, group and serial numbers that the Social Security Administration gives out (SSA, "Social Security Number
// Randomization"): no area 000, 666 or 900 and more, no group 00, no serial 0000. There is no check digit. Two numbers that
// were printed in advertisements are void.
func usSSN(d []byte) bool {
	area, group, serial := numberFrom(d[:3]), numberFrom(d[3:5]), numberFrom(d[5:])
	if area == 0 || area == 666 || area >= 900 || group == 0 || serial == 0 || allSame(d) {
		return false
	}
	n := numberFrom(d)
	return n != 78051120 && n != 219099999
}

// usITIN: 9xx with a group of 50-65, 70-88, 90-92 or 94-99 (IRS, Publication 1915).
func usITIN(d []byte) bool {
	g := two(d, 3)
	return d[0] == 9 && (g >= 50 && g <= 65 || g >= 70 && g <= 88 || g >= 90 && g <= 92 || g >= 94)
}

// luhnSIN: the Canadian social insurance number and the Italian partita IVA check digits by Luhn.
func luhnSIN(d []byte) bool { return luhn(d) && !allSame(d) && numberFrom(d) > 9999 }

// gbNHS: weights 10 to 2, modulus 11 (NHS Data Model and Dictionary, NHS NUMBER).
func gbNHS(d []byte) bool {
	sum := 0
	for i, v := range d[:9] {
		sum += int(v) * (10 - i)
	}
	return mod11Check(sum) == d[9] && !allSame(d)
}

// gbUTR: the first digit checks the other nine (HMRC, modulus 11 with weights 6 7 8 9 10 5 4 3 2).
func gbUTR(d []byte) bool {
	weights := [9]int{6, 7, 8, 9, 10, 5, 4, 3, 2}
	sum := 0
	for i, w := range weights {
		sum += w * int(d[i+1])
	}
	return "21987654321"[sum%11] == d[0]+'0'
}

// auTFN: weights 1 4 3 7 5 8 6 9 10, divisible by 11 (ATO).
func auTFN(d []byte) bool {
	return (weighed(d, "14375869")+int(d[8])*10)%11 == 0 && !allSame(d)
}

// auABN: one off the first digit, weights 10 1 3 … 19, divisible by 89 (Australian Business Register).
func auABN(d []byte) bool {
	sum := (int(d[0]) - 1) * 10
	for i, v := range d[1:] {
		sum += int(v) * (2*i + 1)
	}
	return d[0] > 0 && sum%89 == 0
}

// auACN: weights 8 to 1, tens complement (ASIC).
func auACN(d []byte) bool {
	return byte((10-weighed(d, "87654321")%10)%10) == d[8] && numberFrom(d) > 0
}

// auMedicare: begins with 2 to 6, weights 1 3 7 9 1 3 7 9, modulus 10; then issue number, never 0, and reference number.
func auMedicare(d []byte) bool {
	return d[0] >= 2 && d[0] <= 6 && weighed(d, "13791379")%10 == int(d[8]) && d[9] != 0
}

// zaID: date of birth, four digits for sex, citizenship 0 to 2, 8 or 9, Luhn (Identification Act 68 of 1997).
func zaID(d []byte) bool {
	return realDate(two(d, 2), two(d, 4)) && d[10] <= 2 && d[11] >= 8 && luhn(d)
}

// iePPS checks seven digits and the letters behind them: weights 8 to 2, and 9 for the second letter (A is 1; W counts 0).
func iePPS(d []byte, check, second byte) bool {
	sum := weighed(d, "8765432")
	if second != 0 && second != 'W' && second != 'T' && second != 'X' {
		sum += 9 * int(second-'A'+1)
	}
	return "WABCDEFGHIJKLMNOPQRSTUV"[sum%23] == check
}
