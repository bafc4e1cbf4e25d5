package deadline

// A Kind is what a person asks for.
type Kind uint8

// The kinds of requests. Laws name them differently: a law's rules say what of it they take each kind for.
const (
	_ Kind = iota
	// Access: to see the data.
	Access
	// Portability: to get the data in a form that machines read.
	Portability
	// Erasure: to have the data deleted.
	Erasure
	// Rectification: to have the data corrected.
	Rectification
	// Restriction: to have its use limited.
	Restriction
	// Objection: to have its use ended.
	Objection
	// ConsentWithdrawal: to take back a consent.
	ConsentWithdrawal
	// OptOutSale: not to have the data sold or shared.
	OptOutSale
	// KnowCategories: to know what kinds of data there are, and who gets them.
	KnowCategories
)

var kinds = [...]string{
	Access: "access", Portability: "portability", Erasure: "erasure", Rectification: "rectification", Restriction: "restriction",
	Objection: "objection", ConsentWithdrawal: "consent withdrawal", OptOutSale: "opt-out of sale", KnowCategories: "know categories",
}

// Kinds returns all kinds.
func Kinds() []Kind {
	return []Kind{Access, Portability, Erasure, Rectification, Restriction, Objection, ConsentWithdrawal, OptOutSale, KnowCategories}
}

// String returns the name, such as "opt-out of sale".
func (k Kind) String() string {
	if !k.valid() {
		return "invalid"
	}
	return kinds[k]
}

func (k Kind) valid() bool { return k >= Access && k <= KnowCategories }
