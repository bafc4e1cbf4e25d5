package consent

// A Decision says, for one request, what is allowed. The zero Decision allows what is essential, and nothing else.
type Decision struct {
	edition *edition
	allowed Set
	signal  Set    // taken away by the request's signal
	account Set    // taken away by the account
	optOut  Set    // taken away by an opt-out that the browser's choice holds
	asked   Set    // what the stored choice is an answer about
	void    Reason // why the stored choice, or the lack of one, grants nothing; 0 if it counts
	gpc     bool
	over    bool // the signal is overridden
	policy  bool // void by a newer policy only: its refusals are still answers
	granted Set  // what the stored choice said yes to
}

// Decide says what is allowed. It reads nothing but its arguments. The first that applies decides about a category:
//
//  1. [Essential] is allowed.
//  2. An opt-out signal denies a category that sells or shares data or targets advertising, unless the very user who is known now
//     confirmed it under a signal and the policy in force.
//  3. What the account denies is denied, and so is what it opted out of.
//  4. What the browser opted out of is denied.
//  5. The stored choice decides, if it is of the policy in force or of one with which it still counts, is no older than a choice lasts,
//     not of the future, and of no other user.
//  6. The rest is denied.
//
// So nothing is ever allowed, but Essential, that is not in s.Choice.Granted. A nil registry, or a time before its first policy, allows
// Essential only.
func Decide(r *Registry, sig Signals, s Stored) Decision {
	now := sig.Now.Unix()
	d := Decision{allowed: Essential.bit(), gpc: sig.GPC, granted: s.Choice.Granted}
	if now < 0 {
		return d
	}
	e := r.at(now)
	if e == nil {
		return d
	}
	d.edition = e
	c := &s.Choice
	d.over = sig.GPC && c.Confirmed && c.User != UserTag{} && c.User == sig.User && c.Policy == e.version
	if sig.GPC && !d.over {
		d.signal = e.optOut
	}
	d.account = s.Account.Denied & e.declared
	if s.Account.OptOut {
		d.account |= e.optOut
	}
	if c.OptOut {
		d.optOut = e.optOut
	}
	d.void = e.voids(c, sig, now)
	if d.void == 0 || d.void == DeniedPolicy {
		d.asked = r.asked(e, c.Policy)
		d.policy = d.void == DeniedPolicy
	}
	if d.void == 0 {
		d.allowed |= c.Granted & e.declared & d.asked &^ (d.signal | d.account | d.optOut)
	}
	return d
}

// voids returns why c grants nothing under e, 0 if it may.
func (e *edition) voids(c *Choice, sig Signals, now int64) Reason {
	at := c.At.Unix()
	switch {
	case !c.made():
		return DeniedNoChoice
	case at < 0 || at > now+int64(clockSkew.Seconds()):
		return DeniedClock
	case at+e.lasts <= now:
		return DeniedExpired
	case c.User != UserTag{} && sig.User != UserTag{} && c.User != sig.User:
		return DeniedOtherUser
	}
	for _, v := range e.valid {
		if v == c.Policy {
			return 0
		}
	}
	return DeniedPolicy
}

// asked returns the categories that a version asked about, none if it is unknown.
func (r *Registry) asked(now *edition, version uint16) Set {
	if now.version == version {
		return now.declared
	}
	if e := r.edition(version); e != nil {
		return e.declared
	}
	return 0
}

// Allows reports whether all that was declared for c may be done.
func (d Decision) Allows(c Category) bool { return c == Essential || d.allowed.Has(c) }

// Allowed returns the categories that are allowed.
func (d Decision) Allowed() Set { return d.allowed | Essential.bit() }

// AllowsPurpose reports whether the purpose of a key may be pursued. An unknown one may not.
func (d Decision) AllowsPurpose(key string) bool {
	if d.edition == nil {
		return false
	}
	c, ok := d.edition.keys[key]
	return ok && d.Allows(c)
}

// Version returns the policy version that was decided by, 0 for none.
func (d Decision) Version() uint16 {
	if d.edition == nil {
		return 0
	}
	return d.edition.version
}

// Signal reports whether the request carried an opt-out signal, and whether it was honoured: it is, unless the user confirmed otherwise.
// Pages show that it was (11 CCR 7025(c)(6)).
func (d Decision) Signal() (present, honoured bool) { return d.gpc, d.gpc && !d.over }

// Open returns the categories that the person has not answered, and may be asked about: those without a choice, with one that has expired, with a
// yes that a newer policy voided, and those that are new. A no is an answer, also to an older policy. So is a signal, and an opt-out.
func (d Decision) Open() Set {
	if d.edition == nil {
		return 0
	}
	open := d.edition.declared
	switch {
	case d.void == 0:
		open &^= d.asked
	case d.policy:
		open &^= d.asked &^ d.granted
	}
	return open &^ (Essential.bit() | d.signal | d.account | d.optOut)
}

// next returns what the stored choice c becomes by this request. A signal ends what it takes away for good in this browser: its
// absence later is no new yes (4 CCR 904-3, Rule 5.08). A confirmation ends with the signal it was given under.
func (d Decision) next(c Choice) (Choice, bool) {
	switch {
	case d.edition == nil || !c.made():
		return c, false // a signal alone leaves nothing behind
	case !d.gpc && c.Confirmed:
		c.Confirmed = false
		return c, true
	case d.gpc && !d.over && c.Confirmed && c.Policy == d.edition.version:
		return c, false // of a user who is not known now: denied, and theirs again when they are
	case d.signal != 0 && (c.Confirmed || c.Granted&d.signal != 0):
		c.Granted, c.Confirmed, c.OptOut = c.Granted&^d.signal, false, true
		return c, true
	}
	return c, false
}
