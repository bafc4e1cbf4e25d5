package breach

import (
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
)

// Event is what a clock runs from.
type Event string

// The events.
const (
	// FromSuspected: there are reasons to suspect a breach.
	FromSuspected Event = "suspected"
	// FromAware: there is no reasonable doubt of it.
	FromAware Event = "aware"
	// FromAssessed: the risk was first assessed to be the rule's Least or more.
	FromAssessed Event = "assessed"
	// FromSubjects: they were first told under the same law.
	FromSubjects Event = "subjects told"
)

// A Rule is what one law asks to be done about a breach. It is data with a date and a source, and no advice.
type Rule struct {
	ID, Law, Title string
	To             To
	From           Event
	// Least is the risk from which it must be done. A breach that was not assessed has it.
	Least Risk
	// Period is how long there is, and none where the law gives no figure; Roll is for periods that end on the next working day.
	Period deadline.Period
	Roll   bool
	// Words is what else the law says: "without undue delay", or a number of people from which it counts, which is not reckoned with.
	Words string
	Cite  string
	// Guidance: an authority's guidance and no law.
	Guidance bool
	// Effective is the first day of From for which the row counts, and Until the first for which it does not; zero: none.
	Effective, Until deadline.Date
	Source           string
	AsOf             deadline.Date
}

func (r *Rule) check() error {
	switch {
	case r.ID == "" || r.Law == "" || r.Title == "" || r.Cite == "" || r.Source == "" || r.AsOf.IsZero() || r.Effective.IsZero():
		return fmt.Errorf("%w: %q does not say what it is, or where it is from", ErrRule, r.ID)
	case r.To != Assessors && r.To != Authority && r.To != Subjects || r.Least > High:
		return fmt.Errorf("%w: %q is for nobody, or an unknown risk", ErrRule, r.ID)
	case r.From != FromSuspected && r.From != FromAware && r.From != FromAssessed && r.From != FromSubjects:
		return fmt.Errorf("%w: %q runs from no event", ErrRule, r.ID)
	case r.Period.IsZero() && r.Words == "":
		return fmt.Errorf("%w: %q has neither a period nor words", ErrRule, r.ID)
	}
	return nil
}

func (r *Rule) holds(d deadline.Date) bool {
	return r.Effective.Compare(d) <= 0 && (r.Until.IsZero() || d.Compare(r.Until) < 0)
}

