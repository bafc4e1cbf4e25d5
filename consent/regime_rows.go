package consent

import (
	"strings"
	"time"
)

// Regimes returns the rows that ship, for [CompileRegimes]. They were read on one day from the sources they name, most of which are not the
// statutes themselves. Sources disagree about some dates; the earliest was taken.
func Regimes() []Regime {
	const (
		tracker  = "mayerbrown.com, State Privacy Law Tracker, column Opt-out signals; webtoffee.com/us-data-privacy-laws"
		beam     = "cookiebeam.com/guides/universal-opt-out-mechanisms-us-state-laws-2026; "
		hastings = "paulhastings.com, New State Privacy Rules, 2026-06-23"
	)
	right, signal := OptOutRight, OptOutRight|OptOutSignal
	rows := []Regime{
		row("eu-eprivacy", "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO", PriorConsent, day(2018, 5, 25),
			"Directive 2002/58/EC, art. 5(3), with Regulation (EU) 2016/679, art. 4(11), 6 and 7", "eur-lex.europa.eu; EDPB Guidelines 05/2020"),
		row("gb-pecr", "GB", PriorConsent, day(2018, 5, 25),
			"Privacy and Electronic Communications Regulations 2003 (SI 2003/2426), reg. 6, with UK GDPR; the exceptions of the Data (Use and Access) Act 2025 are not used",
			"blakemorgan.co.uk/data-use-and-access-act-2025-cookies"),
		row("ch-tca", "CH", OptOutRight, day(2023, 9, 1),
			"Telecommunications Act (SR 784.10), art. 45c, with the Federal Act on Data Protection (SR 235.1)", "consentmanager.pt/saber/certo/cookie-consent-for-the-switzerland"),
		row("br-lgpd", "BR", PriorConsent, day(2020, 9, 18),
			"Lei 13.709/2018 (LGPD), with the ANPD's guidance on cookies of October 2022", "dlapiperdataprotection.com (BR); twobirds.com, Global Cookie Review"),
		row("ca-qc-law25", "CA-QC", PriorConsent, day(2023, 9, 22),
			"Act respecting the protection of personal information in the private sector, s. 8.1", "private-ai.com/2023/09/23/cookies-law25"),

		row("us-ca-signal", "US-CA", signal, day(2023, 1, 1),
			"California Consumer Privacy Act, Cal. Civ. Code 1798.135; 11 CCR 7025", "law.cornell.edu/regulations/california/11-CCR-7025; github.com/w3c/gpc, explainer, 4.1.1"),
		row("us-ca-display", "US-CA", ShowSignal, day(2026, 1, 1),
			"11 CCR 7025(c)(6), as amended for 2026", "law.cornell.edu/regulations/california/11-CCR-7025; nelsonmullins.com, January 2026"),
		row("us-co-right", "US-CO", right, day(2023, 7, 1), "Colorado Privacy Act, C.R.S. 6-1-1306", "webtoffee.com/us-data-privacy-laws"),
		row("us-co-signal", "US-CO", signal, day(2024, 7, 1), "Colorado Privacy Act, C.R.S. 6-1-1306; 4 CCR 904-3, Rule 5.08", "coag.gov/uoom; github.com/w3c/gpc, explainer, 4.1.2"),
		row("us-ct-right", "US-CT", right, day(2023, 7, 1), "Connecticut Data Privacy Act, Public Act 22-15", "webtoffee.com/us-data-privacy-laws"),
		row("us-ct-signal", "US-CT", signal, day(2025, 1, 1), "Connecticut Data Privacy Act, Public Act 22-15", beam+"eyeonprivacy.com"),
		row("us-de-right", "US-DE", right, day(2025, 1, 1), "Delaware Personal Data Privacy Act", tracker),
		row("us-de-signal", "US-DE", signal, day(2026, 1, 1), "Delaware Personal Data Privacy Act", beam+"olenderfeldman.com"),
		row("us-md-signal", "US-MD", signal, day(2025, 10, 1), "Maryland Online Data Privacy Act", beam+"bakerdonelson.com"),
		row("us-mn-signal", "US-MN", signal, day(2025, 7, 31), "Minnesota Consumer Data Privacy Act", beam+"zephtech.net"),
		row("us-mt-right", "US-MT", right, day(2024, 10, 1), "Montana Consumer Data Privacy Act", tracker),
		row("us-mt-signal", "US-MT", signal, day(2024, 10, 1), "Montana Consumer Data Privacy Act (2025-01-01 by other sources)", beam+"nixondigital.io"),
		row("us-ne-signal", "US-NE", signal, day(2025, 1, 1), "Nebraska Data Privacy Act", beam+"github.com/w3c/gpc, explainer, 4.1.3"),
		row("us-nh-signal", "US-NH", signal, day(2025, 1, 1), "New Hampshire Privacy Act, RSA 507-H", beam+"compliancehub.wiki"),
		row("us-nj-right", "US-NJ", right, day(2025, 1, 15), "New Jersey Data Privacy Act (S332)", tracker),
		row("us-nj-signal", "US-NJ", signal, day(2025, 7, 15), "New Jersey Data Privacy Act (S332)", beam+"clarip.com"),
		row("us-or-right", "US-OR", right, day(2024, 7, 1), "Oregon Consumer Privacy Act", tracker),
		row("us-or-signal", "US-OR", signal, day(2026, 1, 1), "Oregon Consumer Privacy Act", beam+"olenderfeldman.com"),
		row("us-tx-right", "US-TX", right, day(2024, 7, 1), "Texas Data Privacy and Security Act", tracker),
		row("us-tx-signal", "US-TX", signal, day(2025, 1, 1), "Texas Data Privacy and Security Act", beam+"github.com/w3c/gpc, explainer, 4.1.3"),
		row("us-vt-signal", "US-VT", signal, day(2028, 1, 1), "Vermont Data Privacy and Online Surveillance Act (S.71, Act 145)", "privado.ai; cookiehub.com/vtdposa-vermont"),

		row("us-va-right", "US-VA", right, day(2023, 1, 1), "Virginia Consumer Data Protection Act", tracker),
		row("us-ut-right", "US-UT", right, day(2023, 12, 31), "Utah Consumer Privacy Act", tracker),
		row("us-fl-right", "US-FL", right, day(2024, 7, 1), "Florida Digital Bill of Rights", tracker),
		row("us-ia-right", "US-IA", right, day(2025, 1, 1), "Iowa Consumer Data Protection Act", tracker),
		row("us-tn-right", "US-TN", right, day(2025, 7, 1), "Tennessee Information Protection Act", tracker),
		row("us-in-right", "US-IN", right, day(2026, 1, 1), "Indiana Consumer Data Protection Act", tracker),
		row("us-ky-right", "US-KY", right, day(2026, 1, 1), "Kentucky Consumer Data Protection Act", "auditsocials.com, US State Privacy Laws 2026"),
		row("us-ri-right", "US-RI", right, day(2026, 1, 1), "Rhode Island Data Transparency and Privacy Protection Act", "auditsocials.com, US State Privacy Laws 2026"),
		row("us-ok-right", "US-OK", right, day(2027, 1, 1), "Oklahoma Consumer Data Privacy Act (SB 546)", hastings),
		row("us-la-right", "US-LA", right, day(2027, 1, 1), "Louisiana Data Privacy Act (SB 386, Act 502)", hastings),
		row("us-al-right", "US-AL", right, day(2027, 5, 1), "Alabama Personal Data Protection Act (HB 351)", hastings),
	}
	return rows
}

func row(id, where string, d Duty, from time.Time, statute, source string) Regime {
	r := Regime{ID: id, Duties: d, Effective: from, Statute: statute, Source: source, AsOf: day(2026, 11, 22)}
	for code := range strings.FieldsSeq(where) {
		r.Where = append(r.Where, PlaceOf(code))
	}
	return r
}

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
