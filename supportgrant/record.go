package supportgrant

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
)

// What is recorded in the tenant's audit log, by the kind of the entry that the store's log has of it too, under the same id.
var actions = map[Kind]audit.Action{
	KindRequested: audit.Define("supportgrant.requested", audit.Create),
	KindConfirmed: audit.Define("supportgrant.confirmed", audit.Update),
	KindApproved:  audit.Define("supportgrant.approved", audit.Update),
	KindDenied:    audit.Define("supportgrant.denied", audit.Update),
	KindCancelled: audit.Define("supportgrant.cancelled", audit.Update),
	KindLapsed:    audit.Define("supportgrant.lapsed", audit.Update),
	KindWithdrawn: audit.Define("supportgrant.withdrawn", audit.Delete),
	KindExpired:   audit.Define("supportgrant.expired", audit.Delete),
	KindRead:      audit.Define("supportgrant.read", audit.Read),
	KindRefused:   audit.Define("supportgrant.refused", audit.Read),
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func newNonce() (n [32]byte) {
	_, _ = rand.Read(n[:]) // never fails: see crypto/rand
	return n
}

// tell appends e to the store's log and records it. If either fails, what e tells must not happen.
func (s *Service) tell(ctx context.Context, e Entry, reason string, data map[string]any) error {
	if err := s.store.Append(ctx, e); err != nil {
		return err
	}
	return s.record(ctx, e, reason, data)
}

func (s *Service) record(ctx context.Context, e Entry, reason string, data map[string]any) error {
	if s.o.Recorder == nil {
		return nil
	}
	ev := audit.Event{ID: e.ID, Action: actions[e.Kind], Actor: party(e.By), Reason: reason, Data: data}
	if e.Kind == KindRefused {
		ev.Outcome = audit.Denied
	}
	if e.Grant != (GrantID{}) {
		ev.Targets = append(ev.Targets, audit.Party{Type: "support_grant", ID: e.Grant.String()})
	}
	if e.Resource != "" {
		ev.Targets = append(ev.Targets, audit.Party{Type: "resource", ID: e.Resource})
	}
	if err := s.o.Recorder.Record(ctx, ev); err != nil {
		return fmt.Errorf("%w: the audit log: %w", ErrUnavailable, err)
	}
	return nil
}

// party is a person in a record; nobody is the application.
func party(p Person) audit.Party {
	if p == "" {
		return audit.Party{Type: "system"}
	}
	return audit.Party{Type: "user", ID: string(p), Person: true}
}

// about is what is recorded of a request and its approval.
func about(g *Grant) map[string]any {
	data := map[string]any{"ticket": g.Ticket, "scope": g.Scope.Names(), "care": g.Care, "asked": g.Asked.String()}
	if g.Life != 0 {
		data["life"] = g.Life.String()
	}
	return data
}

// How many refusals a tenant's log takes: so many at once, and then so many a second. The next one says how many it did not.
const (
	refusalsAtOnce   = 60
	refusalsASecond  = 5
	refusalsTimeout  = 5 * time.Second
	refusalsOfAtMost = 10_000 // tenants
)

type refusals struct {
	pace
	lost int64
}

// refuse records that somebody was refused something, in a transaction of its own, also if the caller has gone. It returns err,
// or what kept it from being recorded with it.
func (s *Service) refuse(ctx context.Context, id GrantID, by Person, resource, why string, err error) error {
	tenant, terr := tenancy.From(ctx)
	if terr != nil {
		return err
	}
	lost, ok := s.known.mayTell(tenant)
	if !ok {
		s.o.Logger.WarnContext(ctx, "supportgrant: refused, and too often to record it", "why", why)
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refusalsTimeout)
	defer cancel()
	e := Entry{ID: newID(), Kind: KindRefused, Grant: id, By: by, Resource: resource, Why: why}
	data := map[string]any{"why": why}
	if lost > 0 {
		data["not_recorded"] = lost
	}
	if lerr := s.store.Tx(ctx, func(ctx context.Context) error { return s.tell(ctx, e, "", data) }); lerr != nil {
		s.o.Logger.ErrorContext(ctx, "supportgrant: a refusal could not be recorded", "why", why)
		return fmt.Errorf("%w (and it could not be recorded: %w)", err, lerr)
	}
	return err
}
