package redact

// schemesOf are the schemes by number of digits, the surer ones first.
var schemesOf = [19][]scheme{
	9: {
		{"us-ssn", idUsSSN, "3-2-4|3 2 4|3.2.4", aboutSSN},
		{"us-itin", idUsITIN, "3-2-4|3 2 4", aboutSSN | aboutTax},
		{"ca-sin", idLuhnSIN, "3 3 3|3-3-3", aboutCanada},
		{"au-tfn", idAuTFN, "3 3 3|3-3-3", aboutAustralia | aboutTax},
		{"au-acn", idAuACN, "3 3 3|3-3-3", aboutAustralia},
		{"nl-bsn", idNlBSN, "4.2.3|4 2 3", aboutNetherlands},
		{"cl-rut", idClRUTDigits, "2.3.3-1|8-1", aboutSpain},
		{"pt-nif", idPtNIF, "", aboutSpain},
		{"il-id", idIlID, "", aboutIsrael},
		{"hu-taj", idHuTAJ, "", aboutHungary},
		{"nz-ird", idNzIRD, "", aboutNewZealand},
	},
	10: {
		{"se-personnummer", idSePersonnummer, "6-4", aboutSweden},
		{"fi-hetu", idFiHETUDigits, "6-4", aboutID},
		{"is-kennitala", idIsKennitala, "6-4", aboutIceland},
		{"cz-rodne-cislo", idCzBirthNumber, "6/4", aboutCzechia},
		{"dk-cpr", idDkCPRChecked, "6-4", aboutDenmark},
		{"dk-cpr", idDkCPR, "", aboutDenmark},
		{"gb-nhs", idGbNHS, "3 3 4|3-3-4", aboutNHS},
		{"au-medicare", idAuMedicare, "4 5 1|4-5-1", aboutAustralia},
		{"pl-nip", idPlNIP, "3-3-2-2|3-2-2-3", aboutPoland | aboutTax},
		{"bg-egn", idBgEGN, "", aboutBulgaria},
		{"gb-utr", idGbUTR, "", aboutUTR | aboutTax},
		{"at-svnr", idAtSVNR, "4 6", aboutAustria},
		{"ua-rnokpp", idUaRNOKPP, "", aboutUkraine},
		{"ru-inn", idRuINN, "", aboutRussia},
		{"ec-cedula", idEcCedula, "9-1", aboutCedula},
	},
	11: {
		{"no-fodselsnummer", idNoBirthNumber, "6 5|6-5", 0},
		{"be-rijksregister", idBeNationalNumber, "2.2.2-3.2|2.2.2-3-2|6-3-2|6 3 2", 0},
		{"pl-pesel", idPlPESEL, "", 0},
		{"gr-amka", idGrAMKA, "6 5|6-5", 0},
		{"de-steuer-id", idDeSteuerID, "2 3 3 3|3 4 4", 0},
		{"br-cpf", idBrCPF, "3.3.3-2|3 3 3 2", aboutBrazil},
		{"au-abn", idAuABN, "2 3 3 3|2-3-3-3", aboutAustralia | aboutTax},
		{"tr-tckn", idTrTCKN, "", aboutTurkey},
		{"au-medicare", idAuMedicare, "4 5 1 1|4-5-1-1|4 5 2", aboutAustralia},
		{"it-piva", idLuhnSIN, "", aboutItaly},
		{"ee-isikukood", idEeIsikukood, "", 0},
		{"ar-cuit", idArCUIT, "2-8-1", aboutSpain},
		{"ru-snils", idRuSNILS, "3-3-3 2|3-3-3-2", aboutRussia},
		{"lv-personas-kods", idLvPersonasKods, "6-5", aboutLatvia},
		{"do-cedula", idDoCedula, "3-7-1", aboutCedula},
		{"hr-oib", idHrOIB, "", aboutCroatia},
	},
	12: {
		{"se-personnummer", idSePersonnummer12, "8-4", aboutSweden},
		{"in-aadhaar", idInAadhaar, "4 4 4|4-4-4", aboutIndia},
		{"jp-my-number", idJpMyNumber, "4 4 4|4-4-4", aboutJapan},
		{"my-nric", idMyNRIC, "6-2-4", aboutMalaysia},
		{"kz-iin", idKzIIN, "", aboutKazakhstan},
		{"ru-inn", idRuINN, "", aboutRussia},
	},
	13: {
		{"kr-rrn", idKrRRN, "6-7", aboutKorea},
		{"kr-rrn", idKrRRNDate, "", aboutKorea},
		{"ch-ahv", idChAHV, "3.4.4.2|3 4 4 2", 0},
		{"ro-cnp", idRoCNP, "1 6 6|1-6-6", 0},
		{"za-id", idZaID, "6 4 3|6 4 2 1", 0},
		{"th-id", idThID, "1-4-5-2-1|1 4 5 2 1", aboutThailand},
		{"pk-cnic", idPkCNIC, "5-7-1", aboutPakistan},
	},
	14: {
		{"br-cnpj", idBrCNPJHeadOffice, "2.3.3/4-2", 0},
		{"br-cnpj", idBrCNPJ, "2.3.3/4-2", aboutBrazil},
	},
	15: {
		{"fr-nir", idFrNIR, "1 2 2 2 3 3 2|1 2 2 2 3 3-2|1.2.2.2.3.3.2", 0},
	},
	18: {
		{"cn-resident-id", idCnResidentDigits, "", 0},
	},
}