// Rules returns the rows that ship, for [Options.Rules]. Source says what each was read in, which is not always the statute itself.
func Rules() []Rule {
	hours72 := deadline.Period{N: 72, Unit: deadline.Hours}
	days := func(n int) deadline.Period { return deadline.Period{N: n, Unit: deadline.Days} }
	rows := []Rule{
		{ID: "eu-gdpr-authority", Law: "eu-gdpr", Title: "Regulation (EU) 2016/679 (GDPR)", To: Authority, From: FromAware, Least: Likely, Period: hours72,
			Words: "without undue delay, and where feasible within the period", Cite: "GDPR art. 33(1)", Effective: on(2018, 5, 25), Source: "eur-lex.europa.eu 32016R0679; EDPB Guidelines 9/2022"},
		{ID: "eu-gdpr-subjects", Law: "eu-gdpr", Title: "Regulation (EU) 2016/679 (GDPR)", To: Subjects, From: FromAware, Least: High,
			Words: "without undue delay", Cite: "GDPR art. 34(1)", Effective: on(2018, 5, 25), Source: "eur-lex.europa.eu 32016R0679"},
		{ID: "gb-ukgdpr-authority", Law: "gb-ukgdpr", Title: "UK GDPR", To: Authority, From: FromAware, Least: Likely, Period: hours72,
			Words: "without undue delay, and where feasible within the period", Cite: "UK GDPR art. 33(1)", Effective: on(2018, 5, 25), Source: "legislation.gov.uk"},
		{ID: "gb-ukgdpr-subjects", Law: "gb-ukgdpr", Title: "UK GDPR", To: Subjects, From: FromAware, Least: High,
			Words: "without undue delay", Cite: "UK GDPR art. 34(1)", Effective: on(2018, 5, 25), Source: "legislation.gov.uk"},
		{ID: "au-ndb-assessment", Law: "au-ndb", Title: "Privacy Act 1988 (Cth), Part IIIC", To: Assessors, From: FromSuspected, Period: days(30),
			Words: "reasonable and expeditious", Cite: "Privacy Act 1988 s 26WH(2)(b)", Effective: on(2018, 2, 22), Source: "zoelaw.ai, Privacy Act 1988, 26WH"},
		{ID: "au-ndb-authority", Law: "au-ndb", Title: "Privacy Act 1988 (Cth), Part IIIC", To: Authority, From: FromAware, Least: High,
			Words: "a statement to the Commissioner as soon as practicable", Cite: "Privacy Act 1988 s 26WK(2)", Effective: on(2018, 2, 22), Source: "zoelaw.ai, Privacy Act 1988, 26WK"},
		{ID: "au-ndb-subjects", Law: "au-ndb", Title: "Privacy Act 1988 (Cth), Part IIIC", To: Subjects, From: FromAware, Least: High,
			Words: "as soon as practicable after the statement is prepared", Cite: "Privacy Act 1988 s 26WL(3)", Effective: on(2018, 2, 22), Source: "austlii.edu.au, s26wl"},
		{ID: "kr-pipa-subjects", Law: "kr-pipa", Title: "Personal Information Protection Act (Korea)", To: Subjects, From: FromAware, Period: hours72,
			Words: "without delay", Cite: "PIPA art. 34(1); Enforcement Decree art. 39", Effective: on(2023, 9, 15), Source: "dlapiperdataprotection.com (KR)"},
		{ID: "kr-pipa-authority", Law: "kr-pipa", Title: "Personal Information Protection Act (Korea)", To: Authority, From: FromAware, Period: hours72,
			Words: "from 1,000 people, for sensitive or unique identification information, and for unauthorised access from outside", Cite: "PIPA art. 34(3); Enforcement Decree art. 40", Effective: on(2023, 9, 15), Source: "dlapiperdataprotection.com (KR)"},
		{ID: "sg-pdpa-authority", Law: "sg-pdpa", Title: "Personal Data Protection Act 2012 (Singapore)", To: Authority, From: FromAssessed, Least: High, Period: days(3),
			Words: "significant harm, or 500 people or more", Cite: "PDPA s. 26D", Effective: on(2021, 2, 1), Source: "resguard-solutions.com/blog/singapore-data-breach-notification-guide"},
		{ID: "us-ca-subjects", Law: "us-ca", Title: "Cal. Civ. Code 1798.82, as amended by SB 446", To: Subjects, From: FromAware, Period: days(30),
			Words: "in the most expedient time possible", Cite: "Cal. Civ. Code 1798.82(a)(2)", Effective: on(2026, 1, 1), Source: "dailyjournal.com/articles/388637; dataprotectionreport.com, 2025-11"},
		{ID: "us-ca-authority", Law: "us-ca", Title: "Cal. Civ. Code 1798.82, as amended by SB 446", To: Authority, From: FromSubjects, Period: days(15),
			Words: "to the Attorney General, if more than 500 residents are told", Cite: "Cal. Civ. Code 1798.82(f)", Effective: on(2026, 1, 1), Source: "dailyjournal.com/articles/388637; dataprotectionreport.com, 2025-11"},
		{ID: "us-ny-subjects", Law: "us-ny", Title: "N.Y. General Business Law 899-aa", To: Subjects, From: FromAware, Period: days(30),
			Words: "in the most expedient time possible", Cite: "N.Y. Gen. Bus. Law 899-aa(2)", Effective: on(2024, 12, 21), Source: "workplaceprivacyreport.com, 2025-01"},
	}
	for _, to := range []To{Authority, Subjects} {
		rows = append(rows, Rule{ID: "br-lgpd-" + string(to), Law: "br-lgpd", Title: "Lei 13.709/2018 (LGPD)", To: to, From: FromAware, Least: Likely,
			Period: deadline.Period{N: 3, Unit: deadline.WorkingDays}, Words: "if relevant risk or damage is likely",
			Cite: "LGPD art. 48; Resolution CD/ANPD 15/2024, art. 6 and 9", Effective: on(2024, 4, 26), Source: "bifrostindex.ai/guides/brazil/breach-notification; martinelli.adv.br"})
	}
	for i := range rows {
		rows[i].AsOf = on(2026, 11, 22)
	}
	return rows
}

func on(y int, m time.Month, d int) deadline.Date { return deadline.Date{Year: y, Month: m, Day: d} }
