package vault

import (
	"context"
	"errors"
	"fmt"
)

// batch is how many keys are wrapped anew in one transaction.
const batch = 2000

// bringUnder wraps and seals what is under retired keys of that level and purpose under the active one.
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
			if p.Total += n; n > 0 || level == OfTenant { // nothing comes under a key that is not active: who has nothing is done
				old = append(old, w.ID)
			}
		}
	}
	for _, id := range old {
		if err := r.bring(ctx, set.byID[id], to, o, &p); err != nil {
			return err
		}
		if err := r.reseal(ctx, set.byID[id], to, o, &p); err != nil {
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

// bring wraps under to what is under from. The next batch is read and wrapped while the one before is stored.
func (r *ring) bring(ctx context.Context, from, to *key, o Rotation, p *Progress) error {
	if from == nil {
		return fmt.Errorf("vault: a key that was there is not: %w", ErrConflict)
	}
	ahead, stop := context.WithCancel(ctx)
	batches := r.wrapAnew(ahead, from, to)
	defer func() {
		stop()
		for range batches { // until it has ended
		}
	}()
	for b := range batches {
		if b.err != nil {
			return b.err
		}
		n, err := r.v.store.Rewrap(ctx, b.rows, from.id)
		if err != nil {
			return err
		}
		if p.Done += n; o.Progress != nil {
			o.Progress(*p)
		}
	}
	return ctx.Err()
}

// rewrapped is a batch of keys under their new parent, or why there is none.
type rewrapped struct {
	rows []WrappedKey
	err  error
}

// wrapAnew sends what is under from, wrapped under to, until there is no more or ctx ends.
func (r *ring) wrapAnew(ctx context.Context, from, to *key) <-chan rewrapped {
	out := make(chan rewrapped)
	go func() {
		defer close(out)
		for after := int64(0); ; {
			rows, err := r.v.store.Under(ctx, from.id, after, batch)
			for i := range rows {
				if err == nil {
					after, err = rows[i].Seq, rows[i].move(from, to, r.tenant)
				}
			}
			if err == nil && len(rows) == 0 {
				return
			}
			select {
			case out <- rewrapped{rows, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return out
}
