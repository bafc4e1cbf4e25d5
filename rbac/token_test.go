package rbac_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/rbac/apitoken"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

func TestATokenMayDoWhatItsScopesAndItsMemberMayNow(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	raw, info := d.issue(d.as(bob), rbac.TokenSpec{Member: bob, Scopes: []rbac.Permission{ReadChat, Reply}})
	p := d.by(raw)
	require.Equal(t, bob, p.Subject())
	require.Equal(t, info.ID, p.TokenID())
	require.True(t, p.Can(ReadChat) && p.Can(Reply))
	require.Equal(t, rbac.NotGranted, p.Explain(Ingest).Reason)

	narrow, _ := d.issue(d.as(bob), rbac.TokenSpec{Member: bob, Scopes: []rbac.Permission{ReadChat}})
	require.Equal(t, rbac.ByScope, d.by(narrow).Explain(Reply).Reason)
	none, _ := d.issue(d.as(bob), rbac.TokenSpec{Member: bob})
	for x := range d.by(none).Permissions() {
		t.Fatalf("a token without scopes may do %s", x)
	}

	require.NoError(t, d.SetRoles(d.ctx, d.system(d.ctx), bob, Viewer.ID()))
	require.False(t, d.by(raw).Can(Reply), "the member may not any more")
	require.True(t, d.by(raw).Can(ReadChat))
	require.NoError(t, d.SetRoles(d.ctx, d.system(d.ctx), bob, Agent.ID()))
	require.True(t, d.by(raw).Can(Reply))

	n, err := d.RevokeTokens(d.ctx, d.as(bob), rbac.TokenSelector{Member: bob}, "done with them")
	require.NoError(t, err)
	require.Equal(t, 3, n)
	require.NoError(t, d.SetRoles(d.ctx, d.system(d.ctx), bob, Viewer.ID()))
	require.NoError(t, d.SetRoles(d.ctx, d.system(d.ctx), bob, Agent.ID()))
	_, err = d.Token(d.ctx, raw, here)
	deniedFor(t, err, rbac.BadToken) // nothing revives it
}

func TestATokenEndsWithItsMember(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	raw, _ := d.issue(d.as(bob), rbac.TokenSpec{Member: bob, Scopes: []rbac.Permission{ReadChat}})
	require.NoError(t, d.Suspend(d.ctx, d.system(d.ctx), bob))
	_, err := d.Token(d.ctx, raw, here)
	deniedFor(t, err, rbac.NotActive)
	require.NoError(t, d.Resume(d.ctx, d.system(d.ctx), bob))
	d.by(raw)
	require.NoError(t, d.SetExpiry(d.ctx, d.system(d.ctx), bob, time.Now().Add(time.Hour)))
	d.by(raw)
	d.later(2 * time.Hour)
	_, err = d.Token(d.ctx, raw, here)
	deniedFor(t, err, rbac.Expired)
	_, err = d.Remove(d.ctx, d.system(d.ctx), bob)
	require.NoError(t, err)
	_, err = d.Token(d.ctx, raw, here)
	deniedFor(t, err, rbac.BadToken)
	require.NoError(t, d.Add(d.ctx, d.system(d.ctx), bob, Agent.ID()))
	_, err = d.Token(d.ctx, raw, here)
	deniedFor(t, err, rbac.BadToken) // nor one who comes back
}

func TestATokenExpiresByTheStoresClock(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	raw, info := d.issue(d.as(bob), rbac.TokenSpec{Member: bob, For: time.Hour})
	require.Equal(t, time.Hour, info.Expires.Sub(info.Created))
	d.later(time.Hour - time.Minute)
	d.by(raw)
	d.later(time.Minute)
	_, err := d.Token(d.ctx, raw, here)
	deniedFor(t, err, rbac.TokenExpired)
	d.store.ahead.Store(0) // the clock went back
	_, err = d.MemberFresh(d.ctx, ada)
	require.NoError(t, err)
	_, err = d.Token(d.ctx, raw, here)
	deniedFor(t, err, rbac.TokenExpired)

	_, info = d.issue(d.as(bob), rbac.TokenSpec{Member: bob})
	require.Equal(t, rbac.DefaultTokenLife, info.Expires.Sub(info.Created))
	for _, life := range []time.Duration{-1, rbac.MaxTokenLife + 1} {
		_, _, err = d.IssueToken(d.ctx, d.as(bob), rbac.TokenSpec{Member: bob, Integration: "x", For: life})
		require.ErrorIs(t, err, rbac.ErrToken)
	}
}

