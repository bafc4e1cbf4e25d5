package rbac

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// Errors of a [Store].
var (
	ErrNotFound = errors.New("rbac: there is no such thing")
	ErrExists   = errors.New("rbac: there is one already")
	// ErrRefused: it must never be, such as a token that was revoked and is not any more: see [Store].
	ErrRefused = errors.New("rbac: the store refuses what must never be")
	// ErrConflict: somebody else changed it meanwhile.
	ErrConflict = errors.New("rbac: somebody else changed it meanwhile")
	// ErrUnavailable: the store cannot be reached, so that nobody is let in on what it would have said.
	ErrUnavailable = errors.New("rbac: the store is not available")
	// ErrSchema: the store's tables are not those of this release.
	ErrSchema = errors.New("rbac: the store has another schema")
)

// Store keeps who may do what in each tenant. Package rbacsql has one over SQLite and Postgres, and [NewMemory] is one for
// tests. Every call but those on homes works on what is ctx's tenant's, joins the transaction that ctx carries, and fails closed:
// without a tenant, or with a ctx that has ended, it does nothing. ErrNotFound is an answer and does not undo that
// transaction; every other error does. Times are kept to the microsecond, UTC; those that Advance and Changes tell are of the
// store's own clock. Text is UTF-8 without NUL and comes back as it was. What an answer holds is not to be changed by who
// got it: rows may share a list. Implementations are safe for concurrent use by many processes.
//
// Roles, members and tokens are the tenant's rules. Each row of them carries the version in which it last changed, and
// none ever goes: what is removed says so. So what changed since a version is found by asking for the rows above it.
//
// What must never be is refused with [ErrRefused], whoever asks for it: a rule put with another version than the one that
// Advance last told in this transaction, or twice with the same; a removed role that comes back; a token that
// was revoked and is not, or later than it was (its end can come sooner, as when a rotated one leaks); a token
// with another hash, member or time of creation than it had, or one that expires later than 366 days after that; any
// change of an invitation that was accepted or withdrawn; any change of a review that was closed and of its items, an item whose
// Kind, ID or Snapshot are others than they were, and items of no review; no ID; a word that is none of its type's; text that is not as above.
type Store interface {
	// Tx runs f in one transaction: what f does in the store with the ctx it is given is in force together or not at
	// all. It joins the one that ctx carries, and then an error of f undoes that one. f may be run more than once.
	Tx(ctx context.Context, f func(ctx context.Context) error) error
	// InTx reports whether ctx carries a transaction that calls would join.
	InTx(ctx context.Context) bool
	// Committed calls f after the transaction that ctx carries has committed, and never if it has not; without
	// one at once. f must not use ctx.
	Committed(ctx context.Context, f func())

	// Version is that of the tenant's rules, 0 before the first change, and the time.
	Version(ctx context.Context) (int64, time.Time, error)
	// Changes returns the rules that changed after a version, in no order, and the version and time they are as of: one
	// moment's view. after 0: all of them.
	Changes(ctx context.Context, after int64) (Changes, error)
	// Advance begins a change of the tenant's rules: it returns the version that the changed rows are to carry, one more than
	// the last, and the time. Until ctx's transaction, which it needs, has ended, Advance in another one of the tenant
	// waits, in this process and in any other. Once more in the same transaction it advances again. Others learn of
	// the new version with the commit, by [Hint]: see [Hints].
	Advance(ctx context.Context) (int64, time.Time, error)
	// PutRole, PutMember and PutToken add a row or replace that of the same ID, in a transaction that advanced. Lists
	// keep their order; an empty one comes back as nil, but for Networks. A token's home must be known first.
	PutRole(ctx context.Context, r RoleRow) error
	PutMember(ctx context.Context, m MemberRow) error
	PutToken(ctx context.Context, t TokenRow) error
	// Member returns the row of one member, removed or not, or ErrNotFound.
	Member(ctx context.Context, who Subject) (MemberRow, error)

	// Saw notes when what was last used: the newest time counts, and Net goes with it. Unknown ones are noted too.
	Saw(ctx context.Context, uses []Use) error
	// Uses returns all that was noted, in no order.
	Uses(ctx context.Context) ([]Use, error)

	// PutInvitation adds an invitation, or replaces the one of its ID. It forgets the Address of one that is not Pending.
	PutInvitation(ctx context.Context, i InvitationRow) error
	// Invitation returns the one with that ID, or ErrNotFound; inside a transaction nobody else can change it until that ends.
	Invitation(ctx context.Context, id string) (InvitationRow, error)
	// Invitations returns those that are Pending, whether expired or not, oldest first.
	Invitations(ctx context.Context) ([]InvitationRow, error)

	// PutReview adds a review, or replaces the one of its ID.
	PutReview(ctx context.Context, r ReviewRow) error
	// Reviews returns the tenant's reviews, the one opened last first.
	Reviews(ctx context.Context) ([]ReviewRow, error)
	// PutItems adds items of reviews, or replaces those of the same Review and Key.
	PutItems(ctx context.Context, items []ItemRow) error
	// Items returns those of a review in order of their Key, after that one; limit 0: all.
	Items(ctx context.Context, review, after string, limit int) ([]ItemRow, error)
	// Item returns one, or ErrNotFound.
	Item(ctx context.Context, review, key string) (ItemRow, error)

	// AddHome notes that what has that id is the tenant's, for those who know the id only. It needs no tenant in ctx and
	// joins no transaction: a home is known before what lives there, and one that nothing lives at does no harm. Once more is no error.
	AddHome(ctx context.Context, kind HomeKind, id string, tenant tenancy.ID) error
	// Homes returns the tenants noted for an id, in their order; none: nil.
	Homes(ctx context.Context, kind HomeKind, id string) ([]tenancy.ID, error)
}

