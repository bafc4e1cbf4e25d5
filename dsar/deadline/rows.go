package deadline

import "time"

// Rules returns the rows that ship, for [Compile]. Source says what each was read in, which is not always the statute itself; where no
// source said that a period rolls over a weekend, or that a clock stops, it does not: the earlier day is the safe one.
func Rules() []Rule {
	gdpr := []Kind{Access, Portability, Erasure, Rectification, Restriction, Objection, KnowCategories}
	state := []Kind{Access, Portability, Erasure, Rectification, OptOutSale}
	const (
		withdrawal = "withdrawal takes effect at once for what comes after it, and must be as easy as giving consent was"
		tracker    = "mayerbrown.com, State Privacy Law Tracker, column Days to respond: 45; the statute's own text, and the extension in it, were not read again"
		ccpa       = "California Consumer Privacy Act, Cal. Civ. Code 1798.100 to 1798.199.100"
		reg7021    = "law.cornell.edu/regulations/california; advisori.com/cpra, § 7021"
	)
	ukCite := func(article string) string { return "UK GDPR " + article }
	return []Rule{
		{ID: "eu-gdpr", Law: "eu-gdpr", Title: "Regulation (EU) 2016/679 (GDPR)", Kinds: gdpr, Effective: on(2018, 5, 25),
			Answer:   term(1, Months, "GDPR art. 12(3), first sentence; Regulation (EEC, Euratom) 1182/71 art. 3(1), (2)(c) and (4); CJEU C-171/03"),
			Extended: term(3, Months, "GDPR art. 12(3), second sentence: two further months, of which the person is told within one month of receipt"),
			Words:    "without undue delay; at once against direct marketing (art. 21(3))", Roll: true,
			Identity: Stops, Clarification: Stops,
			Pauses: "EDPB Guidelines 01/2022, section 5.3, if the question was asked without undue delay; the Guidelines do not count the days: the shorter way is taken",
			Source: "eur-lex.europa.eu 32016R0679, 31971R1182; EDPB Guidelines 01/2022 v2.1", AsOf: read},
		{ID: "eu-gdpr-consent", Law: "eu-gdpr", Title: "Regulation (EU) 2016/679 (GDPR)", Kinds: []Kind{ConsentWithdrawal}, Effective: on(2018, 5, 25),
			Words: "GDPR art. 7(3): " + withdrawal, Source: "eur-lex.europa.eu 32016R0679", AsOf: read},

		{ID: "gb-ukgdpr-2018", Law: "gb-ukgdpr", Title: "UK GDPR and Data Protection Act 2018", Kinds: gdpr, Effective: on(2018, 5, 25), Until: on(2026, 2, 5),
			Answer:   term(1, Months, ukCite("art. 12(3); ICO, Right of access: the corresponding calendar date")),
			Extended: term(3, Months, ukCite("art. 12(3): two further months, of which the person is told within the first")),
			Words:    "without undue delay", Roll: true,
			Identity: Begins, Fee: Begins, Clarification: Stops,
			Pauses: "ICO, Right of access: from receipt of what confirms identity, or of the fee; stopped while clarification is awaited",
			Source: "ico.org.uk; charlesrussellspeechlys.com, 2019-08", AsOf: read},
		{ID: "gb-ukgdpr-2026-access", Law: "gb-ukgdpr", Title: "UK GDPR and Data Protection Act 2018", Kinds: []Kind{Access, KnowCategories}, Effective: on(2026, 2, 5),
			Answer:   term(1, Months, ukCite("art. 12 and 12A; ICO, Right of access: the corresponding calendar date")),
			Extended: term(3, Months, ukCite("art. 12A: two further months, by a notice within the first")),
			Words:    "without undue delay", Roll: true,
			Identity: Begins, Fee: Begins, Clarification: StopsInclusive,
			Pauses: ukCite("art. 12A (Data (Use and Access) Act 2025, s. 76)"),
			Source: "SI 2026/82, reg. 2; Data Protection Act 2018, s. 54, which has the same words for law enforcement; ico.org.uk", AsOf: read},
		{ID: "gb-ukgdpr-2026", Law: "gb-ukgdpr", Title: "UK GDPR and Data Protection Act 2018",
			Kinds: []Kind{Portability, Erasure, Rectification, Restriction, Objection}, Effective: on(2026, 2, 5),
			Answer:   term(1, Months, ukCite("art. 12 and 12A; ICO: the corresponding calendar date")),
			Extended: term(3, Months, ukCite("art. 12A: two further months, by a notice within the first")),
			Words:    "without undue delay; at once against direct marketing (art. 21(3))", Roll: true,
			Identity: Begins, Fee: Begins,
			Pauses: ukCite("art. 12A (Data (Use and Access) Act 2025, s. 76); clarification stops the clock of access alone"),
			Source: "SI 2026/82, reg. 2; Data Protection Act 2018, s. 54, which has the same words for law enforcement; ico.org.uk", AsOf: read},
		{ID: "gb-ukgdpr-consent", Law: "gb-ukgdpr", Title: "UK GDPR and Data Protection Act 2018", Kinds: []Kind{ConsentWithdrawal}, Effective: on(2018, 5, 25),
			Words: ukCite("art. 7(3): " + withdrawal), Source: "legislation.gov.uk", AsOf: read},

		{ID: "us-ca-2020", Law: "us-ca", Title: ccpa, Kinds: []Kind{Access, Portability, Erasure, KnowCategories}, Effective: on(2020, 1, 1), Until: on(2020, 8, 14),
			Answer:   term(45, Days, "Cal. Civ. Code 1798.130(a)(2)(A), whatever verification takes"),
			Extended: term(90, Days, "Cal. Civ. Code 1798.130(a)(2)(A): told within the first 45 days"),
			Source:   reg7021, AsOf: read},
		{ID: "us-ca", Law: "us-ca", Title: ccpa, Kinds: []Kind{Access, Portability, Erasure, KnowCategories}, Effective: on(2020, 8, 14),
			Acknowledge: term(10, WorkingDays, "11 CCR 7021(a)"),
			Answer:      term(45, Days, "11 CCR 7021(b), whatever verification takes"),
			Extended:    term(90, Days, "11 CCR 7021(b); Cal. Civ. Code 1798.130(a)(2)(A): told within the first 45 days"),
			Source:      reg7021, AsOf: read},
		{ID: "us-ca-correct", Law: "us-ca", Title: ccpa, Kinds: []Kind{Rectification}, Effective: on(2023, 1, 1),
			Acknowledge: term(10, WorkingDays, "11 CCR 7021(a)"),
			Answer:      term(45, Days, "11 CCR 7021(b), whatever verification takes"),
			Extended:    term(90, Days, "11 CCR 7021(b); Cal. Civ. Code 1798.130(a)(2)(A): told within the first 45 days"),
			Source:      reg7021, AsOf: read},
		{ID: "us-ca-optout", Law: "us-ca", Title: ccpa, Kinds: []Kind{OptOutSale}, Effective: on(2020, 8, 14),
			Answer: term(15, WorkingDays, "11 CCR 7026(f)"), Words: "as soon as feasibly possible",
			Source: "law.cornell.edu/regulations/california/11-CCR-7026; mayerbrown.com, State Privacy Law Tracker", AsOf: read},
		{ID: "us-ca-limit", Law: "us-ca", Title: ccpa, Kinds: []Kind{Restriction}, Effective: on(2023, 1, 1),
			Answer: term(15, WorkingDays, "11 CCR 7027(g): a request to limit the use of sensitive personal information"), Words: "as soon as feasibly possible",
			Source: "law.cornell.edu/regulations/california/11-CCR-7027; mayerbrown.com, State Privacy Law Tracker", AsOf: read},

		usState("us-va", "Virginia Consumer Data Protection Act", "Va. Code 59.1-577(B)(1)", on(2023, 1, 1), state, "online.flipbuilder.com, US States General Privacy Laws Deskbook, 392"),
		usState("us-co", "Colorado Privacy Act", "C.R.S. 6-1-1306(2)", on(2023, 7, 1), []Kind{Access, Portability, Erasure, Rectification}, "reggi.ai, Colorado; mayerbrown.com, State Privacy Law Tracker"),
		{ID: "us-co-optout", Law: "us-co", Title: "Colorado Privacy Act", Kinds: []Kind{OptOutSale}, Effective: on(2023, 7, 1),
			Words: "4 CCR 904-3, Rule 4.03(A)(1): as soon as feasibly possible and without undue delay", Source: "regulations.justia.com, 4 CCR 904-3-4.03", AsOf: read},
		usState("us-ct", "Connecticut Data Privacy Act", "Conn. Gen. Stat. 42-518(c)", on(2023, 7, 1), state, tracker),
		usState("us-ut", "Utah Consumer Privacy Act", "Utah Code 13-61-203(2)", on(2023, 12, 31), []Kind{Access, Portability, Erasure, OptOutSale}, "self-law.org, 13-61-203"),
		usState("us-tx", "Texas Data Privacy and Security Act", "Tex. Bus. & Com. Code 541.052", on(2024, 7, 1), state, tracker),
		usState("us-or", "Oregon Consumer Privacy Act", "ORS 646A.576", on(2024, 7, 1), state, tracker),

		{ID: "au-agency", Law: "au-agency", Title: "Privacy Act 1988 (Cth): agencies", Kinds: []Kind{Access, Rectification}, Effective: on(2014, 3, 12),
			Answer: term(30, Days, "APP 12.4(a)(i) for access, APP 13.5(a)(i) for correction"),
			Source: "oaic.gov.au, APP guidelines, chapters 12 and 13", AsOf: read},
		{ID: "au-organisation", Law: "au-organisation", Title: "Privacy Act 1988 (Cth): organisations", Kinds: []Kind{Access, Rectification}, Effective: on(2014, 3, 12),
			Answer: Term{Period{30, Days}, "OAIC, APP guidelines, chapters 12 and 13: as a general guide no more than 30 calendar days", true},
			Words:  "within a reasonable period: APP 12.4(a)(ii) for access, APP 13.5(a)(ii) for correction",
			Source: "oaic.gov.au, APP guidelines, chapters 12 and 13", AsOf: read},

		{ID: "br-lgpd", Law: "br-lgpd", Title: "Lei 13.709/2018 (LGPD)", Kinds: []Kind{Access, KnowCategories}, Effective: on(2020, 9, 18),
			Answer: term(15, Days, "LGPD art. 19, II: a clear and complete statement"), Words: "in simplified form at once: LGPD art. 19, I",
			Source: "lgpd-brazil.info/chapter_03/article_19", AsOf: read},
		{ID: "br-lgpd-other", Law: "br-lgpd", Title: "Lei 13.709/2018 (LGPD)", Kinds: []Kind{Portability, Erasure, Rectification, Restriction, Objection, ConsentWithdrawal}, Effective: on(2020, 9, 18),
			Words: "at once, or an answer with the reasons why not: LGPD art. 18, §§ 3 to 5; the statute gives no days", Source: "lgpd.fundacaofaceli.edu.br/direitos-do-titular", AsOf: read},

		{ID: "ca-qc", Law: "ca-qc", Title: "Act respecting the protection of personal information in the private sector (Quebec, P-39.1), as amended by Law 25",
			Kinds: []Kind{Access, Rectification}, Effective: on(1994, 1, 1),
			Answer: term(30, Days, "P-39.1, s. 32"), Words: "promptly", Source: "conforme.ca/en/loi-25-compliance/access-rights", AsOf: read},
		{ID: "ca-qc-portability", Law: "ca-qc", Title: "Act respecting the protection of personal information in the private sector (Quebec, P-39.1), as amended by Law 25",
			Kinds: []Kind{Portability}, Effective: on(2024, 9, 22),
			Answer: term(30, Days, "P-39.1, s. 27, third paragraph, and s. 32"), Words: "promptly", Source: "conforme.ca/en/loi-25-compliance/access-rights", AsOf: read},
		{ID: "ca-pipeda", Law: "ca-pipeda", Title: "Personal Information Protection and Electronic Documents Act (Canada)", Kinds: []Kind{Access}, Effective: on(2001, 1, 1),
			Answer:   term(30, Days, "PIPEDA s. 8(3)"),
			Extended: term(60, Days, "PIPEDA s. 8(4)(a): thirty more at most, by a notice within the first thirty"),
			Words:    "with due diligence", Source: "proteuscyber.com/privacy-database/pipeda-8", AsOf: read},

		{ID: "ch-dsg", Law: "ch-dsg", Title: "Federal Act on Data Protection (Switzerland, SR 235.1)", Kinds: []Kind{Access}, Effective: on(2023, 9, 1),
			Answer: term(30, Days, "FADP art. 25(7)"), Words: "in general; who needs longer says so, and by when", Source: "prighter.com/resources/laws/swiss-fadp", AsOf: read},
		{ID: "kr-pipa", Law: "kr-pipa", Title: "Personal Information Protection Act (Korea)", Kinds: []Kind{Access, Rectification, Erasure}, Effective: on(2011, 9, 30),
			Answer: term(10, Days, "Enforcement Decree art. 41 for access, art. 43(3) for correction and erasure"), Words: "without delay",
			Source: "prighter.com/resources/laws/korean-pipa; the text of art. 41 was not read again", AsOf: read},
		{ID: "tw-pdpa", Law: "tw-pdpa", Title: "Personal Data Protection Act (Taiwan)", Kinds: []Kind{Access}, Effective: on(2012, 10, 1),
			Answer: term(15, Days, "PDPA art. 13, first paragraph"), Extended: term(30, Days, "PDPA art. 13, first paragraph: fifteen more at most, told in writing"),
			Source: "twse-regulation.twse.com.tw, Personal Data Protection Act, art. 13", AsOf: read},
		{ID: "tw-pdpa-correct", Law: "tw-pdpa", Title: "Personal Data Protection Act (Taiwan)", Kinds: []Kind{Rectification, Erasure, Restriction}, Effective: on(2012, 10, 1),
			Answer: term(30, Days, "PDPA art. 13, second paragraph"), Extended: term(60, Days, "PDPA art. 13, second paragraph: thirty more at most, told in writing"),
			Source: "twse-regulation.twse.com.tw, Personal Data Protection Act, art. 13", AsOf: read},
		{ID: "nz-privacy", Law: "nz-privacy", Title: "Privacy Act 2020 (New Zealand)", Kinds: []Kind{Access}, Effective: on(2020, 12, 1),
			Answer: term(20, WorkingDays, "Privacy Act 2020 s. 44"), Words: "as soon as reasonably practicable",
			Source: "formiti.com; simplifiedlaw.co.nz", AsOf: read},
	}
}

// read is the day on which the sources were read.
var read = on(2026, 11, 22)

func on(y int, m time.Month, d int) Date { return Date{y, m, d} }

func term(n int, u Unit, cite string) Term { return Term{Period: Period{n, u}, Cite: cite} }

// usState is the rule that most states have: 45 days, and 45 more of which the consumer is told within the first.
func usState(law, title, cite string, from Date, kinds []Kind, source string) Rule {
	return Rule{ID: law, Law: law, Title: title, Kinds: kinds, Effective: from,
		Answer: term(45, Days, cite), Extended: term(90, Days, cite+": once, told within the first 45 days"),
		Source: source, AsOf: read}
}