// A process that has only just begun knows of no time but the store's clock. If that went back, what was revoked still is.
func TestAClockThatGoesBackGivesNoRevokedTokenLife(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	spec := rbac.TokenSpec{Member: syncer, Scopes: []rbac.Permission{ReadChat}}
	revoked, info := d.issue(d.system(d.ctx), spec)
	rotated, old := d.issue(d.system(d.ctx), spec)
	overlapping, older := d.issue(d.system(d.ctx), spec)
	_, _, err := d.RotateToken(d.ctx, d.system(d.ctx), older.ID, time.Hour)
	require.NoError(t, err)
	_, err = d.RevokeTokens(d.ctx, d.system(d.ctx), rbac.TokenSelector{ID: info.ID}, "leaked")
	require.NoError(t, err)
	_, _, err = d.RotateToken(d.ctx, d.system(d.ctx), old.ID, 0)
	require.NoError(t, err)
	d.store.ahead.Store(-int64(time.Minute))
	b := d.another()
	for _, raw := range []string{revoked, rotated} {
		_, err = b.Token(d.ctx, raw, here)
		deniedFor(t, err, rbac.BadToken)
	}
	_, err = b.Token(d.ctx, overlapping, here)
	require.NoError(t, err)
	_, err = d.RevokeTokens(d.ctx, d.system(d.ctx), rbac.TokenSelector{ID: older.ID}, "rotated")
	require.NoError(t, err)
	d.store.ahead.Store(-int64(time.Hour))
	_, err = d.another().Token(d.ctx, overlapping, here)
	deniedFor(t, err, rbac.BadToken)
}

func TestATokenOfAnotherTenantIsNoToken(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var tenants []context.Context
	var tokens []string
	for i := range 33 {
		ctx := d.tenant(fmt.Sprintf("t%d", i))
		secret, _, err := d.IssueToken(ctx, d.system(ctx), rbac.TokenSpec{Member: syncer, Integration: "x", Scopes: []rbac.Permission{ReadChat}})
		require.NoError(t, err)
		tenants, tokens = append(tenants, ctx), append(tokens, secret.Reveal())
	}
	homes := d.store.homes.Load()
	for i, ctx := range tenants {
		for j, raw := range tokens {
			p, err := d.Token(ctx, raw, here)
			if i == j {
				require.NoError(t, err)
				require.True(t, p.Can(ReadChat))
				continue
			}
			deniedFor(t, err, rbac.BadToken)
			require.True(t, p.IsZero())
		}
	}
	require.LessOrEqual(t, d.store.homes.Load()-homes, int64(len(tokens)), "each is asked about once")
	for i, raw := range tokens {
		p, err := d.Token(context.Background(), raw, here)
		require.NoError(t, err)
		is, err := tenancy.From(tenants[i])
		require.NoError(t, err)
		require.Equal(t, is, p.Tenant())
		_, err = d.Tokens(tenants[(i+1)%len(tenants)], p, rbac.TokenSelector{All: true})
		deniedFor(t, err, rbac.NotMember)
	}
}

func TestOneChangedCharacterIsRefusedWithoutAQuestion(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	raw, _ := d.issue(d.system(d.ctx), rbac.TokenSpec{Member: syncer})
	d.by(raw)
	asked, homes := d.store.asked.Load(), d.store.homes.Load()
	for _, ctx := range []context.Context{d.ctx, context.Background()} {
		for i := range raw {
			c := byte('0')
			if raw[i] == c {
				c = '1'
			}
			_, err := d.Token(ctx, raw[:i]+string(c)+raw[i+1:], here)
			deniedFor(t, err, rbac.BadToken)
		}
		for _, junk := range []string{"", "x", raw + " ", " " + raw, strings.ToUpper(raw), raw[1:], strings.Repeat("x", 1<<16), "Bearer " + raw} {
			_, err := d.Token(ctx, junk, here)
			deniedFor(t, err, rbac.BadToken)
		}
	}
	require.Equal(t, homes, d.store.homes.Load())
	require.LessOrEqual(t, d.store.asked.Load()-asked, int64(2), "what is in memory may have been looked at anew meanwhile")
}

