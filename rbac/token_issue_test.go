package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/redact"
)

// refused checks that spec is not issued, and why.
func (d *desk) refused(by rbac.Principal, spec rbac.TokenSpec, why rbac.Reason) {
	d.t.Helper()
	spec.Integration = "x"
	secret, info, err := d.IssueToken(d.ctx, by, spec)
	deniedFor(d.t, err, why)
	require.Empty(d.t, secret.Reveal())
	require.Zero(d.t, info.ID)
}

func TestNobodyIssuesATokenForWhatTheyDoNotHold(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	read := []rbac.Permission{ReadChat}

	d.refused(d.as(vic), rbac.TokenSpec{Member: vic}, rbac.NotGranted) // needs OwnTokens or ManageTokens
	d.refused(d.as(bob), rbac.TokenSpec{Member: syncer, Scopes: read}, rbac.NotGranted)
	d.refused(rbac.Principal{}, rbac.TokenSpec{Member: bob}, rbac.Nobody)

	// Within what the member may, of what machines can hold.
	d.refused(d.as(bob), rbac.TokenSpec{Member: bob, Scopes: []rbac.Permission{Impersonate}}, rbac.ByKind)
	d.refused(d.as(bob), rbac.TokenSpec{Member: bob, Scopes: []rbac.Permission{Ingest}}, rbac.NotGranted)
	d.refused(d.as(bob), rbac.TokenSpec{Member: bob, Scopes: []rbac.Permission{rbac.ManageMembers}}, rbac.NotGranted)
	d.refused(d.as(ada), rbac.TokenSpec{Member: feed, Scopes: []rbac.Permission{Reply}}, rbac.NotGranted)
	d.refused(d.as(ada), rbac.TokenSpec{Member: ada, Scopes: []rbac.Permission{Purge}}, rbac.NotAbove) // nobody gives it

	// Within what the issuer gives, and for no machine above.
	d.issue(d.as(kim), rbac.TokenSpec{Member: feed, Scopes: read})
	d.refused(d.as(kim), rbac.TokenSpec{Member: syncer, Scopes: []rbac.Permission{Reply}}, rbac.NotAbove)
	d.refused(d.as(kim), rbac.TokenSpec{Member: syncer, Scopes: read}, rbac.NotAbove)
	d.issue(d.as(ada), rbac.TokenSpec{Member: syncer, Scopes: []rbac.Permission{ReadChat, Reply, Ingest}})

	// Of people by themselves.
	d.refused(d.as(ada), rbac.TokenSpec{Member: bob, Scopes: read}, rbac.NotTheirs)
	d.refused(d.as(kim), rbac.TokenSpec{Member: vic}, rbac.NotTheirs)
	d.issue(d.as(kim), rbac.TokenSpec{Member: kim, Scopes: read})
	d.issue(d.system(d.ctx), rbac.TokenSpec{Member: vic, Scopes: read})

	// For members who are let in.
	d.refused(d.as(ada), rbac.TokenSpec{Member: rbac.Service("who")}, rbac.NotMember)
	d.refused(d.system(d.ctx), rbac.TokenSpec{Member: rbac.User("sync")}, rbac.NotMember)
	require.NoError(t, d.Suspend(d.ctx, d.as(ada), feed))
	d.refused(d.as(ada), rbac.TokenSpec{Member: feed}, rbac.NotActive)

	for _, spec := range []rbac.TokenSpec{{}, {Member: bob}, {Member: bob, Integration: " x"}, {Member: bob, Integration: "a\nb"}, {Member: bob, Integration: strings.Repeat("x", 65)},
		{Member: bob, Integration: "x", Scopes: []rbac.Permission{{}}}, {Member: bob, Integration: "x", Scopes: []rbac.Permission{rbac.NewCatalog("other").Permission("x")}}} {
		_, _, err := d.IssueToken(d.ctx, d.as(bob), spec)
		require.ErrorIs(t, err, rbac.ErrToken)
	}

	// What was shown to one who could is decided on by what they can now.
	was := d.as(bob)
	require.NoError(t, d.SetRoles(d.ctx, d.system(d.ctx), bob, Viewer.ID()))
	d.refused(was, rbac.TokenSpec{Member: bob}, rbac.NotGranted)

	// A mask of the application's ends; a token would not.
	masked := d.as(ada).Within("grant 7", rbac.ManageTokens, ReadChat)
	d.refused(masked, rbac.TokenSpec{Member: syncer, Scopes: read}, rbac.ByGrant)
}

