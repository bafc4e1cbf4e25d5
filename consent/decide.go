package consent

// A Decision says, for one request, what is allowed. The zero Decision allows what is essential, and nothing else.
type Decision struct {
	edition *edition
	// Three words are returned in registers; as a struct of small fields the same took twice as long to decide.
	by   uint64 // four sets: allowed, and what was taken away by the signal, the account, and an opt-out of the browser
	from uint64 // of the stored choice: what it was asked about, what it granted, why it is void, and flags
}

const (
	flagGPC  = 1 << iota // the request has a signal
	flagOver             // which is overridden
)

func (d Decision) allowed() Set { return Set(d.by) }
func (d Decision) signal() Set  { return Set(d.by >> 16) }
func (d Decision) account() Set { return Set(d.by >> 32) }
func (d Decision) optOut() Set  { return Set(d.by >> 48) }
func (d Decision) asked() Set   { return Set(d.from) }
func (d Decision) granted() Set { return Set(d.from >> 16) }
func (d Decision) void() Reason { return Reason(d.from >> 32) }
func (d Decision) gpc() bool    { return d.from>>40&flagGPC != 0 }
func (d Decision) over() bool   { return d.from>>40&flagOver != 0 }

// Decide says what is allowed. It reads nothing but its arguments. The first that applies decides about a category:
//
//  1. [Essential] is allowed.
//  2. An opt-out signal denies a category that sells or shares data or targets advertising, unless the very user who is known now
//     confirmed it under a signal and the policy in force.
//  3. What the account denies is denied, and so is what it opted out of.
//  4. What the browser opted out of is denied.
//  5. While it is not known what the account says, all else is denied.
//  6. The stored choice decides, if it is of the policy in force or of one with which it still counts, is no older than a choice lasts,
//     not of the future, and of no other user.
//  7. The rest is denied.
//
// So nothing is ever allowed, but Essential, that is not in s.Choice.Granted. A nil registry, or a time before its first policy, allows
// Essential only.
func Decide(r *Registry, sig Signals, s Stored) Decision { return decide(r, &sig, &s) }

func decide(r *Registry, sig *Signals, s *Stored) Decision {
	c, now := &s.Choice, sig.Now.Unix()
	var flags uint64
	if sig.GPC {
		flags = flagGPC
	}
	e := r.at(now)
	if e == nil { // no policy, or a clock before any
		return Decision{by: uint64(Essential.bit()), from: flags << 40}
	}
	var signal, account, optOut, asked Set
	switch {
	case !sig.GPC:
	case c.Confirmed && c.User != UserTag{} && c.User == sig.User && c.Policy == e.version:
		flags |= flagOver
	default:
		signal = e.optOut
	}
	account = s.Account.Denied & e.declared
	if s.Account.OptOut {
		account |= e.optOut
	}
	if c.OptOut {
		optOut = e.optOut
	}
	void, allowed := e.voids(c, sig.User, now), Essential.bit()
	if s.Account.Unknown {
		void = DeniedUnknown
	}
	if void == 0 || void == DeniedPolicy {
		asked = r.asked(e, c.Policy)
	}
	if void == 0 {
		allowed |= c.Granted & e.declared & asked &^ (signal | account | optOut)
	}
	return Decision{e,
		uint64(allowed) | uint64(signal)<<16 | uint64(account)<<32 | uint64(optOut)<<48,
		uint64(asked) | uint64(c.Granted)<<16 | uint64(void)<<32 | flags<<40}
}

// voids returns why c grants nothing under e, 0 if it may.
func (e *edition) voids(c *Choice, user UserTag, now int64) Reason {
	at := c.At.Unix()
	switch {
	case !c.made():
		return DeniedNoChoice
	case at < 0 || at > now+clockSkew:
		return DeniedClock
	case at+e.lasts <= now:
		return DeniedExpired
	case c.User != UserTag{} && user != UserTag{} && c.User != user:
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
func (d Decision) Allows(c Category) bool { return c == Essential || d.allowed().Has(c) }

// Allowed returns the categories that are allowed.
func (d Decision) Allowed() Set { return d.allowed() | Essential.bit() }

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
func (d Decision) Signal() (present, honoured bool) { return d.gpc(), d.gpc() && !d.over() }

// Open returns the categories that the person has not answered, and may be asked about: those without a choice, with one that has expired, with a
// yes that a newer policy voided, and those that are new. A no is an answer, also to an older policy. So is a signal, and an opt-out. Nobody
// is asked while what they said is not known.
func (d Decision) Open() Set {
	if d.edition == nil || d.void() == DeniedUnknown {
		return 0
	}
	open := d.edition.declared
	switch {
	case d.void() == 0:
		open &^= d.asked()
	case d.void() == DeniedPolicy:
		open &^= d.asked() &^ d.granted()
	}
	return open &^ (Essential.bit() | d.signal() | d.account() | d.optOut())
}

// next returns what the stored choice c becomes by this request. A signal ends what it takes away for good in this browser: its
// absence later is no new yes (4 CCR 904-3, Rule 5.08). A confirmation ends with the signal it was given under.
func (d Decision) next(c Choice) (Choice, bool) {
	switch {
	case d.edition == nil:
		return c, false
	case !d.gpc() && c.Confirmed:
		c.Confirmed = false
		return c, true
	case d.gpc() && !d.over() && c.Confirmed && c.Policy == d.edition.version:
		return c, false // of a user who is not known now: denied, and theirs again when they are
	case c.Granted&d.signal() != 0: // a signal without a yes leaves nothing behind
		c.Granted, c.Confirmed, c.OptOut = c.Granted&^d.signal(), false, true
		return c, true
	}
	return c, false
}
