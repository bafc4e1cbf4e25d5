package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

var errOops = errors.New("oops")

var transactionTests = []test{
	{"a transaction is in force together or not at all", func(t *testing.T, h *house) {
		g := newGrant()
		fill := func(ctx context.Context) {
			_, err := h.AddGrant(ctx, g)
			require.NoError(t, err)
			require.NoError(t, h.Append(ctx, supportgrant.Entry{ID: uuid.New(), Kind: supportgrant.KindRequested, Grant: g.ID}))
			require.NoError(t, h.Post(ctx, supportgrant.NoteRow{Key: "a", Kind: supportgrant.NoticeRequested, Grant: g.ID}))
			_, _, err = h.Grant(ctx, g.ID)
			require.NoError(t, err, "its own rows are seen in it")
		}
		none := func() {
			_, _, err := h.other().Grant(h.ctx, g.ID)
			require.ErrorIs(t, err, supportgrant.ErrNotFound)
			log, err := h.other().Log(h.ctx, supportgrant.Look{}, supportgrant.Place{}, 10)
			require.NoError(t, err)
			require.Empty(t, log)
			notes, err := h.other().Claim(h.ctx, 10, 0)
			require.NoError(t, err)
			require.Empty(t, notes)
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
			bad := newGrant()
			bad.Ticket = ""
			_, err := h.AddGrant(ctx, bad)
			require.ErrorIs(t, err, supportgrant.ErrRefused)
			return nil
		}))
		none()
		require.NoError(t, h.within(func(ctx context.Context) error { fill(ctx); return nil }))
		_, _, err := h.other().Grant(h.ctx, g.ID)
		require.NoError(t, err)
	}},
	{"answers do not undo a transaction", func(t *testing.T, h *house) {
		g := newGrant()
		require.NoError(t, h.within(func(ctx context.Context) error {
			_, err := h.AddGrant(ctx, g)
			require.NoError(t, err)
			again, err := h.AddGrant(ctx, g)
			require.ErrorIs(t, err, supportgrant.ErrExists)
			require.Equal(t, g.Ticket, again.Ticket)
			_, _, err = h.Grant(ctx, uuid.New())
			require.ErrorIs(t, err, supportgrant.ErrNotFound)
			c := newChallenge(g, "olga")
			require.NoError(t, h.AddChallenge(ctx, c, 1))
			require.ErrorIs(t, h.AddChallenge(ctx, newChallenge(g, "olga"), 1), supportgrant.ErrTooMany)
			lost := g
			lost.ID = uuid.New()
			require.ErrorIs(t, h.AddChallenge(ctx, newChallenge(lost, "olga"), 1), supportgrant.ErrNotFound)
			return nil
		}))
		_, _, err := h.other().Grant(h.ctx, g.ID)
		require.NoError(t, err)
	}},
	{"a transaction is told of, and keeps out what must not be in one", func(t *testing.T, h *house) {
		require.False(t, h.InTx(h.ctx))
		g := h.approved(t, nil)
		for what, f := range map[string]func(ctx context.Context) error{
			"burn":  func(ctx context.Context) error { _, err := h.Burn(ctx, [32]byte{1}); return err },
			"drain": func(ctx context.Context) error { return h.Drain(ctx, g.ID) },
			"read": func(ctx context.Context) error {
				return h.Read(ctx, h.reading(g), func(context.Context, supportgrant.Rows) error { panic("never") })
			},
		} {
			err := h.within(func(ctx context.Context) error {
				require.True(t, h.InTx(ctx))
				return f(ctx)
			})
			require.ErrorIs(t, err, supportgrant.ErrInTransaction, what)
		}
	}},
	{"nothing is done without a tenant, in another one's transaction, or after the end", func(t *testing.T, h *house) {
		g := h.approved(t, nil)
		ended, cancel := context.WithCancel(h.ctx)
		cancel()
		foreign := h.neighbour(t)
		for what, f := range map[string]func(ctx context.Context) error{
			"add":       func(ctx context.Context) error { _, err := h.AddGrant(ctx, newGrant()); return err },
			"grant":     func(ctx context.Context) error { _, _, err := h.Grant(ctx, g.ID); return err },
			"grants":    func(ctx context.Context) error { _, _, err := h.Grants(ctx, supportgrant.Find{}); return err },
			"move":      func(ctx context.Context) error { _, err := h.Move(ctx, moving(g, supportgrant.Withdrawn)); return err },
			"challenge": func(ctx context.Context) error { return h.AddChallenge(ctx, newChallenge(g, "olga"), 9) },
			"burn":      func(ctx context.Context) error { _, err := h.Burn(ctx, [32]byte{1}); return err },
			"proof":     func(ctx context.Context) error { return h.AddProof(ctx, proofOf(newChallenge(g, "olga"))) },
			"proofs":    func(ctx context.Context) error { _, err := h.Proofs(ctx, g.ID); return err },
			"read": func(ctx context.Context) error {
				return h.Read(ctx, h.reading(g), func(context.Context, supportgrant.Rows) error { panic("never") })
			},
			"reserve": func(ctx context.Context) error { _, err := h.Reserve(ctx, g.ID, 1, 9); return err },
			"append": func(ctx context.Context) error {
				return h.Append(ctx, supportgrant.Entry{ID: uuid.New(), Kind: supportgrant.KindRefused})
			},
			"log": func(ctx context.Context) error {
				_, err := h.Log(ctx, supportgrant.Look{}, supportgrant.Place{}, 9)
				return err
			},
			"post":      func(ctx context.Context) error { return h.Post(ctx, supportgrant.NoteRow{Key: "k"}) },
			"claim":     func(ctx context.Context) error { _, err := h.Claim(ctx, 9, 0); return err },
			"sent":      func(ctx context.Context) error { return h.Sent(ctx, "k") },
			"catalogue": func(ctx context.Context) error { _, err := h.Catalogue(ctx, nil); return err },
			"tx":        func(ctx context.Context) error { return h.Tx(ctx, func(context.Context) error { panic("never") }) },
		} {
			require.ErrorIs(t, f(context.Background()), tenancy.ErrNoTenant, what)
			require.Error(t, f(tenancy.With(h.ctx, foreign.tenant)), what)
			if what != "catalogue" {
				require.Error(t, f(ended), what)
			}
		}
		require.Error(t, h.within(func(ctx context.Context) error {
			_, err := h.AddGrant(tenancy.Switch(ctx, foreign.tenant), newGrant())
			require.Error(t, err)
			return err
		}))
		found, _, err := h.Grants(h.ctx, supportgrant.Find{})
		require.NoError(t, err)
		require.Len(t, found, 1)
		found, _, err = h.Grants(foreign.ctx, supportgrant.Find{})
		require.NoError(t, err)
		require.Empty(t, found)
	}},
	{"tenants see nothing of each other", func(t *testing.T, h *house) {
		g := h.approved(t, nil)
		n := h.neighbour(t)
		_, _, err := n.Grant(n.ctx, g.ID)
		require.ErrorIs(t, err, supportgrant.ErrNotFound)
		_, err = n.Move(n.ctx, moving(g, supportgrant.Withdrawn))
		require.ErrorIs(t, err, supportgrant.ErrNotFound)
		err = n.Read(n.ctx, n.reading(g), func(context.Context, supportgrant.Rows) error { panic("never") })
		require.ErrorIs(t, err, supportgrant.ErrNotGranted)
		c := newChallenge(g, "olga")
		require.ErrorIs(t, n.AddChallenge(n.ctx, c, 9), supportgrant.ErrNotFound)
		req := h.add(t, nil)
		c = newChallenge(req, "olga")
		require.NoError(t, h.AddChallenge(h.ctx, c, 9))
		_, err = n.Burn(n.ctx, c.Digest)
		require.ErrorIs(t, err, supportgrant.ErrStale)
		_, err = h.Burn(h.ctx, c.Digest)
		require.NoError(t, err)
		require.ErrorIs(t, n.AddProof(n.ctx, proofOf(c)), supportgrant.ErrNotFound)
		_, err = n.AddGrant(n.ctx, func() supportgrant.GrantRow { r := newGrant(); r.ID = g.ID; return r }())
		require.NoError(t, err, "ids are a tenant's own")
		_, err = n.Reserve(n.ctx, uuid.New(), 1, 1)
		require.ErrorIs(t, err, supportgrant.ErrNotFound)
	}},
}
