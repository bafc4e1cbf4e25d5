package supportgrant

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

type memoryChallenge struct {
	ChallengeRow
	expires time.Time
	used    bool
}

func refused(why string) error { return fmt.Errorf("%w: %s", ErrRefused, why) }

// kept is nil for text that comes back as it was.
func kept(all ...string) error {
	if slices.ContainsFunc(all, func(s string) bool { return !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 }) {
		return refused("text that is not UTF-8, or has a NUL")
	}
	return nil
}

func length(s string, least, most int) bool {
	n := utf8.RuneCountInString(s)
	return n >= least && n <= most
}

func seconds(d, most time.Duration) bool { return d > 0 && d <= most && d%time.Second == 0 }

// AddGrant implements [Store].
func (m *Memory) AddGrant(ctx context.Context, g GrantRow) (out GrantRow, err error) {
	err = m.write(ctx, func(r *memoryRows, now time.Time) error {
		if was, ok := r.grants[g.ID]; ok {
			out = was
			out.Scope = slices.Clone(was.Scope)
			return ErrExists
		}
		if err := kept(append([]string{string(g.Staff), g.Ticket, g.Reason}, g.Scope...)...); err != nil {
			return err
		}
		switch {
		case g.ID == GrantID{}:
			return refused("a grant without an id")
		case g.State != Requested || g.Life != 0 || g.EndedBy != "" || g.EndReason != "":
			return refused("a grant that does not begin as a request")
		case g.Staff == "" || len(g.Staff) > 128:
			return refused("no staff")
		case !length(g.Ticket, 1, 128), !length(g.Reason, 10, 1000):
			return refused("no ticket or no reason")
		case len(g.Scope) == 0 || !slices.IsSorted(g.Scope) || slices.ContainsFunc(g.Scope, func(n string) bool { return !isCategoryName(n) || Excluded(n) != "" }):
			return refused("a scope that cannot be")
		case !seconds(g.Asked, MaxLife) || !seconds(g.Wait, MaxWait):
			return refused("a time that cannot be")
		}
		out = GrantRow{ID: g.ID, Version: 1, State: Requested, Staff: g.Staff, Ticket: g.Ticket, Reason: g.Reason, Scope: slices.Clone(g.Scope),
			Care: g.Care, Asked: g.Asked, Wait: g.Wait, Requested: now, PendingUntil: now.Add(g.Wait)}
		r.grants[g.ID] = out
		out.Scope = slices.Clone(g.Scope)
		return nil
	})
	return out, err
}

// Grant implements [Store].
func (m *Memory) Grant(ctx context.Context, id GrantID) (g GrantRow, now time.Time, err error) {
	err = m.read(ctx, func(r *memoryRows, at time.Time) error {
		var ok bool
		if g, ok = r.grants[id]; !ok {
			return ErrNotFound
		}
		g.Scope, now = slices.Clone(g.Scope), at
		return nil
	})
	return g, now, err
}

// Grants implements [Store].
func (m *Memory) Grants(ctx context.Context, f Find) (out []GrantRow, now time.Time, err error) {
	err = m.read(ctx, func(r *memoryRows, at time.Time) error {
		now = at
		for _, g := range r.grants {
			if (f.Staff == "" || f.Staff == g.Staff) && (f.Ticket == "" || f.Ticket == g.Ticket) && (f.States == nil || slices.Contains(f.States, g.State)) &&
				(f.Before.IsZero() || (Place{g.Requested, g.ID}).compare(f.Before) < 0) {
				g.Scope = slices.Clone(g.Scope)
				out = append(out, g)
			}
		}
		slices.SortFunc(out, func(a, b GrantRow) int { return Place{b.Requested, b.ID}.compare(Place{a.Requested, a.ID}) })
		if f.Limit > 0 && len(out) > f.Limit {
			out = out[:f.Limit]
		}
		return nil
	})
	return out, now, err
}

