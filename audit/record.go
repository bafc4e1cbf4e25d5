package audit

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Record is an event as the log holds it. What was erased is empty, and its label is in Erased.
type Record struct {
	// Event is what was recorded, with times to the microsecond and each whole number in Data as an int64, or as
	// a uint64 if it is too large for one. A value of [Personal] is in Data as a PersonalValue. Action is zero
	// if this program does not define it.
	Event
	Tenant     tenancy.ID
	Seq        uint64
	Recorded   time.Time // by the store's clock
	ActionName string
	Hash       [32]byte // of Leaf, as in RFC 6962
	Leaf       []byte   // the exact bytes that are in the tree
	Erased     []string // labels of erased fields, such as "actor.email", in the leaf's order
	Cursor     Cursor   // for a query that begins after this record
}

// record reads s, an event of tenant's log. All of it is checked: the hash, that the leaf is of this tenant and
// event, and each value against its commitment. It keeps copies of s's bytes.
func (l *Log) record(ctx context.Context, tenant tenancy.ID, s Stored) (Record, error) {
	bytes := slices.Clone(s.Leaf)
	if hashOfLeaf(bytes) != s.Hash {
		return Record{}, fmt.Errorf("%w: the leaf at %d has another hash", ErrCorrupt, s.Seq)
	}
	lf, err := decodeLeaf(bytes)
	if err != nil {
		return Record{}, fmt.Errorf("%w at %d", err, s.Seq)
	}
	if lf.tenant != tenant || lf.id != s.ID || lf.action != s.Action || lf.event.Outcome != s.Outcome {
		return Record{}, fmt.Errorf("%w: the leaf at %d is of another event", ErrCorrupt, s.Seq)
	}
	r := Record{Event: *lf.event, Tenant: tenant, Seq: s.Seq, Recorded: s.Recorded, ActionName: lf.action, Hash: s.Hash, Leaf: bytes}
	values, err := l.openValues(ctx, tenant, &lf, s)
	if err != nil {
		return Record{}, err
	}
	for i := range lf.personal {
		label := lf.personal[i].label()
		if v, ok := values[label]; !ok {
			r.Erased = append(r.Erased, label)
		} else if !r.set(&lf.personal[i], v) {
			return Record{}, fmt.Errorf("%w: %s at %d is no value for it", ErrCorrupt, label, s.Seq)
		}
	}
	return r, nil
}

// openValues returns the values that are left, by label.
func (l *Log) openValues(ctx context.Context, tenant tenancy.ID, lf *leaf, s Stored) (map[string]string, error) {
	values := make(map[string]string, len(lf.personal))
	var scratch []byte
	for _, o := range s.Open {
		plain, err := l.unsealOpening(ctx, tenant, s.ID, o)
		if errors.Is(err, ErrShredded) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for len(plain) > 0 {
			f, rest, ok := nextField(plain)
			if !ok {
				return nil, fmt.Errorf("%w: an opening at %d cannot be read", ErrCorrupt, s.Seq)
			}
			plain = rest
			at := slices.IndexFunc(lf.personal, func(p field) bool { return p.label() == string(f.label) })
			_, twice := values[string(f.label)]
			if at < 0 || twice {
				return nil, fmt.Errorf("%w: an opening at %d has a field that the leaf has not", ErrCorrupt, s.Seq)
			}
			var hash [32]byte
			if hash, scratch = commitmentTo(scratch, f); hash != lf.personal[at].commitment {
				return nil, fmt.Errorf("%w: %s at %d is not what was recorded", ErrCorrupt, lf.personal[at].label(), s.Seq)
			}
			values[string(f.label)] = string(f.value)
		}
	}
	return values, nil
}

// set puts an erasable value in its place.
func (r *Record) set(f *field, v string) bool {
	if f.fixed == dataLabel {
		if r.Data == nil {
			r.Data = map[string]any{}
		}
		r.Data[f.key] = PersonalValue{value: v}
		return true
	}
	if i := slices.Index(sourceLabels[:], f.fixed); i >= 0 {
		return r.setSource(i, v)
	}
	if i := slices.Index(actorLabels[:], f.fixed); i >= 0 {
		r.Actor.set(i, v)
		return true
	}
	for t := range r.Targets {
		if i := slices.Index(targetLabels[t][:], f.fixed); i >= 0 {
			r.Targets[t].set(i, v)
			return true
		}
	}
	return false
}

func (r *Record) setSource(i int, v string) (ok bool) {
	switch i {
	case 0:
		ip, err := netip.ParseAddr(v)
		r.Source.IP = ip
		return err == nil && ip.String() == v
	case 1:
		r.Source.UserAgent = v
	case 2:
		r.Source.Session = v
	case 3:
		r.Reason = v
	}
	return true
}

func (p *Party) set(i int, v string) { *[...]*string{&p.ID, &p.Name, &p.Email}[i] = v }
