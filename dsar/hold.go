package dsar

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Hold is a legal hold: nothing of what it is on is erased while it is in force.
type Hold struct {
	ID     ID     // "": a new one
	Person Person // the zero Person: of no one person
	Table  string // of the map; "": all. With neither person nor table it is on the whole tenant
	Basis  string // why: "GDPR Art. 17(3)(e), case 17/2026". Clear text for ever: nothing personal in it
	Until  time.Time
	By     audit.Party
}

// Hold places a hold. An erasure that has begun stops at its next batch; what it did before stays done, and [Service.History] says
// how far it came. After [Service.Release] it goes on.
func (s *Service) Hold(ctx context.Context, h Hold) (HoldRow, error) {
	orElse(&h.ID, newID())
	switch {
	case !isID(h.ID):
		return HoldRow{}, &InvalidError{"id", "it is not 1 to 64 of a-z, A-Z, 0-9, '-', '_' and '.'"}
	case h.Basis == "" || len(h.Basis) > 1000 || kept(h.Basis) != nil:
		return HoldRow{}, &InvalidError{"basis", "a hold needs a reason, of at most 1000 bytes"}
	}
	if _, ok := s.m.Table(h.Table); !ok && h.Table != "" {
		return HoldRow{}, &InvalidError{"table", "the map has no such table"}
	}
	row := HoldRow{ID: h.ID, Table: h.Table, Basis: h.Basis, Until: h.Until}
	var err error
	if h.Person.Kind != "" {
		var p Person
		if p, row.Ref, err = s.resolved(ctx, h.Person); err != nil {
			return HoldRow{}, err
		}
		if all, err := s.refsOf(ctx, h.Person); err != nil || len(p.Key) == 0 && len(all) > 1 {
			return HoldRow{}, errors.Join(err, &InvalidError{"person", "who has no row is held by one value: place a hold for each"})
		}
	}
	if row.By, err = s.by(ctx, h.By); err != nil {
		return HoldRow{}, err
	}
	var out HoldRow
	err = s.tx(ctx, func(ctx context.Context, _ time.Time) error {
		out, err = s.store.AddHold(ctx, row)
		if errors.Is(err, ErrExists) && out.Ref == row.Ref && out.Table == row.Table && out.Basis == row.Basis {
			return nil
		}
		if err != nil {
			return err
		}
		return s.recordHold(ctx, actionHeld, &out, h.By)
	})
	return out, err
}

func (s *Service) recordHold(ctx context.Context, a audit.Action, h *HoldRow, by audit.Party) error {
	targets := []audit.Party{{Type: "dsar_hold", ID: string(h.ID)}}
	if !h.Ref.IsZero() {
		targets = append(targets, audit.Party{Type: "data_subject", ID: h.Ref.String(), Person: true})
	}
	return s.record(ctx, audit.Event{Action: a, Actor: by, Targets: targets, Data: map[string]any{"basis": h.Basis, "table": h.Table, "why": h.Why}})
}

// Release ends a hold. What waited for it goes on.
func (s *Service) Release(ctx context.Context, id ID, why string, by audit.Party) (out HoldRow, err error) {
	if why == "" || len(why) > 1000 || kept(why) != nil {
		return HoldRow{}, &InvalidError{"why", "a release needs a reason, of at most 1000 bytes"}
	}
	err = s.tx(ctx, func(ctx context.Context, now time.Time) error {
		if out, err = s.store.ReleaseHold(ctx, id, why); err != nil {
			return err
		}
		waiting, err := s.store.Requests(ctx, Find{Ref: out.Ref, Kinds: []Kind{Erasure}, States: []State{Approved, Working}})
		if err != nil {
			return err
		}
		for _, r := range waiting {
			if r, err = s.store.Request(ctx, r.ID); err != nil {
				return err
			}
			if r.Next.After(now) && (r.State == Working || now.After(r.Until)) {
				r.Next = now
				if _, err := s.store.Update(ctx, r); err != nil {
					return err
				}
			}
		}
		return s.recordHold(ctx, actionReleased, &out, by)
	})
	return out, err
}

// Holds returns the holds that are in force, and those that ended as well if that is asked for.
func (s *Service) Holds(ctx context.Context, ended bool) ([]HoldRow, error) {
	return s.store.Holds(ctx, ended)
}

// Held is [ErrHeld] if a hold is on the rows of a table of a person now. With "" it asks for the person, and not for single tables; of the
// zero Person, for what is on all of a table.
func (s *Service) Held(ctx context.Context, p Person, table string) error {
	refs := []Ref{{}}
	if p.Kind != "" {
		var err error
		if refs, err = s.refsOf(ctx, p); err != nil {
			return err
		}
	}
	holds, err := s.store.Holds(ctx, false)
	if err != nil {
		return err
	}
	for i := range holds {
		for _, ref := range refs {
			if holds[i].On(ref, table) {
				return fmt.Errorf("%w: %s", ErrHeld, holds[i].ID)
			}
		}
	}
	return nil
}

// Held returns what an [Eraser] asks before each batch: it is [Service.Held] of a service over the same store, map and key, which needs
// the eraser before there is one.
func Held(st Store, m *Compiled, key tenancy.Key) func(ctx context.Context, p Person, table string) error {
	return (&Service{store: st, m: m, key: key.Derive(keyPurpose)}).Held
}
