package webauthn_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/webauthn"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// people are the registered credentials of a program.
type people struct {
	mu       sync.Mutex
	of       map[supportgrant.Person][]webauthn.Credential
	err      error // of Of
	usedErr  error
	usedLast webauthn.Credential
}

func (p *people) Of(_ context.Context, _ tenancy.ID, who supportgrant.Person) ([]webauthn.Credential, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]webauthn.Credential(nil), p.of[who]...), p.err
}

func (p *people) Used(_ context.Context, _ tenancy.ID, who supportgrant.Person, c webauthn.Credential) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.usedErr != nil {
		return p.usedErr
	}
	for n, kept := range p.of[who] {
		if bytes.Equal(kept.ID, c.ID) {
			if was, is := kept.Authenticator.SignCount, c.Authenticator.SignCount; is <= was && is|was != 0 {
				return supportgrant.ErrMFA
			}
			p.of[who][n].Flags, p.of[who][n].Authenticator = c.Flags, c.Authenticator
			p.usedLast = c
			return nil
		}
	}
	return supportgrant.ErrMFA
}

func intent() supportgrant.Intent {
	return supportgrant.Intent{Grant: uuid.MustParse("018f4e2a-0000-7000-8000-000000000001"),
		Tenant: tenancy.MustParseID("018f4e2a-0000-7000-8000-0000000000aa"), Staff: "sam", Approver: "ann",
		Ticket: "T-1042", Reason: "scheduled posts do not show", Scope: supportgrant.ScopeOf(supportgrant.Posts),
		Life: time.Hour, Nonce: [32]byte{1}}
}

func digestOf(i supportgrant.Intent) string {
	d := i.Digest()
	return b64(d[:])
}

func config() webauthn.Config {
	return webauthn.Config{RPID: rpID, Origins: []string{theOrigin, "https://eu.app.example.com:8443"}}
}

// world has ann, who has the key, and bob, who has another.
func world(t testing.TB, key *softKey) (*webauthn.WebAuthn, *people, *softKey) {
	t.Helper()
	bobs := newKey("ES256")
	bobs.handle = []byte("bob")
	p := &people{of: map[supportgrant.Person][]webauthn.Credential{"ann": {key.credential()}, "bob": {bobs.credential()}}}
	w, err := webauthn.New(p, config())
	require.NoError(t, err)
	return w, p, bobs
}

func begin(t testing.TB, w *webauthn.WebAuthn) []byte {
	t.Helper()
	c, err := w.Begin(context.Background(), intent())
	require.NoError(t, err)
	return c.State
}

func TestAPasskeyApprovesWhatItSigned(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"ES256", "EdDSA", "RS256"} {
		key, i := newKey(alg), intent()
		w, p, _ := world(t, key)
		state := begin(t, w)
		key.count = 7
		e, err := w.Verify(context.Background(), i, state, key.answer(digestOf(i)))
		require.NoError(t, err, alg)
		require.Equal(t, supportgrant.Evidence{Method: "webauthn", Digest: i.Digest(), PhishingResistant: true, Proof: e.Proof}, e)
		require.NoError(t, webauthn.VerifyEvidence(i, e), alg)
		require.EqualValues(t, 7, p.usedLast.Authenticator.SignCount, "the use is kept")
	}
}

func TestAChallengeAsksForThisGrantAndForTheUser(t *testing.T) {
	t.Parallel()
	key := newKey("ES256")
	w, _, _ := world(t, key)
	c, err := w.Begin(context.Background(), intent())
	require.NoError(t, err)
	require.Equal(t, "webauthn", c.Method)
	require.JSONEq(t, fmt.Sprintf(`{"publicKey":{"challenge":%q,"timeout":300000,"rpId":%q,"userVerification":"required",
		"allowCredentials":[{"type":"public-key","id":%q}]}}`, digestOf(intent()), rpID, b64(key.id)), string(c.Options))
}

