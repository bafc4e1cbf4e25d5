package audit

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"hash"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
)

const (
	maxTargets  = 16
	maxData     = 64
	keptScratch = 256 << 10 // a coder that grew beyond is not kept
)

// coder holds what encoding needs room for, so that an event costs few allocations.
type coder struct {
	mac     hash.Hash // of pseudonyms
	scratch []byte
	out     []byte
	random  []byte
	leaf    leaf
	event   Event
	text    []byte // the distinct subjects of event, one after the other
	who     []int  // where each ends
	ends    []int  // where the opening of each ends, in out
	// idSource hands random bytes to package uuid.
	idSource bytes.Reader
}

func newCoders(key tenancy.Key) *sync.Pool {
	return &sync.Pool{New: func() any { return &coder{mac: newPseudonymMAC(key)} }}
}

// encode makes the entry of e in tenant's log. It keeps nothing of e. An error wraps ErrEvent and names the
// field, never its value; or it is the Sealer's.
func (l *Log) encode(ctx context.Context, tenant tenancy.ID, e Event) (Entry, error) {
	if tenant.IsZero() {
		return Entry{}, tenancy.ErrNoTenant
	}
	c := l.coders.Get().(*coder)
	defer l.putCoder(c)
	c.event = e
	if err := c.prepare(tenant); err != nil {
		return Entry{}, err
	}
	c.commit()
	c.out = appendLeaf(c.out[:0], &c.leaf)
	if len(c.out) > MaxLeaf {
		return Entry{}, badField("event", "it has "+strconv.Itoa(len(c.out))+" bytes, more than "+strconv.Itoa(MaxLeaf))
	}
	return l.finish(ctx, c)
}

func (l *Log) putCoder(c *coder) {
	if cap(c.scratch)+cap(c.out)+cap(c.text) > keptScratch {
		return
	}
	clear(c.leaf.personal) // nobody's values are kept alive
	clear(c.leaf.keys)
	clear(c.text[:cap(c.text)])
	c.leaf = leaf{personal: c.leaf.personal[:0], keys: c.leaf.keys[:0]}
	c.event, c.text, c.who, c.ends = Event{}, c.text[:0], c.who[:0], c.ends[:0]
	l.coders.Put(c)
}

// prepare checks c.event and fills in what it leaves open, and c.leaf without the commitments.
func (c *coder) prepare(tenant tenancy.ID) error {
	e := &c.event
	if err := checkEvent(e); err != nil {
		return err
	}
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	c.leaf.tenant, c.leaf.event, c.leaf.at, c.leaf.action = tenant, e, microseconds(e.Time), e.Action.Name()
	c.addParty(&e.Actor, &actorLabels)
	for i := range e.Targets {
		c.addParty(&e.Targets[i], &targetLabels[i])
	}
	ip := ""
	if e.Source.IP.IsValid() {
		ip = e.Source.IP.String()
	}
	c.addText(&e.Actor, sourceLabels[0], ip)
	c.addText(&e.Actor, sourceLabels[1], e.Source.UserAgent)
	c.addText(&e.Actor, sourceLabels[2], e.Source.Session)
	c.addText(&e.Actor, sourceLabels[3], e.Reason)
	c.addData()
	return nil
}

// addParty adds a person's fields. Others stand in the leaf, and are only to be found by their subject.
func (c *coder) addParty(p *Party, labels *[3]string) {
	switch {
	case p.Person:
		c.addText(p, labels[0], p.ID)
		c.addText(p, labels[1], p.Name)
		c.addText(p, labels[2], p.Email)
	case p.ID != "":
		c.subject(p.Type, ":", p.ID)
	}
}

// addText adds a field of p, or of nobody if p is no person.
func (c *coder) addText(p *Party, label, value string) {
	if value == "" {
		return
	}
	f := field{fixed: label, value: value}
	if p.Person {
		f.who = c.subject(p.Type, ":", p.ID)
	} else {
		f.who = c.subject("", "", "")
	}
	c.leaf.personal = append(c.leaf.personal, f)
}

