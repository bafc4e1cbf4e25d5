package supportgrant

import (
	"context"
	"errors"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Deny refuses a request, by who could approve it. Of a grant that was approved it is [Service.Withdraw]. What has ended
// stays as it ended, and that is no error. The caller has authenticated by.
func (s *Service) Deny(ctx context.Context, id GrantID, by Person, why string) (Grant, error) {
	return s.end(ctx, id, by, why, Denied, func(ctx context.Context, g *Grant) error { return s.speaks(ctx, by) })
}

// Cancel takes a request back, by who asked. Of a grant that was approved it is [Service.Withdraw]. What has ended
// stays as it ended, and that is no error.
func (s *Service) Cancel(ctx context.Context, id GrantID, by Person, why string) (Grant, error) {
	return s.end(ctx, id, by, why, Cancelled, func(_ context.Context, g *Grant) error {
		if by != g.Staff {
			return ErrNotAllowed
		}
		return nil
	})
}

// Withdraw ends a grant, by who could approve it or by who asked for it. When it returns without an error no read under the
// grant begins any more, and none that had begun hands over anything: see the package's comment. A request is cancelled, and what has
// ended stays as it ended; neither is an error.
//
// [ErrStillReading]: the withdrawal is in force for all that begins, but a read from before did not end within Options.Drain.
// Call Withdraw again to wait for it. [ErrUnknown] and other errors: call it again; it does no harm. In a transaction
// of the caller's it is [ErrInTransaction].
func (s *Service) Withdraw(ctx context.Context, id GrantID, by Person, why string) (Grant, error) {
	return s.end(ctx, id, by, why, Cancelled, func(ctx context.Context, g *Grant) error {
		if by == g.Staff {
			return nil
		}
		return s.speaks(ctx, by)
	})
}

// WithdrawTicket ends all that was asked for under a ticket, because it was closed: requests are cancelled and grants withdrawn. It
// returns how many it ended, and promises what [Service.Withdraw] does, also of those that were withdrawn before. It is the
// application itself that acts.
func (s *Service) WithdrawTicket(ctx context.Context, ticket, why string) (int, error) {
	ticket, err := ticketOf(ticket)
	if err != nil {
		return 0, err
	}
	return s.endAll(ctx, Find{Ticket: ticket}, why)
}

// WithdrawStaff is [Service.WithdrawTicket] for all that one member of the staff asked ctx's tenant for, because they left.
func (s *Service) WithdrawStaff(ctx context.Context, staff Person, why string) (int, error) {
	if err := personOf("staff", staff); err != nil {
		return 0, err
	}
	return s.endAll(ctx, Find{Staff: staff}, why)
}

// end ends a grant if may says so. pending is what becomes of a request.
func (s *Service) end(ctx context.Context, id GrantID, by Person, why string, pending State, may func(context.Context, *Grant) error) (Grant, error) {
	if err := personOf("by", by); err != nil {
		return Grant{}, err
	}
	why, err := remarkOf("why", why)
	if err != nil {
		return Grant{}, err
	}
	if s.within(ctx) {
		return Grant{}, ErrInTransaction
	}
	g, _, err := s.endOne(ctx, id, by, why, pending, may)
	if errors.Is(err, ErrNotAllowed) || errors.Is(err, ErrSelfApproval) {
		return Grant{}, s.refuse(ctx, id, by, "", "who would have ended the grant may not", err)
	}
	if err != nil {
		return Grant{}, err
	}
	return g, s.drain(ctx, &g)
}

// drain waits for the reads of a grant that was withdrawn.
func (s *Service) drain(ctx context.Context, grants ...*Grant) error {
	var ids []GrantID
	for _, g := range grants {
		if g.Life != 0 { // it was approved once
			ids = append(ids, g.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Drain)
	defer cancel()
	return s.store.Drain(ctx, ids...)
}

// endOne is the transaction of end. It reports whether it ended anything.
func (s *Service) endOne(ctx context.Context, id GrantID, by Person, why string, pending State, may func(context.Context, *Grant) error) (g Grant, ended bool, err error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return Grant{}, false, err
	}
	entry := newID()
	err = s.store.Tx(ctx, func(ctx context.Context) error {
		ended = false
		row, now, err := s.store.Grant(ctx, id)
		if err != nil {
			return err
		}
		g = grantOf(tenant, &row, now)
		if may != nil {
			if err := may(ctx, &g); err != nil {
				return err
			}
		}
		m := Move{ID: id, Version: row.Version, From: row.State, To: g.State}
		switch {
		case row.State.Ended():
			return nil
		case g.State == Requested:
			m.To, m.By, m.Why = pending, by, why
		case g.State == Approved:
			m.To, m.By, m.Why = Withdrawn, by, why
		} // and else by the clock
		ended = true
		g, err = s.move(ctx, tenant, m, entry)
		return err
	})
	return g, ended, err
}

// move ends a grant and tells of it.
func (s *Service) move(ctx context.Context, tenant tenancy.ID, m Move, entry GrantID) (Grant, error) {
	row, err := s.store.Move(ctx, m)
	if err != nil {
		return Grant{}, err
	}
	g := grantOf(tenant, &row, row.Ended)
	if err := s.tell(ctx, Entry{ID: entry, Kind: Kind(m.To), Grant: m.ID, By: m.By, Why: m.Why}, m.Why, map[string]any{"ticket": g.Ticket}); err != nil {
		return Grant{}, err
	}
	return g, s.post(ctx, NoticeEnded, m.ID, "", 0)
}

// endAll ends all that f finds, as the application.
func (s *Service) endAll(ctx context.Context, f Find, why string) (n int, err error) {
	if why, err = remarkOf("why", why); err != nil {
		return 0, err
	}
	if s.within(ctx) {
		return 0, ErrInTransaction
	}
	found, err := s.Grants(ctx, f)
	if err != nil {
		return 0, err
	}
	all := make([]*Grant, len(found))
	for i := range found {
		all[i] = &found[i]
		if found[i].State.Ended() {
			continue
		}
		g, ended, err := s.endOne(ctx, found[i].ID, "", why, Cancelled, nil)
		if err != nil {
			return n, err
		}
		if ended {
			n++
		}
		*all[i] = g
	}
	return n, s.drain(ctx, all...)
}

// Sweep notes of ctx's tenant what has lapsed or expired, so that the log and the notices tell of it. No promise waits for it:
// what is over gives nothing, swept or not. It returns how many it noted. [Service.Deliver] calls it.
func (s *Service) Sweep(ctx context.Context) (n int, err error) {
	f := Find{States: []State{Requested, Approved}, Limit: 200}
	for {
		found, err := s.Grants(ctx, f)
		if err != nil {
			return n, err
		}
		for i := range found {
			if !found[i].State.Ended() {
				continue
			}
			if _, ended, err := s.endOne(ctx, found[i].ID, "", "", Cancelled, onlyOver); err != nil && !errors.Is(err, errOpen) {
				return n, err
			} else if ended {
				n++
			}
		}
		if len(found) < f.Limit {
			return n, nil
		}
		last := &found[len(found)-1]
		f.Before = Place{last.Requested, last.ID}
	}
}

var errOpen = errors.New("supportgrant: the grant is open")

// onlyOver keeps what is not over as it is: a clock may have gone back since.
func onlyOver(_ context.Context, g *Grant) error {
	if !g.State.Ended() {
		return errOpen
	}
	return nil
}