// HomeKind says what a home is of.
type HomeKind string

const (
	HomeOfPerson     HomeKind = "person"
	HomeOfToken      HomeKind = "token"
	HomeOfInvitation HomeKind = "invitation"
)

// Changes are rules of a tenant.
type Changes struct {
	Version int64
	Now     time.Time
	Roles   []RoleRow
	Members []MemberRow
	Tokens  []TokenRow
}

// RoleRow is a role that a tenant made itself, as the store keeps it.
type RoleRow struct {
	ID          RoleID
	Version     int64
	Name        string
	Machine     bool     // for machines, and else for people
	Permissions []string // names
	Parents     []RoleID // roles whose permissions it has too
	Removed     bool
	CreatedBy   string
	Created     time.Time
}

// MemberRow is a member as the store keeps it.
type MemberRow struct {
	Subject
	Version   int64
	Roles     []RoleID
	Status    Status
	Expires   time.Time // zero: never
	Owner     string    // the person who answers for a machine
	CreatedBy string
	Created   time.Time
}

// Status says whether a member is let in.
type Status string

const (
	Active    Status = "active"
	Suspended Status = "suspended"
	Removed   Status = "removed"
)

// TokenRow is an API token as the store keeps it: never its secret.
type TokenRow struct {
	ID          string
	Version     int64
	Member      Subject // whose rights it narrows
	Integration string  // what it is for
	Hash        [32]byte
	Last4       string // of the whole token
	Scopes      []string
	Networks    []netip.Prefix // nil: any
	CreatedBy   string
	Created     time.Time
	Expires     time.Time
	Revoked     time.Time // zero: it is not; in the future: it is good until then, after a rotation (Reason: "rotated")
	Reason      string    // why it was revoked
	ReplacedBy  string    // the ID of the token that it was rotated to
}

// Use says when a member or a token was last used, and from where.
type Use struct {
	Kind UseKind
	ID   string // of a token, or of a subject
	At   time.Time
	Net  netip.Prefix // of the client, a /24 or /48; the zero Prefix: not known
}

// UseKind says what was used.
type UseKind string

const (
	UseOfPerson  UseKind = "person"
	UseOfMachine UseKind = "machine"
	UseOfToken   UseKind = "token"
)

// InvitationRow is an invitation as the store keeps it.
type InvitationRow struct {
	ID        string
	Hash      [32]byte
	Address   string // "" once it is not Pending
	Roles     []RoleID
	State     InvitationState
	InvitedBy Subject // the zero Subject: the application
	Member    string  // the person who accepted it
	Created   time.Time
	Expires   time.Time
}

// InvitationState is where an invitation stands. That it expired is not one: it is read off the clock.
type InvitationState string

const (
	Pending   InvitationState = "pending"
	Accepted  InvitationState = "accepted"
	Withdrawn InvitationState = "withdrawn"
)

// ReviewRow is an access review as the store keeps it.
type ReviewRow struct {
	ID       string
	OpenedBy string
	Opened   time.Time
	Due      time.Time
	Closed   time.Time // zero: it is open
	ClosedBy string
	Overdue  OverduePolicy
	Applied  bool   // the policy was applied
	Reminded int    // how many reminders were given
	Summary  []byte // JSON: what the roles were, and digests of the items
}

// ItemRow is one line of an access review: a member, a token or an invitation as it was when the review was opened.
type ItemRow struct {
	Review, Key string // Key orders the items: what needs looking at most comes first
	Kind        ItemKind
	ID          string // of the member, token or invitation
	Snapshot    []byte // JSON: as it was when the review was opened
	Decision    Decision
	Note        string
	By          string
	At          time.Time
	Outcome     []byte // JSON: what was decided on, and what came of it; nil: nothing was decided
}

// Hints is a source of news that the rules of a tenant have changed. It calls f with what it hears until ctx ends or it
// fails. A hint makes [Authorizer] look, and is never believed: one that is lost costs time, one that is forged a query.
type Hints func(ctx context.Context, f func(hint string)) error
