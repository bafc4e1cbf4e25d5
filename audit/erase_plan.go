package audit

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
)

// errSealedOpening: what a plan finds is sealed, and needs more than itself to be opened.
var errSealedOpening = errors.New("audit: an opening is sealed")

// planSubject finds all that is left of a subject.
func (l *Log) planSubject(ctx context.Context, tenant tenancy.ID, who Subject) (plan []erasing, err error) {
	p := l.pseudonym(tenant, who)
	err = l.store.Subjects(ctx, p, func(seq uint64, data []byte) error {
		if data[0] == openingSealed {
			return errSealedOpening
		}
		plain, err := unseal(ctx, nil, tenant, uuid.Nil, Opening{p, data})
		if err != nil {
			return err
		}
		fields, err := parseOpening(plain)
		plan = append(plan, erasing{seq: seq, who: p, labels: labelsOf(fields)})
		return err
	})
	if errors.Is(err, errSealedOpening) {
		return l.planSealed(ctx, tenant, p)
	}
	return plan, err
}

// planSealed is planSubject with the events.
func (l *Log) planSealed(ctx context.Context, tenant tenancy.ID, p Pseudonym) (plan []erasing, err error) {
	f := Find{Subject: &p, Limit: pageEvents}
	for {
		page, full, err := l.page(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, s := range page {
			i := s.opening(p)
			if i < 0 || len(s.Open[i].Data) == 0 {
				continue
			}
			labels, err := l.labelsIn(ctx, tenant, s, i)
			if err != nil {
				return nil, err
			}
			plan = append(plan, erasing{seq: s.Seq, who: p, labels: labels})
		}
		if !full || !f.past(page[len(page)-1].Seq) {
			return plan, nil
		}
	}
}

func labelsOf(fields []openField) (labels []string) {
	for _, f := range fields {
		labels = append(labels, string(f.label))
	}
	return labels
}

// labelsIn returns the labels of the fields in s.Open[i]. If its key is gone, they are those that no other opening has.
func (l *Log) labelsIn(ctx context.Context, tenant tenancy.ID, s Stored, i int) (labels []string, err error) {
	fields, err := l.fieldsIn(ctx, tenant, s, i)
	if err == nil {
		return labelsOf(fields), nil
	}
	if !errors.Is(err, ErrShredded) {
		return nil, err
	}
	lf, err := decodeLeaf(s.Leaf)
	if err != nil {
		return nil, err
	}
	taken := map[string]bool{}
	for j := range s.Open {
		others, err := l.fieldsIn(ctx, tenant, s, j)
		if err != nil && !errors.Is(err, ErrShredded) {
			return nil, err
		}
		for _, f := range others {
			taken[string(f.label)] = true
		}
	}
	for k := range lf.personal {
		if label := lf.personal[k].label(); !taken[label] {
			labels = append(labels, label)
		}
	}
	return labels, nil
}

func (l *Log) fieldsIn(ctx context.Context, tenant tenancy.ID, s Stored, i int) ([]openField, error) {
	plain, err := l.unsealOpening(ctx, tenant, s.ID, s.Open[i])
	if err != nil {
		return nil, err
	}
	return parseOpening(plain)
}

// planFields finds the named fields of the named events.
func (l *Log) planFields(ctx context.Context, tenant tenancy.ID, x Erasure) (plan []erasing, err error) {
	for _, seq := range slices.Compact(slices.Sorted(slices.Values(x.Seqs))) {
		s, err := l.at(ctx, seq)
		if err != nil {
			return nil, err
		}
		for i, o := range s.Open {
			if len(o.Data) == 0 || x.Subject != "" && o.Subject != l.pseudonym(tenant, x.Subject) {
				continue
			}
			e, err := l.planOpening(ctx, tenant, x, s, i)
			if err != nil {
				return nil, err
			}
			if len(e.labels) > 0 {
				plan = append(plan, e)
			}
		}
	}
	return plan, nil
}

func (l *Log) planOpening(ctx context.Context, tenant tenancy.ID, x Erasure, s Stored, i int) (erasing, error) {
	e := erasing{seq: s.Seq, who: s.Open[i].Subject, old: s.Open[i].Data}
	fields, err := l.fieldsIn(ctx, tenant, s, i)
	if errors.Is(err, ErrShredded) {
		if x.Fields == nil {
			e.labels, err = l.labelsIn(ctx, tenant, s, i)
			return e, err
		}
		return e, nil // it is gone already
	}
	if err != nil {
		return erasing{}, err
	}
	var rest []byte
	for _, f := range fields {
		if x.Fields == nil || slices.Contains(x.Fields, string(f.label)) {
			e.labels = append(e.labels, string(f.label))
		} else {
			rest = appendField(rest, f)
		}
	}
	if len(rest) == 0 || len(e.labels) == 0 {
		return e, nil
	}
	if e.old[0] == openingPlain {
		e.rest = append([]byte{openingPlain}, rest...)
		return e, nil
	}
	who, err := l.whose(ctx, tenant, x, s, i)
	if err != nil {
		return erasing{}, err
	}
	e.rest, err = l.sealOpening(ctx, tenant, s.ID, s.Open[i].Subject, who, rest)
	return e, err
}

// whose finds out whose sealed opening it is, so that what is left of it can be sealed again.
func (l *Log) whose(ctx context.Context, tenant tenancy.ID, x Erasure, s Stored, i int) (Subject, error) {
	r, err := l.record(ctx, tenant, s)
	if err != nil {
		return "", err
	}
	candidates := []Subject{x.Subject, "", r.Actor.Subject()}
	for _, t := range r.Targets {
		candidates = append(candidates, t.Subject())
	}
	for _, c := range candidates {
		if l.pseudonym(tenant, c) == s.Open[i].Subject {
			return c, nil
		}
	}
	return "", badField("erasure", "it must name the subject of a sealed field at "+strconv.FormatUint(s.Seq, 10))
}

// erasedEventsOf tells the plan as events.
func erasedEventsOf(x Erasure, plan []erasing) (events []Event) {
	by := x.By
	if x.Subject != "" && by.Person && by.Subject() == x.Subject {
		by = Party{Type: by.Type} // its erasure would be the next trace of it
	}
	named := map[uint64][]string{}
	var seqs []uint64
	for _, p := range plan {
		if named[p.seq] == nil {
			seqs = append(seqs, p.seq)
		}
		named[p.seq] = append(named[p.seq], p.labels...)
	}
	var fields []string
	size := 0
	end := func() {
		e := Event{Action: Erased, Actor: by, Data: map[string]any{"basis": x.Basis, "fields": fields}}
		if x.ID != (uuid.UUID{}) {
			e.ID = erasureID(x.ID, len(events))
		}
		events = append(events, e)
		fields, size = nil, 0
	}
	for _, seq := range seqs {
		line := strconv.FormatUint(seq, 10) + ":" + strings.Join(named[seq], ",")
		if len(fields) == erasedEvents || size > 0 && size+len(line) > erasedBytes {
			end()
		}
		fields = append(fields, line)
		size += len(line) + len(`"",`)
	}
	end()
	return events
}

// erasureID is the id of the nth event of an erasure.
func erasureID(of uuid.UUID, n int) uuid.UUID {
	return uuid.NewSHA1(of, []byte("audit.erased "+strconv.Itoa(n)))
}

// erasedBefore returns what an erasure of that id did, if it was done.
func (l *Log) erasedBefore(ctx context.Context, tenant tenancy.ID, id uuid.UUID) (done ErasureResult, err error) {
	if id == (uuid.UUID{}) {
		return done, nil
	}
	for n := 0; ; n++ {
		s, err := l.store.ByID(ctx, erasureID(id, n))
		if errors.Is(err, ErrNotFound) {
			return done, nil
		}
		if err != nil {
			return ErasureResult{}, err
		}
		r, err := l.record(ctx, tenant, s)
		if err != nil {
			return ErasureResult{}, err
		}
		fields, ok := r.Data["fields"].([]string)
		if r.ActionName != Erased.Name() || !ok {
			return ErasureResult{}, ErrIDReused
		}
		done.Receipts = append(done.Receipts, Receipt{Tenant: tenant, ID: s.ID, Seq: s.Seq, Hash: s.Hash, Again: true})
		done.Events += len(fields)
		for _, line := range fields {
			done.Fields += 1 + strings.Count(line, ",")
		}
	}
}
