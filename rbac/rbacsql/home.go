package rbacsql

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// digest is what the system database knows an id by: it is of all tenants, and keeps nobody's name.
func digest(id string) []byte {
	sum := sha256.Sum256([]byte(id))
	return sum[:]
}

// AddHome implements [rbac.Store].
func (s *Store) AddHome(ctx context.Context, kind rbac.HomeKind, id string, tenant tenancy.ID) error {
	if tenant.IsZero() {
		return tenancy.ErrNoTenant
	}
	if err := texts(string(kind), id); err != nil {
		return err
	}
	if id == "" {
		return fmt.Errorf("%w: a home of nobody", rbac.ErrRefused)
	}
	return s.t.System(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, s.t.SQL(`INSERT INTO {home} (kind, id, tenant) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`), string(kind), digest(id), tenant.String())
		return err
	})
}

// Homes implements [rbac.Store].
func (s *Store) Homes(ctx context.Context, kind rbac.HomeKind, id string) (out []tenancy.ID, err error) {
	if texts(string(kind), id) != nil {
		return nil, nil
	}
	err = s.t.System(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		out = nil
		return tx.SelectContext(ctx, &out, s.t.SQL(`SELECT tenant FROM {home} WHERE kind = ? AND id = ? ORDER BY tenant`), string(kind), digest(id))
	}, func(o *tenantdb.TxOptions) { o.ReadOnly = true })
	return out, err
}
