package main

import (
	"context"
	"net/http"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/jmoiron/sqlx"
)

func (d *desk) teamPage(w http.ResponseWriter, r *http.Request) error {
	ctx, me := r.Context(), rbac.From(r.Context())
	members, err := d.team.Members(ctx, me)
	if err != nil {
		return err
	}
	invitations, err := d.team.Invitations(ctx, me)
	if err != nil {
		return err
	}
	reviews, err := d.team.Reviews(ctx, me)
	if err != nil {
		return err
	}
	matrix, err := d.team.Roles(ctx, me)
	if err != nil {
		return err
	}
	names, err := d.people(ctx)
	if err != nil {
		return err
	}
	data := struct {
		Members     []rbac.MemberInfo
		Names       map[string]person
		Invitations []rbac.InvitationInfo
		Reviews     []rbac.Review
		Roles       []rbac.RoleInfo
		InMonth     time.Time
	}{members, names, invitations, reviews, nil, time.Now().AddDate(0, 1, 0)}
	for _, role := range matrix {
		if !role.ForMachines {
			data.Roles = append(data.Roles, role)
		}
	}
	return d.show(w, r, "team", "Team", data)
}

func (d *desk) invite(w http.ResponseWriter, r *http.Request) error {
	address := r.PostFormValue("email")
	secret, _, err := d.team.Invite(r.Context(), rbac.From(r.Context()), rbac.Invitation{Address: address, Roles: []rbac.RoleID{rbac.RoleID(r.PostFormValue("role"))}})
	if err != nil {
		return err
	}
	d.mail(address, "You are invited: "+d.base()+"/join?invitation="+secret.Reveal()) // it goes to the address, and to nobody else
	return after(w, r, "/team", "invited")
}

func (d *desk) withdrawInvitation(w http.ResponseWriter, r *http.Request) error {
	if err := d.team.WithdrawInvitation(r.Context(), rbac.From(r.Context()), r.PathValue("id")); err != nil {
		return err
	}
	return after(w, r, "/team", "withdrawn-invitation")
}

func (d *desk) setRole(w http.ResponseWriter, r *http.Request) error {
	if err := d.team.SetRoles(r.Context(), rbac.From(r.Context()), rbac.User(r.PathValue("id")), rbac.RoleID(r.PostFormValue("role"))); err != nil {
		return err
	}
	return after(w, r, "/team", "roles")
}

// removeMember takes a member out, and ends their sessions with it.
func (d *desk) removeMember(w http.ResponseWriter, r *http.Request) error {
	who := r.PathValue("id")
	err := d.db.Tx(r.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := d.team.Remove(ctx, rbac.From(ctx), rbac.User(who)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, tx.Rebind(`DELETE FROM session WHERE person_id = ?`), who)
		return err
	})
	if err != nil {
		return err
	}
	return after(w, r, "/team", "removed")
}
