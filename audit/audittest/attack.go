package audittest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"golang.org/x/mod/sumdb/note"
)

// Attack is a bundle that somebody tampered with, and what a verifier must say of it.
type Attack struct {
	Name   string
	Bundle []byte
	Policy audit.Policy
	Rules  []string // one of these must be found
	// Seq and To are where: the finding's places must overlap them. To 0: anywhere.
	Seq, To uint64
	// Touched are the places that were changed, or of which an event spoke that was. Nil: any may be named.
	Touched []Span
}

// Span are the places From <= seq < To.
type Span struct{ From, To uint64 }

// Found tells what is missing in a report of the attack, "" if nothing is.
func (a *Attack) Found(r *audit.Report) string {
	if r.Verdict != audit.Tampered {
		return fmt.Sprintf("%s: the verdict is %q", a.Name, r.Verdict)
	}
	for _, f := range r.Findings {
		if slices.Contains(a.Rules, f.Rule) && (a.To == 0 || f.To != 0 && f.Seq < a.To && a.Seq < f.To) {
			return ""
		}
	}
	return fmt.Sprintf("%s: none of %v at %d to %d among %d findings:\n%s", a.Name, a.Rules, a.Seq, a.To, len(r.Findings), r)
}

// Astray returns what a report of the attack says of places that nobody touched, "" if nothing. A finding about a
// range must have a touched place in it.
func (a *Attack) Astray(r *audit.Report) string {
	if a.Touched == nil {
		return ""
	}
	for _, f := range r.Findings {
		if f.To > 0 && !slices.ContainsFunc(a.Touched, func(s Span) bool { return f.Seq < s.To && s.From < f.To }) {
			return fmt.Sprintf("%s: %v were touched, and %s names %d to %d:\n%s", a.Name, a.Touched, f.Rule, f.Seq, f.To, r)
		}
	}
	return ""
}

// clone copies what attacks change.
func (h *History) clone() *History {
	c := *h
	c.Leaves, c.Hashes = slices.Clone(h.Leaves), slices.Clone(h.Hashes)
	c.Openings, c.Checkpoints = slices.Clone(h.Openings), slices.Clone(h.Checkpoints)
	c.Heads = slices.Clone(h.Heads)
	c.fields = map[int][]value{}
	for i, vs := range h.fields {
		c.fields[i] = slices.Clone(vs)
	}
	return &c
}

// attacker is one attack being made.
type attacker struct {
	*History
	rng *rand.Rand
	a   *Attack
}

// kinds are the attacks. Each returns false if the history gives it nothing to work on.
var kinds = map[string]func(attacker) bool{
	"edit an event":                             attacker.edit,
	"edit an event and its tiles":               attacker.editDeep,
	"remove an event":                           attacker.remove,
	"remove an event and close the gap":         attacker.removeDeep,
	"insert an event":                           attacker.insert,
	"swap two events":                           attacker.swap,
	"swap two events and not their values":      attacker.swapLeaves,
	"move an event":                             attacker.move,
	"put an event in twice":                     attacker.duplicate,
	"put an event over another":                 attacker.overwrite,
	"remove, edit and swap events of a tile":    attacker.several,
	"swap two events and their tiles":           attacker.swapDeep,
	"change a value":                            attacker.changeValue,
	"change a salt":                             attacker.changeSalt,
	"swap the salts of two values":              attacker.swapSalts,
	"take a value away":                         attacker.takeValue,
	"take an opening away":                      attacker.takeOpening,
	"add a value":                               attacker.addValue,
	"cut off the tail, against a note":          attacker.cutTail,
	"cut off the tail of what is signed":        attacker.unsigned,
	"cut off the tail after a quiet time":       attacker.stale,
	"rewrite and sign again, against a note":    attacker.rewrite,
	"sign with a key nobody knows":              attacker.strangerSigns,
	"sign with a retired key":                   attacker.retiredSigns,
	"move an event to another tenant and sign":  attacker.splice,
	"write something that is no event and sign": attacker.noEvent,
	"prune without an event":                    attacker.pruneSilently,
	"prune by an event of another history":      attacker.pruneForged,
	"erase under a hold":                        attacker.eraseHeld,
	"erase ahead of time":                       attacker.eraseAhead,
	"change a tile":                             attacker.changeTile,
	"change a proof of the log of heads":        attacker.changeProof,
	"take a file away":                          attacker.takeFile,
	"swap two files":                            attacker.swapFiles,
	"add a file":                                attacker.addFile,
	"cut the stream":                            attacker.cutStream,
	"add to the stream":                         attacker.addToStream,
}

