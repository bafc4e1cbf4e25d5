package totp

import (
	"context"
	"crypto/fips140"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// MaxLimit is the highest limit there can be: NIST SP 800-63B-4, section 3.2.2, allows 100 consecutive failures.
const MaxLimit = 100

// DefaultLimit is the limit of [New] without [Limit].
const DefaultLimit = 20

// ErrLocked: the authenticator had more attempts in a row than it may have, and takes no code any more, not the right one either.
// A new secret is to be enrolled. It is a [supportgrant.ErrTooMany].
var ErrLocked = fmt.Errorf("totp: locked: %w", supportgrant.ErrTooMany)

// Secrets returns the secret of a person's authenticator: the zero Secret if there is none, and an error if that cannot be known. It
// is the application's; package vault keeps such secrets.
type Secrets func(ctx context.Context, person supportgrant.Person) (redact.Secret[[]byte], error)

// TOTP is the second factor of package supportgrant by codes of an authenticator app. It is safe for concurrent use.
type TOTP struct {
	store   Store
	secrets Secrets
	limit   int
}

var _ supportgrant.MFA = (*TOTP)(nil)

// Option is an option of [New].
type Option func(*TOTP)

// Limit sets after how many attempts in a row without a success an authenticator is locked: 1 to [MaxLimit].
func Limit(n int) Option { return func(t *TOTP) { t.limit = n } }

// New returns the second factor over store. It fails under GODEBUG=fips140=only, where there is no SHA-1.
func New(store Store, secrets Secrets, opts ...Option) (*TOTP, error) {
	t := &TOTP{store: store, secrets: secrets, limit: DefaultLimit}
	for _, o := range opts {
		o(t)
	}
	switch {
	case store == nil || secrets == nil:
		return nil, errors.New("totp: a store and the secrets are needed")
	case t.limit < 1 || t.limit > MaxLimit:
		return nil, fmt.Errorf("totp: a limit of %d attempts is not within 1 and %d", t.limit, MaxLimit)
	case fips140.Enforced():
		return nil, errors.New("totp: SHA-1 is not available in this mode of FIPS 140-3")
	}
	return t, nil
}

// Method returns "totp".
func (t *TOTP) Method() string { return "totp" }

// Begin makes a challenge. Its Options are {"digits":6}: a code has no part of the challenge in it, so what binds the answer to
// the Intent is that the service asks for it by this challenge.
func (t *TOTP) Begin(ctx context.Context, i supportgrant.Intent) (supportgrant.Challenge, error) {
	ctx, err := within(ctx, i.Tenant)
	if err != nil {
		return supportgrant.Challenge{}, err
	}
	if _, err := t.secret(ctx, i.Approver); err != nil {
		return supportgrant.Challenge{}, err
	}
	digest := i.Digest()
	return supportgrant.Challenge{Method: t.Method(), Options: []byte(`{"digits":6}`), State: digest[:]}, nil
}

// Proof is what the Proof of an Evidence holds, as JSON: which code was used, and not that it was. It cannot be verified later.
type Proof struct {
	Authenticator string `json:"authenticator"`
	Step          uint64 `json:"step"` // since 1970, 30 seconds each
}

// Verify takes a code, which is then used up, in whatever use.
func (t *TOTP) Verify(ctx context.Context, i supportgrant.Intent, state, response []byte) (supportgrant.Evidence, error) {
	ctx, err := within(ctx, i.Tenant)
	if err != nil {
		return supportgrant.Evidence{}, err
	}
	digest := i.Digest()
	if subtle.ConstantTimeCompare(state, digest[:]) != 1 {
		return supportgrant.Evidence{}, refused("the challenge was for something else")
	}
	secret, err := t.secret(ctx, i.Approver)
	if err != nil {
		return supportgrant.Evidence{}, err
	}
	step, err := t.use(ctx, secret, response)
	if err != nil {
		return supportgrant.Evidence{}, err
	}
	proof, err := json.Marshal(Proof{Authenticator(secret), step})
	if err != nil {
		return supportgrant.Evidence{}, fmt.Errorf("totp: evidence: %w", err)
	}
	return supportgrant.Evidence{Method: t.Method(), Digest: digest, Proof: proof}, nil
}

// Use takes a code of a person's for another use of the same secret, such as logging in. What was used here approves nothing, and
// what approved something is of no use here.
func (t *TOTP) Use(ctx context.Context, person supportgrant.Person, code string) error {
	secret, err := t.secret(ctx, person)
	if err != nil {
		return err
	}
	_, err = t.use(ctx, secret, []byte(code))
	return err
}

// use counts, then looks, then burns.
func (t *TOTP) use(ctx context.Context, secret redact.Secret[[]byte], response []byte) (step uint64, err error) {
	c, ok := parse(response)
	if !ok {
		return 0, refused("not six digits") // no guess, and not counted as one
	}
	name := Authenticator(secret)
	st, err := t.store.Attempt(ctx, name)
	if err != nil {
		return 0, fmt.Errorf("totp: the attempt could not be counted: %w", err)
	}
	switch w := wait(st.Failures); {
	case st.Failures < 1 || st.Now.IsZero():
		return 0, errors.New("totp: the store did not count the attempt, or has no clock")
	case st.Failures > t.limit:
		return 0, ErrLocked
	case st.Since < w:
		return 0, fmt.Errorf("totp: the next attempt may come after %s: %w", w, supportgrant.ErrTooMany)
	}
	step, ok = match(secret.Reveal(), c, st.Now)
	if !ok {
		return 0, refused("wrong code")
	}
	if err := t.store.Succeed(ctx, name, step); errors.Is(err, supportgrant.ErrMFA) {
		return 0, refused("code of a step that was used")
	} else if err != nil {
		return 0, fmt.Errorf("totp: the code could not be used up: %w", err)
	}
	return step, nil
}

func (t *TOTP) secret(ctx context.Context, person supportgrant.Person) (redact.Secret[[]byte], error) {
	secret, err := t.secrets(ctx, person)
	switch n := len(secret.Reveal()); {
	case err != nil:
		return redact.Secret[[]byte]{}, fmt.Errorf("totp: the secret could not be had: %w", err)
	case n == 0:
		return redact.Secret[[]byte]{}, refused("no authenticator")
	case n < minSecret:
		return redact.Secret[[]byte]{}, errors.New("totp: the secret has less than 128 bits")
	}
	return secret, nil
}

func within(ctx context.Context, id tenancy.ID) (context.Context, error) {
	ctx = tenancy.With(ctx, id)
	if _, err := tenancy.From(ctx); err != nil {
		return nil, fmt.Errorf("totp: %w", err)
	}
	return ctx, nil
}

func refused(why string) error { return fmt.Errorf("totp: %s: %w", why, supportgrant.ErrMFA) }
