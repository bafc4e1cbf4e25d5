package vault

import (
	"context"
	"fmt"
	"iter"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// RotateRoot makes a new root, which the keeper that v was opened with wraps, and brings the keys of tenants, all there
// are, under it. To change keepers, open the vaults of all processes with the new one, and the old one as Previous,
// before. The roots that were are destroyed by [Vault.DestroyRoots].
func (v *Vault) RotateRoot(ctx context.Context, tenants iter.Seq2[tenancy.ID, error], o Rotation) error {
	before, err := v.activeRoot(ctx)
	if err != nil {
		return err
	}
	if err := v.addRoot(ctx, v.keepers[0], before.id); err != nil {
		return err
	}
	to, err := v.activeRoot(ctx)
	if err != nil {
		return err
	}
	var p Progress
	return v.eachUnderOldRoots(ctx, tenants, func(ctx context.Context, r *ring, from *key, n int) error {
		p.Total += n
		if err := r.bring(ctx, from, to, o, &p); err != nil {
			return err
		}
		r.forget()
		return v.record(ctx, keyRotated, o.By, Ref{Purpose: "root", ID: to.id.String()}, nil)
	})
}

// eachUnderOldRoots calls f for each root that is not the active one and each tenant that has n > 0 keys under it.
func (v *Vault) eachUnderOldRoots(ctx context.Context, tenants iter.Seq2[tenancy.ID, error], f func(ctx context.Context, r *ring, from *key, n int) error) error {
	all := v.roots.Load()
	for tenant, err := range tenants {
		if err != nil {
			return err
		}
		ctx := tenancy.With(ctx, tenant)
		r, err := v.ring(ctx)
		if err != nil {
			return err
		}
		for _, from := range all.byID {
			if from == all.active {
				continue
			}
			n, err := v.store.CountUnder(ctx, from.id)
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			if err := f(ctx, r, from, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// DestroyRoots destroys all roots but the active one, with which backups of before become useless. It is [ErrInUse], and
// destroys nothing, if one of tenants, all there are, has keys under an older root, or the active one is younger than an hour by the store's clock.
// It returns how many were destroyed.
func (v *Vault) DestroyRoots(ctx context.Context, tenants iter.Seq2[tenancy.ID, error]) (n int, err error) {
	if _, err := v.activeRoot(ctx); err != nil {
		return 0, err
	}
	rows, now, err := v.store.Roots(ctx)
	if err != nil {
		return 0, err
	}
	for _, r := range rows {
		if r.State == Active && now.Sub(r.Created) < settled {
			return 0, fmt.Errorf("%w: the active root is younger than an hour", ErrInUse)
		}
	}
	err = v.eachUnderOldRoots(ctx, tenants, func(_ context.Context, r *ring, from *key, n int) error {
		return fmt.Errorf("%w: tenant %s has %d keys under root %s", ErrInUse, r.tenant, n, from.id)
	})
	if err != nil {
		return 0, err
	}
	for _, r := range rows {
		if r.State != Retired {
			continue
		}
		if err := v.store.DestroyRoot(ctx, r.ID); err != nil {
			return n, err
		}
		n++
	}
	_, err = v.loadRoots(ctx)
	return n, err
}

// activeRoot returns the root under which tenants' keys are wrapped now, asking the store, for another process may have
// replaced it.
func (v *Vault) activeRoot(ctx context.Context) (*key, error) {
	all, err := v.loadRoots(ctx)
	if err != nil {
		return nil, err
	}
	return all.active, nil
}
