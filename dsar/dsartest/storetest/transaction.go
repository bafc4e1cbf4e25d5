package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

var errOops = errors.New("oops")

var transactionTests = []test{
	{"a transaction is in force together or not at all", func(t *testing.T, h *house) {
		r := newRow(dsar.Access)
		fill := func(ctx context.Context) {
			_, err := h.Add(ctx, r)
			require.NoError(t, err)
			require.NoError(t, h.PutStep(ctx, dsar.StepRow{Request: r.ID, Name: "export", Begun: day}))
			_, err = h.Append(ctx, dsar.EventRow{Request: r.ID, Kind: "dsar.received"})
			require.NoError(t, err)
			_, err = h.AddHold(ctx, dsar.HoldRow{ID: "h", Basis: "b"})
			require.NoError(t, err)
			require.NoError(t, h.AddRestraint(ctx, dsar.RestraintRow{Ref: r.Ref, Kind: dsar.Objection, Request: r.ID}))
			require.NoError(t, h.SetRetention(ctx, dsar.RetentionRow{Category: "c", For: dsar.Period{Years: 1}}))
			_, err = h.Request(ctx, r.ID)
			require.NoError(t, err, "its own rows are seen in it")
		}
		none := func() {
			t.Helper()
			_, err := h.other().Request(h.ctx, r.ID)
			require.ErrorIs(t, err, dsar.ErrNotFound)
			events, err := h.other().Events(h.ctx, r.ID)
			require.NoError(t, err)
			require.Empty(t, events)
			steps, err := h.other().Steps(h.ctx, r.ID)
			require.NoError(t, err)
			require.Empty(t, steps)
			holds, err := h.other().Holds(h.ctx, true)
			require.NoError(t, err)
			require.Empty(t, holds)
			restraints, err := h.other().Restraints(h.ctx, r.Ref)
			require.NoError(t, err)
			require.Empty(t, restraints)
			periods, err := h.other().Retentions(h.ctx)
			require.NoError(t, err)
			require.Empty(t, periods)
		}
		require.ErrorIs(t, h.within(func(ctx context.Context) error { fill(ctx); return errOops }), errOops)
		none()
		require.Panics(t, func() { _ = h.within(func(ctx context.Context) error { fill(ctx); panic("oops") }) })
		none()
		ended, cancel := context.WithCancel(h.ctx)
		require.Error(t, h.Tx(ended, func(ctx context.Context) error { fill(ctx); cancel(); return nil }))
		none()
		require.Error(t, h.within(func(ctx context.Context) error {
			fill(ctx)
			require.ErrorIs(t, h.Tx(ctx, func(context.Context) error { return errOops }), errOops)
			return nil // which swallows it
		}))
		none()
		require.Error(t, h.within(func(ctx context.Context) error {
			fill(ctx)
			bad := newRow(dsar.Access)
			bad.State = dsar.Working
			_, err := h.Add(ctx, bad)
			require.ErrorIs(t, err, dsar.ErrRefused)
			return nil
		}))
		none()
		require.NoError(t, h.within(func(ctx context.Context) error { fill(ctx); return nil }))
		_, err := h.other().Request(h.ctx, r.ID)
		require.NoError(t, err)
	}},
	{"answers do not undo a transaction", func(t *testing.T, h *house) {
		r := newRow(dsar.Access)
		require.NoError(t, h.within(func(ctx context.Context) error {
			require.True(t, h.InTx(ctx))
			_, err := h.Add(ctx, r)
			require.NoError(t, err)
			again, err := h.Add(ctx, r)
			require.ErrorIs(t, err, dsar.ErrExists)
			require.Equal(t, r.Subject, again.Subject)
			_, err = h.Request(ctx, newID())
			require.ErrorIs(t, err, dsar.ErrNotFound)
			require.ErrorIs(t, h.PutStep(ctx, dsar.StepRow{Request: newID(), Name: "x", Begun: day}), dsar.ErrNotFound)
			_, err = h.Append(ctx, dsar.EventRow{Request: newID(), Kind: "x"})
			require.ErrorIs(t, err, dsar.ErrNotFound)
			_, err = h.ReleaseHold(ctx, "none", "x")
			require.ErrorIs(t, err, dsar.ErrNotFound)
			require.ErrorIs(t, h.Lift(ctx, r.Ref, dsar.Objection, ""), dsar.ErrNotFound)
			lost := r
			lost.ID = newID()
			_, err = h.Update(ctx, lost)
			require.ErrorIs(t, err, dsar.ErrNotFound)
			return nil
		}))
		require.False(t, h.InTx(h.ctx))
		_, err := h.other().Request(h.ctx, r.ID)
		require.NoError(t, err)
	}},
	{"nothing is done without a tenant, in another one's transaction, or after the end", func(t *testing.T, h *house) {
		r := h.add(t, dsar.Access, nil)
		ended, cancel := context.WithCancel(h.ctx)
		cancel()
		foreign := h.neighbour(t)
		id, err := tenancy.From(foreign.ctx)
		require.NoError(t, err)
		for what, f := range map[string]func(ctx context.Context) error{
			"tx":       func(ctx context.Context) error { return h.Tx(ctx, func(context.Context) error { panic("never") }) },
			"now":      func(ctx context.Context) error { _, err := h.Now(ctx); return err },
			"add":      func(ctx context.Context) error { _, err := h.Add(ctx, newRow(dsar.Access)); return err },
			"request":  func(ctx context.Context) error { _, err := h.Request(ctx, r.ID); return err },
			"update":   func(ctx context.Context) error { _, err := h.Update(ctx, r); return err },
			"requests": func(ctx context.Context) error { _, err := h.Requests(ctx, dsar.Find{}); return err },
			"claim":    func(ctx context.Context) error { _, err := h.Claim(ctx, claiming("a", 9)); return err },
			"renew":    func(ctx context.Context) error { return h.Renew(ctx, r.ID, "a", time.Hour) },
			"free":     func(ctx context.Context) error { return h.Free(ctx, r.ID, "a") },
			"purge":    func(ctx context.Context) error { _, err := h.Purge(ctx, day, 9); return err },
			"put step": func(ctx context.Context) error {
				return h.PutStep(ctx, dsar.StepRow{Request: r.ID, Name: "x", Begun: day})
			},
			"steps": func(ctx context.Context) error { _, err := h.Steps(ctx, r.ID); return err },
			"append": func(ctx context.Context) error {
				_, err := h.Append(ctx, dsar.EventRow{Request: r.ID, Kind: "x"})
				return err
			},
			"events": func(ctx context.Context) error { _, err := h.Events(ctx, r.ID); return err },
			"add hold": func(ctx context.Context) error {
				_, err := h.AddHold(ctx, dsar.HoldRow{ID: "h", Basis: "b"})
				return err
			},
			"release": func(ctx context.Context) error { _, err := h.ReleaseHold(ctx, "h", "x"); return err },
			"holds":   func(ctx context.Context) error { _, err := h.Holds(ctx, true); return err },
			"restraint": func(ctx context.Context) error {
				return h.AddRestraint(ctx, dsar.RestraintRow{Ref: r.Ref, Kind: dsar.Objection, Request: r.ID})
			},
			"lift":       func(ctx context.Context) error { return h.Lift(ctx, r.Ref, dsar.Objection, "") },
			"restraints": func(ctx context.Context) error { _, err := h.Restraints(ctx, r.Ref); return err },
			"retention": func(ctx context.Context) error {
				return h.SetRetention(ctx, dsar.RetentionRow{Category: "c", For: dsar.Period{Days: 1}})
			},
			"retentions": func(ctx context.Context) error { _, err := h.Retentions(ctx); return err },
		} {
			require.ErrorIs(t, f(context.Background()), tenancy.ErrNoTenant, what)
			require.Error(t, f(ended), what)
			require.Error(t, h.within(func(ctx context.Context) error { return f(tenancy.Switch(ctx, id)) }), what)
		}
		all, err := h.Requests(h.ctx, dsar.Find{})
		require.NoError(t, err)
		require.Equal(t, []dsar.RequestRow{r}, all)
	}},
	{"tenants see their own", func(t *testing.T, h *house) {
		n := h.neighbour(t)
		r := h.add(t, dsar.Access, nil)
		_, err := h.AddHold(h.ctx, dsar.HoldRow{ID: "h", Basis: "b"})
		require.NoError(t, err)
		require.NoError(t, h.AddRestraint(h.ctx, dsar.RestraintRow{Ref: r.Ref, Kind: dsar.Objection, Request: r.ID}))
		_, err = n.Request(n.ctx, r.ID)
		require.ErrorIs(t, err, dsar.ErrNotFound)
		_, err = n.Update(n.ctx, r)
		require.ErrorIs(t, err, dsar.ErrNotFound)
		claimed, err := n.Claim(n.ctx, claiming("a", 9))
		require.NoError(t, err)
		require.Empty(t, claimed)
		require.ErrorIs(t, n.Renew(n.ctx, r.ID, "a", time.Hour), dsar.ErrLease)
		holds, err := n.Holds(n.ctx, true)
		require.NoError(t, err)
		require.Empty(t, holds)
		restraints, err := n.Restraints(n.ctx, r.Ref)
		require.NoError(t, err)
		require.Empty(t, restraints)
		_, err = n.Add(n.ctx, func() dsar.RequestRow { mine := newRow(dsar.Access); mine.ID, mine.Ref = r.ID, r.Ref; return mine }())
		require.NoError(t, err, "ids are a tenant's own")
		_, err = n.AddHold(n.ctx, dsar.HoldRow{ID: "h", Basis: "c"})
		require.NoError(t, err)
	}},
}
