package webauthn

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/go-webauthn/webauthn/protocol"
	gowebauthn "github.com/go-webauthn/webauthn/webauthn"
)

const maxAnswer = 32 << 10 // bytes

// Credential is a registered credential, as go-webauthn returns it at registration.
type Credential = gowebauthn.Credential

// Credentials are the registered credentials of people. It is the application's, which registers them.
type Credentials interface {
	// Of returns a person's credentials, none if there is none, and an error if that cannot be known.
	Of(ctx context.Context, tenant tenancy.ID, person supportgrant.Person) ([]Credential, error)
	// Used keeps what the use changed of the credential with c.ID: its Flags and Authenticator, with the signature counter. If the kept counter
	// is not lower by now, unless both are zero, it changes nothing and returns an error that is
	// [supportgrant.ErrMFA]: of two uses with one count, one is a copy's.
	Used(ctx context.Context, tenant tenancy.ID, person supportgrant.Person, c Credential) error
}

// Config says who asks.
type Config struct {
	RPID    string        // the relying party's id: the domain that credentials are registered for
	Origins []string      // where approvals are given, as browsers write it: "https://app.example.com"; RPID or below it
	Timeout time.Duration // how long a challenge can be answered: 30 seconds to 10 minutes, 5 minutes if 0
	// UserHandle returns the handle (user.id) that the person's credentials are registered under. If it is nil, that is the
	// Person's bytes.
	UserHandle func(ctx context.Context, tenant tenancy.ID, person supportgrant.Person) ([]byte, error)
}

// WebAuthn is the second factor of package supportgrant by passkeys and security keys. It is safe for concurrent use.
type WebAuthn struct {
	c     Config
	creds Credentials
	lib   *gowebauthn.WebAuthn
}

var _ supportgrant.MFA = (*WebAuthn)(nil)

// New returns the second factor.
func New(creds Credentials, c Config) (*WebAuthn, error) {
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Minute
	}
	switch {
	case creds == nil:
		return nil, errors.New("webauthn: the credentials are needed")
	case c.RPID == "" || len(c.Origins) == 0:
		return nil, errors.New("webauthn: the relying party has an id and origins")
	case c.Timeout < 30*time.Second || c.Timeout > 10*time.Minute:
		return nil, errors.New("webauthn: a timeout is within 30 seconds and 10 minutes")
	}
	for _, o := range c.Origins {
		if !isOriginOf(c.RPID, o) {
			return nil, errors.New("webauthn: an origin is not one of the relying party's, as browsers write it")
		}
	}
	c.Origins = slices.Clone(c.Origins)
	limit := gowebauthn.TimeoutConfig{Enforce: true, Timeout: c.Timeout, TimeoutUVD: c.Timeout}
	lib, err := gowebauthn.New(&gowebauthn.Config{RPID: c.RPID, RPDisplayName: c.RPID, RPOrigins: c.Origins,
		Timeouts: gowebauthn.TimeoutsConfig{Login: limit, Registration: limit}})
	if err != nil {
		return nil, fmt.Errorf("webauthn: %w", err)
	}
	return &WebAuthn{c, creds, lib}, nil
}

// Method returns "webauthn".
func (w *WebAuthn) Method() string { return "webauthn" }

// Begin makes a challenge, which is the digest of i. Its Options are {"publicKey": ...}, whose value the browser takes by
// PublicKeyCredential.parseRequestOptionsFromJSON and navigator.credentials.get.
func (w *WebAuthn) Begin(ctx context.Context, i supportgrant.Intent) (supportgrant.Challenge, error) {
	_, u, err := w.user(ctx, i)
	if err != nil {
		return supportgrant.Challenge{}, err
	}
	digest := i.Digest()
	ask, session, err := w.lib.BeginLogin(u, gowebauthn.WithChallenge(digest[:]), gowebauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return supportgrant.Challenge{}, fmt.Errorf("webauthn: challenge: %w", err)
	}
	options, err1 := json.Marshal(ask)
	state, err2 := json.Marshal(session)
	if err := errors.Join(err1, err2); err != nil {
		return supportgrant.Challenge{}, fmt.Errorf("webauthn: challenge: %w", err)
	}
	return supportgrant.Challenge{Method: w.Method(), Options: options, State: state}, nil
}

