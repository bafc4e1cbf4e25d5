package totp_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/totp"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/totp/totptest"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// The secret of RFC 6238, appendix B, and a time of its table, whose code is 005924.
var rfcSecret = redact.NewSecret([]byte("12345678901234567890"))

const (
	rfcTime = 1234567890
	rfcCode = "005924"
	before  = "980357" // of the step before rfcTime's
	after   = "590587" // of the step after
)

// world is a second factor whose one approver, ann, has rfcSecret, and whose clock stands.
type world struct {
	*totp.TOTP
	store *totp.Memory
	clock atomic.Int64 // seconds
}

func newWorld(t testing.TB, opts ...totp.Option) *world {
	t.Helper()
	w := &world{}
	w.clock.Store(rfcTime)
	w.store = totp.NewMemory(func() time.Time { return time.Unix(w.clock.Load(), 0) })
	w.TOTP = over(t, w.store, opts...)
	return w
}

func over(t testing.TB, s totp.Store, opts ...totp.Option) *totp.TOTP {
	t.Helper()
	m, err := totp.New(s, func(_ context.Context, p supportgrant.Person) (redact.Secret[[]byte], error) {
		switch p {
		case "ann":
			return rfcSecret, nil
		case "short":
			return redact.NewSecret([]byte("0123456789")), nil
		case "lost":
			return redact.Secret[[]byte]{}, errors.New("the vault is closed")
		}
		return redact.Secret[[]byte]{}, nil
	}, opts...)
	require.NoError(t, err)
	return m
}

func intent() supportgrant.Intent {
	return supportgrant.Intent{Grant: uuid.MustParse("018f4e2a-0000-7000-8000-000000000001"),
		Tenant: tenancy.MustParseID("018f4e2a-0000-7000-8000-0000000000aa"), Staff: "sam", Approver: "ann",
		Ticket: "T-1042", Reason: "scheduled posts do not show", Scope: supportgrant.ScopeOf(supportgrant.Posts),
		Life: time.Hour, Nonce: [32]byte{1}}
}

func (w *world) approve(t testing.TB, code string) (supportgrant.Evidence, error) {
	t.Helper()
	ctx := context.Background()
	c, err := w.Begin(ctx, intent())
	require.NoError(t, err)
	return w.Verify(ctx, intent(), c.State, []byte(code))
}

func TestMemoryKeepsTheContract(t *testing.T) {
	t.Parallel()
	totptest.Store(t, func(*testing.T) (totp.Store, context.Context) { return totp.NewMemory(nil), context.Background() })
}

// RFC 6238, appendix B, SHA-1: codes of eight digits, of which ours are the last six.
func TestCodesAreThoseOfRFC6238(t *testing.T) {
	t.Parallel()
	for at, code := range map[int64]string{59: "94287082", 1111111109: "07081804", 1111111111: "14050471",
		1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130"} {
		m := over(t, totp.NewMemory(func() time.Time { return time.Unix(at, 0) }))
		require.NoError(t, m.Use(context.Background(), "ann", code[2:]), at)
	}
}

func TestAnApprovalIsLabelledAsItIs(t *testing.T) {
	t.Parallel()
	w, i := newWorld(t), intent()
	c, err := w.Begin(context.Background(), i)
	require.NoError(t, err)
	require.Equal(t, "totp", c.Method)
	require.JSONEq(t, `{"digits":6}`, string(c.Options))
	e, err := w.Verify(context.Background(), i, c.State, []byte(rfcCode))
	require.NoError(t, err)
	require.Equal(t, supportgrant.Evidence{Method: "totp", Digest: i.Digest(), PhishingResistant: false, Proof: e.Proof}, e)
	require.JSONEq(t, fmt.Sprintf(`{"authenticator":%q,"step":%d}`, totp.Authenticator(rfcSecret), rfcTime/30), string(e.Proof))
}

func TestACodeIsExactlySixASCIIDigits(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"", " " + rfcCode, rfcCode + " ", rfcCode + "\n", "\t" + rfcCode, "\ufeff" + rfcCode, rfcCode + "\x00",
		"005 924", "05924", "5924", "0005924", "+05924", "-05924", "00592a", "0x5924", "００５９２４", "٠٠٥٩٢٤", `"005924"`,
		rfcCode + rfcCode, "\x00\x00\x05\x09\x02\x04"} {
		w := newWorld(t)
		_, err := w.approve(t, answer)
		require.ErrorIs(t, err, supportgrant.ErrMFA, "%q", answer)
		require.ErrorIs(t, w.Use(context.Background(), "ann", answer), supportgrant.ErrMFA, "%q", answer)
		st, err := w.store.Attempt(context.Background(), totp.Authenticator(rfcSecret))
		require.NoError(t, err)
		require.Equal(t, 1, st.Failures, "%q reached the store", answer)
		_, err = w.approve(t, rfcCode)
		require.NoError(t, err)
	}
}

func TestACodeIsGoodInItsStepAndThoseNextToIt(t *testing.T) {
	t.Parallel()
	start := int64(rfcTime / 30 * 30)
	for at, good := range map[int64]bool{start - 31: false, start - 30: true, start - 1: true, start: true, start + 29: true,
		start + 59: true, start + 60: false, start + 3600: false, 0: false, -1: false, -rfcTime: false} {
		w := newWorld(t)
		w.clock.Store(at)
		_, err := w.approve(t, rfcCode)
		if good {
			require.NoError(t, err, at-start)
		} else {
			require.ErrorIs(t, err, supportgrant.ErrMFA, at-start)
		}
	}
}

