package rbacsql

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/jmoiron/sqlx"
)

// seen is a use as the statement of Saw reads it.
type seen struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	At   int64  `json:"at"`
	Net  string `json:"net"`
}

// Saw implements [rbac.Store], in one statement. Those who tell of the same uses at once lock them in one order.
func (s *Store) Saw(ctx context.Context, uses []rbac.Use) error {
	return s.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		list := make([]seen, len(uses))
		for i, u := range uses {
			if err := texts(string(u.Kind), u.ID); err != nil {
				return err
			}
			if u.At.IsZero() {
				return fmt.Errorf("%w: a use at no time", rbac.ErrRefused)
			}
			list[i] = seen{string(u.Kind), u.ID, u.At.UnixMicro(), netOf(u.Net)}
		}
		// Newest first of each, and of those at one time the one that was told first.
		slices.SortStableFunc(list, func(a, b seen) int {
			return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.ID, b.ID), cmp.Compare(b.At, a.At))
		})
		list = slices.CompactFunc(list, func(a, b seen) bool { return a.Kind == b.Kind && a.ID == b.ID })
		if len(list) == 0 {
			return nil
		}
		text, err := json.Marshal(list)
		if err != nil {
			return err
		}
		if s.t.PG {
			_, err = tx.ExecContext(ctx, s.t.SQL(`INSERT INTO rbac_use (kind, id, at, net) SELECT u.kind, u.id, u.at, u.net
				FROM json_to_recordset(?::json) AS u (kind text, id text, at bigint, net text) ON CONFLICT (tenant_id, kind, id)
				DO UPDATE SET at = excluded.at, net = excluded.net WHERE excluded.at > rbac_use.at`), string(text))
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO rbac_use (kind, id, at, net) SELECT u.value ->> 'kind', u.value ->> 'id', u.value ->> 'at', u.value ->> 'net'
			FROM json_each(?) AS u WHERE NOT EXISTS (SELECT 1 FROM rbac_use o WHERE o.kind = u.value ->> 'kind' AND o.id = u.value ->> 'id' AND o.at >= u.value ->> 'at')
			ON CONFLICT (kind, id) DO UPDATE SET at = excluded.at, net = excluded.net`, string(text))
		return err
	})
}

// Uses implements [rbac.Store].
func (s *Store) Uses(ctx context.Context) (out []rbac.Use, err error) {
	var w words
	err = s.t.All(ctx, `SELECT kind, id, at, net FROM rbac_use`, nil, func() { out, w = nil, words{} }, func(scan func(...any) error) error {
		var x seen
		if err := scan(&x.Kind, &x.ID, &x.At, &x.Net); err != nil {
			return err
		}
		p, err := net(x.Net)
		if err != nil {
			return errRow
		}
		out = append(out, rbac.Use{Kind: rbac.UseKind(w.of([]byte(x.Kind))), ID: x.ID, At: micro(x.At), Net: p})
		return nil
	})
	return out, err
}
