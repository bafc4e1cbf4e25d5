package redact

// numberOf returns the end and rule of the longest card or national id that begins at src[p], whose groups are g. A kind of 0
// says that there is none.
func numberOf(src []byte, p int, g *digitGroups, on *[lastKind]bool) (end int, kind Kind, rule string) {
	if !freeBefore(src, p) {
		return 0, 0, ""
	}
	for n := g.n; n > 0; n-- {
		total := int(g.sum[n-1])
		if total < 7 {
			break
		}
		q := p + int(g.to[n-1])
		if on[NationalID] && total <= 9 {
			if end, rule := suffixedID(src, g, n); rule != "" {
				return end, NationalID, rule
			}
		}
		if total < 9 || !freeAfter(src, q) {
			continue
		}
		if on[Card] && cardOf(src, g, n) {
			return q, Card, "card"
		}
		if on[NationalID] {
			if rule := nationalID(src, g, n); rule != "" {
				return q, NationalID, rule
			}
		}
	}
	return 0, 0, ""
}

// A scheme is one state's number: what it must look like and what else must be said for it.
type scheme struct {
	rule    string
	valid   func(d []byte) bool
	grouped string  // the shape that it is printed in, with separators, such as "3-2-4"; several are set off by '|'
	about   context // the words that must be near when it is not in that shape; 0 for none
}

// nationalID returns the rule of the scheme that the first n groups are a number of, or "".
//
// A number in the shape that its authority prints it in stands alone, and so does one whose check digits and dates let fewer
// than one number in fifty through. Every other one needs a word near it that says what it is: one of ten order numbers passes
// a single check digit.
func nationalID(src []byte, g *digitGroups, n int) string {
	total := int(g.sum[n-1])
	if total > 15 {
		return ""
	}
	d := g.d[:total]
	var near context
	looked := false
	for i := range schemesOf[total] {
		s := &schemesOf[total][i]
		if !s.valid(d) {
			continue
		}
		printed := n > 1 && g.printedAs(n, s.grouped)
		if printed && (g.sep[1] != ' ' || !g.inTable(src, n) && !unitAfter(src, g.base+int(g.to[n-1]))) {
			return s.rule
		}
		if n > 1 && !printed && (g.joined(n) == 0 || g.joined(n) == '/' || n > 5) {
			continue
		}
		if s.about == 0 && n == 1 && !lastWordCounts(src, max(0, g.base-phoneBack), g.base) {
			return s.rule
		}
		if !looked {
			near, looked = contextNear(src, g.base, g.base+int(g.to[n-1])), true
		}
		if s.about != 0 && near&(s.about|aboutID) != 0 {
			return s.rule
		}
		if s.about == 0 && near != 0 && near&^(aboutProduct|aboutVersion|aboutMessage) != 0 {
			return s.rule
		}
	}
	return ""
}

// printedAs reports whether the first n groups have one of the shapes, such as "3-2-4|3 2 4".
func (g *digitGroups) printedAs(n int, shapes string) bool {
	k, fits := 0, true
	for i := 0; i <= len(shapes); i++ {
		if i == len(shapes) || shapes[i] == '|' {
			if fits && k == n {
				return true
			}
			k, fits = 0, true
			continue
		}
		if c := shapes[i]; isDigit(c) {
			fits = fits && k < n && g.length(k) == int(c-'0')
			k++
		} else {
			fits = fits && k < n && g.sep[k] == c
		}
	}
	return false
}

// schemesOf are the schemes by number of digits, the surer ones first.
var schemesOf = [16][]scheme{
	9: {
		{"us-ssn", usSSN, "3-2-4|3 2 4", aboutSSN},
		{"us-itin", usITIN, "3-2-4|3 2 4", aboutSSN | aboutTax},
		{"ca-sin", luhnSIN, "3 3 3|3-3-3", aboutCanada},
		{"au-tfn", auTFN, "3 3 3|3-3-3", aboutAustralia | aboutTax},
		{"au-acn", auACN, "3 3 3|3-3-3", aboutAustralia},
		{"nl-bsn", nlBSN, "4.2.3|4 2 3", aboutNetherlands},
	},
	10: {
		{"se-personnummer", sePersonnummer, "6-4", aboutSweden},
		{"fi-hetu", fiHETUDigits, "6-4", aboutID},
		{"cz-rodne-cislo", czBirthNumber, "6/4", aboutCzechia},
		{"dk-cpr", dkCPRChecked, "6-4", aboutDenmark},
		{"dk-cpr", dkCPR, "", aboutDenmark},
		{"gb-nhs", gbNHS, "3 3 4|3-3-4", aboutNHS},
		{"au-medicare", auMedicare, "4 5 1|4-5-1", aboutAustralia},
		{"pl-nip", plNIP, "3-3-2-2|3-2-2-3", aboutPoland | aboutTax},
		{"bg-egn", bgEGN, "", aboutBulgaria},
		{"gb-utr", gbUTR, "", aboutUTR | aboutTax},
	},
	11: {
		{"no-fodselsnummer", noBirthNumber, "6 5|6-5", 0},
		{"be-rijksregister", beNationalNumber, "2.2.2-3.2|2.2.2-3-2|6-3-2|6 3 2", 0},
		{"pl-pesel", plPESEL, "", 0},
		{"gr-amka", grAMKA, "6 5|6-5", 0},
		{"de-steuer-id", deSteuerID, "2 3 3 3|3 4 4", 0},
		{"br-cpf", brCPF, "3.3.3-2|3 3 3 2", aboutBrazil},
		{"au-abn", auABN, "2 3 3 3|2-3-3-3", aboutAustralia | aboutTax},
		{"tr-tckn", trTCKN, "", aboutTurkey},
		{"au-medicare", auMedicare, "4 5 1 1|4-5-1-1|4 5 2", aboutAustralia},
		{"it-piva", luhnSIN, "", aboutItaly},
	},
	12: {
		{"se-personnummer", sePersonnummer12, "8-4", aboutSweden},
		{"in-aadhaar", inAadhaar, "4 4 4|4-4-4", aboutIndia},
		{"jp-my-number", jpMyNumber, "4 4 4|4-4-4", aboutJapan},
	},
	13: {
		{"kr-rrn", krRRN, "6-7", aboutKorea},
		{"ch-ahv", chAHV, "3.4.4.2|3 4 4 2", 0},
		{"ro-cnp", roCNP, "1 6 6|1-6-6", 0},
		{"za-id", zaID, "6 4 3|6 4 2 1", 0},
	},
	14: {
		{"br-cnpj", brCNPJHeadOffice, "2.3.3/4-2", 0},
		{"br-cnpj", brCNPJ, "2.3.3/4-2", aboutBrazil},
	},
	15: {
		{"fr-nir", frNIR, "1 2 2 2 3 3 2|1 2 2 2 3 3-2|1.2.2.2.3.3.2", 0},
	},
}
