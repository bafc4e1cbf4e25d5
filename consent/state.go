package consent

import (
	"crypto/sha256"
	"time"
)

// Who finds the [State] of a user or a browser in a tenant: a keyed hash of its name.
type Who [32]byte

// A State is what a user's or a browser's entries come to. It leads from who somebody is to their entries, and is the only thing that does.
type State struct {
	Who     Who
	Subject Subject
	// Secret is what the keys of the entries are made with. It goes with the state, and then no key tells whose entry it is, also to who
	// guesses a name and has the key that Who is made with.
	Secret  [16]byte
	Seq     uint64 // of the last entry
	Granted Set    // with a yes, in some browser
	Denied  Set    // with a no that is newer than any yes
	OptOut  bool
	Policy  uint16
	At      time.Time
	Expires time.Time
	// No is when each category last had a no, in seconds since 1970, 0 for never.
	No [maxCategories]int64
}

// key is what a change that was asked for under k has in the ledger.
func (s *State) key(k Key) (out Key) {
	sum := sha256.Sum256(append(append([]byte("consent key\x00"), s.Secret[:]...), k[:]...))
	copy(out[copy(out[:], k[:keyTime]):], sum[:])
	return out
}

// known reports whether there are entries.
func (s *State) known() bool { return s.Seq != 0 }

// add makes s what it is after e.
func (s *State) add(e *Entry) {
	s.Subject, s.Seq, s.At = e.Subject, e.Seq, e.At
	if e.Policy != 0 {
		s.Policy = e.Policy
	}
	switch {
	case e.Method == Confirmed:
		s.OptOut = e.OptOut
	case e.OptOut:
		s.OptOut = true
	}
	s.Granted = (s.Granted | e.Granted) &^ e.Denied
	s.Denied = (s.Denied &^ e.Granted) | e.Denied
	for c := range e.Denied.All() {
		s.No[c] = max(s.No[c], e.At.Unix())
	}
	switch {
	case s.Granted == 0:
		s.Expires = time.Time{}
	case e.Granted != 0:
		s.Expires = e.Expires
	}
}

// account returns what s says of a browser whose choice is c. What the user said no to is denied; so is what c grants, if the user said no
// to it later than c was made, in whatever browser: an old cookie brings no yes back.
func (s *State) account(c *Choice) Account {
	a := Account{Denied: s.Denied, OptOut: s.OptOut}
	if at := c.At.Unix(); c.made() {
		for k := range c.Granted.All() {
			if s.No[k] > at {
				a.Denied |= k.bit()
			}
		}
	}
	return a
}
