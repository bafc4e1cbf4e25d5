package consent

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// What is recorded in the tenant's audit log of each entry.
var entryMade = audit.Define("consent.entry.made", audit.Create)

// A change is an entry that is to be made.
type change struct {
	who   Who
	entry Entry // all but Seq, Subject, Browser, At, Expires and Hash
	// again derives the key of an entry that comes after another of the same key, and then others of the same subject: it is no retry.
	again bool
	lasts time.Duration
	doc   Document
	party audit.Party // for the audit log
	// judge looks at what is known of who before the entry is made, and may change it. false: there is nothing to record.
	judge func(e *Entry, s *State) bool
	// browser is whose answers are linked, zero for nobody's.
	browser Who
}

// record makes the entries of changes, in their order and in one transaction, and returns each: the one that was made before under the same key;
// the zero Entry where there was nothing to record.
func (m *Manager) record(ctx context.Context, changes ...change) (out []Entry, err error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return nil, err
	}
	err = m.c.Store.Tx(ctx, func(ctx context.Context) error {
		out = make([]Entry, len(changes))
		head, err := m.c.Store.Head(ctx)
		if err != nil {
			return err
		}
		b, err := m.batch(ctx, changes)
		if err != nil {
			return err
		}
		var entries []Entry
		var parties []audit.Party
		at := map[Key]int{} // in entries
		for i := range changes {
			c := &changes[i]
			key := b.keys[i]
			made, ok := b.made[key]
			if ok && c.again && made.Seq != 0 && made.Seq != b.known[c.who].Seq {
				key, ok = b.known[c.who].key(keyOf("again", c.who, head.Now, head.Seq, uint64(i))), false
			}
			if !ok {
				if made, ok = b.entry(c, key, head.Now); !ok {
					continue
				}
				at[made.Key] = len(entries)
				entries, parties = append(entries, made), append(parties, c.party)
			}
			out[i] = made
		}
		if len(entries) == 0 {
			return nil
		}
		chain(tenant.String(), head, entries)
		if err := m.c.Store.Write(ctx, entries, b.number(entries), b.texts); err != nil {
			return err
		}
		for i := range out {
			if k, ok := at[out[i].Key]; ok {
				out[i] = entries[k]
			}
		}
		for i := range entries {
			if err := m.tell(ctx, &entries[i], parties[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// A batch is what record knows of those whom its changes are about.
type batch struct {
	keys    []Key // of the changes
	made    map[Key]Entry
	known   map[Who]*State
	changed map[Subject]*State
	texts   []Document
}

func (m *Manager) batch(ctx context.Context, changes []change) (*batch, error) {
	b := &batch{keys: make([]Key, len(changes)), made: map[Key]Entry{}, known: map[Who]*State{}, changed: map[Subject]*State{}}
	var whos []Who
	for i := range changes {
		for _, w := range [...]Who{changes[i].who, changes[i].browser} {
			if _, ok := b.known[w]; !ok && w != (Who{}) {
				b.known[w] = nil
				whos = append(whos, w)
			}
		}
	}
	states, err := m.c.Store.States(ctx, whos)
	if err != nil {
		return nil, err
	}
	for i, w := range whos {
		states[i].Who = w
		b.known[w] = &states[i]
	}
	for i := range changes {
		s := b.known[changes[i].who]
		if s.Subject == (Subject{}) {
			_, _ = rand.Read(s.Subject[:]) // never fails
			_, _ = rand.Read(s.Secret[:])
		}
		b.keys[i] = s.key(changes[i].entry.Key)
	}
	made, err := m.c.Store.Keyed(ctx, b.keys)
	if err != nil {
		return nil, err
	}
	for _, e := range made {
		b.made[e.Key] = e
	}
	return b, nil
}

// entry returns what c comes to at a time, and false if there is nothing to record.
func (b *batch) entry(c *change, key Key, now time.Time) (Entry, bool) {
	e, s := c.entry, b.known[c.who]
	e.Key, e.At, e.Subject = key, now, s.Subject
	if c.browser != (Who{}) {
		e.Browser = b.known[c.browser].Subject
	}
	if c.judge != nil && !c.judge(&e, s) {
		return Entry{}, false
	}
	if e.Granted != 0 && c.lasts != 0 {
		e.Expires = now.Add(c.lasts)
	}
	b.made[e.Key] = e // the same key twice in one batch is one entry
	if c.doc.Hash != (Hash{}) && !slices.ContainsFunc(b.texts, func(d Document) bool { return d.Hash == c.doc.Hash }) {
		b.texts = append(b.texts, c.doc)
	}
	b.changed[e.Subject] = s
	s.add(&e)
	return e, true
}

// number puts the numbers that entries have now into the states, and returns those.
func (b *batch) number(entries []Entry) (out []State) {
	for i := range entries {
		b.changed[entries[i].Subject].Seq = entries[i].Seq
	}
	for _, s := range b.changed {
		out = append(out, *s)
	}
	return out
}

// tell records e in the audit log, in e's transaction: with the ledger's hash the log vouches for all that came before.
func (m *Manager) tell(ctx context.Context, e *Entry, who audit.Party) error {
	if m.c.Recorder == nil {
		return nil
	}
	return m.c.Recorder.Record(ctx, audit.Event{Action: entryMade, Outcome: audit.Success, Actor: who, Data: map[string]any{
		"seq": e.Seq, "hash": e.Hash.String(), "method": e.Method.String(), "policy": uint64(e.Policy), "opt_out": e.OptOut, "signal": e.Signal,
		"granted": m.names(e.Granted), "denied": m.names(e.Denied)}})
}

// names returns the keys of categories in the newest policy that has them.
func (m *Manager) names(s Set) []string {
	out := []string{}
	for c := range s.All() {
		out = append(out, m.c.Registry.name(c))
	}
	return out
}

// circumstances fills in where a request came from, as far as an entry keeps it.
func (m *Manager) circumstances(e *Entry, p Place, now time.Time) {
	e.Place = p.String()
	var ids []string
	for _, r := range m.c.Laws.Regimes(p, now) {
		ids = append(ids, r.ID)
	}
	e.Regimes = strings.Join(ids, ",")
}
