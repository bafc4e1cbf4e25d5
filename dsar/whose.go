package dsar

import "context"

// Ref returns what stands for a person in ctx's tenant, for [Find]: a page that shows somebody their own requests asks by it.
func (s *Service) Ref(ctx context.Context, p Person) (Ref, error) {
	_, r, err := s.resolved(ctx, p)
	return r, err
}