func TestAnAnswerIsForOneIntentOnly(t *testing.T) {
	t.Parallel()
	key, ctx := newKey("ES256"), context.Background()
	w, p, _ := world(t, key)
	p.of["eve"] = p.of["ann"]
	state, answer := begin(t, w), key.answer(digestOf(intent()))
	for name, change := range map[string]func(*supportgrant.Intent){
		"grant":    func(i *supportgrant.Intent) { i.Grant[15]++ },
		"tenant":   func(i *supportgrant.Intent) { i.Tenant = tenancy.NewID() },
		"staff":    func(i *supportgrant.Intent) { i.Staff = "eve" },
		"approver": func(i *supportgrant.Intent) { i.Approver = "eve" },
		"ticket":   func(i *supportgrant.Intent) { i.Ticket = "T-1043" },
		"reason":   func(i *supportgrant.Intent) { i.Reason += "." },
		"scope":    func(i *supportgrant.Intent) { i.Scope = supportgrant.ScopeOf(supportgrant.Account, supportgrant.Posts) },
		"life":     func(i *supportgrant.Intent) { i.Life++ },
		"care":     func(i *supportgrant.Intent) { i.Care = true },
		"nonce":    func(i *supportgrant.Intent) { i.Nonce[31]++ },
	} {
		other := intent()
		change(&other)
		_, err := w.Verify(ctx, other, state, answer)
		require.ErrorIs(t, err, supportgrant.ErrMFA, name)
		own, err := w.Begin(ctx, other)
		require.NoError(t, err)
		_, err = w.Verify(ctx, other, own.State, answer)
		require.ErrorIs(t, err, supportgrant.ErrMFA, name)
	}
	_, err := w.Verify(ctx, intent(), state, answer)
	require.NoError(t, err)
}

func TestAnAnswerThatIsNotTheApproversOwnIsRefused(t *testing.T) {
	t.Parallel()
	challenge := digestOf(intent())
	for name, bend := range map[string]func(s *softKey){
		"another relying party":         func(s *softKey) { s.party = "example.com" },
		"phishing site":                 func(s *softKey) { s.origin = "https://app.example.com.evil.example" },
		"sibling":                       func(s *softKey) { s.origin = "https://blog.example.com" },
		"origin below that is not ours": func(s *softKey) { s.origin = "https://x.app.example.com" },
		"another port":                  func(s *softKey) { s.origin += ":8443" },
		"http":                          func(s *softKey) { s.origin = "http://app.example.com" },
		"origin with a path":            func(s *softKey) { s.origin += "/a" },
		"origin with a user":            func(s *softKey) { s.origin = "https://u@app.example.com" },
		"origin in upper case":          func(s *softKey) { s.origin = "https://APP.example.com" },
		"origin with its port":          func(s *softKey) { s.origin += ":443" },
		"no origin":                     func(s *softKey) { s.origin = "" },
		"null origin":                   func(s *softKey) { s.origin = "null" },
		"an app's origin":               func(s *softKey) { s.origin = "android:apk-key-hash:AAAA" },
		"in a frame of another origin":  func(s *softKey) { s.cross = true },
		"in a frame of evil's":          func(s *softKey) { s.cross, s.top = true, "https://evil.example" },
		"in a frame of ours":            func(s *softKey) { s.cross, s.top = true, theOrigin },
		"top origin of no frame":        func(s *softKey) { s.top = theOrigin },
		"not verified":                  func(s *softKey) { s.flags = present },
		"not present":                   func(s *softKey) { s.flags = verified },
		"neither":                       func(s *softKey) { s.flags = 0 },
		"eligible by now":               func(s *softKey) { s.flags |= eligible },
		"backed up, not eligible":       func(s *softKey) { s.flags |= backedUp },
		"a registration":                func(s *softKey) { s.kind = "webauthn.create" },
		"a payment":                     func(s *softKey) { s.kind = "payment.get" },
		"another's handle":              func(s *softKey) { s.handle = []byte("bob") },
		"an unknown credential":         func(s *softKey) { s.id = []byte("0123456789abcdef") },
		"another key":                   func(s *softKey) { s.key = newKey("ES256").key },
		"a key of another kind":         func(s *softKey) { s.key = newKey("EdDSA").key },
		"an extension nobody asked for": func(s *softKey) { s.results = map[string]any{"appid": true} },
		"attested data":                 func(s *softKey) { s.flags |= 0x40 },
		"extension data":                func(s *softKey) { s.flags |= 0x80 },
	} {
		key := newKey("ES256")
		w, _, _ := world(t, key)
		state := begin(t, w)
		bend(key)
		_, err := w.Verify(context.Background(), intent(), state, key.answer(challenge))
		require.ErrorIs(t, err, supportgrant.ErrMFA, name)
	}
	key := newKey("ES256")
	w, _, bobs := world(t, key)
	ctx, state := context.Background(), begin(t, w)
	bobs.handle = nil
	stolen := *bobs
	stolen.id = key.id
	late := *key
	for name, answer := range map[string][]byte{
		"bob's credential": bobs.answer(challenge), "bob's key under ann's id": stolen.answer(challenge),
		"a random challenge": late.answer(b64(make([]byte, 32))), "no challenge": late.answer(""), "challenge padded": late.answer(challenge + "="),
		"nothing": nil, "null": []byte("null"), "object": []byte("{}"), "junk": []byte("x"), "trailing": append(key.answer(challenge), "{}"...),
		"long": append(key.answer(challenge), bytes.Repeat([]byte(" "), 33<<10)...),
	} {
		_, err := w.Verify(ctx, intent(), state, answer)
		require.ErrorIs(t, err, supportgrant.ErrMFA, name)
	}
	_, err := w.Verify(ctx, intent(), state, key.answer(challenge))
	require.NoError(t, err)
	key = newKey("ES256")
	key.flags |= eligible | backedUp
	w, _, _ = world(t, key)
	_, err = w.Verify(ctx, intent(), begin(t, w), key.answer(challenge))
	require.NoError(t, err, "a passkey that is backed up, as it was registered")
	key.flags &^= eligible | backedUp
	_, err = w.Verify(ctx, intent(), begin(t, w), key.answer(challenge))
	require.ErrorIs(t, err, supportgrant.ErrMFA, "not eligible any more")
}