func TestACodeIsGoodOnceOverAllUses(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	uses := map[string]func(*world) error{
		"approval":  func(w *world) error { _, err := w.approve(t, rfcCode); return err },
		"log-in":    func(w *world) error { return w.Use(ctx, "ann", rfcCode) },
		"enrolment": func(w *world) error { return w.Confirm(ctx, rfcSecret, rfcCode) },
	}
	for a, first := range uses {
		for b, second := range uses {
			w := newWorld(t)
			require.NoError(t, first(w), a)
			require.ErrorIs(t, second(w), supportgrant.ErrMFA, "%s after %s", b, a)
		}
	}
}

func TestAUsedCodeUsesUpThoseBeforeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.approve(t, rfcCode)
	require.NoError(t, err)
	_, err = w.approve(t, before)
	require.ErrorIs(t, err, supportgrant.ErrMFA)
	_, err = w.approve(t, after)
	require.NoError(t, err)
}

func TestOf32WhoUseACodeAtOnceOneSucceeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, totp.Limit(totp.MaxLimit))
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			if _, err := w.approve(t, rfcCode); err == nil {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, won.Load())
}

func TestAnAnswerIsForItsChallengeOnly(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, change := range map[string]func(*supportgrant.Intent){
		"grant":  func(i *supportgrant.Intent) { i.Grant[15]++ },
		"tenant": func(i *supportgrant.Intent) { i.Tenant = tenancy.NewID() },
		"staff":  func(i *supportgrant.Intent) { i.Staff = "eve" },
		"ticket": func(i *supportgrant.Intent) { i.Ticket = "T-1043" },
		"reason": func(i *supportgrant.Intent) { i.Reason += "." },
		"scope":  func(i *supportgrant.Intent) { i.Scope = supportgrant.ScopeOf(supportgrant.Account, supportgrant.Posts) },
		"life":   func(i *supportgrant.Intent) { i.Life++ },
		"care":   func(i *supportgrant.Intent) { i.Care = true },
		"nonce":  func(i *supportgrant.Intent) { i.Nonce[31]++ },
	} {
		w, other := newWorld(t), intent()
		change(&other)
		c, err := w.Begin(ctx, intent())
		require.NoError(t, err)
		_, err = w.Verify(ctx, other, c.State, []byte(rfcCode))
		require.ErrorIs(t, err, supportgrant.ErrMFA, name)
		for _, state := range [][]byte{nil, {}, c.State[:31], append(c.State[:32:32], 0)} {
			_, err = w.Verify(ctx, intent(), state, []byte(rfcCode))
			require.ErrorIs(t, err, supportgrant.ErrMFA, name)
		}
		_, err = w.Verify(ctx, intent(), c.State, []byte(rfcCode)) // nothing of it used up the code
		require.NoError(t, err, name)
	}
}

func TestWithoutAnAuthenticatorNothingIsApproved(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), context.Background()
	for person, mfa := range map[supportgrant.Person]bool{"bob": true, "short": false, "lost": false} {
		i := intent()
		i.Approver = person
		digest := i.Digest()
		_, begun := w.Begin(ctx, i)
		_, verified := w.Verify(ctx, i, digest[:], []byte(rfcCode))
		for _, err := range []error{begun, verified, w.Use(ctx, person, rfcCode)} {
			require.Error(t, err)
			require.Equal(t, mfa, errors.Is(err, supportgrant.ErrMFA), err)
		}
	}
	require.Error(t, w.Confirm(ctx, redact.NewSecret([]byte("0123456789")), rfcCode))
	require.Error(t, w.Confirm(ctx, redact.Secret[[]byte]{}, rfcCode))
}

func TestAnIntentOfAnotherTenantThanTheContextsIsRefused(t *testing.T) {
	t.Parallel()
	w, i := newWorld(t), intent()
	digest := i.Digest()
	ctx := tenancy.With(context.Background(), tenancy.NewID())
	_, err := w.Begin(ctx, i)
	require.ErrorIs(t, err, tenancy.ErrConflict)
	_, err = w.Verify(ctx, i, digest[:], []byte(rfcCode))
	require.ErrorIs(t, err, tenancy.ErrConflict)
	i.Tenant = tenancy.ID{}
	digest = i.Digest()
	_, err = w.Verify(context.Background(), i, digest[:], []byte(rfcCode))
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
}

func TestWhatMakesNoSenseIsNotBuilt(t *testing.T) {
	t.Parallel()
	none := func(context.Context, supportgrant.Person) (redact.Secret[[]byte], error) { return rfcSecret, nil }
	_, err := totp.New(nil, none)
	require.Error(t, err)
	_, err = totp.New(totp.NewMemory(nil), nil)
	require.Error(t, err)
	for n, good := range map[int]bool{-1: false, 0: false, 1: true, 100: true, 101: false} {
		_, err = totp.New(totp.NewMemory(nil), none, totp.Limit(n))
		require.Equal(t, good, err == nil, n)
	}
}