// Attacks are the names of all kinds.
func Attacks() []string {
	var names []string
	for n := range kinds {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// NewAttack makes the attack of that name on h, by a chance that the seed decides. It is nil if h has nothing
// for it to work on. h does not change.
func NewAttack(name string, seed uint64, h *History) *Attack {
	a := &Attack{Name: name, Policy: h.Policy}
	c := h.clone()
	c.rng = rand.New(rand.NewPCG(seed, 2))
	at := attacker{c, c.rng, a}
	if !kinds[name](at) {
		return nil
	}
	if a.Bundle == nil {
		a.Bundle = c.Bundle()
	}
	for _, s := range a.Touched {
		a.Touched = append(a.Touched, h.spokenOf(s)...)
	}
	return a
}

// touch notes that the events from i to below to were changed.
func (t attacker) touch(i, to int) { t.a.Touched = append(t.a.Touched, Span{uint64(i), uint64(to)}) }

func (t attacker) expect(i, to int, rules ...string) bool {
	t.a.Seq, t.a.To, t.a.Rules = uint64(i), uint64(to), rules
	if t.a.Touched == nil && to > 0 {
		t.touch(i, to)
	}
	return true
}

// some picks an event that is there and of which good holds.
func (t attacker) some(good func(i int) bool) (int, bool) {
	if len(t.Leaves) == 0 {
		return 0, false
	}
	from := t.rng.IntN(len(t.Leaves))
	for k := range t.Leaves {
		if i := (from + k) % len(t.Leaves); t.Leaves[i] != nil && good(i) {
			return i, true
		}
	}
	return 0, false
}

func anyEvent(int) bool { return true }

// sameTile picks two events of one tile.
func (t attacker) sameTile() (i, k int, ok bool) {
	i, ok = t.some(func(i int) bool { return i%256 != 255 && i+1 < len(t.Leaves) })
	if !ok {
		return 0, 0, false
	}
	end := min((i/256+1)*256, len(t.Leaves))
	return i, i + 1 + t.rng.IntN(end-i-1), true
}

// edited is a leaf that says something else.
func (t attacker) edited(i int) []byte {
	old, other := "document.read", "document.kept"
	l := string(t.Leaves[i])
	if t.rng.IntN(2) == 0 || !strings.Contains(l, old) {
		old, other = `"outcome":"success"`, `"outcome":"failure"`
	}
	return []byte(strings.Replace(l, old, other, 1))
}

// sign signs all checkpoints again, with the key in use, as who has it and the database can.
func (t attacker) resign() {
	old := t.Checkpoints
	t.Checkpoints, t.HeadsAt = nil, nil
	others := t.Heads[min(len(old), len(t.Heads)):]
	t.Heads = nil
	t.Policy.Keys = t.a.Policy.Keys
	for _, c := range old {
		if int(c.Size) <= len(t.Leaves) {
			t.Sign(t.signer, int(c.Size), timeOf(c.Note))
		}
	}
	if n := len(t.Checkpoints); n == 0 || int(t.Checkpoints[n-1].Size) < len(t.Leaves) {
		t.at = t.at.Add(time.Second)
		t.Sign(t.signer, len(t.Leaves), t.at)
	}
	if t.HeadsOrigin != "" {
		t.Heads = append(t.Heads, others...)
		t.SignHeads(t.at, t.signer)
	}
}

func timeOf(raw []byte) time.Time {
	_, after, _ := strings.Cut(string(raw), "\ntime ")
	at, _, _ := strings.Cut(after, "\n")
	u, err := time.Parse(time.RFC3339, at)
	if err != nil {
		panic(err) // of our making
	}
	return u
}

// stranger is a key that nobody knows.
func stranger(name string, seed byte) note.Signer {
	secret, _, err := note.GenerateKey(strings.NewReader(strings.Repeat(string('a'+rune(seed%26)), 64)), name)
	if err != nil {
		panic(err)
	}
	s, err := note.NewSigner(secret)
	if err != nil {
		panic(err)
	}
	return s
}
