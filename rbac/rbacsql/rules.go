package rbacsql

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/tenantdb"
	"github.com/jmoiron/sqlx"
)

// Version implements [rbac.Store].
func (s *Store) Version(ctx context.Context) (version int64, now time.Time, err error) {
	var us int64
	if err := s.row(ctx, `SELECT coalesce((SELECT version FROM rbac_version), 0), {now}`, nil, []any{&version, &us}); err != nil {
		return 0, time.Time{}, err
	}
	return version, micro(us), nil
}

// Channel is the channel of Postgres on which listeners are told what [rbac.Hint] says of a tenant whose rules have changed.
const Channel = "bailiwick_rbac"

// Advance implements [rbac.Store]. Two who advance meet at the tenant's row, which is locked until the transaction ends. Listeners are
// told with the commit.
func (s *Store) Advance(ctx context.Context) (version int64, now time.Time, err error) {
	var us int64
	err = s.rule(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if !s.t.PG { // whose transaction is the only one that writes
			err := tx.QueryRowxContext(ctx, s.t.SQL(`UPDATE rbac_version SET version = version + 1 RETURNING version, {now}`)).Scan(&version, &us)
			if none, err := noRows(err); none == nil {
				return err
			}
			return tx.QueryRowxContext(ctx, s.t.SQL(`INSERT INTO rbac_version (version) VALUES (1) RETURNING version, {now}`)).Scan(&version, &us)
		}
		tenant, err := tenancy.From(ctx)
		if err != nil {
			return err
		}
		var told string
		return tx.QueryRowxContext(ctx, s.t.SQL(`INSERT INTO rbac_version (version) VALUES (1) ON CONFLICT (tenant_id) DO UPDATE SET version = rbac_version.version + 1
			RETURNING version, {now}, pg_notify('`+Channel+`', ?)::text`), rbac.Hint(tenant)).Scan(&version, &us, &told)
	})
	if err != nil {
		return 0, time.Time{}, err
	}
	return version, micro(us), nil
}

// rule runs f in the transaction that ctx carries, for rules change in no other.
func (s *Store) rule(ctx context.Context, f tenantdb.Func) error {
	inside := s.t.DB.InTx(ctx)
	return s.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if !inside {
			return fmt.Errorf("%w: rules that change outside of a transaction", rbac.ErrRefused)
		}
		return f(ctx, tx)
	})
}

// PutRole implements [rbac.Store].
func (s *Store) PutRole(ctx context.Context, r rbac.RoleRow) error {
	return s.rule(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := texts(string(r.ID), r.Name, r.CreatedBy); err != nil {
			return err
		}
		permissions, err := listOf(r.Permissions)
		if err != nil {
			return err
		}
		parents, err := listOf(r.Parents)
		if err != nil {
			return err
		}
		return s.put(ctx, tx, roles, string(r.ID), r.Version, r.Name, r.Machine, permissions, parents, r.Removed, r.CreatedBy, microOf(r.Created))
	})
}

// PutMember implements [rbac.Store].
func (s *Store) PutMember(ctx context.Context, m rbac.MemberRow) error {
	return s.rule(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := texts(string(m.Kind), m.ID, string(m.Status), m.Owner, m.CreatedBy); err != nil {
			return err
		}
		list, err := listOf(m.Roles)
		if err != nil {
			return err
		}
		return s.put(ctx, tx, members, string(m.Kind), m.ID, m.Version, list, string(m.Status), microOf(m.Expires), m.Owner, m.CreatedBy, microOf(m.Created))
	})
}

// Member implements [rbac.Store].
func (s *Store) Member(ctx context.Context, who rbac.Subject) (rbac.MemberRow, error) {
	m := rbac.MemberRow{Subject: who}
	if texts(string(who.Kind), who.ID) != nil {
		return rbac.MemberRow{}, rbac.ErrNotFound
	}
	var roles []byte
	var expires, created sql.NullInt64
	err := s.row(ctx, `SELECT version, roles, status, expires, owner, created_by, created FROM rbac_member WHERE kind = ? AND id = ?`,
		[]any{string(who.Kind), who.ID}, []any{&m.Version, &roles, &m.Status, &expires, &m.Owner, &m.CreatedBy, &created})
	if err != nil {
		return rbac.MemberRow{}, err
	}
	m.Expires, m.Created = microOr(expires), microOr(created)
	m.Roles, err = lists[rbac.RoleID]{}.parse(roles)
	return m, err
}

// PutToken implements [rbac.Store].
func (s *Store) PutToken(ctx context.Context, t rbac.TokenRow) error {
	return s.rule(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := texts(t.ID, string(t.Member.Kind), t.Member.ID, t.Integration, t.Last4, t.CreatedBy, t.Reason, t.ReplacedBy); err != nil {
			return err
		}
		scopes, err := listOf(t.Scopes)
		if err != nil {
			return err
		}
		networks, err := networksOf(t.Networks)
		if err != nil {
			return err
		}
		return s.put(ctx, tx, tokens, t.ID, t.Version, string(t.Member.Kind), t.Member.ID, t.Integration, t.Hash[:], t.Last4, scopes, networks,
			t.CreatedBy, microOf(t.Created), microOf(t.Expires), microOf(t.Revoked), t.Reason, t.ReplacedBy)
	})
}
