package rbac

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"
)

// Notice says what those who review access should be told.
type Notice struct {
	Kind   NoticeKind
	Review Review
	To     []Subject // the people who may decide
	// How many items there are, how many of them nobody has decided on, and how many of those were suspended for that.
	Items, Undecided, Suspended int
}

// NoticeKind says what a notice is about.
type NoticeKind string

const (
	NoticeOpened   NoticeKind = "opened"   // a review began
	NoticeTwoWeeks NoticeKind = "14 days"  // it is due in two weeks or less
	NoticeOneWeek  NoticeKind = "7 days"   // it is due in a week or less
	NoticeDue      NoticeKind = "due"      // it is due; what is undecided is as its policy says, and can be decided for a week
	NoticeClosed   NoticeKind = "overdue"  // it was due a week ago, and was closed as it stands
	NoticeComplete NoticeKind = "complete" // all was decided, and it was closed
)

// reminders are when those of a review are due, by the day it is due.
var reminders = [...]struct {
	days int
	kind NoticeKind
}{{-14, NoticeTwoWeeks}, {-7, NoticeOneWeek}, {0, NoticeDue}, {7, NoticeClosed}}

const dueReminder, lastReminder = 3, 4

// passed is how many reminders of r are due.
func (r *ReviewRow) passed(now time.Time) (n int) {
	for _, m := range reminders {
		if !now.Before(r.Due.AddDate(0, 0, m.days)) {
			n++
		}
	}
	return n
}

// ReviewDue does what is due of access reviews in ctx's tenant. Call it once a day for every tenant, and send what it returns to
// those it is for. Each notice is returned once, to one caller, however many call and however often: put it in a table in the transaction
// of ctx if none may be lost. After days without a call it says what matters now, not what was missed.
//
//   - It opens a review when the last was opened [Options].ReviewEvery ago, in the calendar; the first, when the tenant's
//     first member came that long ago. One that closes itself ([Authorizer.OpenReview]) is no notice.
//   - It reminds two weeks and one week before the review is due.
//   - When it is due, it applies the policy to what is undecided. With [OverdueKeep] it is recorded as [NotReviewed]. With
//     [OverdueSuspend] members are suspended, tokens are revoked, for a token cannot be suspended, and
//     invitations withdrawn; but never an owner, who is recorded as not reviewed. All of that can be decided still.
//   - It closes a review of which everything is decided, and a week after it was due any other, as it stands.
func (a *Authorizer) ReviewDue(ctx context.Context) ([]Notice, error) {
	by, err := a.System(ctx, "access reviews by schedule")
	if err != nil {
		return nil, err
	}
	rows, err := a.store.Reviews(ctx)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		if rows[i].Closed.IsZero() {
			return a.reviewStep(ctx, by, rows[i].ID)
		}
	}
	if due, err := a.reviewIsDue(ctx, rows); err != nil || !due {
		return nil, err
	}
	id, opened := rand.Text(), false
	err = a.change(ctx, by, ReviewAccess, func(ctx context.Context, c *change) error {
		opened = false
		rows, err := a.store.Reviews(ctx)
		if err != nil {
			return err
		}
		if due, err := a.reviewIsDue(ctx, rows); err != nil || !due { // somebody else did meanwhile
			return err
		}
		r, err := c.openReviewOf(ctx, id, ReviewSpec{Overdue: cmp.Or(a.o.Overdue, OverdueKeep)})
		opened = err == nil && r.Closed.IsZero()
		return err
	})
	if err != nil || !opened {
		return nil, err
	}
	return a.notice(ctx, by, NoticeOpened, id)
}

// reviewIsDue reports whether a review is to be opened, by those there were and are.
func (a *Authorizer) reviewIsDue(ctx context.Context, rows []ReviewRow) (bool, error) {
	var from time.Time
	if len(rows) > 0 {
		if from = rows[0].Opened; slices.ContainsFunc(rows, func(r ReviewRow) bool { return r.Closed.IsZero() }) {
			return false, nil
		}
		_, now, err := a.store.Version(ctx)
		return err == nil && !now.Before(a.o.ReviewEvery.after(from)), err
	}
	ch, err := a.store.Changes(ctx, 0)
	if err != nil {
		return false, err
	}
	for _, m := range ch.Members {
		if from.IsZero() || m.Created.Before(from) {
			from = m.Created
		}
	}
	return !from.IsZero() && !ch.Now.Before(a.o.ReviewEvery.after(from)), nil
}