func TestATokenIssuesNothingBeyondItself(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	office := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/48")}
	sys := d.system(d.ctx)
	raw, own := d.issue(sys, rbac.TokenSpec{Member: mint, Scopes: []rbac.Permission{ReadChat, rbac.ManageTokens}, For: 10 * 24 * time.Hour, Networks: office})
	p := d.by(raw)

	// Its member may reply, and it may not.
	d.refused(p, rbac.TokenSpec{Member: mint, Scopes: []rbac.Permission{Reply}}, rbac.NotAbove)
	d.refused(p, rbac.TokenSpec{Member: syncer, Scopes: []rbac.Permission{ReadChat}}, rbac.NotAbove)
	d.refused(p, rbac.TokenSpec{Member: ada, Scopes: []rbac.Permission{ReadChat}}, rbac.NotTheirs)
	d.refused(p, rbac.TokenSpec{Member: mint, For: 11 * 24 * time.Hour}, rbac.NotAbove)
	d.refused(p, rbac.TokenSpec{Member: mint, For: rbac.MaxTokenLife}, rbac.NotAbove)
	for _, wider := range []string{"192.0.0.0/16", "198.51.100.0/24", "2001:db8::/47", "::ffff:192.0.0.0/112"} {
		d.refused(p, rbac.TokenSpec{Member: mint, Networks: []netip.Prefix{netip.MustParsePrefix(wider)}}, rbac.NotAbove)
	}

	// Nothing asked is nothing, or what it has itself.
	child, info := d.issue(p, rbac.TokenSpec{Member: mint})
	require.Equal(t, own.Expires, info.Expires)
	require.Equal(t, office, info.Networks)
	require.Empty(t, info.Scopes)
	require.False(t, d.by(child).Can(ReadChat))
	require.Equal(t, "token:"+own.ID, info.CreatedBy)
	child, info = d.issue(p, rbac.TokenSpec{Member: feed, Scopes: []rbac.Permission{ReadChat}, For: time.Hour, Networks: office[:1]})
	require.Equal(t, office[:1], info.Networks)
	require.True(t, d.by(child).Can(ReadChat))

	// One with which nothing can be administered administers nothing, whatever its member may.
	dull, _ := d.issue(sys, rbac.TokenSpec{Member: mint, Scopes: []rbac.Permission{ReadChat}})
	d.refused(d.by(dull), rbac.TokenSpec{Member: mint}, rbac.ByScope)
	_, _, err := d.RotateToken(d.ctx, d.by(dull), own.ID, 0)
	deniedFor(t, err, rbac.ByScope)
	_, err = d.RevokeTokens(d.ctx, d.by(dull), rbac.TokenSelector{Member: mint}, "")
	deniedFor(t, err, rbac.ByScope)
	_, err = d.Tokens(d.ctx, d.by(dull), rbac.TokenSelector{Member: mint})
	deniedFor(t, err, rbac.NotGranted)
	mine, _ := d.issue(d.as(bob), rbac.TokenSpec{Member: bob, Scopes: []rbac.Permission{ReadChat}})
	d.refused(d.by(mine), rbac.TokenSpec{Member: bob}, rbac.NotGranted)

	// Rotated by itself it is good for no longer.
	secret, info, err := d.RotateToken(d.ctx, p, own.ID, time.Hour)
	require.NoError(t, err)
	require.Equal(t, own.Expires, info.Expires)
	require.Equal(t, office, info.Networks)
	require.True(t, d.by(secret.Reveal()).Can(rbac.ManageTokens))
	// In its overlap it issues nothing that is good for longer than that.
	_, info = d.issue(p, rbac.TokenSpec{Member: mint})
	require.WithinDuration(t, time.Now().Add(time.Hour), info.Expires, time.Minute)

	// Revoked, it issues nothing, though the request began before.
	_, err = d.RevokeTokens(d.ctx, sys, rbac.TokenSelector{ID: own.ID}, "")
	require.NoError(t, err)
	d.refused(p, rbac.TokenSpec{Member: mint}, rbac.BadToken)

	// And nothing in another tenant.
	other := d.tenant("other")
	_, _, err = d.IssueToken(other, d.by(secret.Reveal()), rbac.TokenSpec{Member: mint, Integration: "x"})
	deniedFor(t, err, rbac.NotMember)
}

