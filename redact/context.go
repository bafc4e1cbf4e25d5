package redact

import "bytes"

// A context is a set of subjects that the words near a number speak of.
type context uint64

const (
	aboutCard context = 1 << iota
	aboutPhone
	aboutContact // words that may speak of a phone: call, contact
	aboutBank
	aboutID  // any national id
	aboutTax // any tax number
	aboutSSN
	aboutNHS
	aboutUTR
	aboutAustralia
	aboutCanada
	aboutPoland
	aboutFrance
	aboutNetherlands
	aboutSpain
	aboutBrazil
	aboutIndia
	aboutSweden
	aboutDenmark
	aboutNorway
	aboutGermany
	aboutBelgium
	aboutSwiss
	aboutJapan
	aboutKorea
	aboutTurkey
	aboutSouthAfrica
	aboutRomania
	aboutGreece
	aboutBulgaria
	aboutCzechia
	aboutItaly
	aboutIreland
	aboutHongKong
	aboutThailand
	aboutProduct // numbers of things: EAN, ISBN, order, block
	aboutVersion
	aboutMessage // the id of a mail message, which looks like an address
)

// contextBack and contextAhead are how far the words are looked for.
const (
	contextBack  = 48
	contextAhead = 32
)

// contextNear returns the subjects of the words before and behind src[start:end], on the same line.
func contextNear(src []byte, start, end int) context {
	return wordsBefore(src, start, contextBack) | wordsAfter(src, end)
}

// wordsBefore returns the subjects of the words in the n bytes before src[i], on the same line.
func wordsBefore(src []byte, i, n int) context {
	lo := max(0, i-n)
	if nl := bytes.LastIndexByte(src[lo:i], '\n'); nl >= 0 {
		lo += nl + 1
	}
	return wordsIn(src, lo, i)
}

// wordsAfter returns the subjects of the words in the 32 bytes behind src[i-1], on the same line.
func wordsAfter(src []byte, i int) context {
	hi := min(len(src), i+contextAhead)
	if nl := bytes.IndexByte(src[i:hi], '\n'); nl >= 0 {
		hi = i + nl
	}
	return wordsIn(src, i, hi)
}

// wordsIn returns the subjects of the words in src[lo:hi]. Words are cut at
// anything but letters and where camel case changes; a word that lo cuts in two does not count.
func wordsIn(src []byte, lo, hi int) context {
	if lo > 0 && hi > lo && isLetter(src[lo-1]) {
		for lo < hi && isLetter(src[lo]) {
			lo++
		}
	}
	var c context
	for lo < hi {
		if !isLetter(src[lo]) {
			lo++
			continue
		}
		e := lo + 1
		for e < hi && isLetter(src[e]) && !(isUpper(src[e]) && !isUpper(src[e-1])) {
			e++
		}
		if e == hi && hi < len(src) && isLetter(src[hi]) {
			break // cut in two
		}
		c |= subjectOf(src[lo:e])
		lo = e
	}
	return c
}

// maxSubject is the length of the longest word that has a subject.
const maxSubject = 20

