package vault

import (
	"context"
	"errors"
	"iter"
	"time"
)

var errEnough = errors.New("enough")

// All yields what may be known of the tenant's secrets, by purpose and id. It ends with an error if the store fails.
func (v *Vault) All(ctx context.Context) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		err := v.isClosed()
		if err != nil {
			yield(Info{}, err)
			return
		}
		err = v.store.Secrets(ctx, "", "", func(s StoredSecret) error {
			if !yield(s.info(), nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(Info{}, err)
		}
	}
}

// Due yields those of All that want something done within that time, by the store's clock: they are to be rotated, they expire, or a
// [Vault.Disconnect] of them was not finished.
func (v *Vault) Due(ctx context.Context, within time.Duration) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		var now time.Time
		err := v.isClosed()
		if err == nil {
			now, err = v.store.Now(ctx)
		}
		if err != nil {
			yield(Info{}, err)
			return
		}
		for i, err := range v.All(ctx) {
			if (err != nil || i.due(now.Add(within))) && !yield(i, err) {
				return
			}
		}
	}
}

// due reports whether something is to be done before t.
func (i *Info) due(t time.Time) bool {
	return i.Closing || !i.Expires.IsZero() && i.Expires.Before(t) || i.RotateEvery > 0 && i.Replaced.Add(i.RotateEvery).Before(t)
}
