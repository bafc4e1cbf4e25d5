package apitoken

import (
	"errors"
	"fmt"
)

// A Form is what the tokens of one product and environment look like. It is a small value, comparable and safe for
// concurrent use. The zero Form is that of no token: it refuses all.
type Form struct {
	prefix string // "acme_live_"
}

// The parts of a token behind its prefix, in characters. 43 out of 62 hold 256 bits, 6 the 32 of the checksum.
const (
	idLen     = 12
	secretLen = 43
	sumLen    = 6
	bodyLen   = idLen + secretLen + sumLen
	maxWord   = 16
	maxLen    = 2*(maxWord+1) + bodyLen
)

// ErrForm is wrapped by the errors of [New].
var ErrForm = errors.New("apitoken: this cannot be the form of tokens")

// New returns the Form of the tokens that begin with "brand_env_", as in "acme_live_". Both are words of 2 to 16 lower-case
// letters (ASCII) and digits, of which a letter is first: the brand says whose token was found where it should not be, and the
// environment keeps those of a test system from opening the real one.
func New(brand, env string) (Form, error) {
	for _, w := range []struct{ what, is string }{{"brand", brand}, {"environment", env}} {
		if !isWord(w.is) {
			return Form{}, fmt.Errorf("%w: its %s is not a word of 2 to %d lower-case letters and digits", ErrForm, w.what, maxWord)
		}
	}
	return Form{prefix: brand + "_" + env + "_"}, nil
}

// MustNew is [New] for words written in source code. It panics if they are none.
func MustNew(brand, env string) Form {
	f, err := New(brand, env)
	if err != nil {
		panic(err)
	}
	return f
}

func isWord(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return len(s) >= 2 && len(s) <= maxWord
}

// Display returns how a token is shown to people who may know of it and not have it: "acme_live_4mKq0ZtB91xY_***".
func (f Form) Display(id ID) string { return f.prefix + id.String() + "_***" }
