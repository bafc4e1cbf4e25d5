package supportgrant

import (
	"context"
	"errors"
)

// Errors of an [MFA].
var (
	// ErrMFA: the answer is not one to this challenge, from this person, with a second factor of theirs. It says no more: why is for
	// the log.
	ErrMFA = errors.New("supportgrant: the second factor did not confirm this")
	// ErrTooMany: too many were tried, and more are refused without being looked at.
	ErrTooMany = errors.New("supportgrant: too many attempts")
)

// Challenge is what an approver's second factor is to answer.
type Challenge struct {
	Method  string // of the [MFA] that made it
	Options []byte // JSON for the browser; no secret is in it
	State   []byte // what Verify needs to know again; the store keeps it, and it is never sent
}

// Evidence is what stays of an approval.
type Evidence struct {
	Method            string
	Digest            [32]byte // of the [Intent]
	PhishingResistant bool     // NIST SP 800-63B-4, 3.2.5: the answer was bound to the site it was given to
	Proof             []byte   // the answer itself, where the method makes one that can be verified later without the database
}

// MFA is a kind of second factor. Packages mfa/totp, mfa/webauthn and mfa/oidc are three. Implementations are safe for
// concurrent use. What they keep of their own is kept by the time a call returns, whatever comes of the approval: a code that was
// right is used up even if the approval then fails.
type MFA interface {
	// Method is its name, such as "totp": it never changes, as it is kept with the evidence.
	Method() string
	// Begin makes a challenge for i.Approver, or ErrMFA if they have no such second factor.
	Begin(ctx context.Context, i Intent) (Challenge, error)
	// Verify looks at an answer, with the State of the challenge. The service has burned the challenge before it calls: there is one
	// answer to each, right or wrong. It returns ErrMFA for whatever is not right, and ErrTooMany; every other error means that it
	// could not be told, which is a no too. The Evidence has i's digest.
	Verify(ctx context.Context, i Intent, state, response []byte) (Evidence, error)
}
