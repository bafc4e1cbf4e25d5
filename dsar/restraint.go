package dsar

import (
	"context"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// Restricted returns what may not be done with a person's data: restrictions, objections, consents that were withdrawn, sales that
// were opted out of. The application asks before it does something with the data, and does nothing if it cannot be asked.
func (s *Service) Restricted(ctx context.Context, p Person) ([]RestraintRow, error) {
	_, ref, err := s.resolved(ctx, p)
	if err != nil {
		return nil, err
	}
	return s.store.Restraints(ctx, ref)
}

// Lift ends a restraint: [ErrNotFound] if none is in force. Before a restriction is lifted the person is told: Art. 18(3) GDPR.
func (s *Service) Lift(ctx context.Context, p Person, k Kind, purpose string, by audit.Party) error {
	_, ref, err := s.resolved(ctx, p)
	if err != nil {
		return err
	}
	return s.tx(ctx, func(ctx context.Context, _ time.Time) error {
		if err := s.store.Lift(ctx, ref, k, purpose); err != nil {
			return err
		}
		return s.record(ctx, audit.Event{Action: actionLifted, Actor: by, Targets: []audit.Party{{Type: "data_subject", ID: ref.String(), Person: true}},
			Data: map[string]any{"kind": k.String(), "purpose": purpose}})
	})
}

// restrain writes what r restrains into the ledger.
func (s *Service) restrain(ctx context.Context, r *RequestRow) error {
	purposes := r.Purposes
	if len(purposes) == 0 {
		purposes = []string{""}
	}
	for _, p := range purposes {
		if err := s.store.AddRestraint(ctx, RestraintRow{Ref: r.Ref, Kind: r.Kind, Purpose: p, Request: r.ID}); err != nil {
			return err
		}
	}
	return s.note(ctx, r, actionRestrained, audit.Party{}, r.Kind.String(), nil)
}
