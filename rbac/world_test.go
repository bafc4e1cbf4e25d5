package rbac

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/stretchr/testify/require"
)

// The application of the tests.
var (
	office    = NewCatalog("office")
	canRead   = office.Permission("page.read")
	canWrite  = office.Permission("page.write")
	canPay    = office.Permission("bill.pay", Sensitive)
	canIngest = office.Permission("page.ingest", MachinesOnly)
	canSign   = office.Permission("page.sign", PeopleOnly)
	canSeal   = office.Permission("page.seal", NonDelegable)

	viewer  = office.Role("viewer", canRead)
	editor  = office.Role("editor", viewer, canWrite)
	payer   = office.Role("payer", canPay)
	manager = office.Role("manager", editor, canSign, ManageMembers, ManageRoles, ManageTokens, ViewAccess)
	sealer  = office.Role("sealer", canSeal)
	admin   = office.Role("admin", Everything, Owner)
	bot     = office.Role("bot", ForMachines, canRead, canIngest)
	robot   = office.Role("robot", ForMachines, canRead, canWrite, ManageMembers, ViewAccess)
)

// world is a tenant with an owner, olga.
type world struct {
	*Authorizer
	t      testing.TB
	store  Store
	id     tenancy.ID
	ctx    context.Context
	record *recorded
}

var olga = User("olga")

func newWorld(t testing.TB) *world { return newWorldOver(t, NewMemory(), Options{}) }

func newWorldOver(t testing.TB, s Store, o Options) *world {
	w := emptyWorld(t, s, o)
	require.NoError(t, w.Found(w.ctx, w.system(), olga, admin.ID()))
	return w
}

func emptyWorld(t testing.TB, s Store, o Options) *world {
	w := &world{t: t, store: s, id: tenancy.NewID(), record: &recorded{}}
	o.Recorder = w.record
	w.Authorizer = newAuthorizer(t, office, s, o)
	w.ctx = tenancy.With(context.Background(), w.id)
	return w
}

func newAuthorizer(t testing.TB, c *Catalog, s Store, o Options) *Authorizer {
	a, err := New(c, s, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func (w *world) secretOf(s string) redact.Secret[string] { return redact.NewSecret(s) }

func (w *world) system() Principal {
	p, err := w.System(w.ctx, "test")
	require.NoError(w.t, err)
	return p
}

// as is u as they are now.
func (w *world) as(u Subject) Principal {
	p, err := w.MemberFresh(w.ctx, u)
	require.NoError(w.t, err)
	return p
}

// user is a member with these roles.
func (w *world) user(id string, roles ...Role) Subject {
	u := User(id)
	require.NoError(w.t, w.Add(w.ctx, w.system(), u, ids(roles)...))
	return u
}

// machine is a machine with these roles, which olga answers for.
func (w *world) machine(name string, roles ...Role) Subject {
	require.NoError(w.t, w.AddMachine(w.ctx, w.system(), name, olga, ids(roles)...))
	return Service(name)
}

func ids(roles []Role) (out []RoleID) {
	for _, r := range roles {
		out = append(out, r.ID())
	}
	return out
}

// role is a role of the tenant's own.
func (w *world) role(name string, xs ...Permission) RoleID {
	id, err := w.SaveRole(w.ctx, w.system(), RoleSpec{Name: name, Permissions: xs})
	require.NoError(w.t, err)
	return id
}

// token puts a token row for who, and returns who comes by it. Nothing of how tokens are issued is in it.
func (w *world) token(id string, who Subject, scopes ...Permission) Principal {
	row := TokenRow{ID: id, Member: who, Integration: "test", Hash: [32]byte{1}}
	for _, x := range scopes {
		row.Scopes = append(row.Scopes, x.String())
	}
	w.change(func(ctx context.Context, v int64, now time.Time) {
		row.Version, row.Created, row.Expires = v, now, now.Add(time.Hour)
		require.NoError(w.t, w.store.PutToken(ctx, row))
	})
	return w.bearer(id)
}

func (w *world) bearer(id string) Principal {
	v, err := w.tenants.refreshed(w.ctx, w.id)
	require.NoError(w.t, err)
	t := v.rules.tokens[id]
	return Principal{s: t.narrow(v.rules.member(t.row.Member), w.c), tenant: w.id, id: t.row.Member.ID, via: t.via}
}

// change changes rules behind the authorizer's back, as another process would.
func (w *world) change(f func(ctx context.Context, v int64, now time.Time)) {
	require.NoError(w.t, w.store.Tx(w.ctx, func(ctx context.Context) error {
		v, now, err := w.store.Advance(ctx)
		require.NoError(w.t, err)
		f(ctx, v, now)
		return nil
	}))
}

// row is the row of a member.
func (w *world) row(who Subject) MemberRow {
	m, err := w.store.Member(w.ctx, who)
	require.NoError(w.t, err)
	return m
}

// may lists what u may do, by name; nil: they are not let in.
func (w *world) may(u Subject) (out []string) {
	p, err := w.MemberFresh(w.ctx, u)
	if err != nil {
		require.ErrorIs(w.t, err, ErrDenied)
		return nil
	}
	return p.s.set.names()
}

// refused checks that err is the denial for that reason.
func refused(t testing.TB, err error, why Reason) {
	t.Helper()
	require.ErrorIs(t, err, ErrDenied)
	require.ErrorIs(t, err, &Denied{Reason: why})
}

// invite invites and returns the secret.
func (w *world) invite(by Principal, address string, roles ...Role) (redact.Secret[string], InvitationInfo) {
	secret, info, err := w.Invite(w.ctx, by, Invitation{Address: address, Roles: ids(roles)})
	require.NoError(w.t, err)
	return secret, info
}

// recorded keeps what was recorded.
type recorded struct {
	mu     sync.Mutex
	events []audit.Event
	fail   error
}

func (r *recorded) Record(_ context.Context, e audit.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return r.fail
	}
	r.events = append(r.events, e)
	return nil
}

// names are the actions since the last call.
func (r *recorded) names() (out []string) {
	for _, e := range r.taken() {
		out = append(out, e.Action.String())
	}
	return out
}

func (r *recorded) taken() []audit.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.events
	r.events = nil
	return out
}

