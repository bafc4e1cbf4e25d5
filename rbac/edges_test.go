package rbac_test

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"

	"github.com/bailiwick-dev/bailiwick/redact"
)

// The application of these tests.
var (
	access      = rbac.NewCatalog("desk")
	ReadChat    = access.Permission("chat.read")
	ReadOwn     = access.Permission("chat.read.own")
	Reply       = access.Permission("chat.reply")
	Impersonate = access.Permission("customer.impersonate", rbac.PeopleOnly)
	Ingest      = access.Permission("events.ingest", rbac.MachinesOnly)
	Purge       = access.Permission("tenant.purge", rbac.NonDelegable)
	SeeStatus   = access.Permission("order.status")
	SeeOrder    = access.Permission("order.see")

	Admin  = access.Role("admin", rbac.Everything, rbac.Owner)
	Agent  = access.Role("agent", ReadChat, Reply, Impersonate, rbac.OwnTokens)
	Keeper = access.Role("keeper", ReadChat, rbac.ManageTokens) // of machines no greater than itself
	Viewer = access.Role("viewer", ReadChat)
	Robot  = access.Role("robot", ReadChat, Reply, Ingest, rbac.ForMachines)
	Reader = access.Role("reader", ReadChat, rbac.ForMachines)
	Minter = access.Role("minter", ReadChat, Reply, rbac.ManageTokens, rbac.ForMachines)

	Widget = access.Surface("widget", SeeStatus, SeeOrder)
	Ticker = access.Surface("ticker", SeeStatus)

	form = apitoken.MustNew("desk", "test")
	here = netip.MustParseAddr("192.0.2.7")
)

var (
	ada    = rbac.User("ada")     // admin
	bob    = rbac.User("bob")     // agent
	kim    = rbac.User("kim")     // keeper
	vic    = rbac.User("vic")     // viewer
	syncer = rbac.Service("sync") // robot
	feed   = rbac.Service("feed") // reader
	mint   = rbac.Service("mint") // minter
)

// watched is a store whose calls are counted, whose clock can be moved, and which can be away.
type watched struct {
	*rbac.Memory
	ahead                        atomic.Int64 // of the clock
	asked, homes, saws, sawNotes atomic.Int64
	away, deaf                   atomic.Bool
	hold                         atomic.Pointer[func()] // in Version
}

var errAway = errors.New("the store is away")

func (w *watched) Version(ctx context.Context) (int64, time.Time, error) {
	w.asked.Add(1)
	if w.away.Load() {
		return 0, time.Time{}, errAway
	}
	v, now, err := w.Memory.Version(ctx)
	if f := w.hold.Load(); f != nil {
		(*f)()
	}
	return v, now.Add(time.Duration(w.ahead.Load())), err
}

func (w *watched) Changes(ctx context.Context, after int64) (rbac.Changes, error) {
	w.asked.Add(1)
	if w.away.Load() {
		return rbac.Changes{}, errAway
	}
	ch, err := w.Memory.Changes(ctx, after)
	ch.Now = ch.Now.Add(time.Duration(w.ahead.Load()))
	return ch, err
}

func (w *watched) Advance(ctx context.Context) (int64, time.Time, error) {
	v, now, err := w.Memory.Advance(ctx)
	return v, now.Add(time.Duration(w.ahead.Load())), err
}

func (w *watched) Homes(ctx context.Context, kind rbac.HomeKind, id string) ([]tenancy.ID, error) {
	w.homes.Add(1)
	if w.away.Load() {
		return nil, errAway
	}
	return w.Memory.Homes(ctx, kind, id)
}

func (w *watched) Saw(ctx context.Context, uses []rbac.Use) error {
	w.saws.Add(1)
	w.sawNotes.Add(int64(len(uses)))
	if w.deaf.Load() {
		return errAway
	}
	return w.Memory.Saw(ctx, uses)
}

// book is an audit log in memory.
type book struct {
	mu     sync.Mutex
	events []audit.Event
	fail   error
}

func (b *book) Record(ctx context.Context, e audit.Event) error {
	if _, err := tenancy.From(ctx); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return b.fail
	}
	b.events = append(b.events, e)
	return nil
}

func (b *book) of(action string) (out []audit.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.Action.String() == action {
			out = append(out, e)
		}
	}
	return out
}

// desk is a tenant of the application, with everybody in it.
type desk struct {
	*rbac.Authorizer
	t     testing.TB
	ctx   context.Context
	store *watched
	log   *book
}

func newDesk(t testing.TB, edit ...func(*rbac.Options)) *desk {
	d := &desk{t: t, store: &watched{Memory: rbac.NewMemory()}, log: &book{}}
	d.Authorizer = d.another(edit...)
	d.ctx = d.tenant("acme")
	return d
}

// another is one more process over the same store.
func (d *desk) another(edit ...func(*rbac.Options)) *rbac.Authorizer {
	o := rbac.Options{Recorder: d.log, Tokens: form, Passwords: func(n int) (redact.Secret[string], error) { return vault.NewPassword(n) }}
	for _, f := range edit {
		f(&o)
	}
	a, err := rbac.New(access, d.store, o)
	require.NoError(d.t, err)
	d.t.Cleanup(func() { require.NoError(d.t, a.Close()) })
	return a
}

// tenant founds one more tenant with everybody in it.
func (d *desk) tenant(id string) context.Context {
	ctx := tenancy.With(context.Background(), tenancy.MustParseID(id))
	sys := d.system(ctx)
	require.NoError(d.t, d.Found(ctx, sys, ada, Admin.ID()))
	for who, role := range map[rbac.Subject]rbac.Role{bob: Agent, kim: Keeper, vic: Viewer} {
		require.NoError(d.t, d.Add(ctx, sys, who, role.ID()))
	}
	for who, role := range map[rbac.Subject]rbac.Role{syncer: Robot, feed: Reader, mint: Minter} {
		require.NoError(d.t, d.AddMachine(ctx, sys, who.ID, ada, role.ID()))
	}
	return ctx
}

func (d *desk) system(ctx context.Context) rbac.Principal {
	sys, err := d.System(ctx, "a test")
	require.NoError(d.t, err)
	return sys
}

func (d *desk) as(who rbac.Subject) rbac.Principal {
	d.t.Helper()
	p, err := d.MemberFresh(d.ctx, who)
	require.NoError(d.t, err)
	return p
}

// by is who comes by a token.
func (d *desk) by(raw string) rbac.Principal {
	d.t.Helper()
	p, err := d.Token(d.ctx, raw, here)
	require.NoError(d.t, err)
	return p
}

func (d *desk) issue(by rbac.Principal, spec rbac.TokenSpec) (string, rbac.TokenInfo) {
	d.t.Helper()
	if spec.Integration == "" {
		spec.Integration = "a test"
	}
	secret, info, err := d.IssueToken(d.ctx, by, spec)
	require.NoError(d.t, err)
	return secret.Reveal(), info
}

// later moves the store's clock.
func (d *desk) later(by time.Duration) {
	d.store.ahead.Add(int64(by))
	_, err := d.MemberFresh(d.ctx, ada)
	require.NoError(d.t, err)
}

func deniedFor(t testing.TB, err error, r rbac.Reason) {
	t.Helper()
	require.ErrorIs(t, err, &rbac.Denied{Reason: r})
	require.ErrorIs(t, err, rbac.ErrDenied)
}
