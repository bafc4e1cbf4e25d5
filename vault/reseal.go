package vault

import (
	"context"
	"fmt"
)

// resealed is how many secrets are sealed anew in one transaction: each may have 1 MiB.
const resealed = 100

// reseal seals anew, under to, the secrets that are under from. Nothing comes under from any more, which is retired; what is
// put meanwhile is under to. A secret that was changed in the store stays as it is, and is an error when the others are done.
func (r *ring) reseal(ctx context.Context, from, to *key, o Rotation, p *Progress) (failed error) {
	var purpose, id string
	for {
		rows, err := r.v.store.SecretsUnder(ctx, from.id, purpose, id, resealed)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return failed
		}
		purpose, id = rows[len(rows)-1].Purpose, rows[len(rows)-1].ID
		fit := rows[:0]
		for _, row := range rows {
			if err := row.reseal(r, from, to); err != nil {
				failed = fmt.Errorf("vault: a stored secret of %s: %w", row.Purpose, err)
				continue
			}
			fit = append(fit, row)
		}
		n, err := r.v.store.ResealSecrets(ctx, fit, from.id)
		if err != nil {
			return err
		}
		if p.Done += n; o.Progress != nil {
			o.Progress(*p)
		}
	}
}

// reseal puts s, which is sealed under from, under to.
func (s *StoredSecret) reseal(r *ring, from, to *key) error {
	h, err := parseHeader(s.Sealed)
	if err != nil {
		return err
	}
	if h.key != from.id {
		return ErrNotAuthentic
	}
	bound := s.context(r)
	text, err := from.open(make([]byte, 0, len(s.Sealed)), s.Sealed, bound, &h)
	if err != nil {
		return err
	}
	defer clear(text)
	s.Key = to.id
	s.Sealed, err = to.seal(nil, text, bound)
	return err
}
