package vault

import (
	"context"
	"errors"
	"fmt"
)

// batch is how many keys are wrapped anew in one transaction.
const batch = 1000

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
			p.Total += n
			old = append(old, w.ID)
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