func TestRotationOverlapsAndThenTheOldTokenEnds(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	old, was := d.issue(d.as(ada), rbac.TokenSpec{Member: syncer, Integration: "shop", Scopes: []rbac.Permission{ReadChat, Reply}, For: 30 * 24 * time.Hour})
	secret, info, err := d.RotateToken(d.ctx, d.as(ada), was.ID, time.Hour)
	require.NoError(t, err)
	require.Equal(t, "shop", info.Integration)
	require.Equal(t, was.Scopes, info.Scopes)
	require.Equal(t, 30*24*time.Hour, info.Expires.Sub(info.Created))
	require.True(t, d.by(old).Can(Reply))
	require.True(t, d.by(secret.Reveal()).Can(Reply))
	_, _, err = d.RotateToken(d.ctx, d.as(ada), was.ID, 0)
	require.ErrorIs(t, err, rbac.ErrConflict)

	d.later(time.Hour)
	for range 1000 {
		_, err = d.Token(d.ctx, old, here)
		deniedFor(t, err, rbac.BadToken)
	}
	require.True(t, d.by(secret.Reveal()).Can(Reply), "the new one is not touched by it")
	require.NoError(t, d.Close())
	events := d.log.of("rbac.token.refused")
	require.NotEmpty(t, events)
	require.LessOrEqual(t, len(events), 2)
	times := int64(0)
	for _, e := range events {
		require.Equal(t, audit.Denied, e.Outcome)
		require.Equal(t, was.ID, e.Actor.ID)
		require.Equal(t, "it was rotated", e.Data["what"])
		times += e.Data["times"].(int64)
	}
	require.EqualValues(t, 1000, times)
}

func TestRotationIsBoundedAndGivesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, was := d.issue(d.as(ada), rbac.TokenSpec{Member: syncer, Scopes: []rbac.Permission{ReadChat, Reply}})
	for _, overlap := range []time.Duration{-1, rbac.MaxOverlap + 1} {
		_, _, err := d.RotateToken(d.ctx, d.as(ada), was.ID, overlap)
		require.ErrorIs(t, err, rbac.ErrToken)
	}
	_, _, err := d.RotateToken(d.ctx, d.as(kim), was.ID, 0)
	deniedFor(t, err, rbac.NotAbove)
	_, _, err = d.RotateToken(d.ctx, d.as(bob), was.ID, 0)
	deniedFor(t, err, rbac.NotGranted)
	_, _, err = d.RotateToken(d.ctx, d.as(bob), "none", 0)
	deniedFor(t, err, rbac.NotGranted)
	_, _, err = d.RotateToken(d.ctx, d.as(ada), "none", 0)
	require.ErrorIs(t, err, rbac.ErrNotFound)
	_, bobs := d.issue(d.as(bob), rbac.TokenSpec{Member: bob})
	_, _, err = d.RotateToken(d.ctx, d.as(ada), bobs.ID, 0)
	deniedFor(t, err, rbac.NotTheirs)

	// What its member lost meanwhile the new one does not have, also when the member has it again.
	require.NoError(t, d.SetRoles(d.ctx, d.system(d.ctx), syncer, Reader.ID()))
	secret, info, err := d.RotateToken(d.ctx, d.as(ada), was.ID, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"chat.read"}, info.Scopes)
	require.NoError(t, d.SetRoles(d.ctx, d.system(d.ctx), syncer, Robot.ID()))
	require.False(t, d.by(secret.Reveal()).Can(Reply))
	d.later(rbac.DefaultTokenLife)
	_, _, err = d.RotateToken(d.ctx, d.as(ada), info.ID, 0)
	require.ErrorIs(t, err, rbac.ErrConflict, "it has expired")
}

func TestOfTwoWhoRotateATokenOneGetsIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.another()
	for range 20 {
		_, was := d.issue(d.as(ada), rbac.TokenSpec{Member: syncer})
		by := d.as(ada)
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() {
				_, _, errs[i] = []*rbac.Authorizer{d.Authorizer, b}[i%2].RotateToken(d.ctx, by, was.ID, time.Hour)
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				require.ErrorIs(t, err, rbac.ErrConflict)
			}
		}
		require.Equal(t, 1, won)
		_, err := d.RevokeTokens(d.ctx, by, rbac.TokenSelector{Member: syncer}, "")
		require.NoError(t, err)
	}
}