func TestEachOriginIsGoodAsItIsWritten(t *testing.T) {
	t.Parallel()
	key := newKey("ES256")
	w, _, _ := world(t, key)
	for _, key.origin = range config().Origins {
		_, err := w.Verify(context.Background(), intent(), begin(t, w), key.answer(digestOf(intent())))
		require.NoError(t, err, key.origin)
	}
}

// The library returns no error for any of these.
func TestACounterThatDoesNotAdvanceIsRefused(t *testing.T) {
	t.Parallel()
	ctx, challenge := context.Background(), digestOf(intent())
	key := newKey("ES256")
	key.count = 4
	w, p, _ := world(t, key)
	for count, good := range map[uint32]bool{0: false, 3: false, 4: false} {
		key.count = count
		_, err := w.Verify(ctx, intent(), begin(t, w), key.answer(challenge))
		require.Equal(t, good, err == nil, count)
		require.ErrorIs(t, err, supportgrant.ErrMFA)
	}
	key.count = 5
	state, answer := begin(t, w), key.answer(challenge)
	_, err := w.Verify(ctx, intent(), state, answer)
	require.NoError(t, err)
	for range 3 {
		_, err = w.Verify(ctx, intent(), state, answer)
		require.ErrorIs(t, err, supportgrant.ErrMFA, "the same answer again")
	}
	key.count = 6
	p.of["ann"][0].Authenticator.CloneWarning = true
	_, err = w.Verify(ctx, intent(), begin(t, w), key.answer(challenge))
	require.ErrorIs(t, err, supportgrant.ErrMFA, "once a copy was suspected")
}

func TestOf32WhoUseOneCountAtOnceOneSucceeds(t *testing.T) {
	t.Parallel()
	key := newKey("ES256")
	w, _, _ := world(t, key)
	key.count = 1
	state, answer := begin(t, w), key.answer(digestOf(intent()))
	got := make(chan error, 32)
	for range cap(got) {
		go func() { _, err := w.Verify(context.Background(), intent(), state, answer); got <- err }()
	}
	won := 0
	for range cap(got) {
		if err := <-got; err == nil {
			won++
		} else {
			require.ErrorIs(t, err, supportgrant.ErrMFA)
		}
	}
	require.Equal(t, 1, won)
}