// A schemeID names the check of a scheme. The checks are called by name and not by pointer so that what they are given stays on
// the stack.
type schemeID uint8

const (
	idUsSSN schemeID = iota
	idUsITIN
	idLuhnSIN
	idAuTFN
	idAuACN
	idNlBSN
	idSePersonnummer
	idFiHETUDigits
	idCzBirthNumber
	idDkCPRChecked
	idDkCPR
	idGbNHS
	idAuMedicare
	idPlNIP
	idBgEGN
	idGbUTR
	idNoBirthNumber
	idBeNationalNumber
	idPlPESEL
	idGrAMKA
	idDeSteuerID
	idBrCPF
	idAuABN
	idTrTCKN
	idSePersonnummer12
	idInAadhaar
	idJpMyNumber
	idKrRRN
	idKrRRNDate
	idChAHV
	idRoCNP
	idZaID
	idBrCNPJHeadOffice
	idBrCNPJ
	idFrNIR
	idClRUTDigits
	idPtNIF
	idEeIsikukood
	idArCUIT
	idThID
	idCnResidentDigits
	idIlID
	idHuTAJ
	idNzIRD
	idIsKennitala
	idAtSVNR
	idUaRNOKPP
	idRuINN
	idEcCedula
	idRuSNILS
	idLvPersonasKods
	idDoCedula
	idHrOIB
	idMyNRIC
	idKzIIN
	idPkCNIC
)

// valid reports whether d can be a number of the scheme.
func (id schemeID) valid(d []byte) bool {
	switch id {
	case idUsSSN:
		return usSSN(d)
	case idUsITIN:
		return usITIN(d)
	case idLuhnSIN:
		return luhnSIN(d)
	case idAuTFN:
		return auTFN(d)
	case idAuACN:
		return auACN(d)
	case idNlBSN:
		return nlBSN(d)
	case idSePersonnummer:
		return sePersonnummer(d)
	case idFiHETUDigits:
		return fiHETUDigits(d)
	case idCzBirthNumber:
		return czBirthNumber(d)
	case idDkCPRChecked:
		return dkCPRChecked(d)
	case idDkCPR:
		return dkCPR(d)
	case idGbNHS:
		return gbNHS(d)
	case idAuMedicare:
		return auMedicare(d)
	case idPlNIP:
		return plNIP(d)
	case idBgEGN:
		return bgEGN(d)
	case idGbUTR:
		return gbUTR(d)
	case idNoBirthNumber:
		return noBirthNumber(d)
	case idBeNationalNumber:
		return beNationalNumber(d)
	case idPlPESEL:
		return plPESEL(d)
	case idGrAMKA:
		return grAMKA(d)
	case idDeSteuerID:
		return deSteuerID(d)
	case idBrCPF:
		return brCPF(d)
	case idAuABN:
		return auABN(d)
	case idTrTCKN:
		return trTCKN(d)
	case idSePersonnummer12:
		return sePersonnummer12(d)
	case idInAadhaar:
		return inAadhaar(d)
	case idJpMyNumber:
		return jpMyNumber(d)
	case idKrRRN:
		return krRRN(d)
	case idKrRRNDate:
		return krRRNDate(d)
	case idChAHV:
		return chAHV(d)
	case idRoCNP:
		return roCNP(d)
	case idZaID:
		return zaID(d)
	case idBrCNPJHeadOffice:
		return brCNPJHeadOffice(d)
	case idBrCNPJ:
		return brCNPJ(d)
	case idFrNIR:
		return frNIR(d)
	case idClRUTDigits:
		return clRUTDigits(d)
	case idPtNIF:
		return ptNIF(d)
	case idEeIsikukood:
		return eeIsikukood(d)
	case idArCUIT:
		return arCUIT(d)
	case idThID:
		return thID(d)
	case idCnResidentDigits:
		return cnResidentDigits(d)
	case idIlID:
		return ilID(d)
	case idHuTAJ:
		return huTAJ(d)
	case idNzIRD:
		return nzIRD(d)
	case idIsKennitala:
		return isKennitala(d)
	case idAtSVNR:
		return atSVNR(d)
	case idUaRNOKPP:
		return uaRNOKPP(d)
	case idRuINN:
		return ruINN(d)
	case idEcCedula:
		return ecCedula(d)
	case idRuSNILS:
		return ruSNILS(d)
	case idLvPersonasKods:
		return lvPersonasKods(d)
	case idDoCedula:
		return luhn(d) && !allSame(d)
	case idHrOIB:
		return hybrid1110(d) && !allSame(d)
	case idMyNRIC:
		return myNRIC(d)
	case idKzIIN:
		return kzIIN(d)
	case idPkCNIC:
		return d[0] >= 1 && d[0] <= 7 && !allSame(d)
	}
	return false
}