func TestWhatIsWrongWithATokenLooksAlike(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	spec := rbac.TokenSpec{Member: syncer, Scopes: []rbac.Permission{ReadChat}}
	raw, _ := d.issue(d.system(d.ctx), spec)
	gone, info := d.issue(d.system(d.ctx), spec)
	_, err := d.RevokeTokens(d.ctx, d.system(d.ctx), rbac.TokenSelector{ID: info.ID}, "")
	require.NoError(t, err)
	other := d.tenant("other")
	foreign, _, err := d.IssueToken(other, d.system(other), rbac.TokenSpec{Member: syncer, Integration: "x"})
	require.NoError(t, err)

	var said []string
	for _, ctx := range []context.Context{d.ctx, context.Background()} {
		for _, bad := range []string{"junk", form.Mint().Secret.Reveal(), otherSecret(t, raw), gone} {
			p, err := d.Token(ctx, bad, here)
			require.True(t, p.IsZero())
			require.Error(t, err)
			said = append(said, fmt.Sprintf("%#v %v", err, err))
		}
	}
	_, err = d.Token(d.ctx, foreign.Reveal(), here)
	said = append(said, fmt.Sprintf("%#v %v", err, err))
	for _, s := range said {
		require.Equal(t, said[0], s)
	}
}

// otherSecret is a well-formed token with raw's id and another secret, as anybody can make one up.
func otherSecret(t testing.TB, raw string) string {
	t.Helper()
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	b := []byte(raw)
	at := len("desk_test_") + 12
	b[at] = map[bool]byte{true: '1', false: '0'}[b[at] == '0']
	n := len(b) - 6
	for sum, i := crc32.ChecksumIEEE(b[:n]), 5; i >= 0; i-- {
		b[n+i] = alphabet[sum%62]
		sum /= 62
	}
	_, err := form.Parse(string(b))
	require.NoError(t, err)
	return string(b)
}

func TestATokenPrintsNoSecret(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	secret, info, err := d.IssueToken(d.ctx, d.as(bob), rbac.TokenSpec{Member: bob, Integration: "x", Scopes: []rbac.Permission{ReadChat}})
	require.NoError(t, err)
	raw := secret.Reveal()
	hidden := raw[len("desk_test_")+12 : len(raw)-6]
	p := d.by(raw)
	require.NoError(t, d.SetExpiry(d.ctx, d.system(d.ctx), bob, time.Now().Add(-time.Hour)))
	_, refused := d.Token(d.ctx, raw, here)
	require.Error(t, refused)
	var text strings.Builder
	logger := slog.New(slog.NewJSONHandler(&text, nil))
	for _, v := range []any{secret, &secret, info, p, &p, rbac.Bearer(raw), refused, fmt.Errorf("wrapped: %w", refused), struct{ C rbac.Credential }{rbac.Bearer(raw)}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&text, verb, v)
		}
		b, _ := json.Marshal(v)
		text.Write(b)
		logger.Info("x", "v", v)
	}
	for _, e := range d.log.events {
		fmt.Fprintf(&text, "%#v", e)
	}
	require.NotContains(t, text.String(), hidden)
	require.NotContains(t, text.String(), fmt.Sprintf("%x", hidden))
	require.Contains(t, info.Display, info.ID)
}

// A token that was made up has the form, and a checksum that anybody can compute.
func TestMadeUpTokensDoNotHammerTheStore(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	raw, _ := d.issue(d.system(d.ctx), rbac.TokenSpec{Member: syncer})
	late, _ := d.issue(d.system(d.ctx), rbac.TokenSpec{Member: syncer})
	for _, ctx := range []context.Context{d.ctx, context.Background()} {
		_, err := d.Token(ctx, raw, here)
		require.NoError(t, err)
	}
	before := d.store.homes.Load()
	busy := 0
	for i := range 20_000 {
		ctx := d.ctx
		if i%2 == 0 {
			ctx = context.Background()
		}
		_, err := d.Token(ctx, form.Mint().Secret.Reveal(), here)
		if errors.Is(err, tenancy.ErrBusy) {
			busy++
			continue
		}
		deniedFor(t, err, rbac.BadToken)
	}
	require.Less(t, d.store.homes.Load()-before, int64(1000))
	require.Greater(t, busy, 19_000)
	d.by(raw)
	_, err := d.Token(context.Background(), raw, here)
	require.NoError(t, err, "what is known does not suffer")
	_, err = d.Token(context.Background(), late, netip.MustParseAddr("198.51.100.1"))
	require.NoError(t, err, "nor do those of another network")

	again := form.Mint().Secret.Reveal()
	there := netip.MustParseAddr("203.0.113.1")
	before = d.store.homes.Load()
	for range 100 {
		_, err := d.Token(context.Background(), again, there)
		deniedFor(t, err, rbac.BadToken)
	}
	require.Equal(t, before+1, d.store.homes.Load(), "an unknown one is remembered for a while")
}