func TestTokensAreRevokedByIDMemberIntegrationOrAll(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	read := []rbac.Permission{ReadChat}
	type made struct {
		raw  string
		info rbac.TokenInfo
	}
	issue := func(of rbac.Subject, integration string) made {
		raw, info := d.issue(d.system(d.ctx), rbac.TokenSpec{Member: of, Integration: integration, Scopes: read})
		return made{raw, info}
	}
	good := func(m made) bool { _, err := d.Token(d.ctx, m.raw, here); return err == nil }
	a, b, c, e, f := issue(syncer, "shop"), issue(syncer, "mail"), issue(feed, "shop"), issue(feed, "feed"), issue(bob, "mine")
	revoke := func(by rbac.Principal, sel rbac.TokenSelector, n int) {
		t.Helper()
		got, err := d.RevokeTokens(d.ctx, by, sel, "leaked")
		require.NoError(t, err)
		require.Equal(t, n, got)
	}
	for _, sel := range []rbac.TokenSelector{{}, {ID: a.info.ID, All: true}, {Member: syncer, Integration: "shop"}} {
		_, err := d.RevokeTokens(d.ctx, d.as(ada), sel, "")
		require.ErrorIs(t, err, rbac.ErrSelector)
		_, err = d.Tokens(d.ctx, d.as(ada), sel)
		require.ErrorIs(t, err, rbac.ErrSelector)
	}
	_, err := d.RevokeTokens(d.ctx, d.as(ada), rbac.TokenSelector{All: true}, strings.Repeat("x", 201))
	require.ErrorIs(t, err, rbac.ErrToken)

	// A token that was rotated and leaks is revoked in its overlap.
	_, _, err = d.RotateToken(d.ctx, d.as(ada), a.info.ID, time.Hour)
	require.NoError(t, err)
	require.True(t, good(a))
	revoke(d.as(ada), rbac.TokenSelector{ID: a.info.ID}, 1)
	require.False(t, good(a))
	revoke(d.as(ada), rbac.TokenSelector{ID: a.info.ID}, 0)

	// Nobody takes what they do not hold: not one of them goes.
	bobs, _ := d.issue(d.system(d.ctx), rbac.TokenSpec{Member: bob, Scopes: []rbac.Permission{Reply}})
	_, err = d.RevokeTokens(d.ctx, d.as(kim), rbac.TokenSelector{All: true}, "")
	deniedFor(t, err, rbac.NotAbove)
	require.True(t, good(c))
	_, err = d.RevokeTokens(d.ctx, d.as(bob), rbac.TokenSelector{Member: syncer}, "")
	deniedFor(t, err, rbac.NotGranted)
	_, err = d.RevokeTokens(d.ctx, d.as(bob), rbac.TokenSelector{ID: "none"}, "")
	deniedFor(t, err, rbac.NotGranted)

	revoke(d.as(ada), rbac.TokenSelector{Integration: "shop"}, 2)
	require.False(t, good(c))
	require.True(t, good(b))
	revoke(d.as(kim), rbac.TokenSelector{Member: feed}, 1)
	require.False(t, good(e))
	revoke(d.as(bob), rbac.TokenSelector{ID: f.info.ID}, 1)   // one's own
	revoke(d.by(b.raw), rbac.TokenSelector{ID: b.info.ID}, 1) // a token itself
	_, err = d.RevokeTokens(d.ctx, d.by(bobs), rbac.TokenSelector{Member: bob}, "")
	deniedFor(t, err, rbac.NotGranted) // a token's own is itself
}

func TestAnIncidentRevokesAllTokensOfATenant(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var raws []string
	for _, who := range []rbac.Subject{syncer, feed, bob, ada} {
		raw, _ := d.issue(d.system(d.ctx), rbac.TokenSpec{Member: who, Scopes: []rbac.Permission{ReadChat}})
		raws = append(raws, raw)
	}
	other := d.tenant("other")
	theirs, _, err := d.IssueToken(other, d.system(other), rbac.TokenSpec{Member: syncer, Integration: "x"})
	require.NoError(t, err)
	n, err := d.RevokeTokens(d.ctx, d.as(ada), rbac.TokenSelector{All: true}, "found in a public repository")
	require.NoError(t, err)
	require.Equal(t, 4, n)
	for _, raw := range raws {
		_, err := d.Token(d.ctx, raw, here)
		deniedFor(t, err, rbac.BadToken)
	}
	_, err = d.Token(other, theirs.Reveal(), here)
	require.NoError(t, err)
	infos, err := d.Tokens(d.ctx, d.as(ada), rbac.TokenSelector{All: true})
	require.NoError(t, err)
	for _, i := range infos {
		require.False(t, i.Good)
		require.Equal(t, "found in a public repository", i.Reason)
	}
	require.Len(t, d.log.of("rbac.token.revoked"), 4)
}

