package vault

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Progress is told after each batch of a rotation.
type Progress struct{ Done, Total int }

// Rotation says what to do beside replacing a key.
type Rotation struct {
	By       audit.Party
	Progress func(Progress) // nil: nobody is told
}

// batch is how many keys are wrapped anew in one transaction.
const batch = 1000

// A rotation can be stopped at any moment and called again: what is still under an old key is what is left to do. Values
// are sealed and opened all the while.

// RotateTenantKey gives ctx's tenant a new key, and wraps all keys that were under an older one under it. The older ones
// are destroyed after that. No sealed value changes.
func (v *Vault) RotateTenantKey(ctx context.Context, o Rotation) error {
	return v.rotate(ctx, o, func(ctx context.Context, r *ring, set *keySet) (*key, error) {
		parent, err := r.v.activeRoot(ctx)
		if err != nil {
			return nil, err
		}
		return r.replace(ctx, WrappedKey{Level: OfTenant}, parent, set.parent)
	}, OfTenant, "")
}

// RotatePurposeKey gives a purpose a new key, and wraps the keys of its persons under it. What was sealed under the older
// one opens with it until it is sealed anew: see [Field.Reseal].
func (v *Vault) RotatePurposeKey(ctx context.Context, purpose string, o Rotation) error {
	if err := (&Ref{Purpose: purpose, ID: "-"}).check(); err != nil {
		return err
	}
	return v.rotate(ctx, o, func(ctx context.Context, r *ring, set *keySet) (*key, error) {
		return r.replace(ctx, WrappedKey{Level: OfPurpose, Purpose: purpose}, set.parent, set.active[purpose])
	}, OfPurpose, purpose)
}

var errRotateInTx = errors.New("vault: a rotation takes transactions of its own")

func (v *Vault) rotate(ctx context.Context, o Rotation, replace func(context.Context, *ring, *keySet) (*key, error), level Level, purpose string) error {
	if v.store.InTx(ctx) {
		return errRotateInTx
	}
	r, err := v.ring(ctx)
	if err != nil {
		return err
	}
	first := purpose
	if level == OfTenant {
		first = indexPurpose
	}
	if _, err := r.purposeKey(ctx, first); err != nil { // there has to be something to replace
		return err
	}
	set, err := r.read(ctx)
	if err != nil {
		return err
	}
	var fresh *key
	err = v.store.Tx(ctx, func(ctx context.Context) error {
		if fresh, err = replace(ctx, r, set); err != nil {
			return err
		}
		return v.record(ctx, keyRotated, o.By, Ref{Purpose: purpose, ID: fresh.id.String()}, nil)
	})
	if err != nil {
		return err
	}
	r.forget()
	return r.bringUnder(ctx, o, level, purpose)
}

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

// settled is how long ago a root must have been replaced for it to be destroyed: until then, another process may be making
// the first key of a tenant under it.
const settled = time.Hour

// ErrInUse is returned when a root is to be destroyed that may still be needed.
var ErrInUse = errors.New("vault: a key may still be in use")

// DestroyRoots destroys all roots but the active one, with which backups of before become useless. It is [ErrInUse], and
// destroys nothing, if one of tenants, all there are, has keys under an older root, or the active one is younger than an hour.
// It returns how many were destroyed.
func (v *Vault) DestroyRoots(ctx context.Context, tenants iter.Seq2[tenancy.ID, error]) (n int, err error) {
	if _, err := v.activeRoot(ctx); err != nil {
		return 0, err
	}
	rows, err := v.store.Roots(ctx)
	if err != nil {
		return 0, err
	}
	for _, r := range rows {
		if r.State == Active && time.Since(r.Created) < settled {
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

// replace stores a new key in the place of old.
func (r *ring) replace(ctx context.Context, w WrappedKey, parent, old *key) (*key, error) {
	k := generateKey(r.v.opened)
	w, err := wrap(w, k, parent, r.tenant)
	if err != nil {
		return nil, err
	}
	stored, err := r.v.store.AddKey(ctx, w, old.id)
	if err != nil {
		return nil, err
	}
	if stored.ID != k.id {
		return nil, ErrConflict
	}
	return k, nil
}

// bringUnder wraps what is under retired keys of that level and purpose under the active one.
func (r *ring) bringUnder(ctx context.Context, o Rotation, level Level, purpose string) error {
	rows, _, err := r.v.store.Keys(ctx)
	if err != nil {
		return err
	}
	set, err := r.current(ctx)
	if err != nil {
		return err
	}
	to := set.parent
	if level == OfPurpose {
		to = set.active[purpose]
	}
	var old []KeyID
	var p Progress
	for i := range rows {
		if w := &rows[i]; w.Level == level && w.Purpose == purpose && w.ID != to.id {
			n, err := r.v.store.CountUnder(ctx, w.ID)
			if err != nil {
				return err
			}
			p.Total += n
			old = append(old, w.ID)
		}
	}
	for _, id := range old {
		if err := r.bring(ctx, set.byID[id], to, o, &p); err != nil {
			return err
		}
		if level != OfTenant {
			continue
		}
		if err := r.v.store.DestroyKey(ctx, id); err != nil && !errors.Is(err, ErrConflict) {
			return err
		}
	}
	r.forget()
	return nil
}

func (r *ring) bring(ctx context.Context, from, to *key, o Rotation, p *Progress) error {
	if from == nil {
		return fmt.Errorf("vault: a key that was there is not: %w", ErrConflict)
	}
	var after KeyID
	for {
		rows, err := r.v.store.Under(ctx, from.id, after, batch)
		if err != nil || len(rows) == 0 {
			return err
		}
		for i := range rows {
			after = rows[i].ID
			k, err := rows[i].unwrap(from, r.tenant, nil)
			if err != nil {
				return err
			}
			if rows[i], err = wrap(rows[i], k, to, r.tenant); err != nil {
				return err
			}
		}
		n, err := r.v.store.Rewrap(ctx, rows, from.id)
		if err != nil {
			return err
		}
		if p.Done += n; o.Progress != nil {
			o.Progress(*p)
		}
	}
}