func TestAChallengeIsAnsweredInTime(t *testing.T) {
	t.Parallel()
	key := newKey("ES256")
	for takes, good := range map[time.Duration]bool{0: true, 5 * time.Minute: true, 5*time.Minute + time.Second: false, 24 * time.Hour: false} {
		synctest.Test(t, func(t *testing.T) {
			w, _, _ := world(t, key)
			state := begin(t, w)
			time.Sleep(takes)
			_, err := w.Verify(context.Background(), intent(), state, key.answer(digestOf(intent())))
			require.Equal(t, good, err == nil, takes)
			if !good {
				require.ErrorIs(t, err, supportgrant.ErrMFA)
			}
		})
	}
}

func TestAStateThatDemandsLessIsRefused(t *testing.T) {
	t.Parallel()
	key := newKey("ES256")
	w, _, _ := world(t, key)
	key.flags = present
	for name, change := range map[string]func(map[string]any){
		"no verification":   func(s map[string]any) { s["userVerification"] = "discouraged" },
		"no time":           func(s map[string]any) { delete(s, "expires") },
		"any credential":    func(s map[string]any) { delete(s, "allowed_credentials") },
		"another party":     func(s map[string]any) { s["rpId"] = "example.com" },
		"another challenge": func(s map[string]any) { s["challenge"] = b64(make([]byte, 32)) },
		"another user":      func(s map[string]any) { s["user_id"] = []byte("bob") },
	} {
		bent := *key
		if name != "no verification" {
			bent.flags = present | verified
		}
		var s map[string]any
		require.NoError(t, json.Unmarshal(begin(t, w), &s))
		change(s)
		_, err := w.Verify(context.Background(), intent(), must(json.Marshal(s)), bent.answer(digestOf(intent())))
		require.ErrorIs(t, err, supportgrant.ErrMFA, name)
	}
	for _, s := range []string{"", "{}", "null", "x"} {
		_, err := w.Verify(context.Background(), intent(), []byte(s), key.answer(digestOf(intent())))
		require.ErrorIs(t, err, supportgrant.ErrMFA, s)
	}
}

func TestWithoutACredentialNothingIsApproved(t *testing.T) {
	t.Parallel()
	key, ctx := newKey("ES256"), context.Background()
	w, p, _ := world(t, key)
	state, answer := begin(t, w), key.answer(digestOf(intent()))
	down := errors.New("down")
	p.usedErr = down
	_, err := w.Verify(ctx, intent(), state, answer)
	require.ErrorIs(t, err, down, "a use that is not kept")
	require.NotErrorIs(t, err, supportgrant.ErrMFA)
	p.usedErr, p.err = nil, down
	_, err = w.Begin(ctx, intent())
	require.ErrorIs(t, err, down)
	_, err = w.Verify(ctx, intent(), state, answer)
	require.ErrorIs(t, err, down)
	p.err, p.of["ann"] = nil, nil // removed between challenge and answer
	_, err = w.Verify(ctx, intent(), state, answer)
	require.ErrorIs(t, err, supportgrant.ErrMFA)
	_, err = w.Begin(ctx, intent())
	require.ErrorIs(t, err, supportgrant.ErrMFA)
}

func TestTheHandleIsTheOneRegisteredUnder(t *testing.T) {
	t.Parallel()
	key, ctx := newKey("ES256"), context.Background()
	_, p, _ := world(t, key)
	c := config()
	handle, failing := []byte{1, 2, 3}, error(nil)
	c.UserHandle = func(context.Context, tenancy.ID, supportgrant.Person) ([]byte, error) { return handle, failing }
	w, err := webauthn.New(p, c)
	require.NoError(t, err)
	for _, h := range [][]byte{{1, 2, 3}, nil} { // security keys that are no passkeys send none
		key.handle = h
		_, err = w.Verify(ctx, intent(), begin(t, w), key.answer(digestOf(intent())))
		require.NoError(t, err)
	}
	state := begin(t, w)
	key.handle = []byte("ann")
	_, err = w.Verify(ctx, intent(), state, key.answer(digestOf(intent())))
	require.ErrorIs(t, err, supportgrant.ErrMFA)
	failing = errors.New("down")
	_, err = w.Begin(ctx, intent())
	require.ErrorIs(t, err, failing)
}