func TestTheListOfTokensSaysWhichAreDormantAndWhichAreDue(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	raw, used := d.issue(d.as(ada), rbac.TokenSpec{Member: syncer, For: rbac.MaxTokenLife})
	_, idle := d.issue(d.as(ada), rbac.TokenSpec{Member: syncer, For: rbac.MaxTokenLife})
	_, short := d.issue(d.as(bob), rbac.TokenSpec{Member: bob, For: 60 * 24 * time.Hour})
	list := func(by rbac.Principal, sel rbac.TokenSelector) map[string]rbac.TokenInfo {
		infos, err := d.Tokens(d.ctx, by, sel)
		require.NoError(t, err)
		out := map[string]rbac.TokenInfo{}
		for _, i := range infos {
			out[i.ID] = i
		}
		return out
	}
	d.later(51 * 24 * time.Hour)
	require.NoError(t, d.store.Memory.Saw(d.ctx, []rbac.Use{{Kind: rbac.UseOfToken, ID: used.ID, At: time.Now().Add(51 * 24 * time.Hour)}}))
	all := list(d.as(ada), rbac.TokenSelector{All: true})
	require.Len(t, all, 3)
	require.True(t, all[short.ID].Due && all[short.ID].Good)
	require.False(t, all[used.ID].Due || all[used.ID].Dormant || all[idle.ID].Dormant)
	d.later(10 * 24 * time.Hour)
	all = list(d.as(ada), rbac.TokenSelector{All: true})
	require.True(t, all[idle.ID].Dormant)
	require.True(t, all[idle.ID].LastUsed.IsZero())
	require.False(t, all[used.ID].Dormant)
	require.False(t, all[short.ID].Good || all[short.ID].Due || all[short.ID].Dormant)
	d.by(raw)

	require.Len(t, list(d.as(bob), rbac.TokenSelector{Member: bob}), 1)
	require.Len(t, list(d.as(kim), rbac.TokenSelector{Member: syncer}), 2)
	require.Empty(t, list(d.as(kim), rbac.TokenSelector{Integration: "none"}))
	_, err := d.Tokens(d.ctx, d.as(bob), rbac.TokenSelector{Member: syncer})
	deniedFor(t, err, rbac.NotGranted)
	_, err = d.Tokens(d.ctx, d.as(vic), rbac.TokenSelector{All: true})
	deniedFor(t, err, rbac.NotGranted)
	_, err = d.Tokens(d.ctx, rbac.Principal{}, rbac.TokenSelector{All: true})
	deniedFor(t, err, rbac.Nobody)
}

func TestTokensCommitWithTheCallersTransaction(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	undo := errors.New("undone")
	var raw string
	err := d.store.Tx(d.ctx, func(ctx context.Context) error {
		secret, info, err := d.IssueToken(ctx, d.as(bob), rbac.TokenSpec{Member: bob, Integration: "x"})
		require.NoError(t, err)
		raw = secret.Reveal()
		list, err := d.Tokens(ctx, d.as(bob), rbac.TokenSelector{ID: info.ID})
		_ = list
		deniedFor(t, err, rbac.NotGranted) // by ID is not one's own to list
		list, err = d.Tokens(ctx, d.as(bob), rbac.TokenSelector{Member: bob})
		require.NoError(t, err)
		require.Len(t, list, 1)
		return undo
	})
	require.ErrorIs(t, err, undo)
	_, err = d.Token(d.ctx, raw, here)
	deniedFor(t, err, rbac.BadToken)
	list, err := d.Tokens(d.ctx, d.as(bob), rbac.TokenSelector{Member: bob})
	require.NoError(t, err)
	require.Empty(t, list)
}

