package redact

// brCheck returns the check digit behind d: weights 2, 3, … from the right, starting anew behind the highest, modulus 11.
func brCheck(d []byte, highest int) byte {
	sum, w := 0, 2
	for i := len(d) - 1; i >= 0; i-- {
		sum += int(d[i]) * w
		if w++; w > highest {
			w = 2
		}
	}
	if r := sum % 11; r >= 2 {
		return byte(11 - r)
	}
	return 0
}

// brCPF: nine digits and two check digits (Receita Federal).
func brCPF(d []byte) bool {
	return brCheck(d[:9], 11) == d[9] && brCheck(d[:10], 11) == d[10] && !allSame(d)
}

// brCNPJ: twelve characters and two check digits (Receita Federal). Since July 2026 the characters may be letters, which count as
// their place in ASCII behind '0' (Instrução Normativa RFB 2.229/2024).
func brCNPJ(d []byte) bool {
	return brCheck(d[:12], 9) == d[12] && brCheck(d[:13], 9) == d[13] && !allSame(d)
}

// brCNPJHeadOffice is a CNPJ of a head office, by far the most frequent: the branch is 0001.
func brCNPJHeadOffice(d []byte) bool { return numberFrom(d[8:12]) == 1 && brCNPJ(d) }

// inAadhaar: begins with 2 to 9, Verhoeff (UIDAI).
func inAadhaar(d []byte) bool { return d[0] >= 2 && verhoeff(d) && !allSame(d) }

// jpMyNumber: weights 6 5 4 3 2 7 6 5 4 3 2, modulus 11, 0 for a remainder of 0 and 1 (総務省令 第八十五号, 2014).
func jpMyNumber(d []byte) bool {
	r := weighed(d, "65432765432") % 11
	if r <= 1 {
		return d[11] == 0 && !allSame(d)
	}
	return byte(11-r) == d[11]
}

// krRRN: date of birth, sex and century, six digits; the check digit (weights 2 to 9, 2 to 5, modulus 11) is not required of
// those given out since October 2020, when it became random (행정안전부).
func krRRN(d []byte) bool {
	if !krRRNDate(d) {
		return false
	}
	check := byte((11 - weighed(d, "234567892345")%11) % 10)
	return check == d[12] || two(d, 0) >= 20 && two(d, 0) <= 30 && (d[6] == 3 || d[6] == 4)
}

// krRRNDate reports whether the date of birth and the sex of a resident registration number can be.
func krRRNDate(d []byte) bool {
	return realDate(two(d, 2), two(d, 4)) && d[6] >= 1 && d[6] <= 8
}

// sgNRIC checks the letter behind seven digits: weights 2 7 6 5 4 3 2, 4 more for T and G, 3 more for M.
func sgNRIC(d []byte, first, check byte) bool {
	sum := weighed(d, "2765432")
	switch first {
	case 'S':
		return "JZIHGFEDCBA"[sum%11] == check
	case 'T':
		return "JZIHGFEDCBA"[(sum+4)%11] == check
	case 'F':
		return "XWUTRQPNMLK"[sum%11] == check
	case 'G':
		return "XWUTRQPNMLK"[(sum+4)%11] == check
	case 'M':
		return "KLJNPQRTUWX"[10-(sum+3)%11] == check
	}
	return false
}

// hkID checks one or two letters, six digits and a check digit or A: weights 9 to 2 with 36 for a missing first letter, modulus 11.
func hkID(letters, d []byte, check byte) bool {
	sum := 36 * 9
	if len(letters) == 2 {
		sum = (int(letters[0]) - 'A' + 10) * 9
	}
	sum += (int(letters[len(letters)-1])-'A'+10)*8 + weighed(d, "765432")
	if check == 'A' {
		sum += 10
	} else {
		sum += int(check - '0')
	}
	return sum%11 == 0
}

// cnResidentID: region, date of birth, three digits, ISO 7064 MOD 11-2 whose check may be X (GB 11643-1999).
func cnResidentID(d []byte, check byte) bool {
	year := two(d, 6)
	if d[0] == 0 || year != 19 && year != 20 || !realDate(two(d, 10), two(d, 12)) {
		return false
	}
	r := 0
	for _, v := range d[:17] {
		r = (r + int(v)) * 2 % 11
	}
	return "10X98765432"[r] == check
}

func cnResidentDigits(d []byte) bool { return cnResidentID(d, d[17]+'0') }

// thID: weights 13 to 2, modulus 11 (กรมการปกครอง).
func thID(d []byte) bool {
	sum := 0
	for i, v := range d[:12] {
		sum += int(v) * (13 - i)
	}
	return d[0] != 0 && d[0] != 9 && byte((11-sum%11)%10) == d[12]
}

// arCUIT: the kind of person, eight digits, weights 5 4 3 2 7 6 5 4 3 2, modulus 11, 9 for 10 (ARCA).
func arCUIT(d []byte) bool {
	switch two(d, 0) {
	case 20, 23, 24, 25, 26, 27, 30, 33, 34:
		return min(mod11Check(weighed(d, "5432765432")), 9) == d[10]
	}
	return false
}

// clRUT: weights 2 to 7 from the right, modulus 11, K for 10 (Registro Civil).
func clRUT(d []byte, check byte) bool {
	sum, w := 0, 2
	for i := len(d) - 1; i >= 0; i-- {
		sum += int(d[i]) * w
		if w++; w > 7 {
			w = 2
		}
	}
	return "0K987654321"[sum%11] == check && numberFrom(d) > 99_999
}

func clRUTDigits(d []byte) bool { return clRUT(d[:8], d[8]+'0') }
