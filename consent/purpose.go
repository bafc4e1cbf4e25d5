package consent

import "time"

// Text is what a person reads, in one language. Neither part is empty.
type Text struct {
	Title string `json:"title"`
	Body  string `json:"body"`
}

// A Purpose is one use of personal data or of a person's device.
type Purpose struct {
	// Key names the purpose in code and in records: 1 to 40 of a-z, 0-9, '-', '_' and '.', beginning with a letter.
	Key string
	// Category is the switch that the purpose hangs on.
	Category Category
	// Sale: personal data is exchanged for money or other value. Share: it goes to third parties for cross-context
	// behavioural advertising. TargetedAds: it is used for such advertising. (Cal. Civ. Code 1798.140; the laws of other states
	// know the first and the last.) An opt-out signal takes such purposes away, whatever their category.
	Sale, Share, TargetedAds bool
	// Data are the categories of personal data that the purpose is about, and Recipients who else gets it, in words or as terms of a vocabulary
	// ("pd:EmailAddress" of the W3C Data Privacy Vocabulary). They stand in the [Document], and in receipts.
	Data, Recipients []string
	// Text is the purpose's text by language tag. All texts of a policy are in the same languages.
	Text map[string]Text
	// Storage is what the purpose keeps on the person's device.
	Storage []Item
}

// optOut reports whether an opt-out signal takes p away.
func (p *Purpose) optOut() bool { return p.Sale || p.Share || p.TargetedAds }

// A Kind is a way of keeping something on a device.
type Kind uint8

// The kinds of storage that a purpose may declare.
const (
	Cookie Kind = iota
	LocalStorage
	SessionStorage
	IndexedDB
	Cache
)

var kindNames = [...]string{"cookie", "localStorage", "sessionStorage", "indexedDB", "cache"}

// String returns the kind's name in the manifest and in texts.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// An Item is what a purpose stores under one name, or under every name with one beginning.
type Item struct {
	Kind Kind
	// Name is exact, or the beginning of names if it ends in '*'. Of cookies, each name belongs to one category.
	Name string
	// TTL is how long it stays, 0 for as long as the browser is open.
	TTL time.Duration
	// MaxBytes and MaxEntries bound what is stored, 0 for no bound. They are for what a script stores.
	MaxBytes   int64
	MaxEntries int
	// Path and Domain are those the cookie is set with, so that it can be deleted: "" is "/" and the host alone.
	Path, Domain string
}

// A Policy is one version of what an application tells and asks.
type Policy struct {
	// Version is above that of every policy before it, and never 0.
	Version uint16
	// Material: what is asked has changed, and who said yes is asked anew. An editorial policy, which is not material, may
	// change words, take purposes away and add categories; [Compile] refuses one that makes an earlier yes cover more.
	Material bool
	// Effective is from when the policy is in force.
	Effective time.Time
	// Lasts is how long a choice lasts until the person is asked again: 0 is 180 days, and 400 are the most that browsers keep it.
	Lasts time.Duration
	// Categories names the application's own categories, and may replace the texts of the built-in ones.
	Categories []CategoryText
	Purposes   []Purpose
}

// A CategoryText is the key and the text of a category. The key of a built-in category may be left out.
type CategoryText struct {
	Category Category
	Key      string
	Text     map[string]Text
}
