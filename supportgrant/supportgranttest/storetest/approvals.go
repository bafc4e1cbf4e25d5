package storetest

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/stretchr/testify/require"
)

func isAny(err error, of ...error) bool {
	return slices.ContainsFunc(of, func(e error) bool { return errors.Is(err, e) })
}

var approvalTests = []test{
	{"a challenge is burned once, and comes back as it was", func(t *testing.T, h *house) {
		g := h.add(t, nil)
		c := newChallenge(g, "olga")
		require.NoError(t, h.AddChallenge(h.ctx, c, 9))
		var won atomic.Int64
		together(32, func(i int) {
			got, err := h.process(i).Burn(h.ctx, c.Digest)
			if err == nil {
				won.Add(1)
				got.For = c.For
				require.Equal(t, c, got)
			} else {
				require.ErrorIs(t, err, supportgrant.ErrStale)
			}
		})
		require.EqualValues(t, 1, won.Load())
		_, err := h.Burn(h.ctx, [32]byte{})
		require.ErrorIs(t, err, supportgrant.ErrStale)
	}},
	{"challenges are counted for each approver and grant", func(t *testing.T, h *house) {
		g, other := h.add(t, nil), h.add(t, nil)
		for range 3 {
			c := newChallenge(g, "olga")
			require.NoError(t, h.AddChallenge(h.ctx, c, 3))
			_, err := h.Burn(h.ctx, c.Digest)
			require.NoError(t, err, "one that was used counts too")
		}
		require.ErrorIs(t, h.AddChallenge(h.ctx, newChallenge(g, "olga"), 3), supportgrant.ErrTooMany)
		require.NoError(t, h.AddChallenge(h.ctx, newChallenge(g, "otto"), 3))
		require.NoError(t, h.AddChallenge(h.ctx, newChallenge(other, "olga"), 3))
	}},
	{"a challenge that must not be is refused", func(t *testing.T, h *house) {
		g := h.add(t, nil)
		for what, change := range map[string]func(*supportgrant.ChallengeRow){
			"no approver": func(c *supportgrant.ChallengeRow) { c.Approver = "" },
			"no method":   func(c *supportgrant.ChallengeRow) { c.Method = "" },
			"long state":  func(c *supportgrant.ChallengeRow) { c.State = make([]byte, 64<<10+1) },
			"no life":     func(c *supportgrant.ChallengeRow) { c.Life = 0 },
			"long life":   func(c *supportgrant.ChallengeRow) { c.Life = supportgrant.MaxLife + time.Second },
			"no time":     func(c *supportgrant.ChallengeRow) { c.For = 0 },
			"long time":   func(c *supportgrant.ChallengeRow) { c.For = time.Hour + time.Second },
		} {
			c := newChallenge(g, "olga")
			change(&c)
			require.ErrorIs(t, h.AddChallenge(h.ctx, c, 99), supportgrant.ErrRefused, what)
		}
		c := newChallenge(g, "olga")
		require.NoError(t, h.AddChallenge(h.ctx, c, 99))
		require.ErrorIs(t, h.AddChallenge(h.ctx, c, 99), supportgrant.ErrRefused, "twice")
	}},
	{"proofs come back as they were, oldest first", func(t *testing.T, h *house) {
		g := h.add(t, func(g *supportgrant.GrantRow) { g.Care = true })
		a := h.prove(t, g, "olga", g.Asked)
		c := newChallenge(g, "otto")
		require.NoError(t, h.AddChallenge(h.ctx, c, 9))
		_, err := h.Burn(h.ctx, c.Digest)
		require.NoError(t, err)
		b := proofOf(c)
		b.Proof, b.PhishingResistant, b.At = nil, false, time.Unix(1, 0)
		require.NoError(t, h.AddProof(h.ctx, b))
		got, err := h.other().Proofs(h.ctx, g.ID)
		require.NoError(t, err)
		require.Len(t, got, 2)
		require.False(t, got[0].At.Before(g.Requested))
		require.False(t, got[1].At.Before(got[0].At))
		a.At, b.At = got[0].At, got[1].At
		require.Equal(t, []supportgrant.ProofRow{a, b}, got)
		require.ErrorIs(t, h.AddProof(h.ctx, b), supportgrant.ErrExists)
		none, err := h.Proofs(h.ctx, h.add(t, nil).ID)
		require.NoError(t, err)
		require.Empty(t, none)
	}},
	{"nobody approves twice", func(t *testing.T, h *house) {
		g := h.add(t, func(g *supportgrant.GrantRow) { g.Care = true })
		h.prove(t, g, "olga", g.Asked)
		c := newChallenge(g, "olga")
		require.NoError(t, h.AddChallenge(h.ctx, c, 9))
		_, err := h.Burn(h.ctx, c.Digest)
		require.NoError(t, err)
		require.ErrorIs(t, h.AddProof(h.ctx, proofOf(c)), supportgrant.ErrExists)
	}},
	{"a proof that must not be is refused", func(t *testing.T, h *house) {
		g := h.add(t, nil)
		for what, change := range map[string]func(*supportgrant.ProofRow){
			"another approver":  func(p *supportgrant.ProofRow) { p.Approver = "otto" },
			"another challenge": func(p *supportgrant.ProofRow) { p.Digest[0]++ },
			"another grant":     func(p *supportgrant.ProofRow) { p.Grant = h.add(t, nil).ID },
			"another life":      func(p *supportgrant.ProofRow) { p.Life += time.Second },
			"no method":         func(p *supportgrant.ProofRow) { p.Method = "" },
			"a long one":        func(p *supportgrant.ProofRow) { p.Proof = []byte(strings.Repeat("x", 64<<10+1)) },
		} {
			c := newChallenge(g, "olga")
			require.NoError(t, h.AddChallenge(h.ctx, c, 99))
			_, err := h.Burn(h.ctx, c.Digest)
			require.NoError(t, err)
			p := proofOf(c)
			change(&p)
			require.ErrorIs(t, h.AddProof(h.ctx, p), supportgrant.ErrRefused, what)
		}
		c := newChallenge(g, "olga")
		require.NoError(t, h.AddChallenge(h.ctx, c, 99))
		require.ErrorIs(t, h.AddProof(h.ctx, proofOf(c)), supportgrant.ErrRefused, "a challenge that was not burned")

		c = newChallenge(g, g.Staff)
		require.NoError(t, h.AddChallenge(h.ctx, c, 99))
		_, err := h.Burn(h.ctx, c.Digest)
		require.NoError(t, err)
		require.ErrorIs(t, h.AddProof(h.ctx, proofOf(c)), supportgrant.ErrRefused, "by who asked")

		c = newChallenge(g, "olga")
		c.Life = g.Asked + time.Second
		require.NoError(t, h.AddChallenge(h.ctx, c, 99))
		_, err = h.Burn(h.ctx, c.Digest)
		require.NoError(t, err)
		require.ErrorIs(t, h.AddProof(h.ctx, proofOf(c)), supportgrant.ErrRefused, "for longer than was asked for")

		for _, s := range []supportgrant.State{supportgrant.Approved, supportgrant.Denied, supportgrant.Withdrawn} {
			g := h.in(t, s)
			c := newChallenge(g, "oscar")
			require.NoError(t, h.AddChallenge(h.ctx, c, 99))
			_, err := h.Burn(h.ctx, c.Digest)
			require.NoError(t, err)
			require.ErrorIs(t, h.AddProof(h.ctx, proofOf(c)), supportgrant.ErrRefused, "of what is %s", s)
		}
	}},
}
