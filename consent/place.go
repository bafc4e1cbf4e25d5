package consent

import "errors"

// A Place is where a visitor is: a country (ISO 3166-1, two letters) or a part of one (ISO 3166-2). The zero value is an
// unknown place, and nothing is less demanding than that. No header is read for it: the application says where a visitor is, by
// [Config].Place, because only it knows whom it can believe.
type Place struct{ code string }

// ParsePlace reads "DE" or "US-CA", in upper or lower case. The error repeats nothing of s.
func ParsePlace(s string) (Place, error) {
	b := []byte(s)
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
			b[i] = c
		}
		letter, digit := c >= 'A' && c <= 'Z', c >= '0' && c <= '9'
		if i < 2 && !letter || i == 2 && c != '-' || i > 2 && !letter && !digit {
			return Place{}, errPlace
		}
	}
	if len(b) != 2 && (len(b) < 4 || len(b) > 6) {
		return Place{}, errPlace
	}
	return Place{string(b)}, nil
}

var errPlace = errors.New("consent: not a place: a country of two letters, or it with '-' and a part of 1 to 3 letters and digits")

// PlaceOf is [ParsePlace] for places written in source code. It panics if one is none.
func PlaceOf(s string) Place {
	p, err := ParsePlace(s)
	if err != nil {
		panic(err)
	}
	return p
}

// String returns the place's code, and "" for an unknown one.
func (p Place) String() string { return p.code }

// IsZero reports whether the place is unknown.
func (p Place) IsZero() bool { return p.code == "" }

// country returns the country of a part, and p itself for a country.
func (p Place) country() string { return p.code[:min(2, len(p.code))] }