// clocked is a store whose clock can be set.
type clocked struct {
	Store
	shift atomic.Int64
}

func (s *clocked) later(t time.Time) time.Time { return t.Add(time.Duration(s.shift.Load())) }

func (s *clocked) Version(ctx context.Context) (int64, time.Time, error) {
	v, now, err := s.Store.Version(ctx)
	return v, s.later(now), err
}

func (s *clocked) Advance(ctx context.Context) (int64, time.Time, error) {
	v, now, err := s.Store.Advance(ctx)
	return v, s.later(now), err
}

func (s *clocked) Changes(ctx context.Context, after int64) (Changes, error) {
	c, err := s.Store.Changes(ctx, after)
	c.Now = s.later(c.Now)
	return c, err
}

// broken is a store whose calls fail: from the one after the next n on, or while it is cut off.
type broken struct {
	Store
	n     atomic.Int64 // < 0: no end
	cut   atomic.Bool
	calls atomic.Int64
}

func newBroken(s Store) *broken {
	b := &broken{Store: s}
	b.n.Store(-1)
	return b
}

var errBroken = errors.New("broken")

func (b *broken) call() error {
	b.calls.Add(1)
	if b.cut.Load() || b.n.Load() == 0 {
		return errBroken
	}
	if b.n.Load() > 0 {
		b.n.Add(-1)
	}
	return nil
}

func (b *broken) Version(ctx context.Context) (int64, time.Time, error) {
	if err := b.call(); err != nil {
		return 0, time.Time{}, err
	}
	return b.Store.Version(ctx)
}

func (b *broken) Advance(ctx context.Context) (int64, time.Time, error) {
	if err := b.call(); err != nil {
		return 0, time.Time{}, err
	}
	return b.Store.Advance(ctx)
}

func (b *broken) Changes(ctx context.Context, after int64) (Changes, error) {
	if err := b.call(); err != nil {
		return Changes{}, err
	}
	return b.Store.Changes(ctx, after)
}

func (b *broken) Member(ctx context.Context, who Subject) (MemberRow, error) {
	if err := b.call(); err != nil {
		return MemberRow{}, err
	}
	return b.Store.Member(ctx, who)
}

func (b *broken) PutMember(ctx context.Context, m MemberRow) error {
	if err := b.call(); err != nil {
		return err
	}
	return b.Store.PutMember(ctx, m)
}

func (b *broken) PutToken(ctx context.Context, t TokenRow) error {
	if err := b.call(); err != nil {
		return err
	}
	return b.Store.PutToken(ctx, t)
}

func (b *broken) Invitations(ctx context.Context) ([]InvitationRow, error) {
	if err := b.call(); err != nil {
		return nil, err
	}
	return b.Store.Invitations(ctx)
}

func (b *broken) PutInvitation(ctx context.Context, i InvitationRow) error {
	if err := b.call(); err != nil {
		return err
	}
	return b.Store.PutInvitation(ctx, i)
}

func (b *broken) Homes(ctx context.Context, k HomeKind, id string) ([]tenancy.ID, error) {
	if err := b.call(); err != nil {
		return nil, err
	}
	return b.Store.Homes(ctx, k, id)
}
