package redact

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// A context is a set of subjects that the words near a number speak of.
type context uint64

const (
	aboutCard context = 1 << iota
	aboutPhone
	aboutContact // words that may speak of a phone: call, contact
	aboutNumber  // number
	aboutOwner   // my, your: of a person
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
	aboutIceland
	aboutRussia
	aboutUkraine
	aboutLatvia
	aboutAustria
	aboutCroatia
	aboutHungary
	aboutIsrael
	aboutNewZealand
	aboutCedula // of Ecuador and the Dominican Republic
	aboutKazakhstan
	aboutPakistan
	aboutMalaysia
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
	if letterless(src, lo, i) {
		return 0
	}
	if nl := bytes.LastIndexByte(src[lo:i], '\n'); nl >= 0 {
		lo += nl + 1
	}
	return wordsIn(src, lo, i)
}

// wordsAfter returns the subjects of the words in the 32 bytes behind src[i-1], on the same line.
func wordsAfter(src []byte, i int) context {
	hi := min(len(src), i+contextAhead)
	if letterless(src, i, hi) {
		return 0
	}
	if nl := bytes.IndexByte(src[i:hi], '\n'); nl >= 0 {
		hi = i + nl
	}
	return wordsIn(src, i, hi)
}

// letterless reports whether there is no letter in src[lo:hi], as in a row of numbers.
func letterless(src []byte, lo, hi int) bool {
	const m = 0xC0C0C0C0C0C0C0C0 // of what is none, digits and spaces have no such bit
	for ; lo+8 <= hi; lo += 8 {
		if binary.LittleEndian.Uint64(src[lo:])&m != 0 {
			return false
		}
	}
	for ; lo < hi; lo++ {
		if src[lo]&0xC0 != 0 {
			return false
		}
	}
	return true
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
	if h := edgeHash(word); subjectHashes[h>>6]>>(h&63)&1 == 0 {
		return 0
	}
	var b [maxSubject]byte
	for i, c := range word {
		if isUpper(c) {
			c |= 0x20
		}
		b[i] = c
	}
	return subjects[string(b[:len(word)])]
}

// subjects are the words that speak of something.
var subjects = func() map[string]context {
	m := map[string]context{}
	add := func(c context, words string) {
		for _, w := range strings.Fields(words) {
			m[w] = c
			h := edgeHash([]byte(w))
			subjectHashes[h>>6] |= 1 << (h & 63)
		}
	}
	add(aboutCard, `card cards cardnumber creditcard cc ccn pan visa mastercard maestro amex discover jcb diners unionpay credit
		debit karte kreditkarte carte tarjeta carta cartão cartao`)
	add(aboutPhone, `phone phones phonenumber telephone tel mobile cell cellphone fax sms whatsapp msisdn telefon telefono teléfono
		téléphone telefone telefonnummer handy handynummer gsm móvil movil celular cellulare rufnummer telefoon puhelin landline ph`)
	add(aboutContact, `call called caller calling dial contact reach ring texted callback hotline`)
	add(aboutNumber, `number numbers`)
	add(aboutOwner, `your his her our their`)
	add(aboutBank, `iban bank account konto compte cuenta conto rekening bic swift`)
	add(aboutID, `national identity identification citizen nationalid personal insurance`)
	add(aboutTax, `tax taxpayer tin taxid vat fiscal steuer`)
	add(aboutSSN, `ssn ssns social itin socialsecurity`)
	add(aboutNHS, `nhs`)
	add(aboutUTR, `utr`)
	add(aboutAustralia, `tfn abn acn medicare australian ato asic`)
	add(aboutCanada, `sin sins nas canadian`)
	add(aboutPoland, `pesel nip polish`)
	add(aboutFrance, `nir insee sécurité securite sécu french`)
	add(aboutNetherlands, `bsn burgerservicenummer sofinummer dutch`)
	add(aboutSpain, `dni nie nif spanish rut cuit cuil contribuinte portuguese`)
	add(aboutBrazil, `cpf cnpj brazilian cadastro`)
	add(aboutIndia, `aadhaar aadhar adhaar uidai uid`)
	add(aboutSweden, `personnummer pnr samordningsnummer organisationsnummer swedish`)
	add(aboutDenmark, `cpr danish`)
	add(aboutNorway, `fødselsnummer fodselsnummer fnr norwegian`)
	add(aboutGermany|aboutTax, `steuerid idnr steueridentnummer identifikationsnummer steuernummer german`)
	add(aboutBelgium, `rijksregister rijksregisternummer insz niss belgian`)
	add(aboutSwiss, `ahv avs oasi swiss`)
	add(aboutJapan, `mynumber 個人番号 japanese`)
	add(aboutJapan|aboutOwner, `my`)
	add(aboutKorea, `rrn resident korean jumin`)
	add(aboutTurkey, `tckn kimlik turkish`)
	add(aboutSouthAfrica, `rsa sa african`)
	add(aboutRomania, `cnp romanian`)
	add(aboutGreece, `amka αμκα ΑΜΚΑ greek`)
	add(aboutBulgaria, `egn егн ЕГН bulgarian`)
	add(aboutCzechia, `rč rČ rodné rodne číslo birth czech slovak`)
	add(aboutItaly, `codice fiscale partita piva iva italian`)
	add(aboutIreland, `pps ppsn irish`)
	add(aboutThailand, `tnin thai thailand`)
	add(aboutHongKong, `hkid hong kong`)
	add(aboutIceland, `kennitala icelandic`)
	add(aboutRussia, `russian снилс СНИЛС инн ИНН snils`)
	add(aboutUkraine, `ukrainian рнокпп РНОКПП rnokpp rntrc`)
	add(aboutLatvia, `latvian personas kods`)
	add(aboutAustria, `austrian svnr versicherungsnummer`)
	add(aboutCroatia, `croatian oib identifikacijski`)
	add(aboutHungary, `hungarian taj`)
	add(aboutIsrael, `israeli zehut teudat`)
	add(aboutNewZealand, `zealand ird`)
	add(aboutCedula, `cedula cédula ecuadorian dominican`)
	add(aboutKazakhstan, `kazakh иин ИИН жсн iin`)
	add(aboutPakistan, `pakistani cnic`)
	add(aboutMalaysia, `malaysian mykad nric`)
	add(aboutProduct, `ean gtin upc isbn barcode sku imei asin block blk order tracking snowflake epoch timestamp trace span nonce
		serial`)
	add(aboutVersion, `version ver release oid firmware build section rfc upgrade upgraded upgrades deps objectidentifier
		identifier`)
	add(aboutMessage, `messageid msgid message msg`)
	return m
}()

// subjectHashes has a bit for each hash of a word in subjects: few others have one of them.
var subjectHashes [64]uint64

// isLetter reports whether c is a letter: of ASCII, or part of a rune beyond it.
func isLetter(c byte) bool { return letters[c] }

var letters = func() (t [256]bool) {
	for c := range t {
		t[c] = class[c]&cAlpha != 0 || c >= 0x80
	}
	return t
}()

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