func (c *coder) addData() {
	all := c.leaf.keys[:0]
	for k := range c.event.Data {
		all = append(all, k)
	}
	slices.Sort(all)
	clearText := all[:0]
	for _, k := range all {
		v, personal := c.event.Data[k].(PersonalValue)
		if !personal {
			clearText = append(clearText, k)
			continue
		}
		c.leaf.personal = append(c.leaf.personal, field{fixed: dataLabel, key: k, value: v.value, who: c.subject("", "", string(v.who))})
	}
	c.leaf.keys = clearText
}

// subject returns the index among the event's subjects of the one whose text is in three parts, as SubjectOf puts
// it together.
func (c *coder) subject(typ, colon, id string) int {
	from := len(c.text)
	c.text = append(append(append(c.text, typ...), colon...), id...)
	for i := range c.who {
		if bytes.Equal(c.subjectAt(i), c.text[from:]) {
			c.text = c.text[:from]
			return i
		}
	}
	c.who = append(c.who, len(c.text))
	return len(c.who) - 1
}

func (c *coder) subjectAt(i int) []byte {
	if i == 0 {
		return c.text[:c.who[0]]
	}
	return c.text[c.who[i-1]:c.who[i]]
}

// commit draws the salts, and an id if the event has none, and makes the commitments.
func (c *coder) commit() {
	n := saltLen * len(c.leaf.personal)
	c.random = slices.Grow(c.random[:0], n+16)[:n+16]
	_, _ = rand.Read(c.random) // it never fails
	c.leaf.id = c.event.ID
	if c.leaf.id == uuid.Nil {
		c.idSource.Reset(c.random[n:])
		c.leaf.id = uuid.Must(uuid.NewV7FromReader(&c.idSource))
	}
	for i := range c.leaf.personal {
		f := &c.leaf.personal[i]
		c.scratch = appendCommitted(c.scratch[:0], c.salt(i), f.fixed, f.key, f.value)
		f.commitment = sha256.Sum256(c.scratch)
	}
}

func (c *coder) salt(i int) []byte { return c.random[i*saltLen : (i+1)*saltLen] }

// finish makes the entry out of the leaf in c.out. All that is plain is one allocation.
func (l *Log) finish(ctx context.Context, c *coder) (Entry, error) {
	en := Entry{ID: c.leaf.id, New: c.event.ID == uuid.Nil, Action: c.leaf.action, Outcome: c.event.Outcome, Hash: hashOfLeaf(c.out)}
	if len(c.who) > 0 {
		en.Open = make([]Opening, len(c.who))
	}
	size := len(c.out)
	for i := range c.who {
		who := c.subjectAt(i)
		en.Open[i].Subject = c.pseudonym(c.leaf.tenant, who)
		from := len(c.out)
		c.out = append(c.out, openingPlain)
		for j := range c.leaf.personal {
			if f := &c.leaf.personal[j]; f.who == i {
				c.out = appendOpened(c.out, c.salt(j), f.fixed, f.key, f.value)
			}
		}
		switch fields := c.out[from+1:]; {
		case len(fields) == 0: // only to be found
			c.out = c.out[:from]
		case len(fields) > maxOpening:
			return Entry{}, badField("event", "the erasable values of one person have more than 1 MiB")
		case l.opts.Sealer != nil:
			var err error
			if en.Open[i].Data, err = l.sealOpening(ctx, c.leaf.tenant, c.leaf.id, en.Open[i].Subject, Subject(who), bytes.Clone(fields)); err != nil {
				return Entry{}, err
			}
			c.out = c.out[:from]
		}
		c.ends = append(c.ends, len(c.out))
	}
	kept := bytes.Clone(c.out)
	en.Leaf = kept[:size:size]
	for i, end := range c.ends {
		if end > size {
			en.Open[i].Data = kept[size:end:end]
		}
		size = end
	}
	return en, nil
}