// subjectOf returns what a word speaks of.
func subjectOf(word []byte) context {
	if len(word) < 2 || len(word) > maxSubject {
		return 0
	}
	var b [maxSubject]byte
	for i, c := range word {
		if isUpper(c) {
			c |= 0x20
		}
		b[i] = c
	}
	switch string(b[:len(word)]) {
	case "card", "cards", "cardnumber", "creditcard", "cc", "ccn", "pan", "visa", "mastercard", "maestro", "amex", "discover", "jcb",
		"diners", "unionpay", "credit", "debit", "karte", "kreditkarte", "carte", "tarjeta", "carta", "cartão", "cartao":
		return aboutCard
	case "phone", "phones", "phonenumber", "telephone", "tel", "mobile", "cell", "cellphone", "fax", "sms", "whatsapp", "msisdn",
		"telefon", "telefono", "teléfono", "téléphone", "telefone", "telefonnummer", "handy", "handynummer", "gsm", "móvil", "movil",
		"celular", "cellulare", "rufnummer", "telefoon", "puhelin", "landline", "ph":
		return aboutPhone
	case "call", "called", "caller", "calling", "dial", "contact", "reach", "ring", "texted", "callback", "hotline":
		return aboutContact
	case "iban", "bank", "account", "konto", "compte", "cuenta", "conto", "rekening", "bic", "swift":
		return aboutBank
	case "national", "identity", "identification", "citizen", "nationalid", "personal", "insurance":
		return aboutID
	case "tax", "taxpayer", "tin", "taxid", "vat", "fiscal", "steuer":
		return aboutTax
	case "ssn", "ssns", "social", "itin", "socialsecurity":
		return aboutSSN
	case "nhs":
		return aboutNHS
	case "utr":
		return aboutUTR
	case "tfn", "abn", "acn", "medicare", "australian", "ato", "asic":
		return aboutAustralia
	case "sin", "sins", "nas", "canadian":
		return aboutCanada
	case "pesel", "nip", "polish":
		return aboutPoland
	case "nir", "insee", "sécurité", "securite", "sécu", "french":
		return aboutFrance
	case "bsn", "burgerservicenummer", "sofinummer", "dutch":
		return aboutNetherlands
	case "dni", "nie", "nif", "spanish", "rut", "cuit", "cuil", "contribuinte", "portuguese":
		return aboutSpain
	case "cpf", "cnpj", "brazilian", "cadastro":
		return aboutBrazil
	case "aadhaar", "aadhar", "adhaar", "uidai", "uid":
		return aboutIndia
	case "personnummer", "pnr", "samordningsnummer", "organisationsnummer", "swedish":
		return aboutSweden
	case "cpr", "danish":
		return aboutDenmark
	case "fødselsnummer", "fodselsnummer", "fnr", "norwegian":
		return aboutNorway
	case "steuerid", "idnr", "steueridentnummer", "identifikationsnummer", "steuernummer", "german":
		return aboutGermany | aboutTax
	case "rijksregister", "rijksregisternummer", "insz", "niss", "belgian":
		return aboutBelgium
	case "ahv", "avs", "oasi", "swiss":
		return aboutSwiss
	case "mynumber", "個人番号", "my", "japanese":
		return aboutJapan
	case "rrn", "resident", "korean", "jumin":
		return aboutKorea
	case "tckn", "kimlik", "turkish":
		return aboutTurkey
	case "rsa", "sa", "african":
		return aboutSouthAfrica
	case "cnp", "romanian":
		return aboutRomania
	case "amka", "αμκα", "ΑΜΚΑ", "greek":
		return aboutGreece
	case "egn", "егн", "ЕГН", "bulgarian":
		return aboutBulgaria
	case "rodné", "rodne", "číslo", "birth", "czech", "slovak":
		return aboutCzechia
	case "codice", "fiscale", "partita", "piva", "iva", "italian":
		return aboutItaly
	case "pps", "ppsn", "irish":
		return aboutIreland
	case "thai", "thailand":
		return aboutThailand
	case "hkid", "hong", "kong":
		return aboutHongKong
	case "ean", "gtin", "upc", "isbn", "barcode", "sku", "imei", "asin", "block", "blk", "order", "tracking", "snowflake", "epoch",
		"timestamp", "trace", "span", "nonce", "serial":
		return aboutProduct
	case "version", "ver", "release", "oid", "firmware", "build", "section", "rfc", "upgrade", "upgraded", "upgrades", "deps", "objectidentifier", "identifier":
		return aboutVersion
	case "messageid", "msgid", "message", "msg":
		return aboutMessage
	}
	return 0
}

// isLetter reports whether c is a letter: of ASCII, or part of a rune beyond it.
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 }

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
