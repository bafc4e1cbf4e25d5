package storetest

import (
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/stretchr/testify/require"
)

var holdTests = []test{
	{"holds come back as they were, and are released once", func(t *testing.T, h *house) {
		now, err := h.Now(h.ctx)
		require.NoError(t, err)
		a := dsar.HoldRow{ID: "a", Ref: newRef(), Table: "ticket", Basis: "case – 17/2026", By: "staff 3f", Until: now.Add(time.Hour).Truncate(time.Microsecond),
			Placed: day, Released: day, Why: "x"}
		got, err := h.AddHold(h.ctx, a)
		require.NoError(t, err)
		require.False(t, got.Placed.Before(now))
		a.Placed, a.Released, a.Why = got.Placed, time.Time{}, ""
		require.Equal(t, a, got)
		again, err := h.AddHold(h.ctx, dsar.HoldRow{ID: "a", Basis: "other"})
		require.ErrorIs(t, err, dsar.ErrExists)
		require.Equal(t, a, again)
		b, err := h.AddHold(h.ctx, dsar.HoldRow{ID: "b", Basis: "all"})
		require.NoError(t, err)
		for _, bad := range []dsar.HoldRow{{ID: "c"}, {Basis: "x"}, {ID: "c", Basis: "\xff"}} {
			_, err = h.AddHold(h.ctx, bad)
			require.ErrorIs(t, err, dsar.ErrRefused)
		}
		all, err := h.other().Holds(h.ctx, false)
		require.NoError(t, err)
		require.Equal(t, []dsar.HoldRow{a, b}, all)
		released, err := h.ReleaseHold(h.ctx, "a", "settled – ö")
		require.NoError(t, err)
		require.Equal(t, "settled – ö", released.Why)
		require.False(t, released.Released.Before(a.Placed))
		same, err := h.ReleaseHold(h.ctx, "a", "other")
		require.NoError(t, err)
		require.Equal(t, released, same)
		all, err = h.other().Holds(h.ctx, false)
		require.NoError(t, err)
		require.Equal(t, []dsar.HoldRow{b}, all)
		all, err = h.Holds(h.ctx, true)
		require.NoError(t, err)
		require.Equal(t, []dsar.HoldRow{released, b}, all)
	}},
	{"a hold is seen by whoever asks after it was placed, in an older transaction too", func(t *testing.T, h *house) {
		if len(h.Stores) < 2 {
			t.Skip("the store is not shared by processes")
		}
		placed := make(chan error, 1)
		var seen int
		err := h.within(func(ctx ctx) error {
			if _, err := h.Holds(ctx, false); err != nil {
				return err
			}
			go func() {
				_, err := h.other().AddHold(h.ctx, dsar.HoldRow{ID: "h", Basis: "b"})
				placed <- err
			}()
			select {
			case err := <-placed:
				if err != nil {
					return err
				}
			case <-time.After(300 * time.Millisecond): // writers wait for this transaction: then no hold is placed before it ends
				seen = -1
				return nil
			}
			all, err := h.Holds(ctx, false)
			seen = len(all)
			return err
		})
		require.NoError(t, err)
		if seen == -1 {
			require.NoError(t, <-placed)
		} else {
			require.Equal(t, 1, seen)
		}
	}},
	{"a restraint is in force until it is lifted", func(t *testing.T, h *house) {
		ref, other := newRef(), newRef()
		add := func(k dsar.Kind, purpose string) {
			require.NoError(t, h.AddRestraint(h.ctx, dsar.RestraintRow{Ref: ref, Kind: k, Purpose: purpose, Request: "r1", Lifted: day}))
		}
		add(dsar.OptOutSale, "")
		add(dsar.Objection, "news – ö")
		add(dsar.Objection, "")
		add(dsar.Restriction, "")
		all, err := h.other().Restraints(h.ctx, ref)
		require.NoError(t, err)
		require.Len(t, all, 4)
		for i, want := range []dsar.RestraintRow{{Kind: dsar.Restriction}, {Kind: dsar.Objection}, {Kind: dsar.Objection, Purpose: "news – ö"}, {Kind: dsar.OptOutSale}} {
			want.Ref, want.Request, want.Since = ref, "r1", all[i].Since
			require.Equal(t, want, all[i])
			require.False(t, want.Since.IsZero())
		}
		require.NoError(t, h.AddRestraint(h.ctx, dsar.RestraintRow{Ref: ref, Kind: dsar.Objection, Request: "r2"}))
		same, err := h.Restraints(h.ctx, ref)
		require.NoError(t, err)
		require.Equal(t, all, same, "it is in force already")
		require.ErrorIs(t, h.Lift(h.ctx, other, dsar.Objection, ""), dsar.ErrNotFound)
		require.ErrorIs(t, h.Lift(h.ctx, ref, dsar.Objection, "x"), dsar.ErrNotFound)
		require.NoError(t, h.Lift(h.ctx, ref, dsar.Objection, ""))
		require.ErrorIs(t, h.Lift(h.ctx, ref, dsar.Objection, ""), dsar.ErrNotFound)
		all, err = h.Restraints(h.ctx, ref)
		require.NoError(t, err)
		require.Len(t, all, 3)
		require.NoError(t, h.AddRestraint(h.ctx, dsar.RestraintRow{Ref: ref, Kind: dsar.Objection, Request: "r2"}))
		all, err = h.Restraints(h.ctx, ref)
		require.NoError(t, err)
		require.EqualValues(t, "r2", all[1].Request)
		together(8, func(i int) {
			require.NoError(t, h.process(i).AddRestraint(h.ctx, dsar.RestraintRow{Ref: other, Kind: dsar.Objection, Request: "r3"}))
		})
		all, err = h.Restraints(h.ctx, other)
		require.NoError(t, err)
		require.Len(t, all, 1)
		for _, bad := range []dsar.RestraintRow{{Kind: dsar.Objection, Request: "r"}, {Ref: ref, Kind: dsar.Erasure, Request: "r"}, {Ref: ref, Kind: dsar.Rectification, Request: "r"},
			{Ref: ref, Kind: dsar.Objection}, {Ref: ref, Kind: dsar.Objection, Request: "r", Purpose: "\xff"}} {
			require.ErrorIs(t, h.AddRestraint(h.ctx, bad), dsar.ErrRefused)
		}
	}},
	{"a tenant's own periods are there until they are taken back", func(t *testing.T, h *house) {
		require.NoError(t, h.SetRetention(h.ctx, dsar.RetentionRow{Category: "ticket – ö", For: dsar.Period{Years: 1, Months: 2, Days: 3}, By: "staff 3f", Set: day}))
		require.NoError(t, h.SetRetention(h.ctx, dsar.RetentionRow{Category: "log", For: dsar.Period{Days: 3}}))
		require.NoError(t, h.SetRetention(h.ctx, dsar.RetentionRow{Category: "log", For: dsar.Period{Days: 4}}))
		all, err := h.other().Retentions(h.ctx)
		require.NoError(t, err)
		require.Len(t, all, 2)
		require.Equal(t, dsar.RetentionRow{Category: "log", For: dsar.Period{Days: 4}, Set: all[0].Set}, all[0])
		require.Equal(t, dsar.RetentionRow{Category: "ticket – ö", For: dsar.Period{Years: 1, Months: 2, Days: 3}, By: "staff 3f", Set: all[1].Set}, all[1])
		require.True(t, all[1].Set.After(day))
		require.NoError(t, h.SetRetention(h.ctx, dsar.RetentionRow{Category: "log"}))
		require.NoError(t, h.SetRetention(h.ctx, dsar.RetentionRow{Category: "never set"}))
		all, err = h.Retentions(h.ctx)
		require.NoError(t, err)
		require.Len(t, all, 1)
		require.ErrorIs(t, h.SetRetention(h.ctx, dsar.RetentionRow{For: dsar.Period{Days: 1}}), dsar.ErrRefused)
		require.ErrorIs(t, h.SetRetention(h.ctx, dsar.RetentionRow{Category: "log", For: dsar.Period{Days: -1}}), dsar.ErrRefused)
	}},
}
