package vault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// settled is how long ago a key must have been replaced for it to be destroyed: until then, another process may be sealing
// under it.
const settled = time.Hour

// ErrInUse is returned when a key is to be destroyed that may still be needed.
var ErrInUse = errors.New("vault: a key may still be in use")

// DestroyPurposeKeys destroys all keys of a purpose but the newest one, with which copies of what was sealed under them
// become useless. It is [ErrInUse], and destroys nothing, while a person's key or a secret is under one of them, which
// [Vault.RotatePurposeKey] ends, or if the newest is younger than an hour by the store's clock. Values of columns that are nobody's, and streams, are not known here: seal
// them anew before ([Field.Reseal]), for they are lost otherwise. It returns how many were destroyed.
func (v *Vault) DestroyPurposeKeys(ctx context.Context, purpose string, by audit.Party) (int, error) {
	if err := (&Ref{Purpose: purpose, ID: "-"}).check(); err != nil {
		return 0, err
	}
	r, err := v.ring(ctx)
	if err != nil {
		return 0, err
	}
	now, err := v.store.Now(ctx)
	if err != nil {
		return 0, err
	}
	rows, _, err := v.store.Keys(ctx)
	if err != nil {
		return 0, err
	}
	var old []KeyID
	young := false
	for i := range rows {
		switch w := &rows[i]; {
		case w.Level != OfPurpose || w.Purpose != purpose:
		case w.State != Active:
			old = append(old, w.ID)
		default:
			young = now.Sub(w.Created) < settled
		}
	}
	if young && len(old) > 0 {
		return 0, fmt.Errorf("%w: the purpose's newest key is younger than an hour", ErrInUse)
	}
	err = v.store.Tx(ctx, func(ctx context.Context) error {
		for _, id := range old {
			if err := v.store.DestroyKey(ctx, id); errors.Is(err, ErrConflict) {
				return fmt.Errorf("%w: something is under key %s: rotate again", ErrInUse, id)
			} else if err != nil {
				return err
			}
			if err := v.record(ctx, keyDestroyed, by, Ref{Purpose: purpose, ID: id.String()}, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	v.store.Committed(ctx, r.forget)
	return len(old), nil
}
