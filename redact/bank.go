package redact

// ibanLengths are the countries of the IBAN registry (SWIFT, ISO 13616) and the length of their numbers.
const ibanLengths = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22" +
	"GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31" +
	"MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30"

// ibanLength holds the same by the two letters of the country.
var ibanLength [26 * 26]uint8

func init() {
	for i := 0; i < len(ibanLengths); i += 4 {
		e := ibanLengths[i : i+4]
		ibanLength[int(e[0]-'A')*26+int(e[1]-'A')] = (e[2]-'0')*10 + e[3] - '0'
	}
}

// ibanAt looks for an IBAN that begins at src[i]: a country of the registry, its length, and ISO 7064 MOD 97-10. It may be
// grouped with single spaces or hyphens.
func ibanAt(src []byte, i int) (end int, ok bool) {
	if i+15 > len(src) || !isUpper(src[i]) || !isUpper(src[i+1]) || !isDigit(src[i+2]) || !isDigit(src[i+3]) {
		return 0, false
	}
	n := int(ibanLength[int(src[i]-'A')*26+int(src[i+1]-'A')])
	if n == 0 {
		return 0, false
	}
	// What the country and the check digits leave is added last: they go behind the rest.
	p, group, r := i+4, 4, uint64(0)
	for k := 4; k < n; p++ {
		if p >= len(src) {
			return 0, false
		}
		switch c := src[p]; {
		case isDigit(c):
			r = r*10 + uint64(c-'0')
		case isUpper(c):
			r = r*100 + uint64(c-'A') + 10
		case (c == ' ' || c == '-') && group >= 2:
			group = 0
			continue
		default:
			return 0, false
		}
		group++
		if k++; k&3 == 0 {
			r %= 97
		}
	}
	return p, freeAfter(src, p) && mod97(r, src[i:i+4])
}

// mod97 reports whether the number that leaves r when divided by 97 and the digits and capitals of b behind it, letters
// counting 10 to 35, leave 1.
func mod97(r uint64, b []byte) bool {
	for _, c := range b {
		if isDigit(c) {
			r = (r*10 + uint64(c-'0')) % 97
		} else {
			r = (r*100 + uint64(c-'A') + 10) % 97
		}
	}
	return r == 1
}

func isASCIILetter(c byte) bool { return class[c]&cAlpha != 0 }
