package consent

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// An Import is a choice of a user's that was made elsewhere, as another consent tool has kept it.
type Import struct {
	// ID is what the other tool knows the choice by. A user's choice of an ID and a time is imported once.
	ID   string
	User string
	// Granted and Denied are the categories with a yes and with a no.
	Granted, Denied Set
	// OptOut: they ended the sale of data and targeted advertising.
	OptOut bool
	// Policy is the version in the [Registry] that says what they were asked, 0 if none does.
	Policy uint16
	// Text is what they were shown, in any form, with the SHA-256 of its Body; the zero Document if that is not known.
	Text Document
	// Given is when they answered.
	Given time.Time
}

// ErrImport is wrapped by what [Manager.Import] refuses a choice with.
var ErrImport = errors.New("consent: what is imported is no choice")

// Import records choices of users of ctx's tenant, in one transaction, and returns the entry of each; that of the first time if it was
// imported before. Give it some hundreds at a time, oldest first.
//
// An entry says when the choice was given ([Entry].Given) beside when it was recorded. A no counts as if it were said now. A yes is a
// record, and holds nothing in a browser: there the user is asked. It is not even that for a category that they have said no to here, or for what
// an opt-out takes away, and ends when it would have ended had it been given here.
func (m *Manager) Import(ctx context.Context, choices ...Import) ([]Entry, error) {
	tenant, err := tenancy.From(ctx)
	switch {
	case err != nil:
		return nil, err
	case m.c.Store == nil:
		return nil, errNoStore
	case len(choices) == 0:
		return nil, nil
	}
	now := m.now()
	force := m.c.Registry.at(now.Unix())
	if force == nil {
		return nil, ErrOutdated
	}
	changes := make([]change, len(choices))
	for i := range choices {
		c := &choices[i]
		if err := m.checkImport(c, now); err != nil {
			return nil, fmt.Errorf("%w: choice %d: %w", ErrImport, i, err)
		}
		changes[i] = m.imported(c, tenant.String(), force)
	}
	return m.record(ctx, changes...)
}

func (m *Manager) checkImport(c *Import, now time.Time) error {
	switch {
	case c.ID == "":
		return errors.New("it has no ID")
	case c.User == "":
		return errNobody
	case c.Given.Unix() <= 0 || c.Given.After(now.Add(time.Minute)):
		return errors.New("it was not given at a time before now")
	case c.Granted&c.Denied != 0:
		return errors.New("a category has a yes and a no")
	case (c.Granted|c.Denied)&^Essential.bit() == 0 && !c.OptOut:
		return errors.New("it says nothing")
	case (c.Text.Hash != (Hash{}) || len(c.Text.Body) > 0) && c.Text.Hash != sha256.Sum256(c.Text.Body):
		return errors.New("its text has another hash")
	}
	if c.Policy == 0 {
		return nil
	}
	switch e := m.c.Registry.edition(c.Policy); {
	case e == nil:
		return errors.New("its policy is none of the registry's")
	case c.Granted&^e.declared != 0:
		return errors.New("its policy did not ask for what it grants")
	}
	return nil
}

// imported is what c changes; force is the policy in force.
func (m *Manager) imported(c *Import, tenant string, force *edition) change {
	under := force
	if c.Policy != 0 {
		under = m.c.Registry.edition(c.Policy)
	}
	given := c.Given.UTC().Truncate(time.Microsecond)
	who := m.pseudonyms.user(tenant, c.User)
	id := m.pseudonyms.who("import", tenant, []byte(c.ID))
	e := Entry{Method: Imported, Granted: c.Granted &^ Essential.bit(), Denied: c.Denied &^ Essential.bit(), OptOut: c.OptOut, Policy: c.Policy,
		Text: c.Text.Hash, Given: given}
	copy(e.Key[keyTime:], id[:])
	e.Key.when(given)
	optOut := force.optOut
	return change{who: who, entry: e, doc: c.Text, party: userParty(c.User), judge: func(e *Entry, s *State) bool {
		if e.OptOut = e.OptOut || s.OptOut; e.OptOut {
			e.Denied |= optOut
		}
		if e.Granted &^= s.Denied | e.Denied; e.Granted != 0 {
			e.Expires = given.Add(time.Duration(under.lasts) * time.Second)
		}
		return true
	}}
}
