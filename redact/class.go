package redact

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"iter"
)

// Class is a class of data: what a field is about, whoever holds it and however it is written. One vocabulary serves the
// inventory of personal data, export and erasure, masking, and the scopes of support access. The values are the variables
// of this package; no other can be made, and the zero Class is none of them.
//
// A Class is kept by its name: in a text, in JSON, in a column. Names never change.
type Class struct{ n uint8 }

// ErrClass is wrapped by errors about a name that is no class.
var ErrClass = errors.New("redact: no such class of data")

// What opens doors or moves money. Support access may never include these; see [Class.SupportMaySee].
var (
	ClassSecret       = Class{1} // keys and secrets of the system itself: signing keys, API keys, webhook secrets
	ClassCredential   = Class{2} // what a person or client signs in with, when no other class says it better
	ClassPassword     = Class{3} // a password, passphrase or PIN, and any hash of one
	ClassMFA          = Class{4} // seeds, recovery codes, one-time codes, passkeys, and the like
	ClassOAuthSecret  = Class{5} // client secrets, authorization codes, PKCE verifiers
	ClassAccessToken  = Class{6} // access tokens, sessions, API tokens of users
	ClassRefreshToken = Class{7}
	ClassPayment      = Class{8} // how somebody pays, when it is neither a card nor a bank account
	ClassCard         = Class{9} // card number, expiry, CVC
	ClassBankAccount  = Class{10}
)

// What is about a person.
var (
	ClassName              = Class{11}
	ClassEmail             = Class{12}
	ClassPhone             = Class{13}
	ClassAddress           = Class{14} // street, city, postal code
	ClassContact           = Class{15} // other ways to reach somebody
	ClassNationalID        = Class{16} // numbers a state gives: social security, tax, passport, driving licence
	ClassBirth             = Class{17} // date of birth, age
	ClassGender            = Class{18}
	ClassDemographic       = Class{19} // language, marital status, and other facts about a person
	ClassOrigin            = Class{20} // race and ethnic origin
	ClassPolitics          = Class{21}
	ClassReligion          = Class{22}
	ClassSexualOrientation = Class{23}
	ClassHealth            = Class{24}
	ClassGenetic           = Class{25}
	ClassBiometric         = Class{26}
	ClassCriminal          = Class{27}
	ClassChild             = Class{28} // data about children
	ClassLocation          = Class{29}
	ClassIP                = Class{30}
	ClassDevice            = Class{31} // device ids, hardware addresses, user agents
	ClassCookie            = Class{32}
	ClassUserID            = Class{33}
	ClassPseudonym         = Class{34}
	ClassAccount           = Class{35} // user name, settings, plan
	ClassPreferences       = Class{36} // consent and privacy choices
	ClassContent           = Class{37} // what somebody wrote or uploaded, not public
	ClassPublicContent     = Class{38}
	ClassImage             = Class{39} // pictures of a person
	ClassBehavior          = Class{40} // what somebody did: clicks, views, analytics
	ClassSearches          = Class{41}
	ClassPurchases         = Class{42}
	ClassFinance           = Class{43} // income, credit, invoices
	ClassWork              = Class{44} // employer, job title
	ClassOrganization      = Class{45} // data of a customer that is not a person
)

// What is about no person.
var (
	ClassSystem     = Class{46}
	ClassOperations = Class{47} // counters, states and times that say nothing of anybody
)

