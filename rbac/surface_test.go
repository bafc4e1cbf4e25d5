package rbac_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

func TestASurfaceHasWhatItWasDeclaredWithAndNothingElse(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p, err := d.Surface(d.ctx, Widget)
	require.NoError(t, err)
	var has []rbac.Permission
	for x := range p.Permissions() {
		has = append(has, x)
	}
	require.Equal(t, []rbac.Permission{SeeStatus, SeeOrder}, has)
	require.Equal(t, has, Widget.Permissions())
	require.Equal(t, rbac.Subject{}, p.Subject())
	require.Equal(t, tenancy.MustParseID("acme"), p.Tenant())
	for _, x := range []rbac.Permission{ReadChat, Reply, Impersonate, Ingest, Purge, rbac.ManageMembers, rbac.ViewAccess, {}, rbac.NewCatalog("other").Permission("x")} {
		require.False(t, p.Can(x))
		deniedFor(t, p.Require(x), rbac.BySurface)
		require.Equal(t, rbac.BySurface, p.Explain(x).Reason)
	}
	require.NoError(t, p.Require(SeeStatus))
	masked := p.Within("mask", SeeStatus, ReadChat)
	require.True(t, masked.Can(SeeStatus))
	require.False(t, masked.Can(SeeOrder) || masked.Can(ReadChat))

	// It administers nothing, and nobody can give it anything: it is no member.
	_, _, err = d.IssueToken(d.ctx, p, rbac.TokenSpec{Member: bob, Integration: "x"})
	deniedFor(t, err, rbac.BySurface)
	_, err = d.RevokeTokens(d.ctx, p, rbac.TokenSelector{All: true}, "")
	deniedFor(t, err, rbac.NotMember)
	_, err = d.SaveRole(d.ctx, p, rbac.RoleSpec{Name: "x"})
	deniedFor(t, err, rbac.NotMember)
	require.Error(t, d.Add(d.ctx, d.system(d.ctx), p.Subject(), Admin.ID()))
	require.Error(t, d.SetRoles(d.ctx, d.system(d.ctx), p.Subject(), Admin.ID()))

	_, err = d.Surface(context.Background(), Widget)
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
	for _, s := range []*rbac.Surface{nil, rbac.NewCatalog("other").Surface("s")} {
		_, err = d.Surface(d.ctx, s)
		require.Error(t, err)
	}
	require.NoError(t, d.Close())
	_, err = d.Surface(d.ctx, Widget)
	require.ErrorIs(t, err, rbac.ErrClosed)
	deniedFor(t, p.Require(Reply), rbac.BySurface)
}

func TestASurfaceThatAsksForMoreIsAnEvent(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p, err := d.Surface(d.ctx, Widget)
	require.NoError(t, err)
	for range 10_000 {
		_ = p.Require(Reply)
		_ = p.Require(rbac.ManageMembers)
		require.False(t, p.Can(ReadChat)) // a question is no attempt
		require.NoError(t, p.Require(SeeStatus))
	}
	require.NoError(t, d.Close())
	times := map[any]int64{}
	events := d.log.of("rbac.surface.refused")
	for _, e := range events {
		require.Equal(t, audit.Party{Type: "surface", ID: "widget"}, e.Actor)
		require.Equal(t, audit.Denied, e.Outcome)
		times[e.Data["what"]] += e.Data["times"].(int64)
	}
	require.LessOrEqual(t, len(events), 4)
	require.Equal(t, map[any]int64{"chat.reply": 10_000, "rbac.members.manage": 10_000}, times)
}

func TestASurfaceIsDeclaredBeforeUseAndHoldsNothingOfTheStaff(t *testing.T) {
	t.Parallel()
	c := rbac.NewCatalog("shop")
	x := c.Permission("x")
	people, machines := c.Permission("p", rbac.PeopleOnly), c.Permission("m", rbac.MachinesOnly)
	secret := c.Permission("s", rbac.Sensitive)
	c.Role("admin", rbac.Everything, rbac.Owner)
	c.Surface("web", x)
	mustPanic(t, "twice", func() { c.Surface("web", x) })
	mustPanic(t, "no name", func() { c.Surface("Web", x) })
	for _, bad := range []rbac.Permission{people, machines, secret} {
		mustPanic(t, "not for the public", func() { c.Surface("a", bad) })
	}
	for _, bad := range []rbac.Permission{{}, rbac.ManageTokens, rbac.ViewAccess, ReadChat} {
		mustPanic(t, "another catalogue", func() { c.Surface("a", bad) })
	}
	a, err := rbac.New(c, rbac.NewMemory(), rbac.Options{})
	require.NoError(t, err)
	defer a.Close()
	mustPanic(t, "went into use", func() { c.Surface("late", x) })
}

// What leaves is listed: a field that somebody adds does not.
func TestANewFieldIsNotShown(t *testing.T) {
	t.Parallel()
	type before struct{ Number, Status string }
	type after struct {
		Number, Status string
		Margin         int
		Customer       struct{ Phone string }
	}
	then, err := redact.NewView[before]("Number", "Status")
	require.NoError(t, err)
	now, err := redact.NewView[after]("Number", "Status")
	require.NoError(t, err)
	x, err := then.Append(nil, &before{"1", "sent"})
	require.NoError(t, err)
	y, err := now.Append(nil, &after{Number: "1", Status: "sent", Margin: 40})
	require.NoError(t, err)
	require.Equal(t, string(x), string(y))
}
