package supportgrant

import (
	"context"
	"fmt"
)

// Directory knows who works for the application, and who may speak for a tenant. Its answers decide: it is asked in the
// transaction that decides, with the ctx that carries it, so that one that lives in the same database answers from it; and at the
// beginning of every guarded read. It answers from what is so now and not from a session or a cache. An error is a no.
type Directory interface {
	// StaffActive reports whether somebody is on the support staff and at work: not suspended, not gone. Who is cannot approve anything.
	StaffActive(ctx context.Context, staff Person) (bool, error)
	// CanApprove reports whether somebody is an owner or admin of ctx's tenant, or whoever else it lets answer such requests.
	CanApprove(ctx context.Context, by Person) (bool, error)
}

func (s *Service) staffActive(ctx context.Context, p Person) (bool, error) {
	ok, err := s.dir.StaffActive(ctx, p)
	if err != nil {
		return false, fmt.Errorf("%w: the directory: %w", ErrUnavailable, err)
	}
	return ok, nil
}

func (s *Service) canApprove(ctx context.Context, p Person) (bool, error) {
	ok, err := s.dir.CanApprove(ctx, p)
	if err != nil {
		return false, fmt.Errorf("%w: the directory: %w", ErrUnavailable, err)
	}
	return ok, nil
}

// approves is nil if by may approve g.
func (s *Service) approves(ctx context.Context, g *Grant, by Person) error {
	if by == g.Staff {
		return ErrSelfApproval
	}
	if staff, err := s.staffActive(ctx, by); err != nil {
		return err
	} else if staff {
		return ErrSelfApproval
	}
	return s.speaks(ctx, by)
}

// speaks is nil if by may speak for the tenant.
func (s *Service) speaks(ctx context.Context, by Person) error {
	if ok, err := s.canApprove(ctx, by); err != nil {
		return err
	} else if !ok {
		return ErrNotAllowed
	}
	return nil
}