// after is t and n months, on the same day of the month or on its last.
func (n Months) after(t time.Time) time.Time {
	to := t.AddDate(0, int(n), 0)
	if to.Day() < t.Day() { // there is no such day
		to = to.AddDate(0, 0, -to.Day())
	}
	return to
}

// progress is how far a review is.
type progress struct {
	Notice
	row     ReviewRow
	now     time.Time
	settled bool // nobody has anything left to decide
}

func (a *Authorizer) progress(ctx context.Context, by Principal, id string) (p progress, err error) {
	err = a.look(ctx, by, func(ctx context.Context, c *change) (err error) {
		p = progress{now: c.now, settled: true}
		if p.row, err = a.reviewRow(ctx, id); err != nil {
			return err
		}
		if p.Review, err = p.row.review(); err != nil {
			return err
		}
		p.To = c.reviewers()
		return a.eachItem(ctx, id, func(page []ItemRow) error {
			p.Items += len(page)
			for n := range page {
				switch page[n].Decision {
				case Suspend:
					p.Suspended++
					fallthrough
				case NotReviewed:
					p.Undecided++
					p.settled = p.settled && page[n].Note == nobodyElse
				case Undecided:
					d, err := c.left(ctx, &page[n], p.To)
					if err != nil {
						return err
					}
					if d != Gone {
						p.Undecided++
					}
					p.settled = p.settled && d != Undecided
				}
			}
			return nil
		})
	}, ReviewAccess)
	return p, err
}

func (a *Authorizer) notice(ctx context.Context, by Principal, kind NoticeKind, id string) ([]Notice, error) {
	p, err := a.progress(ctx, by, id)
	if err != nil {
		return nil, err
	}
	p.Kind = kind
	return []Notice{p.Notice}, nil
}

// reviewStep does what is due of an open review. If the process ends between, the next call goes on.
func (a *Authorizer) reviewStep(ctx context.Context, by Principal, id string) ([]Notice, error) {
	p, err := a.progress(ctx, by, id)
	if err != nil {
		return nil, err
	}
	passed := p.row.passed(p.now)
	kind, step := NoticeKind(""), (*change).remind
	switch {
	case p.settled:
		kind, step = NoticeComplete, (*change).closeSettled
	case p.row.Applied && passed == len(reminders):
		kind, step = NoticeClosed, (*change).closeSettled
	case passed >= dueReminder && !p.row.Applied:
		kind, step = NoticeDue, (*change).applied
		if err := a.applyPolicy(ctx, by, id); err != nil {
			return nil, err
		}
	case passed > p.row.Reminded && passed < dueReminder:
		kind = reminders[passed-1].kind
	default:
		return nil, nil
	}
	done := false
	err = a.change(ctx, by, ReviewAccess, func(ctx context.Context, c *change) error {
		done = false
		r, err := a.reviewRow(ctx, id)
		if err != nil || !r.Closed.IsZero() || r.Applied != p.row.Applied || r.Reminded != p.row.Reminded {
			return err // somebody else did it meanwhile
		}
		done, err = step(c, ctx, r)
		return err
	})
	if err != nil || !done {
		return nil, err
	}
	return a.notice(ctx, by, kind, id)
}

// remind notes that what is due of reminders was given.
func (c *change) remind(ctx context.Context, r ReviewRow) (bool, error) {
	r.Reminded = r.passed(c.now)
	return true, c.a.store.PutReview(ctx, r)
}

// closeSettled closes r, unless there is something to decide now.
func (c *change) closeSettled(ctx context.Context, r ReviewRow) (bool, error) {
	r.Reminded = len(reminders)
	_, err := c.closeReview(ctx, r)
	if errors.Is(err, ErrUndecided) {
		return false, nil
	}
	return err == nil, err
}
