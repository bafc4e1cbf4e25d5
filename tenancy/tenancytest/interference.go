package tenancytest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// interfere compares what A sees of views and functions before and after B inserts rows.
func (k *kit) interfere(ctx context.Context) error {
	var over []*reachable
	for _, r := range k.cat.reach {
		if k.wanted(r.Name) && r.Kind != "m" && (r.Over || r.Calls) && !r.Procedure {
			over = append(over, r)
		}
	}
	if len(over) == 0 {
		return nil
	}
	calls := map[string][]string{}
	observe := func() (map[string]string, error) {
		out := map[string]string{}
		return out, k.undone(ctx, k.A, func(ctx context.Context, tx *sqlx.Tx) error {
			h := &hand{kit: k, ctx: ctx, tx: tx}
			for _, r := range over {
				if _, planned := calls[r.Name]; !planned {
					calls[r.Name] = h.froms(r)
				}
				for i, from := range calls[r.Name] {
					var digest string
					err := h.sub(func() error {
						return tx.GetContext(ctx, &digest, "SELECT pg_catalog.md5(coalesce(pg_catalog.string_agg(x::text, '|' ORDER BY x::text), '')) FROM "+from+" x")
					})
					if errors.As(err, new(lost)) {
						return err
					}
					if err == nil {
						out[fmt.Sprint(r.Name, " ", i)] = digest
					}
				}
			}
			return nil
		})
	}
	first, err := observe()
	if err != nil {
		return err
	}
	second, err := observe()
	if err != nil {
		return err
	}
	grown, err := k.grow(ctx)
	if err != nil || len(grown) == 0 {
		return err
	}
	third, err := observe()
	err = errors.Join(err, k.DB.Tx(tenancy.Switch(ctx, k.B), func(ctx context.Context, tx *sqlx.Tx) error { return remove(ctx, tx, grown) }))
	if err != nil {
		return err
	}
	for _, r := range over {
		seen, steady := "", false
		for i := range calls[r.Name] {
			at := fmt.Sprint(r.Name, " ", i)
			if v, ok := first[at]; ok && v == second[at] {
				steady = true
				if w, ok := third[at]; ok && w != v {
					seen = "its result changed when the other tenant inserted rows"
				}
			}
		}
		if !steady {
			err = skipped{"it answers differently each time, or not at all"}
		} else {
			err = nil
		}
		if err := k.tell(interference, r.Name, seen, err); err != nil {
			return err
		}
	}
	return nil
}

// froms returns what to select from: the view, or calls of the function.
func (h *hand) froms(r *reachable) (out []string) {
	if r.Kind != "f" {
		return []string{r.Name}
	}
	for _, args := range h.arguments(r) {
		var cast []string
		for i, a := range args.theirs {
			cast = append(cast, a+"::"+r.Arguments[i].Type)
		}
		out = append(out, r.Name+"("+strings.Join(cast, ", ")+")")
	}
	return out
}

// grow inserts one more row of B into every table that takes one.
func (k *kit) grow(ctx context.Context) ([]placed, error) {
	var made []placed
	err := k.DB.Tx(tenancy.Switch(ctx, k.B), func(ctx context.Context, tx *sqlx.Tx) error {
		m := &maker{ctx: ctx, tx: tx, cat: k.cat, id: k.B}
		for _, t := range k.cat.parentsFirst() {
			rows := t.rows[k.B.String()]
			if t.Partition || len(rows) == 0 {
				continue
			}
			r, err := m.fresh(t, rows[0], nil, 0)
			if err == nil {
				_, err = m.put(t, r)
			}
			if errors.As(err, new(lost)) {
				return err
			}
		}
		made = m.made
		return nil
	})
	return made, err
}
