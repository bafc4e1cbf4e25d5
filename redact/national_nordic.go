package redact

// sePersonnummer: YYMMDD-NNNC, the day plus 60 for a coordination number, Luhn over all ten (Skatteverket, SKV 704).
func sePersonnummer(d []byte) bool {
	day := two(d, 4)
	if day > 60 {
		day -= 60
	}
	return realDate(two(d, 2), day) && luhn(d)
}

// sePersonnummer12 is the same with the century. A date and time of this century is not taken for one.
func sePersonnummer12(d []byte) bool {
	century := two(d, 0)
	if century < 18 || century > 20 || !sePersonnummer(d[2:]) {
		return false
	}
	return century < 20 || two(d, 8) > 23 || two(d, 10) > 59
}

// dkCPR: DDMMYY-NNNN. Numbers given out since 2007 need not pass modulus 11 (CPR-kontoret).
func dkCPR(d []byte) bool { return realDate(two(d, 2), two(d, 0)) }

// dkCPRChecked is dkCPR with the check digit.
func dkCPRChecked(d []byte) bool { return dkCPR(d) && weighed(d, "4327654321")%11 == 0 }

// noBirthNumber: DDMMYY, three digits, two check digits (Skatteetaten). D-numbers add 4 to the first digit, H-numbers and
// synthetic ones 40 or 80 to the month.
func noBirthNumber(d []byte) bool {
	day, month := two(d, 0), two(d, 2)
	if day > 40 {
		day -= 40
	}
	if month > 80 {
		month -= 80
	} else if month > 40 {
		month -= 40
	}
	return realDate(month, day) && mod11Check(weighed(d, "376189452")) == d[9] && mod11Check(weighed(d, "5432765432")) == d[10]
}

// fiHETU checks the letter of DDMMYY, a sign of the century and three digits (DVV): the remainder by 31.
func fiHETU(d []byte, century, check byte) bool {
	switch century {
	case '+', '-', 'A', 'B', 'C', 'D', 'E', 'F', 'Y', 'X', 'W', 'V', 'U':
	default:
		return false
	}
	return realDate(two(d, 2), two(d, 0)) && "0123456789ABCDEFHJKLMNPRSTUVWXY"[numberFrom(d[:9])%31] == check
}

// fiHETUDigits is a HETU of the 20th century whose check character is a digit.
func fiHETUDigits(d []byte) bool { return fiHETU(d[:9], '-', d[9]+'0') }
