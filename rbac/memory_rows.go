package rbac

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// memoryRows are what a tenant has, or what a transaction did to it. Rows in it never change.
type memoryRows struct {
	version     int64
	roles       map[RoleID]RoleRow
	members     map[Subject]MemberRow
	tokens      map[string]TokenRow
	uses        map[memoryUse]Use
	invitations map[string]InvitationRow
	reviews     map[string]ReviewRow
	items       map[memoryItem]ItemRow
}

type memoryUse struct {
	kind UseKind
	id   string
}

type memoryItem struct{ review, key string }

// memoryChange is the key of a rule that changed: a RoleID, a Subject or the ID of a token.
type memoryChange struct {
	version int64
	key     any
}

func newMemoryRows() memoryRows {
	return memoryRows{roles: map[RoleID]RoleRow{}, members: map[Subject]MemberRow{}, tokens: map[string]TokenRow{}, uses: map[memoryUse]Use{},
		invitations: map[string]InvitationRow{}, reviews: map[string]ReviewRow{}, items: map[memoryItem]ItemRow{}}
}

func (r *memoryRows) put(n memoryRows) {
	r.version = max(r.version, n.version)
	maps.Copy(r.roles, n.roles)
	maps.Copy(r.members, n.members)
	maps.Copy(r.tokens, n.tokens)
	maps.Copy(r.uses, n.uses)
	maps.Copy(r.invitations, n.invitations)
	maps.Copy(r.reviews, n.reviews)
	maps.Copy(r.items, n.items)
}

// row returns one row, as it is over what lies below.
func row[K comparable, R any](over, under map[K]R, key K) (R, bool) {
	if r, ok := over[key]; ok {
		return r, true
	}
	r, ok := under[key]
	return r, ok
}

// rows goes over all of them.
func rows[K comparable, R any](over, under map[K]R) iter.Seq[R] {
	return func(yield func(R) bool) {
		for _, r := range over {
			if !yield(r) {
				return
			}
		}
		for key, r := range under {
			if _, covered := over[key]; !covered && !yield(r) {
				return
			}
		}
	}
}

// now is the version that x sees.
func (x *memoryTx) now() int64 { return max(x.version, x.tenant.version) }

// Version implements [Store].
func (m *Memory) Version(ctx context.Context) (v int64, now time.Time, err error) {
	err = m.read(ctx, func(x *memoryTx) { v, now = x.now(), memoryNow() })
	return v, now, err
}

// Advance implements [Store].
func (m *Memory) Advance(ctx context.Context) (v int64, now time.Time, err error) {
	if x, err := m.joined(ctx); err != nil {
		return 0, time.Time{}, err
	} else if x == nil {
		return 0, time.Time{}, errNoTx
	}
	err = m.write(ctx, func(x *memoryTx) error {
		x.version = x.now() + 1
		v, now = x.version, memoryNow()
		return nil
	})
	return v, now, err
}

// Changes implements [Store].
func (m *Memory) Changes(ctx context.Context, after int64) (out Changes, err error) {
	err = m.read(ctx, func(x *memoryTx) {
		t := x.tenant
		out = Changes{Version: x.now(), Now: memoryNow()}
		if after <= 0 {
			out.Roles, out.Members = slices.Collect(rows(x.roles, t.roles)), slices.Collect(rows(x.members, t.members))
			out.Tokens = slices.Collect(rows(x.tokens, t.tokens))
			return
		}
		keep := func(c memoryChange) {
			switch key := c.key.(type) {
			case RoleID:
				if r, _ := row(x.roles, t.roles, key); r.Version == c.version {
					out.Roles = append(out.Roles, r)
				}
			case Subject:
				if r, _ := row(x.members, t.members, key); r.Version == c.version {
					out.Members = append(out.Members, r)
				}
			case string:
				if r, _ := row(x.tokens, t.tokens, key); r.Version == c.version {
					out.Tokens = append(out.Tokens, r)
				}
			}
		}
		for _, list := range [][]memoryChange{x.changed, t.changes} {
			for _, c := range slices.Backward(list) {
				if c.version <= after {
					break
				}
				keep(c)
			}
		}
	})
	return out, err
}

