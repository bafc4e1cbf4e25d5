package consent

import "fmt"

// A Reason says in one byte why a category is allowed or denied.
type Reason uint8

// The reasons. Those before DeniedUndeclared allow.
const (
	_ Reason = iota
	// AllowedEssential: nobody is asked about it.
	AllowedEssential
	// AllowedChoice: the person said yes.
	AllowedChoice
	// AllowedConfirmed: the user confirmed it in spite of the signal.
	AllowedConfirmed
	// DeniedUndeclared: the policy in force knows no such category, or there is no policy, or nothing was decided.
	DeniedUndeclared
	// DeniedSignal: the request carries an opt-out signal.
	DeniedSignal
	// DeniedAccount: the user said no, or opted out, in this browser or another.
	DeniedAccount
	// DeniedOptOut: the person opted out in this browser, or its signal did.
	DeniedOptOut
	// DeniedNoChoice: the person has not answered.
	DeniedNoChoice
	// DeniedClock: the choice is of the future: a clock is wrong.
	DeniedClock
	// DeniedExpired: the choice is older than it lasts.
	DeniedExpired
	// DeniedOtherUser: somebody else made the choice.
	DeniedOtherUser
	// DeniedPolicy: the choice was made on a policy that a newer one replaced.
	DeniedPolicy
	// DeniedNew: the choice was made when there was no such category.
	DeniedNew
	// DeniedRefused: the person said no.
	DeniedRefused
	// DeniedUnknown: the store could not be asked what the user said.
	DeniedUnknown
)

var reasons = [...]string{
	AllowedEssential: "allowed: essential", AllowedChoice: "allowed: the person said yes",
	AllowedConfirmed: "allowed: confirmed in spite of the opt-out signal",
	DeniedUndeclared: "denied: the policy knows no such category",
	DeniedSignal:     "denied: opt-out signal (Sec-GPC)", DeniedAccount: "denied: the account says no",
	DeniedOptOut: "denied: opted out in this browser", DeniedNoChoice: "denied: not answered",
	DeniedClock: "denied: the choice is of the future", DeniedExpired: "denied: the choice has expired",
	DeniedOtherUser: "denied: the choice is another user's", DeniedPolicy: "denied: the policy has changed",
	DeniedNew: "denied: not asked about yet", DeniedRefused: "denied: the person said no",
	DeniedUnknown: "denied: what the user said is not known for sure now",
}

// String returns the reason in words.
func (r Reason) String() string {
	if int(r) < len(reasons) && reasons[r] != "" {
		return reasons[r]
	}
	return fmt.Sprintf("consent.Reason(%d)", uint8(r))
}

// Allowed reports whether r allows.
func (r Reason) Allowed() bool { return r >= AllowedEssential && r <= AllowedConfirmed }

// Why returns the reason for what was decided about c.
func (d Decision) Why(c Category) Reason {
	switch {
	case c == Essential:
		return AllowedEssential
	case d.edition == nil || !d.edition.declared.Has(c):
		return DeniedUndeclared
	case d.allowed().Has(c):
		if d.over() && d.edition.optOut.Has(c) {
			return AllowedConfirmed
		}
		return AllowedChoice
	case d.signal().Has(c):
		return DeniedSignal
	case d.account().Has(c):
		return DeniedAccount
	case d.optOut().Has(c):
		return DeniedOptOut
	case d.void() != 0:
		return d.void()
	case !d.asked().Has(c):
		return DeniedNew
	}
	return DeniedRefused
}
