package rbac

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// nobodyElse is the note on what only those could have decided on whom it concerns.
const nobodyElse = "there was nobody else to review it"

// CloseReview closes an access review of which every item is decided: else it is [ErrUndecided]. What is gone by now is recorded
// as [Gone], and as [NotReviewed] what nobody may decide on but those whom it concerns. After the review was due, it can be
// closed as it stands: what its policy was applied to is recorded as such. It needs [ReviewAccess], or the application itself.
func (a *Authorizer) CloseReview(ctx context.Context, by Principal, review string) (out Review, err error) {
	err = a.change(ctx, by, ReviewAccess, func(ctx context.Context, c *change) error {
		r, err := c.openReview(ctx, review)
		if err != nil {
			return err
		}
		out, err = c.closeReview(ctx, r)
		return err
	})
	if err != nil {
		return Review{}, err
	}
	return out, nil
}

func (c *change) closeReview(ctx context.Context, r ReviewRow) (Review, error) {
	s, err := r.summary()
	if err != nil {
		return Review{}, err
	}
	reviewers, sums := c.reviewers(), newItemSums()
	counts := map[Decision]int{}
	err = c.a.eachItem(ctx, r.ID, func(page []ItemRow) error {
		var decided []ItemRow
		for n := range page {
			row := &page[n]
			if row.Decision == Undecided {
				if d, err := c.left(ctx, row, reviewers); err != nil {
					return err
				} else if d == Undecided {
					return ErrUndecided
				}
				decided = append(decided, *row)
			}
			counts[row.Decision]++
			sums.add(row)
		}
		return c.a.store.PutItems(ctx, decided)
	})
	if err != nil {
		return Review{}, err
	}
	if sums.items != s.Items || hexSum(sums.snapshot) != s.Snapshot {
		return Review{}, ErrAltered
	}
	s.Outcome = hexSum(sums.outcome)
	r.Closed, r.ClosedBy = c.now, c.by.createdBy()
	if r.Summary, err = json.Marshal(s); err != nil {
		return Review{}, err
	}
	if err := c.a.store.PutReview(ctx, r); err != nil {
		return Review{}, err
	}
	data := map[string]any{"items": s.Items, "outcome": s.Outcome}
	for d, n := range counts {
		data[strings.ReplaceAll(string(d), " ", "_")] = n
	}
	if err := c.record(ctx, reviewClosed, data, r.party()); err != nil {
		return Review{}, err
	}
	return r.review()
}

// left records on an undecided row what it is if nobody can decide on it, and returns that.
func (c *change) left(ctx context.Context, row *ItemRow, reviewers []Subject) (Decision, error) {
	i, err := c.item(ctx, row)
	if err != nil {
		return Undecided, err
	}
	switch {
	case i.Present == nil:
		row.decided(Gone, "", c, nil, nil)
	case !slices.ContainsFunc(reviewers, func(s Subject) bool { return !i.concerns(s) }) && len(reviewers) > 0:
		row.decided(NotReviewed, nobodyElse, c, i.Present, i.Present)
	}
	return row.Decision, nil
}

// decided records on r what nobody decided.
func (r *ItemRow) decided(d Decision, note string, c *change, on, after *Access) {
	r.Decision, r.Note, r.By, r.At = d, note, "", c.now
	r.Outcome = outcome{on, after}.json()
}

func (o outcome) json() []byte {
	b, err := json.Marshal(o)
	if err != nil {
		panic("rbac: " + err.Error())
	}
	return b
}
