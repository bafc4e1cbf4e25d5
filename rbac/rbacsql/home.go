package rbacsql

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// reason is why the system database is used.
const reason = "know the tenants of people, tokens and invitations"

// system runs f in the system database. text writes a statement for it.
func (s *Store) system(ctx context.Context, f func(ctx context.Context, tx *sqlx.Tx, text func(string) string) error, opts ...tenantdb.Option) error {
	name := "rbac_home"
	if s.pg {
		name = "rbac_homes.home"
	}
	text := func(t string) string { return s.sql(strings.ReplaceAll(t, "{home}", name)) }
	return named(s.db.System(ctx, reason, func(ctx context.Context, tx *sqlx.Tx) error {
		if !s.homesFit.Load() {
			look := func() error { return known.InSQLite(ctx, tx, SQLiteSystem(), true) }
			if s.pg {
				look = func() error { return known.InPostgres(ctx, tx) }
			}
			if err := look(); err != nil {
				return err
			}
			s.homesFit.Store(true)
		}
		return f(ctx, tx, text)
	}, append(opts, tenantdb.Routine(), tenantdb.Retry(3))...))
}

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
	return s.system(ctx, func(ctx context.Context, tx *sqlx.Tx, text func(string) string) error {
		_, err := tx.ExecContext(ctx, text(`INSERT INTO {home} (kind, id, tenant) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`), string(kind), digest(id), tenant.String())
		return err
	})
}

// Homes implements [rbac.Store].
func (s *Store) Homes(ctx context.Context, kind rbac.HomeKind, id string) (out []tenancy.ID, err error) {
	if texts(string(kind), id) != nil {
		return nil, nil
	}
	err = s.system(ctx, func(ctx context.Context, tx *sqlx.Tx, text func(string) string) error {
		out = nil
		return tx.SelectContext(ctx, &out, text(`SELECT tenant FROM {home} WHERE kind = ? AND id = ? ORDER BY tenant`), string(kind), digest(id))
	}, func(o *tenantdb.TxOptions) { o.ReadOnly = true })
	return out, err
}