// rule puts a row of the tenant's rules.
func (m *Memory) rule(ctx context.Context, version int64, key any, texts []string, put func(x *memoryTx) (before int64, refused bool)) error {
	if x, err := m.joined(ctx); err != nil {
		return err
	} else if x == nil {
		return errNoTx
	}
	return m.write(ctx, func(x *memoryTx) error {
		if !areTexts(texts...) || version != x.version {
			return ErrRefused
		}
		before, refused := put(x)
		if refused || before >= version {
			return ErrRefused
		}
		x.changed = append(x.changed, memoryChange{version, key})
		return nil
	})
}

// PutRole implements [Store].
func (m *Memory) PutRole(ctx context.Context, r RoleRow) error {
	texts := append([]string{string(r.ID), r.Name, r.CreatedBy}, r.Permissions...)
	return m.rule(ctx, r.Version, r.ID, append(texts, stringsOf(r.Parents)...), func(x *memoryTx) (int64, bool) {
		old, _ := row(x.roles, x.tenant.roles, r.ID)
		r.Permissions, r.Parents, r.Created = list(r.Permissions), list(r.Parents), kept(r.Created)
		x.roles[r.ID] = r
		return old.Version, r.ID == "" || old.Removed && !r.Removed
	})
}

// PutMember implements [Store].
func (m *Memory) PutMember(ctx context.Context, r MemberRow) error {
	texts := append([]string{r.ID, r.Owner, r.CreatedBy}, stringsOf(r.Roles)...)
	return m.rule(ctx, r.Version, r.Subject, texts, func(x *memoryTx) (int64, bool) {
		old, _ := row(x.members, x.tenant.members, r.Subject)
		r.Roles, r.Expires, r.Created = list(r.Roles), kept(r.Expires), kept(r.Created)
		x.members[r.Subject] = r
		return old.Version, !r.Subject.valid() || r.Status != Active && r.Status != Suspended && r.Status != Removed
	})
}

// Member implements [Store].
func (m *Memory) Member(ctx context.Context, who Subject) (out MemberRow, err error) {
	found := false
	err = m.read(ctx, func(x *memoryTx) { out, found = row(x.members, x.tenant.members, who) })
	return out, notFound(found, err)
}

// maxTokenLife is the longest that any store lets a token live.
const maxTokenLife = 366 * 24 * time.Hour

// PutToken implements [Store].
func (m *Memory) PutToken(ctx context.Context, r TokenRow) error {
	texts := append([]string{r.ID, r.Member.ID, r.Integration, r.Last4, r.CreatedBy, r.Reason, r.ReplacedBy}, r.Scopes...)
	return m.rule(ctx, r.Version, r.ID, texts, func(x *memoryTx) (int64, bool) {
		old, found := row(x.tokens, x.tenant.tokens, r.ID)
		r.Scopes, r.Networks = list(r.Scopes), slices.Clone(r.Networks)
		r.Created, r.Expires, r.Revoked = kept(r.Created), kept(r.Expires), kept(r.Revoked)
		x.tokens[r.ID] = r
		return old.Version, r.ID == "" || !r.Member.valid() || r.Created.IsZero() || r.Expires.IsZero() || r.Expires.After(r.Created.Add(maxTokenLife)) ||
			found && (old.Hash != r.Hash || old.Member != r.Member || !old.Created.Equal(r.Created) || !old.Revoked.IsZero() && (r.Revoked.IsZero() || r.Revoked.After(old.Revoked)))
	})
}

