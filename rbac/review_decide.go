package rbac

import (
	"context"
	"slices"
	"strings"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// Verdict is a decision on an item of an access review.
type Verdict struct {
	Decision Decision // Keep, Reduce or Remove
	Note     string   // why; needed to keep what is sensitive or dormant, and to reduce; at most 2,000 bytes
	Roles    []RoleID // of Reduce: what a member has from now on, which gives nothing that they did not have
	Scopes   []string // of Reduce: what a token has from now on, some of those it had
	// ETag is that of the [ReviewItem] that was looked at. "" stands for one that is as it was when the review was opened
	// and undecided.
	ETag string
}

const (
	defaultItems = 100
	maxItems     = 1000
)

// ReviewItems returns items of an access review, with what they are about as it is now: those after a key, which is "" at first,
// at most limit of them; 0: 100, and never more than 1,000. It needs [ViewAccess] or [ReviewAccess]. Another tenant's review is
// ErrNotFound.
func (a *Authorizer) ReviewItems(ctx context.Context, by Principal, review, after string, limit int) (out []ReviewItem, err error) {
	if limit <= 0 {
		limit = defaultItems
	}
	err = a.look(ctx, by, func(ctx context.Context, c *change) error {
		if _, err := a.reviewRow(ctx, review); err != nil {
			return err
		}
		rows, err := a.store.Items(ctx, review, after, min(limit, maxItems))
		if err != nil {
			return err
		}
		out = make([]ReviewItem, len(rows))
		for n := range rows {
			if out[n], err = c.item(ctx, &rows[n]); err != nil {
				return err
			}
		}
		return nil
	}, ViewAccess, ReviewAccess)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Decide decides on an item of an open access review, and returns it as it is then. What is decided is done in the same
// transaction. To keep needs [ReviewAccess]. A review gives no rights: to reduce and to remove needs also what it needs without a review, and is
// refused where that would be, such as for the last owner.
//
// Nobody decides on what concerns themselves: their own membership and tokens, the machines they answer for and the tokens of those.
// The application can ([Authorizer.System]).
//
// A decision is on what was seen: if the item has changed since the [Verdict]'s ETag, by a decision or otherwise, it is
// [ErrConflict] and nothing is done. To decide again replaces a decision while the review is open, and takes back nothing that was
// done; but to keep or reduce who was suspended by the review's policy lets them in again. What is gone can be removed only: else it is
// ErrNotFound.
func (a *Authorizer) Decide(ctx context.Context, by Principal, review, key string, v Verdict) (out ReviewItem, err error) {
	if v.Note = strings.TrimSpace(v.Note); len(v.Note) > maxNote || !areTexts(v.Note) {
		return out, ErrNote
	}
	err = a.change(ctx, by, ReviewAccess, func(ctx context.Context, c *change) error {
		out, err = c.decide(ctx, review, key, v)
		return err
	})
	if err != nil {
		return ReviewItem{}, err
	}
	return out, nil
}

const maxNote = 2000

func (c *change) decide(ctx context.Context, review, key string, v Verdict) (out ReviewItem, err error) {
	if _, err := c.openReview(ctx, review); err != nil {
		return out, err
	}
	row, err := c.a.store.Item(ctx, review, key)
	if err != nil {
		return out, err
	}
	i, err := c.item(ctx, &row)
	if err != nil {
		return out, err
	}
	asOpened := v.ETag == "" && !i.Changed && i.Decision == Undecided
	switch {
	case i.concerns(c.by.Subject()):
		return out, denied(NotSelf)
	case v.ETag != i.ETag && !asOpened:
		return out, ErrConflict
	case i.Present == nil && v.Decision != Remove:
		return out, ErrNotFound
	case v.Note == "" && (v.Decision == Reduce || v.Decision == Keep && i.needsNote()):
		return out, ErrNote
	}
	if err := c.carryOut(ctx, &i, v); err != nil {
		return out, err
	}
	if err := c.learn(ctx); err != nil { // what was done
		return out, err
	}
	on := i.Present
	after, _, err := c.current(ctx, row.Kind, row.ID)
	if err != nil {
		return out, err
	}
	row.Decision, row.Note, row.By, row.At = v.Decision, v.Note, c.by.createdBy(), c.now
	row.Outcome = outcome{on, after}.json()
	if err := c.a.store.PutItems(ctx, []ItemRow{row}); err != nil {
		return out, err
	}
	data := map[string]any{"key": key, "decision": string(v.Decision)}
	if v.Note != "" {
		data["note"] = audit.Personal(c.by.party().Subject(), v.Note)
	}
	if err := c.record(ctx, reviewDecided, data, audit.Party{Type: "access_review", ID: review}, i.party()); err != nil {
		return out, err
	}
	return c.item(ctx, &row)
}

// carryOut does what v says, by the same acts that do it without a review, in this transaction.
func (c *change) carryOut(ctx context.Context, i *ReviewItem, v Verdict) error {
	if v.Decision != Reduce && (v.Roles != nil || v.Scopes != nil) {
		return ErrDecision
	}
	switch v.Decision {
	case Keep:
		return c.letInAgain(ctx, i)
	case Reduce:
		if err := c.reduce(ctx, i, v); err != nil {
			return err
		}
		return c.letInAgain(ctx, i)
	case Remove:
		if i.Present == nil {
			return nil
		}
		return c.removeItem(ctx, i)
	}
	return ErrDecision
}

func (c *change) removeItem(ctx context.Context, i *ReviewItem) (err error) {
	switch i.Kind {
	case ItemToken:
		_, err = c.a.RevokeTokens(ctx, c.by, TokenSelector{ID: i.ID}, "access review")
	case ItemInvitation:
		err = c.a.WithdrawInvitation(ctx, c.by, i.ID)
	default:
		_, err = c.a.Remove(ctx, c.by, i.Subject)
	}
	return err
}

// letInAgain lets in whom the policy for overdue reviews suspended.
func (c *change) letInAgain(ctx context.Context, i *ReviewItem) error {
	if i.Decision != Suspend || i.Present == nil || i.Present.Status != Suspended {
		return nil
	}
	return c.a.Resume(ctx, c.by, i.Subject)
}

func (c *change) reduce(ctx context.Context, i *ReviewItem, v Verdict) error {
	switch i.Kind {
	case ItemPerson, ItemMachine:
		kept, err := c.roles(i.Subject.Kind, v.Roles)
		switch {
		case err != nil:
			return err
		case len(v.Roles) == 0 || v.Scopes != nil || sameRoles(v.Roles, i.Present.Roles) || !kept.within(c.worth(i.Subject.Kind, i.Present.Roles)):
			return ErrDecision
		}
		return c.a.SetRoles(ctx, c.by, i.Subject, v.Roles...)
	case ItemToken:
		fewer := len(v.Scopes) > 0 && len(v.Scopes) < len(i.Present.Scopes)
		for n, x := range v.Scopes {
			fewer = fewer && slices.Contains(i.Present.Scopes, x) && !slices.Contains(v.Scopes[:n], x)
		}
		if !fewer || v.Roles != nil {
			return ErrDecision
		}
		return c.reduceToken(ctx, i.ID, v.Scopes)
	}
	return ErrDecision
}

// sameRoles reports whether two lists have the same roles.
func sameRoles(a, b []RoleID) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(id RoleID) bool { return !slices.Contains(b, id) })
}

// reduceToken takes scopes from a token. It needs what revoking it does.
func (c *change) reduceToken(ctx context.Context, id string, scopes []string) error {
	if err := c.require(ManageTokens); err != nil {
		return err
	}
	t := c.rules.tokens[id]
	if err := c.above(t.narrow(c.rules.member(t.row.Member), c.a.c).set); err != nil {
		return err
	}
	row := *t.row
	row.Version, row.Scopes = c.version, scopes
	if err := c.a.store.PutToken(ctx, row); err != nil {
		return err
	}
	c.rules = c.rules.apply(&Changes{Version: c.version, Now: c.now, Tokens: []TokenRow{row}})
	return c.record(ctx, tokenReduced, row.data(), tokenParty(id), row.Member.party())
}