// Verify takes the assertion, as PublicKeyCredential.toJSON writes it.
func (w *WebAuthn) Verify(ctx context.Context, i supportgrant.Intent, state, response []byte) (supportgrant.Evidence, error) {
	ctx, u, err := w.user(ctx, i)
	if err != nil {
		return supportgrant.Evidence{}, err
	}
	var session gowebauthn.SessionData
	if json.Unmarshal(state, &session) != nil || !w.isFor(i, session) {
		return supportgrant.Evidence{}, refused("the challenge was for something else")
	}
	if len(response) > maxAnswer {
		return supportgrant.Evidence{}, refused("the answer is too long")
	}
	answer, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return supportgrant.Evidence{}, refused(reason(err))
	}
	used, err := w.lib.ValidateLogin(u, session, answer)
	if err != nil {
		return supportgrant.Evidence{}, refused(reason(err))
	}
	if used.Authenticator.CloneWarning {
		return supportgrant.Evidence{}, refused("the signature counter did not advance: the key may have a copy")
	}
	raw := answer.Raw.AssertionResponse
	e, err := evidence(i, Proof{RPID: w.c.RPID, Origin: answer.Response.CollectedClientData.Origin, Credential: used.ID, Key: used.PublicKey,
		AuthenticatorData: raw.AuthenticatorData, ClientData: raw.ClientDataJSON, Signature: raw.Signature})
	if err != nil {
		return supportgrant.Evidence{}, err
	}
	// Nothing is approved by what could not be shown later, an origin with a path or in upper case among it, which the library takes.
	if VerifyEvidence(i, e) != nil {
		return supportgrant.Evidence{}, refused("the answer makes no evidence")
	}
	if err := w.creds.Used(ctx, i.Tenant, i.Approver, *used); errors.Is(err, supportgrant.ErrMFA) {
		return supportgrant.Evidence{}, refused("the credential was used meanwhile")
	} else if err != nil {
		return supportgrant.Evidence{}, fmt.Errorf("webauthn: the use could not be kept: %w", err)
	}
	return e, nil
}

// isFor reports whether a session is as Begin makes it for i. The library takes one that demands less.
func (w *WebAuthn) isFor(i supportgrant.Intent, s gowebauthn.SessionData) bool {
	return s.Challenge == challengeOf(i) && s.RelyingPartyID == w.c.RPID && s.UserVerification == protocol.VerificationRequired &&
		!s.Expires.IsZero() && len(s.AllowedCredentialIDs) > 0 && s.Extensions.AppID == ""
}

func challengeOf(i supportgrant.Intent) string {
	d := i.Digest()
	return base64.RawURLEncoding.EncodeToString(d[:])
}

// user is an approver as the library sees them.
type user struct {
	handle []byte
	creds  []Credential
}

func (u *user) WebAuthnID() []byte                { return u.handle }
func (u *user) WebAuthnName() string              { return "approver" }
func (u *user) WebAuthnDisplayName() string       { return "approver" }
func (u *user) WebAuthnCredentials() []Credential { return u.creds }

// user returns the approver with those of their credentials whose answers make evidence.
func (w *WebAuthn) user(ctx context.Context, i supportgrant.Intent) (context.Context, *user, error) {
	ctx = tenancy.With(ctx, i.Tenant)
	if _, err := tenancy.From(ctx); err != nil {
		return nil, nil, fmt.Errorf("webauthn: %w", err)
	}
	all, err := w.creds.Of(ctx, i.Tenant, i.Approver)
	if err != nil {
		return nil, nil, fmt.Errorf("webauthn: the credentials could not be had: %w", err)
	}
	u := &user{handle: []byte(i.Approver)}
	for _, c := range all {
		if _, err := parseKey(c.PublicKey); err == nil && len(c.ID) > 0 {
			u.creds = append(u.creds, c)
		}
	}
	if len(u.creds) == 0 {
		return nil, nil, refused("no credential with a key for ES256, EdDSA or RS256")
	}
	if w.c.UserHandle != nil {
		if u.handle, err = w.c.UserHandle(ctx, i.Tenant, i.Approver); err != nil {
			return nil, nil, fmt.Errorf("webauthn: the user handle could not be had: %w", err)
		}
	}
	return ctx, u, nil
}

// reason is the library's, which has no value of the answer in its details.
func reason(err error) string {
	var e *protocol.Error
	if errors.As(err, &e) {
		return e.Details
	}
	return "not an assertion"
}

func refused(why string) error { return fmt.Errorf("webauthn: %s: %w", why, supportgrant.ErrMFA) }
