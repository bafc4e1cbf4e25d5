package dsar

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar/deadline"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Evidence shows who makes a request. It has no room for a copy of a passport: what is kept of it is Method, the time, and who says so.
//
// Who is signed in needs no more than that: Person is then who the session says, and By that person. Who is not gets a token
// ([Service.Token]) at an address that the application had before the request came, and brings it back.
type Evidence struct {
	Request ID     // the one that it is for: evidence for one request is none for another
	Method  string // how: "session", "e-mail", "shown at the desk": 1 to 64 characters, nothing personal
	Person  Person // who it shows, by the application's own knowledge, and not by what the request says
	Token   redact.Secret[string]
	By      audit.Party // who vouches for it; zero: the application
}

// Token returns a token that shows, to whoever brings it back in time, that it came from who the request is about: send it to an address of
// theirs that the application knows already, and not to one that the request names. It is good for this request alone.
func (s *Service) Token(ctx context.Context, id ID) (redact.Secret[string], error) {
	var token string
	_, err := s.change(ctx, id, audit.Party{}, func(ctx context.Context, r *RequestRow, now time.Time) (*change, error) {
		if r.State != Open {
			return nil, r.misplaced()
		}
		end := binary.BigEndian.AppendUint64(nil, uint64(now.Add(s.o.Token).Unix()))
		sum, err := s.tokenMAC(ctx, r, end)
		if err != nil {
			return nil, err
		}
		token = base64.RawURLEncoding.EncodeToString(append(end, sum[:]...))
		return nil, s.noteAs(ctx, r, actionVerified, audit.Party{}, audit.Attempted, "token", nil)
	})
	return redact.NewSecret(token), err
}

func (s *Service) tokenMAC(ctx context.Context, r *RequestRow, end []byte) ([32]byte, error) {
	tenant, err := tenancy.From(ctx)
	return s.mac("token", tenant, string(r.ID), string(r.Ref[:]), string(end)), err
}

func (s *Service) checkToken(ctx context.Context, r *RequestRow, token string, now time.Time) error {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) != 40 {
		return ErrIdentity
	}
	sum, err := s.tokenMAC(ctx, r, b[:8])
	if err != nil {
		return err
	}
	if !hmac.Equal(sum[:], b[8:]) || now.Unix() >= int64(binary.BigEndian.Uint64(b)) {
		return ErrIdentity
	}
	return nil
}

// Verified says that it is known who asks. [ErrIdentity]: the evidence is for another request, or shows another person; that is
// recorded, and nothing is told of the one whom the request is about.
//
// A person who has an open request of the kind already joins it: the second ends, with the outcome [Joined], and the clock
// of the first counts from the earlier of the two. Access is refused once an erasure of the person has begun.
func (s *Service) Verified(ctx context.Context, id ID, e Evidence) (Request, error) {
	if e.Method == "" || len(e.Method) > 64 || kept(e.Method) != nil {
		return Request{}, &InvalidError{"method", "it does not say how who asks was identified"}
	}
	var shown Ref
	token := e.Token.Reveal()
	if token == "" {
		var err error
		if _, shown, err = s.resolved(ctx, e.Person); errors.Is(err, ErrInvalid) {
			err = ErrIdentity
			if _, missing := s.store.Request(ctx, id); missing != nil {
				return Request{}, missing
			}
			return Request{}, s.denied(ctx, id, e, err)
		} else if err != nil {
			return Request{}, err
		}
	}
	r, err := s.change(ctx, id, e.By, func(ctx context.Context, r *RequestRow, now time.Time) (*change, error) {
		switch {
		case e.Request != id:
			return nil, ErrIdentity
		case token == "" && shown != r.Ref:
			return nil, ErrIdentity
		case token != "":
			if err := s.checkToken(ctx, r, token, now); err != nil {
				return nil, err
			}
		}
		if r.State != Open {
			if active(r.State) || r.Outcome == Joined {
				return nil, nil // it was shown before
			}
			return nil, r.misplaced()
		}
		answered(r, deadline.Identity, now)
		r.Verified, r.Method = now, e.Method
		return s.admit(ctx, r, now)
	})
	if errors.Is(err, ErrIdentity) {
		return Request{}, s.denied(ctx, id, e, err)
	}
	return r, err
}

// admit says where a request goes whose person is known now.
func (s *Service) admit(ctx context.Context, r *RequestRow, now time.Time) (*change, error) {
	others, err := s.store.Requests(ctx, Find{Ref: r.Ref, States: []State{Verified, Approved, Working, Ending}})
	if err != nil {
		return nil, err
	}
	r.State, r.Next = Verified, time.Time{}
	if r.Kind != Erasure || r.Acknowledged.IsZero() {
		r.Next = now
	}
	for _, o := range others {
		if o, err = s.store.Request(ctx, o.ID); err != nil { // nobody changes it until this is decided
			return nil, err
		}
		switch {
		case o.Kind == r.Kind && active(o.State):
			end(r, Joined, now)
			r.Into = o.ID
			if r.Since.Before(o.Since) {
				o.Since = r.Since
				if err := s.reckon(&o); err != nil {
					return nil, err
				}
				if _, err := s.store.Update(ctx, o); err != nil {
					return nil, err
				}
			}
			return &change{action: actionVerified, what: "joined", data: map[string]any{"method": r.Method, "into": string(o.ID)}}, nil
		case exports(r.Kind) && o.Kind == Erasure && (o.State == Working || o.State == Ending && o.Outcome == Done):
			end(r, Refused, now)
			r.Ground = AlreadyErased
			return &change{action: actionVerified, what: "refused", data: map[string]any{"method": r.Method, "ground": string(r.Ground)}}, nil
		}
	}
	return &change{action: actionVerified, what: r.Method, data: map[string]any{"method": r.Method}}, nil
}

// end is how r ends.
func end(r *RequestRow, o Outcome, now time.Time) {
	r.State, r.Outcome, r.Ended, r.Next, r.Tries = Ending, o, now, now, 0
}

// denied records that who asks did not show who they are.
func (s *Service) denied(ctx context.Context, id ID, e Evidence, err error) error {
	lost := s.tx(ctx, func(ctx context.Context, _ time.Time) error {
		r, err := s.store.Request(ctx, id)
		if err != nil {
			return err
		}
		return s.noteAs(ctx, &r, actionVerified, e.By, audit.Denied, "evidence", map[string]any{"method": e.Method})
	})
	return errors.Join(err, lost)
}

// conflicts are the kinds of which an erasure waits for the end.
func conflicts(all []RequestRow) bool {
	return slices.ContainsFunc(all, func(r RequestRow) bool { return exports(r.Kind) && active(r.State) })
}