// Saw implements [Store].
func (m *Memory) Saw(ctx context.Context, uses []Use) error {
	return m.write(ctx, func(x *memoryTx) error {
		for _, u := range uses {
			key := memoryUse{u.Kind, u.ID}
			if !u.Kind.known() || u.ID == "" || !areTexts(u.ID) || u.At.IsZero() {
				return ErrRefused
			}
			u.At = kept(u.At)
			if old, found := row(x.uses, x.tenant.uses, key); !found || u.At.After(old.At) {
				x.uses[key] = u
			}
		}
		return nil
	})
}

func (k UseKind) known() bool { return k == UseOfPerson || k == UseOfMachine || k == UseOfToken }

// Uses implements [Store].
func (m *Memory) Uses(ctx context.Context) (out []Use, err error) {
	err = m.read(ctx, func(x *memoryTx) { out = slices.Collect(rows(x.uses, x.tenant.uses)) })
	return out, err
}

// PutInvitation implements [Store].
func (m *Memory) PutInvitation(ctx context.Context, i InvitationRow) error {
	i.Roles, i.Created, i.Expires = list(i.Roles), kept(i.Created), kept(i.Expires)
	if i.State != Pending {
		i.Address = ""
	}
	return m.write(ctx, func(x *memoryTx) error {
		old, found := row(x.invitations, x.tenant.invitations, i.ID)
		texts := append([]string{i.ID, i.Address, string(i.InvitedBy.Kind), i.InvitedBy.ID, i.Member}, stringsOf(i.Roles)...)
		known := (i.State == Pending || i.State == Accepted || i.State == Withdrawn) && (i.InvitedBy == Subject{} || i.InvitedBy.valid())
		if i.ID == "" || !known || !areTexts(texts...) || i.Created.IsZero() || i.Expires.IsZero() || found && old.State != Pending && !same(old, i) {
			return ErrRefused
		}
		x.invitations[i.ID] = i
		return nil
	})
}

func same(a, b InvitationRow) bool {
	equal := slices.Equal(a.Roles, b.Roles) && a.Created.Equal(b.Created) && a.Expires.Equal(b.Expires)
	return equal && a.State == b.State && a.Hash == b.Hash && a.Address == b.Address && a.InvitedBy == b.InvitedBy && a.Member == b.Member
}

// Invitation implements [Store].
func (m *Memory) Invitation(ctx context.Context, id string) (out InvitationRow, err error) {
	if m.InTx(ctx) {
		if err := m.write(ctx, func(*memoryTx) error { return nil }); err != nil {
			return out, err
		}
	}
	found := false
	err = m.read(ctx, func(x *memoryTx) { out, found = row(x.invitations, x.tenant.invitations, id) })
	return out, notFound(found, err)
}

func notFound(found bool, err error) error {
	if err == nil && !found {
		return ErrNotFound
	}
	return err
}

// Invitations implements [Store].
func (m *Memory) Invitations(ctx context.Context) (out []InvitationRow, err error) {
	err = m.read(ctx, func(x *memoryTx) {
		for i := range rows(x.invitations, x.tenant.invitations) {
			if i.State == Pending {
				out = append(out, i)
			}
		}
	})
	slices.SortFunc(out, func(a, b InvitationRow) int { return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID)) })
	return out, err
}

// PutReview implements [Store].
func (m *Memory) PutReview(ctx context.Context, r ReviewRow) error {
	r.Opened, r.Due, r.Closed, r.Summary = kept(r.Opened), kept(r.Due), kept(r.Closed), list(r.Summary)
	return m.write(ctx, func(x *memoryTx) error {
		old, _ := row(x.reviews, x.tenant.reviews, r.ID)
		if r.ID == "" || !r.Overdue.known() || !areTexts(r.ID, r.OpenedBy, r.ClosedBy, string(r.Summary)) || r.Opened.IsZero() || r.Due.IsZero() ||
			!old.Closed.IsZero() && !sameReview(old, r) {
			return ErrRefused
		}
		x.reviews[r.ID] = r
		return nil
	})
}

