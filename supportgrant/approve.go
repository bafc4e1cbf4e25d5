package supportgrant

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// mostChallenges is how many challenges somebody can have for one request.
const mostChallenges = 20

// Pending is an approval that was begun: what the approver is shown, and what their second factor is asked.
type Pending struct {
	Intent  Intent   // show all of it
	Digest  [32]byte // of Intent: goes back in the [Answer]
	Method  string
	Options []byte // JSON for the browser
}

// Answer is the approver's.
type Answer struct {
	Digest   [32]byte // of the [Pending]
	Response []byte   // of the second factor, as its [MFA] takes it
}

// BeginApproval begins the approval of a request by an owner or admin of the tenant, with one of their second factors. life shortens
// what was asked for; 0 leaves it. The answer to what it returns goes to [Service.Approve], once, in time, and from the
// same person. [ErrStale]: the request is not open any more. [ErrSelfApproval] and [ErrNotAllowed] are recorded, as are all
// refusals here. Who approved a request with care once is not its second approver: ErrNotAllowed. The caller has authenticated by.
func (s *Service) BeginApproval(ctx context.Context, id GrantID, by Person, method string, life time.Duration) (Pending, error) {
	g, err := s.approvable(ctx, id, by)
	if err != nil {
		return Pending{}, s.refusedApproval(ctx, id, by, err)
	}
	if life == 0 {
		life = g.Asked
	}
	if err := lifeOf(life, g.Asked); err != nil {
		return Pending{}, err
	}
	m := s.methods[method]
	if m == nil {
		return Pending{}, &InvalidError{"method", "there is no such second factor"}
	}
	intent := g.intent(by, life, newNonce())
	c, err := m.Begin(ctx, intent)
	if err != nil {
		return Pending{}, s.refusedApproval(ctx, id, by, err)
	}
	if len(c.State) > 64<<10 {
		return Pending{}, fmt.Errorf("%w: the second factor's state is longer than 64 KiB", ErrUnavailable)
	}
	row := ChallengeRow{Digest: intent.Digest(), Grant: id, Approver: by, Life: life, Nonce: intent.Nonce, Method: method, State: c.State, For: s.o.Challenge}
	if err := s.store.AddChallenge(ctx, row, mostChallenges); err != nil {
		return Pending{}, s.refusedApproval(ctx, id, by, err)
	}
	return Pending{Intent: intent, Digest: row.Digest, Method: method, Options: c.Options}, nil
}

// approvable returns the request if by may approve it now.
func (s *Service) approvable(ctx context.Context, id GrantID, by Person) (g Grant, err error) {
	err = s.store.Tx(ctx, func(ctx context.Context) error {
		if g, err = s.Grant(ctx, id); err != nil {
			return err
		}
		proofs, err := s.store.Proofs(ctx, id)
		if err != nil {
			return err
		}
		return s.decides(ctx, &g, by, proofs)
	})
	return g, err
}

// decides is nil if by may approve g now, beside those who did.
func (s *Service) decides(ctx context.Context, g *Grant, by Person, proofs []ProofRow) error {
	if err := personOf("approver", by); err != nil {
		return err
	}
	if g.State != Requested {
		return ErrStale
	}
	if !g.known {
		return fmt.Errorf("%w: the request has a category that this program does not define, so nobody can be shown it", ErrSchema)
	}
	if err := s.approves(ctx, g, by); err != nil {
		return err
	}
	for _, p := range proofs {
		if p.Approver == by {
			return ErrNotAllowed
		}
		if err := s.approves(ctx, g, p.Approver); err != nil { // whose role may have gone since
			return err
		}
	}
	if ok, err := s.staffActive(ctx, g.Staff); err != nil {
		return err
	} else if !ok {
		return ErrNotAllowed
	}
	return nil
}

// Approve answers the challenge of a [Pending], and thereby approves the request: the grant is live from now on for the life that was
// shown. One with care is live when a second person has approved it too, for the shorter of the two. Whatever comes of it the challenge
// is used up. Called again by the same person with the same answer after it has been approved, it returns the grant.
//
// [ErrMFA] and [ErrTooMany] are the second factor's; [ErrStale]: the challenge was used, is too old or another's, or the
// request has ended or is not what was shown; [ErrSelfApproval], [ErrNotAllowed]: who may approve is asked again, in the
// transaction that approves. All of them are recorded. In a transaction of the caller's it is [ErrInTransaction].
func (s *Service) Approve(ctx context.Context, id GrantID, by Person, a Answer) (Grant, error) {
	if s.store.InTx(ctx) {
		return Grant{}, ErrInTransaction
	}
	c, err := s.store.Burn(ctx, a.Digest)
	if errors.Is(err, ErrStale) {
		if g, ok := s.approvedBefore(ctx, id, by, a.Digest); ok {
			return g, nil
		}
	}
	if err != nil {
		return Grant{}, s.refusedApproval(ctx, id, by, err)
	}
	p, err := s.verified(ctx, &c, id, by, a)
	if err != nil {
		return Grant{}, s.refusedApproval(ctx, id, by, err)
	}
	g, err := s.confirm(ctx, &c, p)
	if err != nil {
		return Grant{}, s.refusedApproval(ctx, id, by, err)
	}
	return g, nil
}