func TestEachActOnTokensIsRecordedOrNotDone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	raw, info := d.issue(d.as(ada), rbac.TokenSpec{Member: syncer, Integration: "shop", Scopes: []rbac.Permission{ReadChat}})
	_, next, err := d.RotateToken(d.ctx, d.as(ada), info.ID, time.Hour)
	require.NoError(t, err)
	_, err = d.RevokeTokens(d.ctx, d.as(ada), rbac.TokenSelector{ID: next.ID}, "over")
	require.NoError(t, err)
	for action, data := range map[string]map[string]any{
		"rbac.token.issued":  {"integration": "shop", "scopes": []string{"chat.read"}},
		"rbac.token.rotated": {"overlap": "1h0m0s"},
		"rbac.token.revoked": {"reason": "over"},
	} {
		events := d.log.of(action)
		require.Len(t, events, 1, action)
		require.Equal(t, "ada", events[0].Actor.ID)
		for k, v := range data {
			require.Equal(t, v, events[0].Data[k], fmt.Sprint(action, k))
		}
	}
	d.log.fail = errors.New("the log is full")
	_, _, err = d.IssueToken(d.ctx, d.as(ada), rbac.TokenSpec{Member: syncer, Integration: "x"})
	require.ErrorIs(t, err, d.log.fail)
	_, _, err = d.RotateToken(d.ctx, d.as(ada), info.ID, 0)
	require.Error(t, err)
	_, err = d.RevokeTokens(d.ctx, d.as(ada), rbac.TokenSelector{ID: info.ID}, "")
	require.ErrorIs(t, err, d.log.fail)
	_, err = d.MachinePassword(d.ctx, d.as(ada), syncer, 40)
	require.ErrorIs(t, err, d.log.fail)
	d.by(raw)
	list, err := d.Tokens(d.ctx, d.as(ada), rbac.TokenSelector{All: true})
	require.NoError(t, err)
	require.Len(t, list, 2)
	d.log.mu.Lock()
	d.log.fail = nil
	d.log.mu.Unlock()
}

func TestAMemberHasNoMoreTokensThanTheBound(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	by := d.as(bob)
	for range rbac.MaxTokens {
		d.issue(by, rbac.TokenSpec{Member: bob, For: time.Hour})
	}
	_, _, err := d.IssueToken(d.ctx, by, rbac.TokenSpec{Member: bob, Integration: "x"})
	require.ErrorIs(t, err, rbac.ErrToken)
	d.later(2 * time.Hour)
	d.issue(by, rbac.TokenSpec{Member: bob})
}

func TestAMachinesPasswordIsLongRandomAndNotKept(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	secret, err := d.MachinePassword(d.ctx, d.as(ada), syncer, 40)
	require.NoError(t, err)
	require.Len(t, secret.Reveal(), 40)
	again, err := d.MachinePassword(d.ctx, d.as(ada), syncer, 40)
	require.NoError(t, err)
	require.NotEqual(t, secret.Reveal(), again.Reveal())
	require.Len(t, d.log.of("rbac.machine.password"), 2)
	for _, e := range d.log.of("rbac.machine.password") {
		require.NotContains(t, fmt.Sprintf("%#v", e), secret.Reveal())
	}

	_, err = d.MachinePassword(d.ctx, d.as(ada), syncer, 31)
	require.ErrorIs(t, err, rbac.ErrPassword)
	_, err = d.MachinePassword(d.ctx, d.as(ada), bob, 40)
	require.ErrorIs(t, err, rbac.ErrPassword)
	_, err = d.MachinePassword(d.ctx, d.as(bob), syncer, 40)
	deniedFor(t, err, rbac.NotGranted)
	_, err = d.MachinePassword(d.ctx, d.as(kim), syncer, 40)
	deniedFor(t, err, rbac.NotAbove)
	_, err = d.MachinePassword(d.ctx, d.as(ada), rbac.Service("who"), 40)
	deniedFor(t, err, rbac.NotMember)

	short := d.another(func(o *rbac.Options) {
		o.Passwords = func(int) (redact.Secret[string], error) { return redact.NewSecret("hunter2"), nil }
	})
	_, err = short.MachinePassword(d.ctx, d.as(ada), syncer, 40)
	require.ErrorIs(t, err, rbac.ErrPassword)
	none := d.another(func(o *rbac.Options) { o.Passwords = nil })
	_, err = none.MachinePassword(d.ctx, d.as(ada), syncer, 40)
	require.ErrorIs(t, err, rbac.ErrPassword)
}
