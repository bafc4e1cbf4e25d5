package supportgrant

import (
	"context"
	"errors"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
)

// NewRequest is what a member of the staff asks ctx's tenant for.
type NewRequest struct {
	ID     GrantID // idempotency key: asked for twice under it, there is one request; zero: a new one
	Staff  Person
	Ticket string // reference of 1 to 128 characters
	Reason string // what is to be found out: 10 letters at least, 1000 characters at most
	Scope  Scope
	Life   time.Duration // in whole seconds, from the approval on; at most [MaxLife]
	Care   bool          // rows to be handled with care too: two people have to approve
}

// Request asks for a grant. It gives nothing: somebody of the tenant approves it or does not, and unanswered it lapses. Staff must
// be active: [ErrNotAllowed]. What is wrong with r is an [InvalidError]. In a transaction of the caller's it commits with that.
func (s *Service) Request(ctx context.Context, r NewRequest) (Grant, error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return Grant{}, err
	}
	row, err := s.asked(r)
	if err != nil {
		return Grant{}, err
	}
	var g Grant
	e := Entry{ID: newID(), Kind: KindRequested, Grant: row.ID, By: row.Staff}
	err = s.store.Tx(ctx, func(ctx context.Context) error {
		if ok, err := s.staffActive(ctx, row.Staff); err != nil {
			return err
		} else if !ok {
			return ErrNotAllowed
		}
		kept, err := s.store.AddGrant(ctx, row)
		g = grantOf(tenant, &kept, kept.Requested)
		if errors.Is(err, ErrExists) {
			if !sameRequest(&kept, &row) {
				g = Grant{}
				return ErrExists
			}
			kept, now, err := s.store.Grant(ctx, row.ID)
			g = grantOf(tenant, &kept, now)
			return err
		}
		if err != nil {
			return err
		}
		if err := s.tell(ctx, e, g.Reason, about(&g)); err != nil {
			return err
		}
		return s.post(ctx, NoticeRequested, row.ID, "", 0)
	})
	switch {
	case errors.Is(err, ErrNotAllowed):
		return Grant{}, s.refuse(ctx, GrantID{}, row.Staff, "", "who asked is not active on the staff", err)
	case err != nil:
		return Grant{}, err
	}
	return g, nil
}

// asked is the row of a request, or what is wrong with it.
func (s *Service) asked(r NewRequest) (GrantRow, error) {
	row := GrantRow{ID: r.ID, State: Requested, Version: 1, Staff: r.Staff, Scope: r.Scope.Names(), Care: r.Care, Asked: r.Life, Wait: s.o.Wait}
	if row.ID == (GrantID{}) {
		row.ID = uuid.New()
	}
	if err := personOf("staff", r.Staff); err != nil {
		return row, err
	}
	var err error
	if row.Ticket, err = ticketOf(r.Ticket); err != nil {
		return row, err
	}
	if row.Reason, err = reasonOf(r.Reason); err != nil {
		return row, err
	}
	if r.Scope.IsZero() {
		return row, &InvalidError{"scope", "it is empty"}
	}
	return row, lifeOf(r.Life, MaxLife)
}

func lifeOf(life, most time.Duration) error {
	switch {
	case life < time.Second || life%time.Second != 0:
		return &InvalidError{"life", "it is not of whole seconds, one at least"}
	case life > most:
		return &InvalidError{"life", "it is longer than it can be"}
	}
	return nil
}

func sameRequest(a, b *GrantRow) bool {
	return a.Staff == b.Staff && a.Ticket == b.Ticket && a.Reason == b.Reason && a.Care == b.Care && a.Asked == b.Asked &&
		len(a.Scope) == len(b.Scope) && scopeOf(a) == scopeOf(b)
}

func scopeOf(r *GrantRow) Scope { sc, _ := ParseScope(r.Scope); return sc }