func sameReview(a, b ReviewRow) bool {
	times := a.Opened.Equal(b.Opened) && a.Due.Equal(b.Due) && a.Closed.Equal(b.Closed)
	return times && a.OpenedBy == b.OpenedBy && a.ClosedBy == b.ClosedBy && a.Overdue == b.Overdue && a.Applied == b.Applied && a.Reminded == b.Reminded &&
		bytes.Equal(a.Summary, b.Summary)
}

// Reviews implements [Store].
func (m *Memory) Reviews(ctx context.Context) (out []ReviewRow, err error) {
	err = m.read(ctx, func(x *memoryTx) { out = slices.Collect(rows(x.reviews, x.tenant.reviews)) })
	slices.SortFunc(out, func(a, b ReviewRow) int { return cmp.Or(b.Opened.Compare(a.Opened), strings.Compare(b.ID, a.ID)) })
	return out, err
}

// PutItems implements [Store].
func (m *Memory) PutItems(ctx context.Context, items []ItemRow) error {
	return m.write(ctx, func(x *memoryTx) error {
		for _, i := range items {
			of, found := row(x.reviews, x.tenant.reviews, i.Review)
			old, again := row(x.items, x.tenant.items, memoryItem{i.Review, i.Key})
			texts := []string{i.Key, i.ID, string(i.Snapshot), i.Note, i.By, string(i.Outcome)}
			if !found || !of.Closed.IsZero() || i.Key == "" || i.ID == "" || !i.Kind.known() || !i.Decision.known() || !areTexts(texts...) ||
				again && (old.Kind != i.Kind || old.ID != i.ID || !bytes.Equal(old.Snapshot, i.Snapshot)) {
				return ErrRefused
			}
			i.Snapshot, i.Outcome, i.At = slices.Clone(i.Snapshot), list(i.Outcome), kept(i.At)
			x.items[memoryItem{i.Review, i.Key}] = i
		}
		return nil
	})
}

// Items implements [Store].
func (m *Memory) Items(ctx context.Context, review, after string, limit int) (out []ItemRow, err error) {
	err = m.read(ctx, func(x *memoryTx) {
		for i := range rows(x.items, x.tenant.items) {
			if i.Review == review && i.Key > after {
				out = append(out, i)
			}
		}
	})
	slices.SortFunc(out, func(a, b ItemRow) int { return strings.Compare(a.Key, b.Key) })
	if limit > 0 {
		out = out[:min(limit, len(out))]
	}
	return out, err
}

// Item implements [Store].
func (m *Memory) Item(ctx context.Context, review, key string) (out ItemRow, err error) {
	found := false
	err = m.read(ctx, func(x *memoryTx) { out, found = row(x.items, x.tenant.items, memoryItem{review, key}) })
	return out, notFound(found, err)
}

// AddHome implements [Store].
func (m *Memory) AddHome(ctx context.Context, kind HomeKind, id string, tenant tenancy.ID) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case tenant.IsZero():
		return tenancy.ErrNoTenant
	case kind != HomeOfPerson && kind != HomeOfToken && kind != HomeOfInvitation || id == "" || !areTexts(id):
		return ErrRefused
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	at := memoryHome{kind, id}
	if m.homes[at] == nil {
		m.homes[at] = map[tenancy.ID]bool{}
	}
	m.homes[at][tenant] = true
	return nil
}

// Homes implements [Store].
func (m *Memory) Homes(ctx context.Context, kind HomeKind, id string) ([]tenancy.ID, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Keys(m.homes[memoryHome{kind, id}]), func(a, b tenancy.ID) int { return strings.Compare(a.String(), b.String()) }), nil
}

// list is a copy of the caller's, or nil if nothing is in it.
func list[T any](l []T) []T {
	if len(l) == 0 {
		return nil
	}
	return slices.Clone(l)
}

func stringsOf[T ~string](l []T) []string {
	out := make([]string, len(l))
	for i, s := range l {
		out[i] = string(s)
	}
	return out
}

// areTexts reports whether every database keeps them as they are.
func areTexts(texts ...string) bool {
	return !slices.ContainsFunc(texts, func(s string) bool { return !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 })
}