// Move implements [Store].
func (m *Memory) Move(ctx context.Context, v Move) (out GrantRow, err error) {
	err = m.write(ctx, func(r *memoryRows, now time.Time) error {
		g, ok := r.grants[v.ID]
		switch {
		case !ok:
			return ErrNotFound
		case !v.From.May(v.To):
			return refused("a move that no grant makes")
		case g.State != v.From || g.Version != v.Version:
			return ErrConflict
		}
		if err := kept(string(v.By), v.Why); err != nil {
			return err
		}
		g.State, g.Version = v.To, g.Version+1
		if v.To == Approved {
			if err := mayLive(&g, r.proofs[g.ID], v.Life, now); err != nil {
				return err
			}
			g.Life, g.Approved, g.Expires = v.Life, now, now.Add(v.Life)
		} else {
			switch {
			case v.To == Lapsed && now.Before(g.PendingUntil), v.To == Expired && now.Before(g.Expires):
				return refused("an end before its time")
			case len(v.By) > 128 || !length(v.Why, 0, 1000):
				return refused("an end by nobody, or for too much")
			}
			g.Ended, g.EndedBy, g.EndReason = now, v.By, v.Why
		}
		r.grants[v.ID], out = g, g
		out.Scope = slices.Clone(g.Scope)
		return nil
	})
	return out, err
}

func mayLive(g *GrantRow, proofs []ProofRow, life time.Duration, now time.Time) error {
	need := 1
	if g.Care {
		need = 2
	}
	switch {
	case len(proofs) < need: // which are of different approvers
		return refused("approved without a proof")
	case !seconds(life, g.Asked) || slices.ContainsFunc(proofs, func(p ProofRow) bool { return life > p.Life }):
		return refused("approved for longer than anybody said")
	case !now.Before(g.PendingUntil):
		return refused("approved after it lapsed")
	}
	return nil
}

// AddChallenge implements [Store].
func (m *Memory) AddChallenge(ctx context.Context, c ChallengeRow, most int) error {
	return m.write(ctx, func(r *memoryRows, now time.Time) error {
		if _, ok := r.grants[c.Grant]; !ok {
			return ErrNotFound
		}
		had := 0
		for _, o := range r.challenges {
			if o.Grant == c.Grant && o.Approver == c.Approver {
				had++
			}
		}
		if had >= most {
			return ErrTooMany
		}
		if err := kept(string(c.Approver), c.Method); err != nil {
			return err
		}
		_, there := r.challenges[c.Digest]
		if there || c.Approver == "" || len(c.Approver) > 128 || c.Method == "" || len(c.State) > 64<<10 || !seconds(c.Life, MaxLife) || c.For <= 0 || c.For > time.Hour {
			return refused("a challenge that cannot be")
		}
		c.State = slices.Clone(c.State)
		r.challenges[c.Digest] = memoryChallenge{ChallengeRow: c, expires: now.Add(c.For)}
		return nil
	})
}

// Burn implements [Store].
func (m *Memory) Burn(ctx context.Context, digest [32]byte) (c ChallengeRow, err error) {
	if m.InTx(ctx) {
		return c, ErrInTransaction
	}
	err = m.write(ctx, func(r *memoryRows, now time.Time) error {
		k, ok := r.challenges[digest]
		if !ok || k.used || !now.Before(k.expires) {
			return ErrStale
		}
		k.used = true
		r.challenges[digest], c = k, k.ChallengeRow
		c.State = slices.Clone(c.State)
		return nil
	})
	return c, err
}

// AddProof implements [Store].
func (m *Memory) AddProof(ctx context.Context, p ProofRow) error {
	return m.write(ctx, func(r *memoryRows, now time.Time) error {
		g, ok := r.grants[p.Grant]
		if !ok {
			return ErrNotFound
		}
		for _, all := range r.proofs {
			for _, o := range all {
				if o.Digest == p.Digest || o.Grant == p.Grant && o.Approver == p.Approver {
					return ErrExists
				}
			}
		}
		c, ok := r.challenges[p.Digest]
		switch {
		case !ok || !c.used || c.Grant != p.Grant || c.Approver != p.Approver || c.Life != p.Life:
			return refused("a proof without a challenge")
		case g.State != Requested || p.Approver == g.Staff || !seconds(p.Life, g.Asked):
			return refused("a proof of what cannot be approved")
		case p.Method == "" || len(p.Proof) > 64<<10:
			return refused("a proof that cannot be")
		}
		if err := kept(p.Method); err != nil {
			return err
		}
		p.At, p.Proof = now, slices.Clone(p.Proof)
		r.proofs[p.Grant] = append(slices.Clone(r.proofs[p.Grant]), p)
		return nil
	})
}

// Proofs implements [Store].
func (m *Memory) Proofs(ctx context.Context, id GrantID) (out []ProofRow, err error) {
	err = m.read(ctx, func(r *memoryRows, _ time.Time) error {
		out = slices.Clone(r.proofs[id])
		for i := range out {
			out[i].Proof = slices.Clone(out[i].Proof)
		}
		return nil
	})
	return out, err
}
