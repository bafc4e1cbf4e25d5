package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/supportgrant/mfa/webauthn"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/go-webauthn/webauthn/protocol"
	gowebauthn "github.com/go-webauthn/webauthn/webauthn"
	"github.com/jmoiron/sqlx"
)

// passkeys are people's credentials, as go-webauthn registers them and package supportgrant verifies what they sign.
type passkeys struct {
	d *desk
	w *gowebauthn.WebAuthn
}

func newPasskeys(d *desk) (*passkeys, error) {
	w, err := gowebauthn.New(&gowebauthn.Config{RPDisplayName: "Helpdesk", RPID: d.host, RPOrigins: []string{d.base()},
		AuthenticatorSelection: protocol.AuthenticatorSelection{UserVerification: protocol.VerificationRequired}})
	return &passkeys{d, w}, err
}

// handleOf is what an authenticator knows a person by.
func handleOf(_ context.Context, org tenancy.ID, who supportgrant.Person) ([]byte, error) {
	return []byte(org.String() + ":" + string(who)), nil
}

// Of implements [webauthn.Credentials].
func (p *passkeys) Of(ctx context.Context, _ tenancy.ID, who supportgrant.Person) (all []webauthn.Credential, err error) {
	var rows [][]byte
	err = p.d.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &rows, tx.Rebind(`SELECT public_key FROM passkey WHERE person_id = ? ORDER BY added_at`), string(who))
	})
	for _, row := range rows {
		var c webauthn.Credential
		if err := json.Unmarshal(row, &c); err != nil {
			return nil, fmt.Errorf("helpdesk: a passkey's row is no credential: %w", err)
		}
		all = append(all, c)
	}
	return all, err
}

// Used implements [webauthn.Credentials]: of two uses with one count, one is a copy's.
func (p *passkeys) Used(ctx context.Context, _ tenancy.ID, who supportgrant.Person, c webauthn.Credential) error {
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return p.d.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		done, err := tx.ExecContext(ctx, tx.Rebind(`UPDATE passkey SET public_key = ?, counter = ? WHERE id = ? AND person_id = ? AND (counter < ? OR counter = 0)`),
			string(b), int64(c.Authenticator.SignCount), c.ID, string(who), int64(c.Authenticator.SignCount))
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fmt.Errorf("helpdesk: a passkey was used with a count that is not new: %w", supportgrant.ErrMFA))
		}
		return nil
	})
}

// owner is a person as go-webauthn asks for one.
type owner struct {
	handle      []byte
	name, email string
	has         []webauthn.Credential
}

func (o *owner) WebAuthnID() []byte                           { return o.handle }
func (o *owner) WebAuthnName() string                         { return o.email }
func (o *owner) WebAuthnDisplayName() string                  { return o.name }
func (o *owner) WebAuthnCredentials() []gowebauthn.Credential { return o.has }

func (p *passkeys) owner(ctx context.Context, me *person) (*owner, error) {
	org, err := tenancy.From(ctx)
	if err != nil {
		return nil, err
	}
	has, err := p.Of(ctx, org, supportgrant.Person(me.ID))
	if err != nil {
		return nil, err
	}
	handle, err := handleOf(ctx, org, supportgrant.Person(me.ID))
	return &owner{handle, me.Name, me.Email, has}, err
}

// begin returns what the browser's navigator.credentials.create takes, and what finish needs.
func (p *passkeys) begin(ctx context.Context, me *person) (*protocol.CredentialCreation, *gowebauthn.SessionData, error) {
	o, err := p.owner(ctx, me)
	if err != nil {
		return nil, nil, err
	}
	return p.w.BeginRegistration(o, gowebauthn.WithCredentialParameters(gowebauthn.CredentialParametersRecommendedL3()))
}

// finish registers what the browser answered with.
func (p *passkeys) finish(ctx context.Context, me *person, began gowebauthn.SessionData, r *http.Request) error {
	o, err := p.owner(ctx, me)
	if err != nil {
		return err
	}
	c, err := p.w.FinishRegistration(o, began, r)
	if err != nil {
		return fmt.Errorf("helpdesk: the passkey is not registered: %w", supportgrant.ErrMFA)
	}
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return p.d.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, tx.Rebind(`INSERT INTO passkey (id, person_id, public_key, counter, added_at) VALUES (?, ?, ?, ?, ?)`),
			c.ID, me.ID, string(b), int64(c.Authenticator.SignCount), time.Now()); err != nil {
			return err
		}
		return p.d.record(ctx, factorAdded, map[string]any{"kind": "passkey"})
	})
}
