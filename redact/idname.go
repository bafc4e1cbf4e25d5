package redact

import "strings"

// idNameBack is how far before a number its name is looked for.
const idNameBack = 40

// namedID returns what stands right before src[p] when that names a number that a state gave, as "NIP", "tax id no." or "passport
// number is" do: then no check digit is asked for. It returns 0 otherwise.
func namedID(src []byte, p int) uint8 {
	i, lo := p, max(0, p-idNameBack)
	for words := 0; words < 4; words++ {
		for i > lo && namesGap(src[i-1]) {
			i--
		}
		e := i
		for i > lo && (isLetter(src[i-1]) || src[i-1] == '\'') && !(i < e && isUpper(src[i]) && !isUpper(src[i-1])) {
			i--
		}
		if i == e || i > 0 && (i == lo && isLetter(src[i-1]) || isDigit(src[i-1])) || e-i > maxSubject {
			return 0
		}
		var b [maxSubject]byte
		for k, c := range src[i:e] {
			if isUpper(c) {
				c |= 0x20
			}
			b[k] = c
		}
		if what := idNames[string(b[:e-i])]; what != nameFiller {
			return what
		}
	}
	return 0
}

// namesGap reports whether c may stand between the words of a name, or between it and its number.
func namesGap(c byte) bool {
	switch c {
	case ' ', ':', '#', '=', '"', '\'', '.', '_', '-', '(', ')', '\\', '/', '\t':
		return true
	}
	return false
}

const (
	nameFiller   = iota + 1
	nameOfID     // of digits, with letters or without
	nameOfDigits // with a letter it is checked
	nameOfAccount
	nameOfAbroad // of nine digits it is checked
)

// named returns how many of the groups belong to a number that is named: short groups with spaces between, and whatever other
// separators join.
func (g *digitGroups) named() (n int) {
	for n = 1; n < g.n; n++ {
		if g.sep[n] == ' ' && (g.length(n-1) > 6 || g.length(n) > 6) {
			break
		}
	}
	return n
}

// idNames are the names, and the words that may stand between them and a number. Numbers whose check
// digits are known (see schemesOf) are not among them, nor names that mean something else in logs ("run", "nn", "fin", "uid").
var idNames = func() map[string]uint8 {
	m := map[string]uint8{}
	add := func(what uint8, words string) {
		for _, w := range strings.Fields(words) {
			m[w] = what
		}
	}
	add(nameFiller, `no number num nr id is code of the card nº n° número numero nummer numer номер br registration identification`)
	add(nameFiller, `account acct`)
	add(nameOfAccount, `bank banking routing aba rtn bsb konto kontonr kontonummer rekeningnummer sortcode`)
	add(nameOfAbroad, `security ssn`)
	add(nameFiller, `personas`)
	add(nameOfDigits, `dni nric hkid`)
	add(nameOfID, `atin ptin ein fein tin taxpayer tax steuer vat tva iva mwst passport passeport reisepass pasaporte passaporto паспорт
		licence license führerschein fuehrerschein patente personalausweis ausweis identity national citizen upn mbi medicaid npi dea ird
		steuernummer stnr svnr vsnr versicherungsnummer sozialversicherungsnummer rentenversicherungsnummer krankenversichertennummer
		ust identificatienummer omzetbelastingnummer umsatzsteuer sozialversicherung mehrwertsteuer
		ustid ustidnr kvnr egk krankenkasse lanr bsnr abgabenkontonummer siren siret ondernemingsnummer onderwijsnummer rsin kvk nuit
		cuil rut ruc rnc rif nit cif cedula cédula nrt cbu nss rg contribuinte clabe regon dič cui pnf oib jmbg emšo emso
		nuss trn kods matricule lnr anum taj adószám kmkr registrikood kodas pvm pvn pib edb едб idno nipt afm αφμ инн inn снилс snils огрн унп unp edrpou rntrc
		organisationsnummer orgnr cpr cvr mva veronumero tunnus kennitala vkn zehut gstin gst voter identità cnic npwp nik ktp mykad uen brn uscc
		teudat davčna daňové taxe partita moms arvonlisävero velferd bpjs epf socso mynric prc tnin tnid sss gsis sgk bhyt
		ubn cccd cmnd peid umid philhealth bvn nin ИНН ОГРН СНИЛС УНП ЕДБ ΑΦΜ diČ emŠo`)
	return m
}()

// namedEnd returns the end of what can be a number with letters behind its name, or 0: a word, or one or two letters and groups of
// digits.
func namedEnd(src []byte, start, end int) int {
	n := end - start
	if n > 2 {
		if n < 7 || n > 20 || !freeAfter(src, end) {
			return 0
		}
		return end
	}
	if end+1 >= len(src) || src[end] != ' ' && src[end] != '-' || !isDigit(src[end+1]) {
		return 0
	}
	var g digitGroups
	g.read(src, end+1)
	if g.n == 0 {
		return 0
	}
	k := g.named()
	q := end + 1 + int(g.to[k-1])
	for n := 0; n < 2 && q < len(src) && isUpper(src[q]); n++ {
		q++
	}
	if total := g.sum[k-1]; total < 6 || total > 16 || !freeAfter(src, q) {
		return 0
	}
	return q
}
