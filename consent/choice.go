package consent

import "time"

// A Choice is what a person answered, as a browser's cookie keeps it. The zero Choice is none.
type Choice struct {
	// Granted are the categories with a yes. All others of the policy have a no.
	Granted Set
	// Policy is the version of the policy that was shown, 0 if no choice was made.
	Policy uint16
	// At is when: to the second if something was granted, and else to the minute, so that it tells nobody apart.
	At time.Time
	// OptOut: the person ended the sale of data and targeted advertising in this browser, by a request or by a signal. It outlives the
	// policy, and the time that a yes lasts.
	OptOut bool
	// Confirmed: the person, known as User, said yes to what the signal that was on at the time takes away.
	Confirmed bool
	// User is who was known when the choice was made, zero for nobody.
	User UserTag
	// ID is random and names the browser in records. It is zero where nothing was granted.
	ID BrowserID
}

// A UserTag tells users of one tenant from each other in a cookie. It is a keyed hash, and of no use to anybody else.
type UserTag [8]byte

// A BrowserID is the random name of a browser that granted something.
type BrowserID [12]byte

// made reports whether there is a choice.
func (c *Choice) made() bool { return c.Policy != 0 }

// An Account is what is kept of a known user beyond any browser.
type Account struct {
	// Denied are the categories the user said no to, wherever.
	Denied Set
	// OptOut: the user ended the sale of data and targeted advertising, by a request or by a signal of any browser.
	OptOut bool
	// Unknown: the store could not be asked, so that nothing but what is essential is allowed.
	Unknown bool
}

// Signals are what a request says of itself.
type Signals struct {
	// GPC: it carries an opt-out signal: see [GPC].
	GPC bool
	// User is who is known to make it, zero for nobody.
	User UserTag
	// Now is the time.
	Now time.Time
}

// Stored is what was kept of earlier answers, all of it authentic.
type Stored struct {
	Choice  Choice
	Account Account
}

// clockSkew is how far ahead of this machine's clock another machine's may be.
const clockSkew = int64(5 * time.Minute / time.Second)
