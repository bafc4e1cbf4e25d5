package dsar

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"
)

// Strategy says what becomes of a row or a value. The zero Strategy says nothing.
type Strategy struct {
	what  string
	value string
	n     int
	keep  *Reason
}

// What becomes of rows.
var (
	Delete = Strategy{what: "delete"} // the row goes
	Mask   = Strategy{what: "mask"}   // the row stays, each of its personal columns as the column says
)

// What becomes of values in a row that stays.
var (
	Null      = Strategy{what: "null"}
	Random    = Strategy{what: "random"}    // another value of the type, the same for nobody
	Pseudonym = Strategy{what: "pseudonym"} // a random name, the same one wherever this person's value stood
	Shred     = Strategy{what: "shred"}     // sealed under the person's key, which is destroyed: see package vault
)

// Constant puts the text in the place of the value.
func Constant(text string) Strategy { return Strategy{what: "constant", value: text} }

// Truncate keeps the first n characters of a text, the year of a date (4), the network of an address.
func Truncate(n int) Strategy { return Strategy{what: "truncate", n: n} }

// Keep keeps the row, whole, or the value, for the reason and no longer. To keep a part of a row, Mask the row and Keep its columns.
func Keep(r Reason) Strategy { return Strategy{what: "keep", keep: &r} }

// Reason is why something is kept though its owner is erased: Art. 17(3) GDPR. It needs a basis and an end.
type Reason struct {
	Basis      Basis
	Law        string // "§ 147 AO", "ATO record keeping"
	For        Period // from the value of Since on
	Since      string // a column of the table with a time
	Until      time.Time
	Restricted bool // meanwhile the application does not see it (Art. 18)
}

// Basis is a legal basis of Art. 6(1) GDPR.
type Basis string

// The legal bases.
const (
	Consent             Basis = "consent"              // (a)
	Contract            Basis = "contract"             // (b)
	LegalObligation     Basis = "legal obligation"     // (c)
	VitalInterests      Basis = "vital interests"      // (d)
	PublicTask          Basis = "public task"          // (e)
	LegitimateInterests Basis = "legitimate interests" // (f)
	LegalClaims         Basis = "legal claims"         // Art. 17(3)(e), for keeping only
)

// Period is a span of the calendar.
type Period struct{ Years, Months, Days int }

// IsZero reports whether p is no time at all.
func (p Period) IsZero() bool { return p == Period{} }

// String returns a text such as "2 years 6 months".
func (p Period) String() string {
	s := ""
	for _, x := range []struct {
		n    int
		unit string
	}{{p.Years, "year"}, {p.Months, "month"}, {p.Days, "day"}} {
		if x.n == 0 {
			continue
		}
		if s != "" {
			s += " "
		}
		s += strconv.Itoa(x.n) + " " + x.unit
		if x.n != 1 {
			s += "s"
		}
	}
	if s == "" {
		return "no time"
	}
	return s
}

// Retention says when a row goes though nobody asks.
type Retention struct {
	Category string // under which a tenant may set another period; "" is the table's name
	For      Period // from the value of Since on
	Since    string // a column of the table with a time
	Then     Strategy
	// When are values that a row must have to go: tickets that are solved. Of several for one column, it has one of them. A row in which such
	// a column is null stays.
	//
	//	When: []dsar.When{{"status", "solved"}, {"status", "spam"}}
	When []When `json:",omitempty"` // a map without conditions keeps its hash
}

// String returns a text such as "delete after 2 years from changed_at, where status is solved or spam".
func (r *Retention) String() string {
	then := r.Then
	if then.IsZero() {
		then = Delete
	}
	s := fmt.Sprintf("%s after %s from %s", then, r.For, r.Since)
	if cond := r.Condition(); cond != "" {
		s += ", where " + cond
	}
	return s
}

// Condition returns When as a text such as "status is solved or spam", "" if there is none.
func (r *Retention) Condition() string {
	var out []string
	for column, values := range r.Conditions() {
		out = append(out, column+" is "+strings.Join(values, " or "))
	}
	return strings.Join(out, " and ")
}

// Conditions yields the columns of When, each once, with the values of which a row has one.
func (r *Retention) Conditions() iter.Seq2[string, []string] { return conditions(r.When) }

// IsZero reports whether s says nothing.
func (s Strategy) IsZero() bool { return s.what == "" }

// Reason returns why [Keep] keeps; ok is false for other strategies.
func (s Strategy) Reason() (r Reason, ok bool) {
	if s.keep == nil {
		return Reason{}, false
	}
	return *s.keep, true
}

// String returns what is done, such as "truncate to 4".
func (s Strategy) String() string {
	switch s.what {
	case "constant":
		return fmt.Sprintf("constant %q", s.value)
	case "truncate":
		return fmt.Sprintf("truncate to %d", s.n)
	case "keep":
		end := ""
		switch {
		case !s.keep.Until.IsZero():
			end = " until " + s.keep.Until.UTC().Format(time.DateOnly)
		case s.keep.Since != "":
			end = " for " + s.keep.For.String() + " from " + s.keep.Since
		}
		return fmt.Sprintf("keep, %s (%s)%s", s.keep.Basis, s.keep.Law, end)
	}
	return s.what
}

// Is reports whether s is of the same sort as t, whatever their texts, lengths and reasons are.
func (s Strategy) Is(t Strategy) bool { return s.what == t.what }

// MarshalText is String: it says all there is.
func (s Strategy) MarshalText() ([]byte, error) {
	text := s.String()
	if s.keep != nil && s.keep.Restricted {
		text += ", restricted"
	}
	return []byte(text), nil
}
