package dsar

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// What is recorded in the tenant's audit log.
var (
	actionReceived     = audit.Define("dsar.received", audit.Create)
	actionAcknowledged = audit.Define("dsar.acknowledged", audit.Update)
	actionAsked        = audit.Define("dsar.asked", audit.Update)
	actionAnswered     = audit.Define("dsar.answered", audit.Update)
	actionVerified     = audit.Define("dsar.verified", audit.Update)
	actionExtended     = audit.Define("dsar.extended", audit.Update)
	actionPlanned      = audit.Define("dsar.planned", audit.Read)
	actionApproved     = audit.Define("dsar.approved", audit.Update)
	actionReturned     = audit.Define("dsar.returned", audit.Update)
	actionBegun        = audit.Define("dsar.begun", audit.Update)
	actionStep         = audit.Define("dsar.step", audit.Update)
	actionEnded        = audit.Define("dsar.ended", audit.Update)
	actionClosed       = audit.Define("dsar.closed", audit.Update)
	actionPurged       = audit.Define("dsar.purged", audit.Delete)
	actionHeld         = audit.Define("dsar.hold_placed", audit.Create)
	actionReleased     = audit.Define("dsar.hold_released", audit.Update)
	actionRestrained   = audit.Define("dsar.restrained", audit.Create)
	actionLifted       = audit.Define("dsar.lifted", audit.Update)
	actionRetention    = audit.Define("dsar.retention_set", audit.Update)
)

// note adds an event to a request and records it. If either fails, what it tells must not happen.
func (s *Service) note(ctx context.Context, r *RequestRow, a audit.Action, by audit.Party, what string, data map[string]any) error {
	return s.noteAs(ctx, r, a, by, audit.Success, what, data)
}

func (s *Service) noteAs(ctx context.Context, r *RequestRow, a audit.Action, by audit.Party, o audit.Outcome, what string, data map[string]any) error {
	who, err := s.by(ctx, by)
	if err != nil {
		return err
	}
	kind := a.Name()
	if o != audit.Success {
		kind += " " + o.String()
	}
	if _, err := s.store.Append(ctx, EventRow{Request: r.ID, Kind: kind, By: who, What: what}); err != nil {
		return err
	}
	all := map[string]any{"kind": r.Kind.String(), "state": string(r.State), "what": what}
	for k, v := range data {
		all[k] = v
	}
	// The person is there under what stands for them, and as a person: who erases them from the log erases that too.
	return s.record(ctx, audit.Event{Action: a, Outcome: o, Actor: by, Data: all, Targets: []audit.Party{
		{Type: "dsar_request", ID: string(r.ID)}, {Type: "data_subject", ID: r.Ref.String(), Person: true}}})
}

func (s *Service) record(ctx context.Context, e audit.Event) error {
	if e.Actor == (audit.Party{}) {
		e.Actor = system
	}
	if err := s.o.Recorder.Record(ctx, e); err != nil {
		return fmt.Errorf("%w: the audit log: %w", ErrUnavailable, err)
	}
	return nil
}

var system = audit.Party{Type: "system"}

// by is who did something, as the store keeps it: of a person, what stands for them.
func (s *Service) by(ctx context.Context, p audit.Party) (string, error) {
	tenant, err := tenancy.From(ctx)
	switch {
	case err != nil:
		return "", err
	case p == audit.Party{}:
		return system.Type, nil
	case p.Person:
		sum := s.mac("by", tenant, p.Type, p.ID)
		return p.Type + " " + hex.EncodeToString(sum[:8]), nil
	}
	return p.Type + " " + p.ID, nil
}