// classNames has name and Fides key of each class, in the order of their numbers.
var classNames = [...]struct{ name, fides string }{
	{},
	{"secret", "system.authentication"},
	{"credential", "user.credentials"},
	{"password", "user.credentials.password"},
	{"mfa", "user.authorization.credentials"},
	{"oauth_secret", "user.authorization.credentials"},
	{"access_token", "user.authorization.credentials"},
	{"refresh_token", "user.authorization.credentials"},
	{"payment", "user.payment"},
	{"card", "user.financial.credit_card"},
	{"bank_account", "user.financial.bank_account"},
	{"name", "user.name"},
	{"email", "user.contact.email"},
	{"phone", "user.contact.phone_number"},
	{"address", "user.contact.address"},
	{"contact", "user.contact"},
	{"national_id", "user.government_id"},
	{"birth", "user.demographic.date_of_birth"},
	{"gender", "user.demographic.gender"},
	{"demographic", "user.demographic"},
	{"origin", "user.demographic.race_ethnicity"},
	{"politics", "user.demographic.political_opinion"},
	{"religion", "user.demographic.religious_belief"},
	{"sexual_orientation", "user.demographic.sexual_orientation"},
	{"health", "user.health_and_medical"},
	{"genetic", "user.health_and_medical.genetic"},
	{"biometric", "user.biometric"},
	{"criminal", "user.criminal_history"},
	{"child", "user.childrens"},
	{"location", "user.location"},
	{"ip", "user.device.ip_address"},
	{"device", "user.device"},
	{"cookie", "user.device.cookie"},
	{"user_id", "user.id"},
	{"pseudonym", "user.id.pseudonymous"},
	{"account", "user.account"},
	{"preferences", "user.privacy_preferences"},
	{"content", "user.content.private"},
	{"public_content", "user.content.public"},
	{"image", "user.content.self_image"},
	{"behavior", "user.behavior"},
	{"searches", "user.behavior.search_history"},
	{"purchases", "user.behavior.purchase_history"},
	{"finance", "user.financial"},
	{"work", "user.workplace"},
	{"organization", "user.contact.organization"},
	{"system", "system"},
	{"operations", "system.operations"},
}

var classByName = func() map[string]Class {
	m := make(map[string]Class, len(classNames))
	for c := range Classes() {
		m[c.String()] = c
	}
	return m
}()

// Classes yields every class.
func Classes() iter.Seq[Class] {
	return func(yield func(Class) bool) {
		for n := 1; n < len(classNames); n++ {
			if !yield(Class{uint8(n)}) {
				return
			}
		}
	}
}

// ParseClass returns the class with the name, or an error that wraps [ErrClass].
func ParseClass(name string) (Class, error) {
	c, ok := classByName[name]
	if !ok {
		return c, ErrClass // without the name: it may be anything, when it comes from a column
	}
	return c, nil
}

// String returns the name, or "" for the zero Class.
func (c Class) String() string { return classNames[c.n].name }

// Fides returns the key of the data category in the Fides taxonomy (fideslang) that the class belongs to, such as
// "user.contact.email". Several classes may share one.
func (c Class) Fides() string { return classNames[c.n].fides }

// IsZero reports whether c is no class.
func (c Class) IsZero() bool { return c == Class{} }

// SupportMaySee reports whether support access may ever include data of the class, given a grant. It may not for secrets,
// credentials, passwords, MFA, OAuth secrets, access and refresh tokens and payment data, nor for the zero Class: what
// nobody has classified is not shown.
func (c Class) SupportMaySee() bool { return c.n > ClassBankAccount.n }

// Class returns the class of what a kind finds. A [Custom] match has none.
func (k Kind) Class() Class {
	switch k {
	case PrivateKey:
		return ClassSecret
	case Credential, UserInfo:
		return ClassCredential
	case Token, JWT:
		return ClassAccessToken
	case Card:
		return ClassCard
	case BankAccount:
		return ClassBankAccount
	case NationalID:
		return ClassNationalID
	case Email:
		return ClassEmail
	case Phone:
		return ClassPhone
	case IP:
		return ClassIP
	case MAC:
		return ClassDevice
	}
	return Class{}
}

// MarshalText returns the name. The zero Class is "".
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText takes a name. It does not take "": a class that was left out is left out.
func (c *Class) UnmarshalText(text []byte) (err error) {
	*c, err = ParseClass(string(text))
	return err
}

// Value gives a database the name, or NULL for the zero Class.
func (c Class) Value() (driver.Value, error) {
	if c.IsZero() {
		return nil, nil
	}
	return c.String(), nil
}

// Scan takes a name from a database, or NULL for the zero Class.
func (c *Class) Scan(src any) error {
	switch src := src.(type) {
	case nil:
		*c = Class{}
		return nil
	case string:
		return c.UnmarshalText([]byte(src))
	case []byte:
		return c.UnmarshalText(src)
	}
	*c = Class{}
	return fmt.Errorf("%w: a column of type %T", ErrClass, src)
}
