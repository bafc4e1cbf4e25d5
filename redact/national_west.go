package redact

// frNIR: sex, year, month, place, order and 97 minus the remainder by 97 (INSEE). Months above 12 are in use; Corsica's letters
// are handled where words are.
func frNIR(d []byte) bool {
	month := two(d, 3)
	if d[0] == 0 || d[0] > 8 || d[0] == 5 || d[0] == 6 || month == 0 || month > 42 && month < 50 || month > 12 && month < 20 {
		return false
	}
	return 97-numberFrom(d[:13])%97 == numberFrom(d[13:])
}

// nlBSN: the "elfproef": weights 9 to 2 and -1, divisible by 11 (Rijksdienst voor Identiteitsgegevens).
func nlBSN(d []byte) bool {
	return (weighed(d, "98765432")-int(d[8]))%11 == 0 && !allSame(d) && numberFrom(d) > 0
}

// beNationalNumber: YYMMDD, three digits, 97 minus the remainder by 97, with a 2 in front for those born since 2000. Bis numbers
// add 20 or 40 to the month.
func beNationalNumber(d []byte) bool {
	month, check := two(d, 2), numberFrom(d[9:])
	if month > 40 {
		month -= 40
	} else if month > 20 {
		month -= 20
	}
	if !realDate(month, two(d, 4)) || numberFrom(d[6:9]) == 0 {
		return false
	}
	n := numberFrom(d[:9])
	return 97-n%97 == check || 97-(2_000_000_000+n)%97 == check
}

// deSteuerID: no leading zero; of the first ten digits exactly one occurs two or three times; ISO 7064 MOD 11,10 (BZSt).
func deSteuerID(d []byte) bool {
	if d[0] == 0 || !hybrid1110(d) {
		return false
	}
	var times [10]byte
	for _, v := range d[:10] {
		times[v]++
	}
	double, triple := 0, 0
	for _, n := range times {
		switch {
		case n == 2:
			double++
		case n == 3:
			triple++
		case n > 3:
			return false
		}
	}
	return double+triple == 1
}

// chAHV: 756, nine digits, the check digit of an EAN-13 (ZAS).
func chAHV(d []byte) bool {
	return numberFrom(d[:3]) == 756 && byte((10-weighed(d, "131313131313")%10)%10) == d[12]
}

// The letters that check a Spanish DNI and NIE, by the remainder by 23 (Orden de 1990, Real Decreto 1553/2005).
const dniLetters = "TRWAGMYFPDXBNJZSQVHLCKE"

func esDNI(d []byte, check byte) bool {
	return dniLetters[numberFrom(d)%23] == check && numberFrom(d) > 0
}

// ptNIF: weights 9 to 2, modulus 11 (Autoridade Tributária).
func ptNIF(d []byte) bool {
	r := weighed(d, "98765432") % 11
	return d[0] != 0 && (r < 2 && d[8] == 0 || byte(11-r) == d[8])
}
