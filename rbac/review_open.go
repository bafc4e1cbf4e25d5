package rbac

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ReviewSpec says how a review is done. The zero ReviewSpec is good.
type ReviewSpec struct {
	Due     time.Time     // until when; zero: [Options].ReviewFor from now
	Overdue OverduePolicy // what happens then to what is undecided; "": OverdueKeep
}

// ErrDue: a review is due in the future, within 366 days.
var ErrDue = errors.New("rbac: an access review is due in the future, within 366 days")

const maxReview = 366 * 24 * time.Hour

// OpenReview opens an access review of ctx's tenant, of who has what at that moment: every member, suspended ones too, every
// token that is good and every invitation that is pending. It needs [ReviewAccess], or the application itself. If one is open
// already, it returns that one and [ErrExists].
//
// A review that is empty closes itself: if nobody has anything, or only the one person who could decide.
func (a *Authorizer) OpenReview(ctx context.Context, by Principal, spec ReviewSpec) (Review, error) {
	if spec.Overdue == "" {
		spec.Overdue = OverdueKeep
	}
	if !spec.Overdue.known() {
		return Review{}, errors.New("rbac: no such policy for overdue reviews")
	}
	id := rand.Text()
	var out Review
	err := a.change(ctx, by, ReviewAccess, func(ctx context.Context, c *change) (err error) {
		out, err = c.openReviewOf(ctx, id, spec)
		return err
	})
	if err != nil && !errors.Is(err, ErrExists) {
		return Review{}, err
	}
	return out, err
}

func (c *change) openReviewOf(ctx context.Context, id string, spec ReviewSpec) (Review, error) {
	before, err := c.a.store.Reviews(ctx)
	if err != nil {
		return Review{}, err
	}
	for i := range before {
		if before[i].Closed.IsZero() {
			open, err := before[i].review()
			return open, cmp.Or(err, error(ErrExists))
		}
	}
	r := ReviewRow{ID: id, OpenedBy: c.by.createdBy(), Opened: c.now, Due: spec.Due.UTC().Truncate(time.Microsecond), Overdue: spec.Overdue}
	if spec.Due.IsZero() {
		r.Due = c.now.Add(c.a.o.ReviewFor)
	}
	if !r.Due.After(c.now) || r.Due.After(c.now.Add(maxReview)) {
		return Review{}, ErrDue
	}
	r.Reminded = r.passed(c.now) // a short review does not remind of days before it was opened
	items, err := c.snapshot(ctx)
	if err != nil {
		return Review{}, err
	}
	sums := newItemSums()
	rows := make([]ItemRow, len(items))
	for n := range items {
		rows[n] = ItemRow{Review: r.ID, Key: fmt.Sprintf("%d-%08d", items[n].rank(), n), Kind: items[n].Kind, ID: items[n].ID}
		if rows[n].Snapshot, err = items[n].snapshot(); err != nil {
			return Review{}, err
		}
		sums.add(&rows[n])
	}
	s := summary{Items: len(rows), Snapshot: hexSum(sums.snapshot), Roles: c.reviewRoles()}
	if r.Summary, err = json.Marshal(s); err != nil {
		return Review{}, err
	}
	if err := c.a.store.PutReview(ctx, r); err != nil {
		return Review{}, err
	}
	for page := range slices.Chunk(rows, reviewPage) {
		if err := c.a.store.PutItems(ctx, page); err != nil {
			return Review{}, err
		}
	}
	if err := c.record(ctx, reviewOpened, map[string]any{"items": s.Items, "snapshot": s.Snapshot, "due": r.Due, "overdue": string(r.Overdue)}, r.party()); err != nil {
		return Review{}, err
	}
	reviewers := c.reviewers()
	if len(rows) == 0 || len(reviewers) == 1 && !slices.ContainsFunc(items, func(i ReviewItem) bool { return !i.concerns(reviewers[0]) }) {
		return c.closeReview(ctx, r)
	}
	return r.review()
}

// reviewers are the people who may decide.
func (c *change) reviewers() (out []Subject) {
	c.rules.people.all(func(id string, s *standing) {
		if s.set.has(ReviewAccess) && c.admits(s) == nil {
			out = append(out, User(id))
		}
	})
	slices.SortFunc(out, func(a, b Subject) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// snapshot returns what is to be reviewed, in the order of the keys to be.
func (c *change) snapshot(ctx context.Context) ([]ReviewItem, error) {
	ch, err := c.a.store.Changes(ctx, 0) // with those who made them, and when: the rules do without
	if err != nil {
		return nil, err
	}
	uses, err := c.a.store.Uses(ctx)
	if err != nil {
		return nil, err
	}
	invitations, err := c.a.store.Invitations(ctx)
	if err != nil {
		return nil, err
	}
	type used struct {
		kind UseKind
		id   string
	}
	last := make(map[used]Use, len(uses))
	for _, u := range uses {
		last[used{u.Kind, u.ID}] = u
	}
	items := make([]ReviewItem, 0, len(ch.Members)+len(ch.Tokens)+len(invitations))
	add := func(i ReviewItem, access *Access) {
		if access == nil {
			return
		}
		i.Before = *access
		u := last[used{UseKind(i.Kind), i.ID}]
		i.LastUse, i.LastNet = u.At, u.Net
		i.Dormant = i.Kind != ItemInvitation && c.a.dormant(i.Created, u.At, c.now)
		items = append(items, i)
	}
	for _, m := range ch.Members {
		if s := c.rules.member(m.Subject); s != nil {
			add(ReviewItem{Kind: ItemKind(m.Kind), ID: m.ID, Subject: m.Subject, CreatedBy: m.CreatedBy, Created: m.Created}, c.ofMember(s))
		}
	}
	for _, t := range ch.Tokens {
		add(ReviewItem{Kind: ItemToken, ID: t.ID, Subject: t.Member, CreatedBy: t.CreatedBy, Created: t.Created}, c.ofToken(c.rules.tokens[t.ID]))
	}
	for _, v := range invitations {
		if c.now.Before(v.Expires) {
			add(ReviewItem{Kind: ItemInvitation, ID: v.ID, Subject: v.InvitedBy, Created: v.Created}, c.ofInvitation(&v))
		}
	}
	slices.SortFunc(items, func(a, b ReviewItem) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.ID, b.ID))
	})
	return items, nil
}

// dormant reports whether nothing was heard of what is that old for too long.
func (a *Authorizer) dormant(created, last, now time.Time) bool {
	if last.Before(created) {
		last = created
	}
	return now.Sub(last) >= a.o.DormantAfter
}

// rank is where an item comes among the others.
func (i *ReviewItem) rank() int {
	sensitive := len(i.Before.Sensitive) > 0
	switch {
	case sensitive && i.Dormant:
		return 0
	case i.Dormant, i.Before.Orphaned, i.Kind == ItemToken && i.Subject.Kind == Machine:
		return 1
	case sensitive:
		return 2
	}
	return 3
}

// snapshot is what is kept of i as it is now. A row that says a time of no year is nothing that this package wrote.
func (i *ReviewItem) snapshot() ([]byte, error) {
	b, err := json.Marshal(snapshot{i.Subject, i.CreatedBy, i.Created, i.LastUse, i.LastNet, i.Dormant, i.Before})
	if err != nil {
		return nil, fmt.Errorf("%w: a time in it is none", ErrAltered)
	}
	return b, nil
}
