package main

import (
	"encoding/base32"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/totp"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/vault"
	gowebauthn "github.com/go-webauthn/webauthn/webauthn"
)

// enrolment is a second factor that somebody is setting up. It is in this process's memory: where there are several, it belongs to the session.
type enrolment struct {
	until   time.Time
	app     redact.Secret[[]byte]
	passkey *gowebauthn.SessionData
}

const enrolFor = 10 * time.Minute

// enrolling returns the enrolment of a request's person, and forgets it.
func (d *desk) enrolling(r *http.Request) (enrolment, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	k := d.enrolKey(r)
	e, ok := d.enrolled[k]
	delete(d.enrolled, k)
	if !ok || time.Now().After(e.until) {
		return e, badInput("That took too long. Begin again.")
	}
	return e, nil
}

func (d *desk) enrol(r *http.Request, e enrolment) {
	e.until = time.Now().Add(enrolFor)
	d.mu.Lock()
	defer d.mu.Unlock()
	for k, old := range d.enrolled {
		if time.Now().After(old.until) {
			delete(d.enrolled, k)
		}
	}
	d.enrolled[d.enrolKey(r)] = e
}

func (d *desk) enrolKey(r *http.Request) string {
	org, _ := tenancy.From(r.Context()) // the zero ID has no sessions
	return org.String() + ":" + userOf(r)
}

// factors tells which second factors a request's person has.
func (d *desk) factors(r *http.Request) (app bool, keys int, err error) {
	_, err = d.vault.Info(r.Context(), codeRef(userOf(r)))
	app = err == nil
	if err != nil && !errors.Is(err, vault.ErrNotFound) {
		return false, 0, err
	}
	org, err := tenancy.From(r.Context())
	if err != nil {
		return false, 0, err
	}
	all, err := d.passkeys.Of(r.Context(), org, me(r))
	return app, len(all), err
}

// mayEnrol asks for a code of the app of who has a second factor: nobody sets up another one with less than it takes to approve.
func (d *desk) mayEnrol(r *http.Request) error {
	switch app, keys, err := d.factors(r); {
	case err != nil:
		return err
	case app:
		return d.codes.Use(r.Context(), me(r), r.PostFormValue("current"))
	case keys > 0:
		return badInput("You have a passkey. Another second factor is set up by an admin who knows you.")
	}
	return nil
}

func (d *desk) securityPage(w http.ResponseWriter, r *http.Request) error {
	return d.showSecurity(w, r, "", "")
}

func (d *desk) showSecurity(w http.ResponseWriter, r *http.Request, secret, passkey string) error {
	app, keys, err := d.factors(r)
	if err != nil {
		return err
	}
	return d.show(w, r, "security", "Your second factors", struct {
		HasApp          bool
		Keys            int
		Secret, Passkey string
	}{app, keys, secret, passkey})
}

func (d *desk) beginApp(w http.ResponseWriter, r *http.Request) error {
	if err := d.mayEnrol(r); err != nil {
		return err
	}
	secret := totp.NewSecret()
	d.enrol(r, enrolment{app: secret})
	return d.showSecurity(w, r, base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret.Reveal()), "")
}

// confirmApp takes the first code, by which the person shows that the app has the secret; then the secret is kept, sealed.
func (d *desk) confirmApp(w http.ResponseWriter, r *http.Request) error {
	e, err := d.enrolling(r)
	if err != nil {
		return err
	}
	if len(e.app.Reveal()) == 0 {
		return badInput("That took too long. Begin again.")
	}
	if err := d.codes.Confirm(r.Context(), e.app, r.PostFormValue("code")); err != nil {
		return err
	}
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(e.app.Reveal())
	if err := d.vault.Put(r.Context(), codeRef(userOf(r)), redact.NewSecret(text), vault.Policy{By: actor(r.Context())}); err != nil {
		return err
	}
	if err := d.record(r.Context(), factorAdded, map[string]any{"kind": "authenticator app"}); err != nil {
		return err
	}
	return after(w, r, "/security", "enrolled")
}

func (d *desk) beginPasskey(w http.ResponseWriter, r *http.Request) error {
	if err := d.mayEnrol(r); err != nil {
		return err
	}
	who, err := d.person(r.Context(), userOf(r))
	if err != nil {
		return err
	}
	options, began, err := d.passkeys.begin(r.Context(), &who)
	if err != nil {
		return err
	}
	d.enrol(r, enrolment{passkey: began})
	b, err := json.Marshal(options.Response)
	if err != nil {
		return err
	}
	return d.showSecurity(w, r, "", string(b))
}

// finishPasskey takes what the browser's authenticator made, in JSON.
func (d *desk) finishPasskey(w http.ResponseWriter, r *http.Request) error {
	e, err := d.enrolling(r)
	if err != nil {
		return err
	}
	if e.passkey == nil {
		return supportgrant.ErrStale
	}
	who, err := d.person(r.Context(), userOf(r))
	if err != nil {
		return err
	}
	if err := d.passkeys.finish(r.Context(), &who, *e.passkey, r); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
