package rbac

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/internal/csvcell"
)

// ReportFormat is a form of file.
type ReportFormat string

const (
	ReportCSV  ReportFormat = "csv"  // RFC 4180, a line an item behind one with the names of the columns
	ReportJSON ReportFormat = "json" // one object: the review, the roles it found and its items
)

// ErrFormat: there is no such form of report.
var ErrFormat = errors.New("rbac: an access review is reported as csv or json")

// WriteReport writes what an access review found and what was decided, for an auditor: who decided on what, when and why, what
// it was before and after, and what nobody reviewed in time. The items are in the order of their keys. Of a closed review the same is
// written every time, and only if its items are those that it was opened and closed with: else it is [ErrAltered] and nothing is
// written. It needs [ViewAccess] or [ReviewAccess], and is recorded before the first byte.
//
// In CSV no cell begins a formula: what could has an apostrophe before it. There are ids of people in a report, and what was
// noted; no addresses.
func (a *Authorizer) WriteReport(ctx context.Context, by Principal, review string, w io.Writer, format ReportFormat) error {
	if format != ReportCSV && format != ReportJSON {
		return ErrFormat
	}
	var r Review
	err := a.look(ctx, by, func(ctx context.Context, c *change) error {
		row, err := a.reviewRow(ctx, review)
		if err != nil {
			return err
		}
		r, err = row.review()
		return err
	}, ViewAccess, ReviewAccess)
	if err != nil {
		return err
	}
	sums := newItemSums()
	err = a.eachItem(ctx, review, func(page []ItemRow) error {
		for n := range page {
			sums.add(&page[n])
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case sums.items != r.Items, hexSum(sums.snapshot) != r.Snapshot, !r.Closed.IsZero() && hexSum(sums.outcome) != r.Outcome:
		return ErrAltered
	}
	row := ReviewRow{ID: r.ID}
	err = a.act(ctx, by, func(ctx context.Context, c *change) error {
		return c.record(ctx, reviewReported, map[string]any{"format": string(format), "outcome": r.Outcome}, row.party())
	})
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	var write func(i *ReviewItem) error
	var end func() error
	if format == ReportCSV {
		write, end, err = reportCSV(out, &r)
	} else {
		write, end, err = reportJSON(out, &r)
	}
	if err != nil {
		return err
	}
	err = a.eachItem(ctx, review, func(page []ItemRow) error {
		for n := range page {
			i, err := (*change)(nil).item(ctx, &page[n])
			if err != nil {
				return err
			}
			if err := write(&i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := end(); err != nil {
		return err
	}
	return out.Flush()
}

// late reports whether an item was not reviewed in time.
func (i *ReviewItem) late(r *Review) bool {
	switch i.Decision {
	case NotReviewed, Suspend:
		return true
	case Gone:
		return false
	case Undecided:
		return r.Applied
	}
	return !i.At.Before(r.Due)
}

// reportColumns never change their order or meaning; new ones come last.
var reportColumns = []string{
	"review", "opened", "opened_by", "due", "closed", "closed_by", "overdue_policy", "items", "snapshot_sha256", "outcome_sha256",
	"key", "kind", "id", "member", "created", "created_by", "last_use", "last_network", "dormant", "sensitive",
	"before_status", "before_roles", "before_scopes", "before_permissions", "before_digest", "before_expires", "owner", "orphaned",
	"decision", "note", "decided_by", "decided_at", "late", "after_status", "after_roles", "after_scopes", "after_permissions", "after_digest",
}

func reportCSV(out io.Writer, r *Review) (write func(*ReviewItem) error, end func() error, err error) {
	w := csv.NewWriter(out)
	line := func(cells ...string) error {
		for n := range cells {
			cells[n] = csvcell.Harmless(cells[n])
		}
		return w.Write(cells)
	}
	head := []string{r.ID, rfc3339(r.Opened), r.OpenedBy, rfc3339(r.Due), rfc3339(r.Closed), r.ClosedBy, string(r.Overdue), strconv.Itoa(r.Items), r.Snapshot, r.Outcome}
	write = func(i *ReviewItem) error {
		network := ""
		if i.LastNet.IsValid() {
			network = i.LastNet.String()
		}
		after := Access{}
		afterPermissions := ""
		if i.After != nil {
			after, afterPermissions = *i.After, strconv.Itoa(i.After.Permissions)
		}
		return line(append(head[:len(head):len(head)],
			i.Key, string(i.Kind), i.ID, i.Subject.text(), rfc3339(i.Created), i.CreatedBy, rfc3339(i.LastUse), network, yes(i.Dormant), strings.Join(i.Before.Sensitive, " "),
			string(i.Before.Status), join(i.Before.Roles), join(i.Before.Scopes), strconv.Itoa(i.Before.Permissions), i.Before.Digest, rfc3339(i.Before.Expires), i.Before.Owner, yes(i.Before.Orphaned),
			string(i.Decision), i.Note, i.By, rfc3339(i.At), yes(i.late(r)), string(after.Status), join(after.Roles), join(after.Scopes), afterPermissions, after.Digest)...)
	}
	end = func() error { w.Flush(); return w.Error() }
	return write, end, w.Write(reportColumns)
}

func yes(b bool) string { return strconv.FormatBool(b) }

// join writes names that have no spaces in them.
func join[T ~string](names []T) string { return strings.Join(stringsOf(names), " ") }

// text is s as in [Principal.createdBy]; "" of nobody.
func (s Subject) text() string {
	if s == (Subject{}) {
		return ""
	}
	return string(s.Kind) + ":" + s.ID
}

// jsonReview is the head of a report in JSON, and jsonItem an item of it. Fields never change their meaning.
type jsonReview struct {
	ID       string        `json:"id"`
	Opened   time.Time     `json:"opened"`
	OpenedBy string        `json:"opened_by"`
	Due      time.Time     `json:"due"`
	Closed   time.Time     `json:"closed,omitzero"`
	ClosedBy string        `json:"closed_by,omitempty"`
	Overdue  OverduePolicy `json:"overdue_policy"`
	Applied  bool          `json:"overdue_policy_applied"`
	Items    int           `json:"items"`
	Snapshot string        `json:"snapshot_sha256"`
	Outcome  string        `json:"outcome_sha256,omitempty"`
	Roles    []ReviewRole  `json:"roles"`
}

type jsonItem struct {
	Key       string       `json:"key"`
	Kind      ItemKind     `json:"kind"`
	ID        string       `json:"id"`
	Member    string       `json:"member,omitempty"`
	Created   time.Time    `json:"created"`
	CreatedBy string       `json:"created_by,omitempty"`
	LastUse   time.Time    `json:"last_use,omitzero"`
	LastNet   netip.Prefix `json:"last_network,omitzero"`
	Dormant   bool         `json:"dormant"`
	Before    Access       `json:"before"`
	Decision  Decision     `json:"decision"`
	Note      string       `json:"note,omitempty"`
	By        string       `json:"decided_by,omitempty"`
	At        time.Time    `json:"decided_at,omitzero"`
	Late      bool         `json:"late"`
	After     *Access      `json:"after"`
}

func reportJSON(out io.Writer, r *Review) (write func(*ReviewItem) error, end func() error, err error) {
	raw := func(s string, v any) error {
		b, err := json.Marshal(v)
		if err == nil {
			_, err = io.WriteString(out, s+string(b))
		}
		return err
	}
	err = raw(`{"review":`, jsonReview{r.ID, r.Opened, r.OpenedBy, r.Due, r.Closed, r.ClosedBy, r.Overdue, r.Applied, r.Items, r.Snapshot, r.Outcome, r.Roles})
	before := `,"items":[` + "\n"
	write = func(i *ReviewItem) error {
		err := raw(before, jsonItem{i.Key, i.Kind, i.ID, i.Subject.text(), i.Created, i.CreatedBy, i.LastUse, i.LastNet, i.Dormant, i.Before, i.Decision, i.Note, i.By, i.At, i.late(r), i.After})
		before = ",\n"
		return err
	}
	end = func() error {
		if before != ",\n" {
			_, _ = io.WriteString(out, before)
		}
		_, err := io.WriteString(out, "]}\n")
		return err
	}
	return write, end, err
}
