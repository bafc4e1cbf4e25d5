package vault

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/stretchr/testify/require"
)

// provider hands out tokens of which each is good for one renewal, as OAuth providers that rotate refresh tokens do.
type provider struct {
	mu     sync.Mutex
	token  string
	issued int
	stolen int // how often a token came that was used before
}

func (p *provider) renew(old string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if old != p.token {
		p.stolen++
		return "", errors.New("invalid_grant")
	}
	p.issued++
	p.token = fmt.Sprint("refresh token ", p.issued)
	return p.token, nil
}

func TestOneOfManyProcessesRenews(t *testing.T) {
	t.Parallel()
	ctx, keeper, store := as(t, "alpha"), newKeeper(t), NewMemory()
	p := &provider{token: "refresh token 0"}
	require.NoError(t, open(t, store, keeper, Options{}).Put(ctx, slackBot, text(p.token), Policy{}))
	for round := range 3 {
		var group sync.WaitGroup
		start := make(chan struct{})
		for range 20 {
			v := open(t, store, keeper, Options{})
			info, err := v.Info(ctx, slackBot)
			require.NoError(t, err)
			require.EqualValues(t, round+1, info.Version)
			group.Go(func() {
				<-start
				err := v.Update(ctx, slackBot, info.Version, func(_ context.Context, old []byte) (Renewal, error) {
					next, err := p.renew(string(old))
					return Renewal{Secret: text(next)}, err
				})
				if err != nil {
					t.Error(err)
				}
				if got, err := used(ctx, v, slackBot); err != nil || got != fmt.Sprint("refresh token ", round+1) {
					t.Error(got, err)
				}
			})
		}
		close(start)
		group.Wait()
		require.Equal(t, round+1, p.issued)
		require.Zero(t, p.stolen)
	}
}

func TestAFailedRenewalLeavesTheSecretAndLetsTheNextTry(t *testing.T) {
	t.Parallel()
	ctx := as(t, "alpha")
	v := open(t, NewMemory(), newKeeper(t), Options{})
	require.NoError(t, v.Put(ctx, slackBot, text("old secret"), Policy{}))
	failed := errors.New("failed")
	err := v.Update(ctx, slackBot, 1, func(ctx context.Context, old []byte) (Renewal, error) {
		end, ok := ctx.Deadline()
		require.True(t, ok)
		require.Less(t, time.Until(end), leaseTime)
		return Renewal{}, fmt.Errorf("%w with %s", failed, old)
	})
	require.ErrorIs(t, err, failed)
	require.NotContains(t, err.Error(), "old secret")
	require.NoError(t, v.Update(ctx, slackBot, 1, func(context.Context, []byte) (Renewal, error) {
		return Renewal{Secret: text("new secret"), Policy: Policy{Expires: time.Now().Add(time.Hour)}}, nil
	}))
	require.NoError(t, v.Update(ctx, slackBot, 1, func(context.Context, []byte) (Renewal, error) {
		t.Error("renewed again")
		return Renewal{}, nil
	}))
	got, err := used(ctx, v, slackBot)
	require.NoError(t, err)
	require.Equal(t, "new secret", got)
}

func TestADisconnectionRevokesFirstAndHidesNoFailure(t *testing.T) {
	t.Parallel()
	ctx := as(t, "alpha")
	v := open(t, NewMemory(), newKeeper(t), Options{})
	require.NoError(t, v.Put(ctx, slackBot, text("a token of theirs"), Policy{}))
	require.NoError(t, v.Put(ctx, Ref{Purpose: "stripe", ID: "key"}, text("another"), Policy{}))
	calls, down := 0, errors.New("503 from upstream")
	_, err := v.Disconnect(ctx, Disconnection{Ref: slackBot, Revoke: func(_ context.Context, secret []byte) error {
		calls++
		return fmt.Errorf("%w for %s", down, secret)
	}})
	require.ErrorIs(t, err, down)
	require.NotContains(t, err.Error(), "a token of theirs")
	require.Equal(t, 3, calls)
	_, err = used(ctx, v, slackBot)
	require.ErrorIs(t, err, ErrClosing)
	require.ErrorIs(t, v.Update(ctx, slackBot, 1, func(context.Context, []byte) (Renewal, error) { return Renewal{}, nil }), ErrClosing)
	require.ErrorIs(t, v.Put(ctx, slackBot, text("a new connection"), Policy{}), ErrClosing)
	var due []string
	for i, err := range v.Due(ctx, 0) {
		require.NoError(t, err)
		due = append(due, i.ID)
	}
	require.Equal(t, []string{"bot"}, due)
	receipt, err := v.Disconnect(ctx, Disconnection{Ref: slackBot, Revoke: func(_ context.Context, secret []byte) error {
		require.Equal(t, "a token of theirs", string(secret))
		return nil
	}})
	require.NoError(t, err)
	require.EqualValues(t, 1, receipt.Version)
	require.False(t, receipt.Revoked.IsZero())
	_, err = v.Info(ctx, slackBot)
	require.ErrorIs(t, err, ErrNotFound)
}

