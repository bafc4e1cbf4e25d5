package redact

// Further states' numbers. Those that one check digit is all there is to ask for a word near them; see schemesOf.

// ilID: Luhn over nine digits (מספר זהות, Population Authority).
func ilID(d []byte) bool { return luhn(d) && !allSame(d) }

// huTAJ: weights 3 and 7 in turn, modulus 10 (1996. évi XX. törvény).
func huTAJ(d []byte) bool { return weighed(d, "37373737")%10 == int(d[8]) && !allSame(d) }

// nzIRD: weights 3 2 7 6 5 4 3 2, modulus 11, or 7 4 3 2 5 2 7 6 when those leave 10; of numbers in use none is below 10 million or
// above 150 million (Inland Revenue, Resident Withholding Tax specification).
func nzIRD(d []byte) bool {
	if n := numberFrom(d); n < 10_000_000 || n > 150_000_000 {
		return false
	}
	check := mod11Check(weighed(d, "32765432"))
	if check == 10 {
		check = mod11Check(weighed(d, "74325276"))
	}
	return check == d[8]
}

// isKennitala: date of birth, two digits, a check digit (weights 3 2 7 6 5 4 3 2, modulus 11) and the century (Þjóðskrá).
func isKennitala(d []byte) bool {
	return realDate(two(d, 2), two(d, 0)) && (d[9] == 0 || d[9] >= 8) && mod11Check(weighed(d, "32765432")) == d[8]
}

// atSVNR: three digits, a check digit (weights 3 7 9, then 5 8 4 2 1 6 for the date, modulus 11), date of birth, of which the month
// may be 13 to 15 when the numbers of a day have run out (Dachverband der Sozialversicherungsträger).
func atSVNR(d []byte) bool {
	month := two(d, 6)
	if month > 12 && month < 16 {
		month = 12
	}
	return d[0] != 0 && realDate(month, two(d, 4)) && (weighed(d, "379")+weighed(d[4:], "584216"))%11 == int(d[3])
}

// uaRNOKPP: days since the end of 1899, five digits; weights -1 5 7 9 4 6 10 5 7, modulus 11 (Державна податкова служба).
func uaRNOKPP(d []byte) bool {
	sum := weighed(d[1:], "57946") - int(d[0]) + int(d[6])*10 + int(d[7])*5 + int(d[8])*7
	return (sum%11+11)%11%10 == int(d[9]) && !allSame(d)
}

// ruINN: ten digits of a company, or twelve of a person with two check digits (ФНС России).
func ruINN(d []byte) bool {
	if len(d) == 10 {
		return ruCheck(d[:9], 0) == d[9] && !allSame(d)
	}
	return ruCheck(d[:10], 1) == d[10] && ruCheck(d[:11], 0) == d[11] && !allSame(d)
}

// ruCheck weighs with 7 2 4 10 3 5 9 4 6 8 behind 3 and 7, of which it uses as many as there are digits, modulus 11.
func ruCheck(d []byte, skip int) byte {
	weights := [...]int{3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8}
	sum := 0
	for i, w := range weights[len(weights)-len(d):] {
		sum += int(d[i]) * w
	}
	return byte(sum % 11 % 10)
}

// ruSNILS: nine digits, weights 9 to 1, and the sum modulus 101 in two digits, of which 100 counts as 0 (СФР).
func ruSNILS(d []byte) bool {
	return weighed(d, "987654321")%101%100 == two(d, 9) && !allSame(d) && numberFrom(d[:9]) > 1001998
}

// lvPersonasKods: date of birth, century, three digits and a check digit (weights 10 5 8 4 2 1 6 3 7 9, modulus 11); those given out
// since July 2017 begin with 32 and have none (Fizisko personu reģistrs).
func lvPersonasKods(d []byte) bool {
	if two(d, 0) == 32 {
		return !allSame(d[2:])
	}
	sum := 1 + int(d[0])*10 + weighed(d[1:], "584216379")
	return realDate(two(d, 2), two(d, 0)) && d[6] <= 2 && sum%11%10 == int(d[10])
}

// ecCedula: province 1 to 24, a third digit below 6, Luhn (Registro Civil).
func ecCedula(d []byte) bool { return two(d, 0) >= 1 && two(d, 0) <= 24 && d[2] < 6 && luhn(d) }

// myNRIC: date of birth, place of birth, four digits (Jabatan Pendaftaran Negara).
func myNRIC(d []byte) bool {
	return realDate(two(d, 2), two(d, 4)) && two(d, 6) != 0 && (two(d, 6) < 17 || two(d, 6) > 20)
}

// kzIIN: date of birth, sex and century (3 to 6 for people who live), four digits; weights 1 to 11, or 3 to 11, 1 and 2 when those
// leave 10, modulus 11 (постановление № 1406, 2003).
func kzIIN(d []byte) bool {
	if !realDate(two(d, 2), two(d, 4)) || d[6] < 3 || d[6] > 6 {
		return false
	}
	r, again := 0, 0
	for i := range 11 {
		r += int(d[i]) * (i + 1)
		again += int(d[i]) * ((i+2)%11 + 1)
	}
	if r %= 11; r == 10 {
		r = again % 11
	}
	return r == int(d[11])
}
