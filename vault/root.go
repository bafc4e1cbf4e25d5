package vault

import (
	"context"
	"errors"
	"fmt"
	"maps"
)

// ErrRoot is returned when none of the keepers opens the root of the keys: it is another keeper's, or was changed.
var ErrRoot = errors.New("vault: the root of the keys cannot be opened")

// roots are the opened roots.
type roots struct {
	byID   map[KeyID]*key
	active *key
}

// loadRoots opens the store's roots, and makes the first one. It writes nothing if there is one that does not open.
func (v *Vault) loadRoots(ctx context.Context) (*roots, error) {
	v.rootMu.Lock()
	defer v.rootMu.Unlock()
	if err := v.isClosed(); err != nil {
		return nil, err
	}
	rows, _, err := v.store.Roots(ctx)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		if err := v.addRoot(ctx, v.keepers[0], KeyID{}); err != nil && !errors.Is(err, ErrConflict) {
			return nil, err
		}
		if rows, _, err = v.store.Roots(ctx); err != nil {
			return nil, err
		}
	}
	next := &roots{byID: map[KeyID]*key{}}
	if have := v.roots.Load(); have != nil {
		maps.Copy(next.byID, have.byID)
	}
	for i := range rows {
		r := &rows[i]
		if r.State == Shredded {
			delete(next.byID, r.ID)
			continue
		}
		if next.byID[r.ID] == nil {
			if next.byID[r.ID], err = v.openRoot(ctx, r); err != nil {
				return nil, err
			}
		}
		if r.State == Active {
			next.active = next.byID[r.ID]
		}
	}
	if next.active == nil {
		return nil, fmt.Errorf("%w: the store has none that is active", ErrRoot)
	}
	v.roots.Store(next)
	return next, nil
}

// addRoot stores a new root, which keeper wraps, in the place of the one named after.
func (v *Vault) addRoot(ctx context.Context, keeper Keeper, after KeyID) error {
	k := generateKey(v.opened)
	wrapped, err := keeper.Encrypt(ctx, k.secret()[:])
	if err != nil {
		return fmt.Errorf("%w: wrapping a new root: %w", ErrKeeper, err)
	}
	return v.store.AddRoot(ctx, Root{ID: k.id, Wrapped: wrapped, Commit: k.commit}, after)
}

// openRoot asks the keepers for a root. What is not the named one is none, whoever says so: keepers do not know what they open.
func (v *Vault) openRoot(ctx context.Context, r *Root) (*key, error) {
	var failed []error
	for _, keeper := range v.keepers {
		secret, err := keeper.Decrypt(ctx, r.Wrapped)
		if err == nil {
			row := WrappedKey{ID: r.ID, Commit: r.Commit}
			var k *key
			if k, err = row.named(secret, v.opened); err == nil {
				return k, nil
			}
		}
		failed = append(failed, err)
	}
	return nil, fmt.Errorf("%w: root %s: %w", ErrRoot, r.ID, errors.Join(failed...))
}

// root returns the root with that id. One that was added since by another process is asked for.
func (v *Vault) root(ctx context.Context, id KeyID) (*key, error) {
	if k := v.roots.Load().byID[id]; k != nil {
		return k, nil
	}
	all, err := v.loadRoots(ctx)
	if err != nil {
		return nil, err
	}
	if k := all.byID[id]; k != nil {
		return k, nil
	}
	return nil, fmt.Errorf("%w: the store has no root %s", ErrRoot, id)
}
