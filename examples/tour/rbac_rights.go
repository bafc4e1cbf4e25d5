package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

func promoteHerself(ctx context.Context, d *desk) (outcome, error) {
	ctx = tenancy.With(ctx, juniper)
	editor, err := d.team.a.Member(ctx, edda)
	if err != nil {
		return outcome{}, err
	}
	err = d.team.setRoles(ctx, editor, edda, roles.Admin.ID())
	if after, e := d.team.a.MemberFresh(ctx, edda); e != nil || after.Can(margins) {
		return outcome{}, errors.Join(errors.New("she is one"), e)
	}
	return refused(byRBAC, err, rbac.ErrDenied)
}

func widenRole(ctx context.Context, d *desk) (outcome, error) {
	ctx = tenancy.With(ctx, juniper)
	maker, err := d.team.a.Member(ctx, lea)
	if err != nil {
		return outcome{}, err
	}
	if _, err := d.team.saveRole(ctx, maker, rbac.RoleSpec{Name: "reader", Permissions: []rbac.Permission{readChat}}); err != nil {
		return outcome{}, fmt.Errorf("she cannot make one of what she holds either: %w", err)
	}
	_, err = d.team.saveRole(ctx, maker, rbac.RoleSpec{Name: "helper", Permissions: []rbac.Permission{margins}})
	return refused(byRBAC, err, &rbac.Denied{Reason: rbac.NotAbove})
}

// acceptLate has lea invite a lead, and lose the right to before that is accepted.
func acceptLate(ctx context.Context, d *desk) (outcome, error) {
	ctx = tenancy.With(ctx, juniper)
	sender, err := d.team.a.Member(ctx, lea)
	if err != nil {
		return outcome{}, err
	}
	admin, err := d.team.a.Member(ctx, ada)
	if err != nil {
		return outcome{}, err
	}
	const address = "friend@elsewhere.example"
	secret, _, err := d.team.a.Invite(ctx, sender, rbac.Invitation{Address: address, Roles: []rbac.RoleID{lead.ID()}})
	if err != nil {
		return outcome{}, err
	}
	if err := d.team.a.SetRoles(ctx, admin, lea, roles.Viewer.ID()); err != nil {
		return outcome{}, err
	}
	err = d.team.accept(ctx, secret, rbac.Acceptance{User: rbac.User("friend"), Address: address})
	return refused(byRBAC, err, rbac.ErrDenied)
}

const duels = 50

func removeEachOther(ctx context.Context, d *desk) (outcome, error) {
	ctx = tenancy.With(ctx, kauri)
	by, err := d.team.a.System(ctx, "kauri needs owners")
	if err != nil {
		return outcome{}, err
	}
	lost := 0
	for range duels {
		for _, who := range []rbac.Subject{ada, bea} {
			if err := d.team.a.Add(ctx, by, who, roles.Admin.ID()); err != nil {
				return outcome{}, err
			}
		}
		first, err := d.team.a.Member(ctx, ada)
		second, err2 := d.team.a.Member(ctx, bea)
		if err := errors.Join(err, err2); err != nil {
			return outcome{}, err
		}
		done := make(chan error, 2)
		go func() { done <- d.team.remove(ctx, first, bea) }()
		go func() { done <- d.team.remove(ctx, second, ada) }()
		<-done
		<-done
		d.ops.Add(2)
		_, e1 := d.team.a.MemberFresh(ctx, ada)
		_, e2 := d.team.a.MemberFresh(ctx, bea)
		if e1 != nil && e2 != nil {
			lost++
		}
	}
	if lost > 0 {
		return outcome{}, fmt.Errorf("%d of %d times the tenant was left without an owner", lost, duels)
	}
	return outcome{fmt.Sprintf("%d times one was removed, and one stayed", duels), byRBAC}, nil
}