func TestManyWhoAskForOneTokenAskTheStoreOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	raw, _ := d.issue(d.system(d.ctx), rbac.TokenSpec{Member: syncer})
	before := d.store.homes.Load()
	got := make(chan error, 50)
	for range cap(got) {
		go func() {
			_, err := d.Token(context.Background(), raw, here)
			got <- err
		}()
	}
	for range cap(got) {
		require.NoError(t, <-got)
	}
	require.LessOrEqual(t, d.store.homes.Load()-before, int64(2))
}

func TestATokenIssuedInAnotherProcessIsGoodAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.another(func(o *rbac.Options) { o.FreshFor, o.MaxStaleness = time.Hour, time.Hour })
	_, err := b.Member(d.ctx, bob)
	require.NoError(t, err)
	raw, _ := d.issue(d.as(bob), rbac.TokenSpec{Member: bob, Scopes: []rbac.Permission{ReadChat}})
	p, err := b.Token(d.ctx, raw, here)
	require.NoError(t, err)
	require.True(t, p.Can(ReadChat))

	// A home where no token came to be costs one question.
	lost := form.Mint()
	require.NoError(t, d.store.AddHome(d.ctx, rbac.HomeOfToken, lost.ID.String(), p.Tenant()))
	asked := d.store.asked.Load()
	for range 100 {
		_, err = b.Token(d.ctx, lost.Secret.Reveal(), here)
		deniedFor(t, err, rbac.BadToken)
	}
	require.LessOrEqual(t, d.store.asked.Load()-asked, int64(4))
}

func TestWithoutTheStoreNobodyComesByAToken(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	raw, _ := d.issue(d.as(bob), rbac.TokenSpec{Member: bob})
	b := d.another()
	d.store.away.Store(true)
	_, err := b.Token(d.ctx, raw, here)
	require.ErrorIs(t, err, rbac.ErrStale)
	_, err = b.Token(context.Background(), raw, here)
	require.ErrorIs(t, err, rbac.ErrStale)
	_, err = b.Token(context.Background(), "junk", here)
	deniedFor(t, err, rbac.BadToken)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	_, err = b.Token(ctx, form.Mint().Secret.Reveal(), here)
	require.Error(t, err)
	d.store.away.Store(false)
	_, err = b.Token(context.Background(), raw, here)
	require.NoError(t, err)
	require.NoError(t, b.Close())
	_, err = b.Token(d.ctx, raw, here)
	require.ErrorIs(t, err, rbac.ErrClosed)
}

func TestWithoutAFormThereAreNoTokens(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(o *rbac.Options) { o.Tokens = apitoken.Form{} })
	_, _, err := d.IssueToken(d.ctx, d.as(bob), rbac.TokenSpec{Member: bob, Integration: "x"})
	require.ErrorIs(t, err, rbac.ErrToken)
	for _, raw := range []string{"", form.Mint().Secret.Reveal()} {
		_, err = d.Token(d.ctx, raw, here)
		deniedFor(t, err, rbac.BadToken)
	}
}

func TestATokenIsGoodFromItsNetworksOnly(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	prefixes := func(ps ...string) (out []netip.Prefix) {
		for _, p := range ps {
			out = append(out, netip.MustParsePrefix(p))
		}
		return out
	}
	raw, info := d.issue(d.as(bob), rbac.TokenSpec{Member: bob, Networks: prefixes("10.0.0.0/8", "::ffff:192.0.2.0/120", "2001:db8::/32", "10.0.0.0/8")})
	require.Equal(t, prefixes("10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32"), info.Networks)
	for addr, good := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "192.0.2.9": true, "2001:db8::1": true, "2001:db8::1%eth0": true,
		"11.1.2.3": false, "::ffff:11.1.2.3": false, "192.0.3.1": false, "2001:db9::1": false, "64:ff9b::10.1.2.3": false, "::10.1.2.3": false, "::1": false,
	} {
		_, err := d.Token(d.ctx, raw, netip.MustParseAddr(addr))
		if good {
			require.NoError(t, err, addr)
		} else {
			deniedFor(t, err, rbac.ByNetwork)
		}
	}
	_, err := d.Token(d.ctx, raw, netip.Addr{})
	deniedFor(t, err, rbac.ByNetwork) // an address that is not known is in no network
	_, err = d.Token(d.ctx, otherSecret(t, raw), netip.MustParseAddr("11.1.2.3"))
	deniedFor(t, err, rbac.BadToken) // who does not have the token learns nothing of its networks

	for _, bad := range [][]netip.Prefix{prefixes("0.0.0.0/0"), prefixes("::/0"), prefixes("10.1.2.3/8"), prefixes("::ffff:0:0/90"), {{}},
		prefixes("::ffff:0.0.0.0/96"), prefixes("0.0.0.0/32"), make([]netip.Prefix, 100)} {
		_, _, err := d.IssueToken(d.ctx, d.as(bob), rbac.TokenSpec{Member: bob, Integration: "x", Networks: bad})
		require.ErrorIs(t, err, rbac.ErrToken, bad)
	}
}

