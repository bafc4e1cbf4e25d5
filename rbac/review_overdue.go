package rbac

import "context"

// Why the policy for overdue reviews did not suspend what nobody had decided on.
const (
	notInTime    = "not reviewed in time"
	ownersStay   = "not reviewed in time; an owner is not suspended"
	wasSuspended = "not reviewed in time; was suspended before"
)

// applyPolicy applies the policy of a review that is due to what is undecided, page by page. What it did is recorded
// with each item, so that one that was stopped goes on where it was.
func (a *Authorizer) applyPolicy(ctx context.Context, by Principal, id string) error {
	for after, more := "", true; more; {
		next := after
		err := a.change(ctx, by, ReviewAccess, func(ctx context.Context, c *change) error {
			more = false
			r, err := a.reviewRow(ctx, id)
			if err != nil || !r.Closed.IsZero() || r.Applied {
				return err
			}
			page, err := a.store.Items(ctx, id, after, reviewPage)
			if err != nil || len(page) == 0 {
				return err
			}
			more, next = true, page[len(page)-1].Key
			return c.overdue(ctx, r, page)
		})
		if err != nil {
			return err
		}
		after = next
	}
	return nil
}

// applied notes that the policy was applied to all there is.
func (c *change) applied(ctx context.Context, r ReviewRow) (bool, error) {
	r.Applied, r.Reminded = true, max(r.Reminded, dueReminder)
	return true, c.a.store.PutReview(ctx, r)
}

// overdue applies r's policy to items.
func (c *change) overdue(ctx context.Context, r ReviewRow, page []ItemRow) error {
	var rows []ItemRow
	var members []MemberRow
	for n := range page {
		row := &page[n]
		if row.Decision != Undecided {
			continue
		}
		i, err := c.item(ctx, row)
		if err != nil {
			return err
		}
		suspend, note := r.Overdue == OverdueSuspend, notInTime
		if s := c.rules.member(i.Subject); suspend && s != nil && (i.Kind == ItemPerson || i.Kind == ItemMachine) {
			switch {
			case s.owns(c.a.c) || !c.a.c.hasOwner() && s.set.has(ReviewAccess): // somebody must be able to undo it
				suspend, note = false, ownersStay
			case s.status != Active:
				suspend, note = false, wasSuspended
			}
		}
		switch {
		case i.Present == nil:
			row.decided(Gone, "", c, nil, nil)
		case !suspend:
			row.decided(NotReviewed, note, c, i.Present, i.Present)
		default:
			m, after, err := c.takeAway(ctx, &i)
			if err != nil {
				return err
			}
			if m != nil {
				members = append(members, *m)
			}
			row.decided(Suspend, note, c, i.Present, after)
		}
		rows = append(rows, *row)
		data := map[string]any{"key": row.Key, "decision": string(row.Decision)}
		if err := c.record(ctx, reviewOverdue, data, r.party(), i.party()); err != nil {
			return err
		}
	}
	if len(rows) == 0 { // all of it was done before
		return nil
	}
	for _, m := range members { // no owner is among them, so that one remains
		if err := c.a.store.PutMember(ctx, m); err != nil {
			return err
		}
	}
	c.rules = c.rules.apply(&Changes{Version: c.version, Now: c.now, Members: members})
	return c.a.store.PutItems(ctx, rows)
}

// takeAway suspends what i is about, and returns what is left. A member is returned, to be put with others.
func (c *change) takeAway(ctx context.Context, i *ReviewItem) (*MemberRow, *Access, error) {
	switch i.Kind {
	case ItemToken:
		t := *c.rules.tokens[i.ID].row
		t.Version, t.Revoked, t.Reason = c.version, c.now, notInTime
		return nil, nil, c.a.store.PutToken(ctx, t)
	case ItemInvitation:
		v, err := c.a.store.Invitation(ctx, i.ID)
		if err != nil {
			return nil, nil, err
		}
		v.State = Withdrawn
		return nil, nil, c.a.store.PutInvitation(ctx, v)
	}
	m, err := c.a.store.Member(ctx, i.Subject)
	if err != nil {
		return nil, nil, err
	}
	m.Version, m.Status = c.version, Suspended
	after := *i.Present
	after.Status = Suspended
	return &m, &after, nil
}
