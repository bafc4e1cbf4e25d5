package dsar

import "github.com/bailiwick-dev/bailiwick/dsar/deadline"

// Kind is what a person asks for.
type Kind = deadline.Kind

// The kinds of requests.
const (
	Access            = deadline.Access            // to see the data
	Portability       = deadline.Portability       // to get the data in a form that machines read
	Erasure           = deadline.Erasure           // to have the data erased: not what the application's own "delete my account" does
	Rectification     = deadline.Rectification     // to have the data corrected
	Restriction       = deadline.Restriction       // to have its use limited
	Objection         = deadline.Objection         // to have its use ended
	ConsentWithdrawal = deadline.ConsentWithdrawal // to take back a consent
	OptOutSale        = deadline.OptOutSale        // not to have the data sold or shared
	KnowCategories    = deadline.KnowCategories    // to know what kinds of data there are, and who gets them
)

// Kinds are all of them, in the order above.
func Kinds() []Kind { return deadline.Kinds() }

// exports reports whether who asks for k gets their data.
func exports(k Kind) bool { return k == Access || k == Portability }

// applies reports whether the application itself does what k asks for.
func applies(k Kind) bool {
	switch k {
	case Rectification, Restriction, Objection, ConsentWithdrawal, OptOutSale:
		return true
	}
	return false
}
