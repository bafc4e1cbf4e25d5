package rbac

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
)

// Review is an access review: who had what when it was opened, and what was decided on each of them. At most one of a
// tenant is open. Once closed it stays as it is.
type Review struct {
	ID       string
	OpenedBy string // "person:" and an id, or "system" for the application
	Opened   time.Time
	Due      time.Time
	Closed   time.Time // zero: it is open
	ClosedBy string
	Overdue  OverduePolicy
	Applied  bool         // the policy was, for it was due and not all was decided
	Items    int          // how many there are
	Roles    []ReviewRole // those of the tenant when it was opened
	// Snapshot is the SHA-256, in hexadecimal, of all items as they were when the review was opened, and Outcome, once it is
	// closed, that of them with what was decided. Both are in the audit log too.
	Snapshot, Outcome string
}

// ReviewRole is what a role was when a review was opened.
type ReviewRole struct {
	ID          RoleID   `json:"id"`
	Name        string   `json:"name"`
	Machine     bool     `json:"machine,omitempty"`
	Permissions []string `json:"permissions"`
}

// Decision is what a review says of one item.
type Decision string

const (
	Undecided Decision = ""
	Keep      Decision = "keep"
	Reduce    Decision = "reduce"
	Remove    Decision = "remove"
	// What is recorded where nobody decided.
	NotReviewed Decision = "not reviewed" // in time, or there was nobody who could have
	Suspend     Decision = "suspend"      // by the policy for overdue reviews
	Gone        Decision = "gone"         // it went before anybody decided on it
)

func (d Decision) known() bool {
	switch d {
	case Undecided, Keep, Reduce, Remove, NotReviewed, Suspend, Gone:
		return true
	}
	return false
}

// ItemKind says what an item of a review is about.
type ItemKind string

const (
	ItemPerson     ItemKind = "person"
	ItemMachine    ItemKind = "machine"
	ItemToken      ItemKind = "token"
	ItemInvitation ItemKind = "invitation"
)

func (k ItemKind) known() bool {
	return k == ItemPerson || k == ItemMachine || k == ItemToken || k == ItemInvitation
}

// OverduePolicy is what happens to what nobody has decided on when a review is due: see [Authorizer.ReviewDue].
type OverduePolicy string

const (
	OverdueKeep    OverduePolicy = "keep"
	OverdueSuspend OverduePolicy = "suspend"
)

func (p OverduePolicy) known() bool { return p == OverdueKeep || p == OverdueSuspend }

// Errors of access reviews.
var (
	// ErrReviewClosed: nothing about a closed review changes.
	ErrReviewClosed = errors.New("rbac: the access review is closed")
	// ErrUndecided: the review has items that somebody has to decide on yet.
	ErrUndecided = errors.New("rbac: the access review has undecided items")
	// ErrNote: to keep what is sensitive or dormant, and to reduce, needs a note of 1 to 2,000 bytes.
	ErrNote = errors.New("rbac: the decision needs a note of 1 to 2,000 bytes")
	// ErrDecision: it cannot be decided so.
	ErrDecision = errors.New("rbac: this cannot be decided of such an item")
	// ErrAltered: the items of a review are not those that it was opened or closed with.
	ErrAltered = errors.New("rbac: the access review was altered behind the library's back")
)

// Reviews returns the tenant's access reviews, the one opened last first. It needs [ViewAccess] or [ReviewAccess].
func (a *Authorizer) Reviews(ctx context.Context, by Principal) (out []Review, err error) {
	err = a.look(ctx, by, func(ctx context.Context, c *change) error {
		rows, err := a.store.Reviews(ctx)
		if err != nil {
			return err
		}
		out = make([]Review, len(rows))
		for i := range rows {
			if out[i], err = rows[i].review(); err != nil {
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

// summary is ReviewRow.Summary.
type summary struct {
	Items    int          `json:"items"`
	Snapshot string       `json:"snapshot"`
	Outcome  string       `json:"outcome,omitempty"`
	Roles    []ReviewRole `json:"roles"`
}

func (r *ReviewRow) summary() (s summary, err error) {
	if err := json.Unmarshal(r.Summary, &s); err != nil {
		return s, fmt.Errorf("%w: its summary cannot be read", ErrAltered)
	}
	return s, nil
}

// review is r as others see it.
func (r *ReviewRow) review() (Review, error) {
	s, err := r.summary()
	return Review{r.ID, r.OpenedBy, r.Opened, r.Due, r.Closed, r.ClosedBy, r.Overdue, r.Applied, s.Items, s.Roles, s.Snapshot, s.Outcome}, err
}

// reviewRow returns ctx's tenant's review of that ID, or ErrNotFound.
func (a *Authorizer) reviewRow(ctx context.Context, id string) (ReviewRow, error) {
	rows, err := a.store.Reviews(ctx)
	if err != nil {
		return ReviewRow{}, err
	}
	i := slices.IndexFunc(rows, func(r ReviewRow) bool { return r.ID == id })
	if i < 0 {
		return ReviewRow{}, ErrNotFound
	}
	return rows[i], nil
}

// openReview returns it if it is open.
func (c *change) openReview(ctx context.Context, id string) (ReviewRow, error) {
	r, err := c.a.reviewRow(ctx, id)
	if err == nil && !r.Closed.IsZero() {
		err = ErrReviewClosed
	}
	return r, err
}

// reviewPage is how many items are in memory at a time.
const reviewPage = 1000

// eachItem calls f for the items of a review, page by page.
func (a *Authorizer) eachItem(ctx context.Context, review string, f func(page []ItemRow) error) error {
	for after := ""; ; {
		page, err := a.store.Items(ctx, review, after, reviewPage)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := f(page); err != nil {
			return err
		}
		after = page[len(page)-1].Key
	}
}

// itemSums are the digests of a review: of each item in order its fields, each behind its length as 8 bytes, the first of them.
type itemSums struct {
	items             int
	snapshot, outcome hash.Hash
}

func newItemSums() *itemSums { return &itemSums{snapshot: sha256.New(), outcome: sha256.New()} }

func (s *itemSums) add(i *ItemRow) {
	s.items++
	was := []string{i.Key, string(i.Kind), i.ID, string(i.Snapshot)}
	sumFields(s.snapshot, was...)
	sumFields(s.outcome, append(was, string(i.Decision), i.Note, i.By, rfc3339(i.At), string(i.Outcome))...)
}

func sumFields(h hash.Hash, fields ...string) {
	for _, f := range fields {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(f)))
		h.Write(n[:])
		h.Write([]byte(f))
	}
}

func hexSum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// rfc3339 is t in UTC, to the microsecond; "" of the zero time.
func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// party is r in a record.
func (r *ReviewRow) party() audit.Party { return audit.Party{Type: "access_review", ID: r.ID} }

// reviewRoles are the roles as they are now, in the order of their IDs.
func (c *change) reviewRoles() (out []ReviewRole) {
	for _, r := range c.a.c.roles {
		out = append(out, ReviewRole{r.id, string(r.id), r.machine, c.a.c.flat[r.id].names()})
	}
	for id, r := range c.rules.rows {
		if !r.Removed {
			out = append(out, ReviewRole{id, r.Name, r.Machine, c.rules.stand.roles[id].set.names()})
		}
	}
	slices.SortFunc(out, func(a, b ReviewRole) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return out
}
