package breach

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// An ID is the name of a breach, such as "2026-004": 1 to 64 of a-z, A-Z, 0-9, '-', '_' and '.'. It stands in the audit log for ever, so
// it names no person.
type ID string

// A Kind is what an entry tells.
type Kind string

// The kinds of entries.
const (
	// Opened is the first entry of a breach, and no other.
	Opened Kind = "opened"
	// Supplemented: more is known of Facts, Effects, Remedy or People. Information may come in phases: GDPR art. 33(4).
	Supplemented Kind = "supplemented"
	// Confirmed: it is a breach, known since Aware. It may be said again with an earlier time, and never with a later one.
	Confirmed Kind = "confirmed"
	// Assessed: the Risk to people, and the Reason for the judgement.
	Assessed Kind = "assessed"
	// Notified: To was told under Law, at At. When that was late, Reason says why: GDPR art. 33(1).
	Notified Kind = "notified"
	// Excused: why nothing is done under Law for To, such as GDPR art. 34(3).
	Excused Kind = "excused"
	// Closed: no duty is open.
	Closed Kind = "closed"
	// Reopened: it was closed too early.
	Reopened Kind = "reopened"
)

// Risk is what a breach is judged to mean for people.
type Risk uint8

// The risks.
const (
	// NotAssessed is how a breach begins. What would depend on the risk is due until it has been assessed.
	NotAssessed Risk = iota
	// Unlikely to result in a risk.
	Unlikely
	// Likely to result in a risk.
	Likely
	// High risk; "serious harm" in Australia.
	High
)

// To is to whom something is owed.
type To string

// The recipients.
const (
	// Assessors is the organisation itself, which owes an assessment: met by an entry [Assessed].
	Assessors To = "assessment"
	// Authority is the one that supervises data protection.
	Authority To = "authority"
	// Subjects are the people whose data it is.
	Subjects To = "subjects"
)

// An Entry is a fact about a breach, as it was written down. It is never changed.
type Entry struct {
	Breach ID
	// Key is the idempotency key, unique in the breach: the same entry under the same key is written once.
	Key  string
	Kind Kind
	// At is when what it tells happened.
	At time.Time
	// By is who writes it.
	By audit.Party

	// Facts, Effects and Remedy are what GDPR art. 33(5) has documented: the facts relating to the breach, its effects, and the remedial
	// action taken. They stay in the register and are not in the audit log.
	Facts, Effects, Remedy string
	// People is about how many are concerned; 0: not known.
	People int64
	// Suspected is since when there were reasons to suspect a breach, Aware since when there is no reasonable doubt of it.
	Suspected, Aware time.Time
	// Laws are those that apply, of an entry Opened.
	Laws []string

	Risk      Risk
	Law       string
	To        To
	Reason    string
	Reference string // the authority's, or that of what was sent

	// What the register sets.
	Seq        uint64    // 1 for the first entry of the breach
	Recorded   time.Time // by the store's clock
	Nonce      []byte    // makes the hash tell nothing of short texts
	Prev, Hash [32]byte
}

const maxText = 64 << 10

// normal returns e as it is kept: times in UTC, to the microsecond.
func (e Entry) normal() Entry {
	for _, t := range []*time.Time{&e.At, &e.Suspected, &e.Aware, &e.Recorded} {
		if !t.IsZero() {
			*t = t.UTC().Truncate(time.Microsecond)
		}
	}
	return e
}

// Digest returns the hash of all that e says but Hash itself, with Prev: a chain.
func (e Entry) Digest() [32]byte {
	e = e.normal()
	e.Hash = [32]byte{}
	b, err := json.Marshal(e)
	if err != nil {
		b = []byte(err.Error()) // a time that was never written: it has no digest that anything is chained to
	}
	return sha256.Sum256(b)
}

// content is what an entry says apart from what the register sets.
func (e Entry) content() [32]byte {
	e.Seq, e.Recorded, e.Nonce, e.Prev = 0, time.Time{}, nil, [32]byte{}
	return e.Digest()
}

// check looks for what is wrong with e on its own, whatever its breach is.
func (e *Entry) check(now time.Time) error {
	bad := func(what string) error { return fmt.Errorf("%w: %s", ErrEntry, what) }
	switch {
	case !isName(string(e.Breach)) || !isName(e.Key):
		return bad("the breach or the key is malformed")
	case e.By.Type == "" || e.By.ID == "":
		return bad("nobody writes it")
	case e.At.IsZero() || e.At.Year() < 1990:
		return bad("it has no time")
	case e.People < 0 || e.Risk > High:
		return bad("a number or risk is impossible")
	case len(e.Facts) > maxText || len(e.Effects) > maxText || len(e.Remedy) > maxText || len(e.Reason) > maxText || len(e.Reference) > 200:
		return bad("a text is too long")
	}
	for _, t := range []time.Time{e.At, e.Suspected, e.Aware} {
		if t.After(now) || !t.IsZero() && t.Year() < 1990 {
			return bad("a time is in the future, or too far back")
		}
	}
	needs := map[Kind]struct {
		met  bool
		what string
	}{
		Opened:       {e.Facts != "" && len(e.Laws) > 0 && !(e.Suspected.IsZero() && e.Aware.IsZero()), "Facts, Laws, and Suspected or Aware"},
		Supplemented: {e.Facts != "" || e.Effects != "" || e.Remedy != "" || e.People > 0, "one of Facts, Effects, Remedy and People"},
		Confirmed:    {!e.Aware.IsZero(), "Aware"},
		Assessed:     {e.Risk != NotAssessed && e.Reason != "", "Risk and Reason"},
		Notified:     {e.Law != "" && (e.To == Authority || e.To == Subjects), "Law, and Authority or Subjects in To"},
		Excused:      {e.Law != "" && e.To != "" && e.Reason != "", "Law, To and Reason"},
		Closed:       {e.Reason != "", "Reason"},
		Reopened:     {e.Reason != "", "Reason"},
	}
	need, known := needs[e.Kind]
	if !known {
		return bad("there is no such kind")
	}
	if !need.met {
		return bad("an entry of kind " + string(e.Kind) + " needs " + need.what)
	}
	return nil
}

func isName(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	})
}