func TestAHundredThousandUsesAreAFewWrites(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	raw, info := d.issue(d.system(d.ctx), rbac.TokenSpec{Member: syncer, Scopes: []rbac.Permission{ReadChat}})
	d.store.deaf.Store(true)
	for range 100_000 {
		p, err := d.Token(d.ctx, raw, here)
		if err != nil || !p.Can(ReadChat) {
			t.Fatal(err)
		}
	}
	for range 1000 {
		d.Saw(d.as(bob), here)
	}
	d.store.deaf.Store(false)
	require.NoError(t, d.Close())
	require.LessOrEqual(t, d.store.sawNotes.Load(), int64(2*3), "of a token, its machine and a person")
	uses, err := d.store.Uses(d.ctx)
	require.NoError(t, err)
	kinds := map[rbac.UseKind]rbac.Use{}
	for _, u := range uses {
		kinds[u.Kind] = u
	}
	require.Len(t, uses, 3)
	require.Equal(t, info.ID, kinds[rbac.UseOfToken].ID)
	require.Equal(t, "sync", kinds[rbac.UseOfMachine].ID)
	require.Equal(t, "bob", kinds[rbac.UseOfPerson].ID)
	for _, u := range uses {
		require.Equal(t, netip.MustParsePrefix("192.0.2.0/24"), u.Net)
		require.WithinDuration(t, time.Now(), u.At, time.Hour)
	}
}

func TestTheLastUseIsOfANetworkAndNotOfAnAddress(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for addr, net := range map[string]string{"2001:db8:1:2:3::4": "2001:db8:1::/48", "::ffff:198.51.100.77": "198.51.100.0/24", "": ""} {
		raw, info := d.issue(d.as(bob), rbac.TokenSpec{Member: bob})
		a, _ := netip.ParseAddr(addr)
		_, err := d.Token(d.ctx, raw, a)
		require.NoError(t, err)
		t.Cleanup(func() {
			require.NoError(t, d.Close())
			uses, err := d.store.Uses(d.ctx)
			require.NoError(t, err)
			for _, u := range uses {
				if u.ID == info.ID {
					want, _ := netip.ParsePrefix(net)
					require.Equal(t, want, u.Net)
				}
			}
			require.Len(t, uses, 3, "a person is not at the keyboard")
		})
	}
}

func TestMemberFreshSeesWhatWasCommittedBeforeIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.another()
	_, err := b.Member(d.ctx, bob)
	require.NoError(t, err)
	inside, goOn := make(chan bool, 4), make(chan bool)
	hold := func() { inside <- true; <-goOn }
	d.store.hold.Store(&hold)
	go func() { _, _ = b.MemberFresh(d.ctx, bob) }()
	<-inside // its question was answered with the version before the change
	require.NoError(t, d.Suspend(d.ctx, d.system(d.ctx), bob))
	got := make(chan error, 1)
	go func() { _, err := b.MemberFresh(d.ctx, bob); got <- err }()
	time.Sleep(50 * time.Millisecond) // let it ask, or else there is nothing to see
	for {
		select {
		case goOn <- true:
			continue
		case err := <-got:
			deniedFor(t, err, rbac.NotActive)
			close(goOn)
			return
		}
	}
}

func TestRandomTextIsNeverAToken(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		b := make([]byte, r.IntN(200))
		for i := range b {
			b[i] = byte(r.IntN(256))
		}
		_, err := d.Token(d.ctx, string(b), here)
		deniedFor(t, err, rbac.BadToken)
	}
}