func TestAnIntentOfAnotherTenantThanTheContextsIsRefused(t *testing.T) {
	t.Parallel()
	w, _, _ := world(t, newKey("ES256"))
	ctx := tenancy.With(context.Background(), tenancy.NewID())
	_, err := w.Begin(ctx, intent())
	require.ErrorIs(t, err, tenancy.ErrConflict)
	_, err = w.Verify(ctx, intent(), nil, nil)
	require.ErrorIs(t, err, tenancy.ErrConflict)
	_, err = w.Begin(context.Background(), supportgrant.Intent{Approver: "ann"})
	require.ErrorIs(t, err, tenancy.ErrNoTenant)
}

func TestARelyingPartyThatMakesNoSenseIsNotBuilt(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*webauthn.Config){
		"no id":        func(c *webauthn.Config) { c.RPID = "" },
		"no origins":   func(c *webauthn.Config) { c.Origins = nil },
		"short":        func(c *webauthn.Config) { c.Timeout = time.Second },
		"long":         func(c *webauthn.Config) { c.Timeout = time.Hour },
		"another site": func(c *webauthn.Config) { c.Origins = []string{"https://evil.example"} },
		"suffix":       func(c *webauthn.Config) { c.Origins = []string{"https://evilapp.example.com"} },
		"above":        func(c *webauthn.Config) { c.Origins = []string{"https://example.com"} },
		"http":         func(c *webauthn.Config) { c.Origins = []string{"http://app.example.com"} },
		"path":         func(c *webauthn.Config) { c.Origins = []string{theOrigin + "/"} },
		"upper case":   func(c *webauthn.Config) { c.Origins = []string{"https://App.example.com"} },
		"its port":     func(c *webauthn.Config) { c.Origins = []string{theOrigin + ":443"} },
		"empty port":   func(c *webauthn.Config) { c.Origins = []string{theOrigin + ":"} },
		"user":         func(c *webauthn.Config) { c.Origins = []string{"https://u@app.example.com"} },
		"all":          func(c *webauthn.Config) { c.Origins = append(c.Origins, "*") },
	} {
		c := config()
		change(&c)
		_, err := webauthn.New(&people{}, c)
		require.Error(t, err, name)
	}
	_, err := webauthn.New(nil, config())
	require.Error(t, err)
	_, err = webauthn.New(&people{}, webauthn.Config{RPID: "localhost", Origins: []string{"http://localhost:8080", "https://localhost"}})
	require.NoError(t, err)
}

func TestErrorsHaveNothingOfAnAnswer(t *testing.T) {
	t.Parallel()
	key := newKey("ES256")
	w, _, _ := world(t, key)
	key.origin, key.handle, key.kind = "https://secret.example", []byte("secret"), "secret"
	for _, answer := range [][]byte{key.answer("secret"), []byte(`{"id":"secret"}`), []byte(`"secret"`), []byte(`secret`)} {
		_, err := w.Verify(context.Background(), intent(), begin(t, w), answer)
		require.ErrorIs(t, err, supportgrant.ErrMFA)
		require.False(t, strings.Contains(err.Error(), "secret"), err)
	}
}

// Whatever the answer, what is approved has evidence of this intent and this key.
func FuzzAnswer(f *testing.F) {
	key := fixedKey()
	w, _, _ := world(f, key)
	state := begin(f, w)
	f.Add(key.answer(digestOf(intent())))
	f.Add([]byte(`{"id":"AA","rawId":"AA","type":"public-key","response":{}}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		e, err := w.Verify(context.Background(), intent(), state, answer)
		if err != nil {
			require.ErrorIs(t, err, supportgrant.ErrMFA)
			return
		}
		require.NoError(t, webauthn.VerifyEvidence(intent(), e))
		require.Equal(t, key.cose, must(webauthn.Open(e)).Key)
	})
}