func TestWhatIsDueIsListed(t *testing.T) {
	t.Parallel()
	ctx := as(t, "alpha")
	v := open(t, NewMemory(), newKeeper(t), Options{})
	for id, p := range map[string]Policy{
		"old":     {RotateEvery: time.Hour},
		"young":   {RotateEvery: 100 * 24 * time.Hour},
		"ends":    {Expires: time.Now().Add(time.Hour)},
		"endures": {Expires: time.Now().Add(100 * 24 * time.Hour)},
		"forever": {},
	} {
		require.NoError(t, v.Put(ctx, Ref{Purpose: "p", ID: id}, text("secret"), p))
	}
	list := func(within time.Duration) (ids []string) {
		for i, err := range v.Due(ctx, within) {
			require.NoError(t, err)
			ids = append(ids, i.ID)
		}
		return ids
	}
	require.Empty(t, list(0))
	require.Equal(t, []string{"ends", "old"}, list(2*time.Hour))
	require.Equal(t, []string{"ends", "endures", "old", "young"}, list(200*24*time.Hour))
	for i, err := range v.All(ctx) {
		require.NoError(t, err)
		require.Equal(t, "ends", i.ID)
		break
	}
}

// recorded is a Recorder that keeps what it is told.
type recorded struct {
	mu   sync.Mutex
	all  []audit.Event
	fail error
}

func (r *recorded) Record(_ context.Context, e audit.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, e)
	return r.fail
}

func TestWhatIsDoneIsRecordedWithoutTheSecret(t *testing.T) {
	t.Parallel()
	ctx, log := as(t, "alpha"), &recorded{}
	v := open(t, NewMemory(), newKeeper(t), Options{Recorder: log})
	by := audit.Party{Type: "user", ID: "9", Person: true}
	mine := Ref{Purpose: "google", ID: "calendar", Subject: "user:7"}
	require.NoError(t, v.Put(ctx, mine, text("a very secret token"), Policy{By: by}))
	require.NoError(t, v.Update(ctx, mine, 1, func(context.Context, []byte) (Renewal, error) {
		return Renewal{Secret: text("another secret token"), Policy: Policy{By: by}}, nil
	}))
	require.NoError(t, v.RotateTenantKey(ctx, Rotation{By: by}))
	_, err := v.Disconnect(ctx, Disconnection{Ref: mine, By: by, Revoke: func(context.Context, []byte) error { return nil }})
	require.NoError(t, err)
	_, err = v.Shred(ctx, Shredding{Subject: "user:7", By: by, Basis: "GDPR Art. 17"})
	require.NoError(t, err)
	var names []string
	for _, e := range log.all {
		names = append(names, e.Action.Name())
		require.Equal(t, by, e.Actor)
		require.NotContains(t, fmt.Sprintf("%+v", e), "secret token")
		if e.Action != keyRotated { // erased with the person, by the name the application knows them by
			require.Equal(t, audit.Personal("user:7", "user:7"), e.Data["subject"])
			require.Empty(t, e.Targets)
		}
	}
	require.Equal(t, audit.Personal("user:7", "google/calendar"), log.all[0].Data["secret"])
	require.Equal(t, []string{"vault.secret.stored", "vault.secret.renewed", "vault.key.rotated", "vault.secret.disconnected", "vault.subject.shredded"}, names)
}

// A new connection that was being stored when the old one was disconnected is not destroyed with it.
func TestADisconnectionDestroysWhatItRevokedAndNothingNewer(t *testing.T) {
	t.Parallel()
	ctx, store := as(t, "alpha"), NewMemory()
	v := open(t, store, newKeeper(t), Options{})
	require.NoError(t, v.Put(ctx, slackBot, text("old"), Policy{}))
	old, err := store.Secret(ctx, slackBot.Purpose, slackBot.ID)
	require.NoError(t, err)
	_, err = v.Disconnect(ctx, Disconnection{Ref: slackBot, Revoke: func(ctx context.Context, _ []byte) error {
		late := StoredSecret{Purpose: slackBot.Purpose, ID: slackBot.ID, Version: old.Version + 1}
		return v.putVersion(ctx, slackBot, late, text("new"), secretStored, audit.Party{})
	}})
	require.ErrorIs(t, err, ErrConflict)
	got, err := used(ctx, v, slackBot)
	require.NoError(t, err)
	require.Equal(t, "new", got)
}
