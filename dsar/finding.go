package dsar

import "github.com/bailiwick-dev/bailiwick/internal/finding"

// Report is the outcome of one [Verify]. Its fields:
//
//	Tool     string    // "bailiwick/dsar"
//	Target   string    // the name of the database
//	Rules    []Rule    // every rule that was looked for
//	Findings []Finding // not waived; worst first, then by rule and object
//	Waived   []Waived  // accepted by a Waiver
//
// Its methods:
//
//	Err(at Severity) error                             // a *Failure if a finding is as bad as at, or worse
//	Count() (errs, warnings, infos int)                // of Findings
//	Fix() string                                       // the statements of all findings; read them first
//	String() string                                    // as text, for people
//	WriteText(w io.Writer) error                       // the same
//	WriteJSON(w io.Writer) error                       // for programs
//	WriteSARIF(w io.Writer, artifact string) error     // SARIF 2.1.0; artifact is the file findings are shown at
type Report = finding.Report

// Finding is one thing that is wrong. It holds names and types, never a row's value. Its fields:
//
//	Rule     string   // the id of the rule, such as DSR002
//	Severity Severity
//	Object   string   // what it is about, such as note.author_id
//	Message  string   // what is wrong, in a clause
//	Evidence string   // what was seen
//	Fix      string   // statements that mend it, ready to be run; "" if a person must decide
type Finding = finding.Finding

// Waiver says in [Map] that findings are known and accepted. Its fields:
//
//	Rule   string    // the id of the rule, such as DSR020
//	Object string    // exactly as the finding names it, or "*" for every object
//	Reason string    // why it is right here; without one it waives nothing, and is a finding: WVR001
//	Until  time.Time // from then on it waives nothing, and is a finding: WVR002; zero: it never ends
//
// A waiver that waives nothing is a finding too: WVR003. Findings about waivers cannot be waived.
type Waiver = finding.Waiver

// Waived is a finding that does not count: a [Finding], and the Reason and Until of its [Waiver].
type Waived = finding.Waived

// Failure is the error of [Report].Err, for errors.As. Its fields are Tool, a string, and Findings, the findings that count:
// at least one.
type Failure = finding.Failure

// Rule is what [Verify] looks for; [Rules] returns all. Its fields are ID, Severity, Title and Remedy.
type Rule = finding.Rule

// Severity says how bad a finding is: [Info], [Warning] or [Error], in rising order.
type Severity = finding.Severity

// The severities of findings.
const (
	Info    = finding.Info    // worth knowing
	Warning = finding.Warning // erasure would be slow, or something was not looked at
	Error   = finding.Error   // somebody's data would be forgotten, or somebody else's erased
)

// Rules returns every rule that [Verify] looks for.
func Rules() []Rule { return append([]Rule(nil), rules...) }

// rules are those of [Verify]. The table in doc.go is this one: a test compares them.
var rules = []Rule{
	rule("DSR001", Error, "a table is not in the map", "add it with its links and columns, or say why it is not personal"),
	rule("DSR002", Error, "a column is not in the map", "add it to Columns with its class, or to Plain"),
	rule("DSR003", Error, "the map names a table that the database does not have", "follow the rename, or delete it from the map"),
	rule("DSR004", Error, "the map names a column that its table does not have", "follow the rename, or delete it from the map"),
	rule("DSR005", Error, "a column's type is not the one in the map", "see that strategies and links still hold, then write the new type"),
	rule("DSR006", Warning, "the map does not say a column's type: changes of it go unseen", "write it behind the name"),
	rule("DSR007", Error, "a table's primary key is not the one in the map", "follow the change"),
	rule("DSR008", Warning, "a trigger or rule is not in the map: it may copy what is erased", "look at what it writes, then list it in Triggers"),
	rule("DSR009", Warning, "the map names a trigger that its table does not have", "follow the change"),
	rule("DSR010", Error, "a foreign key is not among the links", "add the link, as a Reference if it is nobody's"),
	rule("DSR011", Error, "a link has no foreign key behind it", "declare the foreign key, or say Undeclared"),
	rule("DSR012", Error, "a link joins columns whose types hold different values", "correct the one that is wrong"),
	rule("DSR013", Error, "a link goes to columns that several rows can share", "link to a unique key, or declare it unique"),
	rule("DSR014", Error, "values of a link point at no row", "see whether it goes to the right table; then remove the orphans"),
	rule("DSR015", Warning, "the values of a link could not be looked at", "connect as a role that sees all rows"),
	rule("DSR016", Warning, "a link is said to be undeclared, and a foreign key backs it", "delete Undeclared"),
	rule("DSR017", Error, "a foreign key deletes or cuts rows otherwise than the map says", "change its ON DELETE, or the map"),
	rule("DSR020", Warning, "no index finds the rows of a link: each erasure reads the whole table", "create the index"),
	rule("DSR021", Error, "a value would be made null, and may not be", "choose another strategy, or drop NOT NULL"),
	rule("DSR022", Error, "two people who are erased would hold the same value in a unique column", "use Null, Random or Pseudonym"),
	rule("DSR023", Error, "a strategy is for a column that is computed from others", "give the strategy to those"),
	rule("DSR024", Error, "a strategy does not fit the type of its column", "choose another strategy"),
	rule("DSR025", Warning, "a period runs from a column that holds no time", "choose a column with a date or time"),
	rule("DSR030", Error, "a materialised view or index holds copies, and the map does not say that it is derived", "set Derived: it is made again after an erasure"),
	rule("DSR031", Warning, "there are large objects: they belong to no table", "store the bytes in a table"),
	rule("DSR032", Warning, "a column has the name of personal data, and the map calls it plain", "give it a class, or waive this"),
	rule("DSR033", Error, "a table of people's rows lacks the tenant column", "name the tenant column, or say that there is none"),
	rule("DSR040", Error, "a decision is waiting", "decide, and delete the question"),
}

func rule(id string, severity Severity, title, remedy string) Rule {
	return Rule{ID: id, Severity: severity, Title: title, Remedy: remedy}
}

var ruleByID = func() map[string]Rule {
	m := map[string]Rule{}
	for _, r := range rules {
		m[r.ID] = r
	}
	return m
}()
