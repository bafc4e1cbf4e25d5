package vault

import (
	"context"
	"errors"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// Progress is told after each batch of a rotation.
type Progress struct{ Done, Total int }

// Rotation says what to do beside replacing a key.
type Rotation struct {
	By       audit.Party
	Progress func(Progress) // nil: nobody is told
}

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

// RotatePurposeKey gives a purpose a new key, wraps the keys of its persons under it, and seals anew the secrets that were put
// under an older one. Values of columns, and streams, open with the older one until they are sealed anew ([Field.Reseal]) and it
// is destroyed ([Vault.DestroyPurposeKeys]).
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