// verified is the proof that a is the answer of by to c.
func (s *Service) verified(ctx context.Context, c *ChallengeRow, id GrantID, by Person, a Answer) (ProofRow, error) {
	if c.Grant != id || c.Approver != by {
		return ProofRow{}, ErrStale
	}
	m := s.methods[c.Method]
	if m == nil {
		return ProofRow{}, ErrMFA
	}
	g, err := s.Grant(ctx, id)
	if err != nil {
		return ProofRow{}, err
	}
	intent := g.intent(by, c.Life, c.Nonce)
	if digest := intent.Digest(); g.State != Requested || subtle.ConstantTimeCompare(digest[:], a.Digest[:]) != 1 {
		return ProofRow{}, ErrStale
	}
	ev, err := m.Verify(ctx, intent, c.State, a.Response)
	if err != nil {
		return ProofRow{}, err
	}
	if ev.Digest != a.Digest || ev.Method != c.Method || len(ev.Proof) > 64<<10 {
		return ProofRow{}, ErrMFA
	}
	if demands := s.o.PhishingResistant; demands != nil && !ev.PhishingResistant {
		if yes, err := demands(ctx); err != nil {
			return ProofRow{}, fmt.Errorf("%w: what the tenant demands: %w", ErrUnavailable, err)
		} else if yes {
			return ProofRow{}, ErrMFA
		}
	}
	return ProofRow{Grant: id, Digest: a.Digest, Approver: by, Life: c.Life, Nonce: c.Nonce, Method: ev.Method,
		PhishingResistant: ev.PhishingResistant, Proof: ev.Proof}, nil
}

// confirm adds the proof, and approves the request if that was the last one needed.
func (s *Service) confirm(ctx context.Context, c *ChallengeRow, p ProofRow) (g Grant, err error) {
	tenant, err := tenancy.From(ctx)
	if err != nil {
		return Grant{}, err
	}
	entry := newID()
	err = s.store.Tx(ctx, func(ctx context.Context) error {
		if g, err = s.Grant(ctx, c.Grant); err != nil {
			return err
		}
		intent := g.intent(p.Approver, c.Life, c.Nonce)
		if intent.Digest() != p.Digest {
			return ErrStale
		}
		proofs, err := s.store.Proofs(ctx, g.ID)
		if err != nil {
			return err
		}
		if err := s.decides(ctx, &g, p.Approver, proofs); err != nil {
			return err
		}
		if err := s.store.AddProof(ctx, p); errors.Is(err, ErrExists) {
			return ErrStale
		} else if err != nil {
			return err
		}
		data := about(&g)
		data["method"], data["phishing_resistant"] = p.Method, p.PhishingResistant
		if g.Care && len(proofs) == 0 {
			return s.tell(ctx, Entry{ID: entry, Kind: KindConfirmed, Grant: g.ID, By: p.Approver}, "", data)
		}
		life := p.Life
		for _, p := range proofs {
			life = min(life, p.Life)
		}
		row, err := s.store.Move(ctx, Move{ID: g.ID, Version: g.version, From: Requested, To: Approved, Life: life, By: p.Approver})
		if err != nil {
			return err
		}
		g = grantOf(tenant, &row, row.Approved)
		data["life"] = life.String()
		if err := s.tell(ctx, Entry{ID: entry, Kind: KindApproved, Grant: g.ID, By: p.Approver}, "", data); err != nil {
			return err
		}
		return s.post(ctx, NoticeApproved, g.ID, "", 0)
	})
	return g, err
}

// approvedBefore returns the grant if by approved it with that challenge.
func (s *Service) approvedBefore(ctx context.Context, id GrantID, by Person, digest [32]byte) (Grant, bool) {
	proofs, err := s.store.Proofs(ctx, id)
	if err != nil {
		return Grant{}, false
	}
	for _, p := range proofs {
		if p.Digest == digest && p.Approver == by {
			g, err := s.Grant(ctx, id)
			return g, err == nil
		}
	}
	return Grant{}, false
}

// refusedApproval records that an approval was refused, and why, and returns err.
func (s *Service) refusedApproval(ctx context.Context, id GrantID, by Person, err error) error {
	why := ""
	switch {
	case errors.Is(err, ErrMFA):
		why = "the second factor did not confirm the approval"
	case errors.Is(err, ErrTooMany):
		why = "too many attempts to approve"
	case errors.Is(err, ErrStale):
		why = "the approval came too late, or for something else"
	case errors.Is(err, ErrSelfApproval):
		why = "staff would have approved"
	case errors.Is(err, ErrNotAllowed):
		why = "who would have approved may not"
	default:
		return err
	}
	if personOf("approver", by) != nil {
		by = ""
	}
	return s.refuse(ctx, id, by, "", why, err)
}

// Approval is one approval of a grant, with what proves it.
type Approval struct {
	Intent   Intent
	Evidence Evidence
	At       time.Time
}

// Approvals returns the approvals of a grant, oldest first. The [Evidence] of methods that are resistant to phishing can be verified
// against the [Intent] anywhere and without this database.
func (s *Service) Approvals(ctx context.Context, id GrantID) (all []Approval, err error) {
	err = s.store.Tx(ctx, func(ctx context.Context) error {
		g, err := s.Grant(ctx, id)
		if err != nil {
			return err
		}
		proofs, err := s.store.Proofs(ctx, id)
		all = make([]Approval, len(proofs))
		for i, p := range proofs {
			all[i] = Approval{g.intent(p.Approver, p.Life, p.Nonce),
				Evidence{Method: p.Method, Digest: p.Digest, PhishingResistant: p.PhishingResistant, Proof: p.Proof}, p.At}
		}
		return err
	})
	return all, err
}
