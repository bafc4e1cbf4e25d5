package rbac

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// MinPassword is how many characters a machine's password has at least.
const MinPassword = 32

// ErrPassword: no password is made like that.
var ErrPassword = errors.New("rbac: no such password is made")

// MachinePassword makes a random password of n characters, 32 or more, for the account that a machine has in another system: a database, a
// mail server. It is made by [Options].Passwords, recorded without its value, and not kept: rbac lets nobody in by a
// password. It needs what issuing a token for that machine needs.
func (a *Authorizer) MachinePassword(ctx context.Context, by Principal, machine Subject, n int) (redact.Secret[string], error) {
	switch {
	case machine.Kind != Machine || !machine.valid():
		return redact.Secret[string]{}, fmt.Errorf("%w: it is for a machine", ErrPassword)
	case n < MinPassword:
		return redact.Secret[string]{}, fmt.Errorf("%w: it has %d characters or more", ErrPassword, MinPassword)
	case a.o.Passwords == nil:
		return redact.Secret[string]{}, fmt.Errorf("%w: the application has nothing that makes them", ErrPassword)
	}
	var out redact.Secret[string]
	err := a.act(ctx, by, func(ctx context.Context, c *change) error {
		if err := c.mayIssue(machine); err != nil {
			return err
		}
		s := c.rules.member(machine)
		if err := c.admits(s); err != nil {
			return err
		}
		if err := c.above(s.set); err != nil {
			return err
		}
		password, err := a.o.Passwords(n)
		if err != nil {
			return err
		}
		if utf8.RuneCountInString(password.Reveal()) < n {
			return fmt.Errorf("%w: it came too short", ErrPassword)
		}
		out = password
		return c.record(ctx, machinePassword, map[string]any{"characters": n}, machine.party())
	})
	if err != nil {
		return redact.Secret[string]{}, err
	}
	return out, nil
}
