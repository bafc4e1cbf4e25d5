package rbacsql

import (
	"context"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/jmoiron/sqlx"
)

// PutInvitation implements [rbac.Store].
func (s *Store) PutInvitation(ctx context.Context, i rbac.InvitationRow) error {
	if i.State != rbac.Pending {
		i.Address = ""
	}
	return s.t.Write(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := texts(i.ID, i.Address, string(i.State), string(i.InvitedBy.Kind), i.InvitedBy.ID, i.Member); err != nil {
			return err
		}
		roles, err := listOf(i.Roles)
		if err != nil {
			return err
		}
		return s.put(ctx, tx, invitations, i.ID, i.Hash[:], i.Address, roles, string(i.State), string(i.InvitedBy.Kind), i.InvitedBy.ID, i.Member,
			microOf(i.Created), microOf(i.Expires))
	})
}

const invitation = `SELECT id, hash, address, roles, state, invited_by_kind, invited_by, member, created, expires FROM rbac_invitation `

func scanInvitation(scan func(...any) error) (i rbac.InvitationRow, err error) {
	var hash, roles []byte
	var created, expires int64
	if err := scan(&i.ID, &hash, &i.Address, &roles, &i.State, &i.InvitedBy.Kind, &i.InvitedBy.ID, &i.Member, &created, &expires); err != nil {
		return i, err
	}
	if len(hash) != len(i.Hash) {
		return i, errRow
	}
	copy(i.Hash[:], hash)
	i.Created, i.Expires = micro(created), micro(expires)
	i.Roles, err = lists[rbac.RoleID]{}.parse(roles)
	return i, err
}

// Invitation implements [rbac.Store]. On SQLite nobody else writes in a transaction that writes.
func (s *Store) Invitation(ctx context.Context, id string) (out rbac.InvitationRow, err error) {
	found := false
	run, text := s.t.Read, invitation+`WHERE id = ?`
	if s.t.DB.InTx(ctx) {
		run = s.t.Write
		if s.t.PG {
			text += ` FOR UPDATE`
		}
	}
	if texts(id) != nil {
		return out, rbac.ErrNotFound
	}
	err = run(ctx, func(ctx context.Context, tx *sqlx.Tx) (err error) {
		out, err = scanInvitation(tx.QueryRowxContext(ctx, s.t.SQL(text), id).Scan)
		none, err := noRows(err)
		found = none == nil
		return err
	})
	if err == nil && !found {
		err = rbac.ErrNotFound
	}
	return out, err
}

// Invitations implements [rbac.Store].
func (s *Store) Invitations(ctx context.Context) (out []rbac.InvitationRow, err error) {
	err = s.t.All(ctx, invitation+`WHERE state = 'pending' ORDER BY created, id`, nil, func() { out = nil }, func(scan func(...any) error) error {
		i, err := scanInvitation(scan)
		out = append(out, i)
		return err
	})
	return out, err
}
