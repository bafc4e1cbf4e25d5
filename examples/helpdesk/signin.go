package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

func (d *desk) signInPage(w http.ResponseWriter, r *http.Request) error {
	return d.show(w, r, "signin", "Sign in", r.URL.Query().Get("link"))
}

// signIn uses a link. A page in between takes the click, for what reads mail also opens links.
func (d *desk) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := d.useLink(w, r); err != nil {
		return err
	}
	to := "/conversations"
	if d.tenantOf("link", ticket(r.PostFormValue("link"))) == operator {
		to = "/staff/"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func (d *desk) signOutNow(w http.ResponseWriter, r *http.Request) error {
	if err := d.signOut(w, r); err != nil {
		return err
	}
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}

func (d *desk) joinPage(w http.ResponseWriter, r *http.Request) error {
	return d.show(w, r, "join", "Join the team", r.URL.Query().Get("invitation"))
}

// join makes a member of who brings an invitation: the person's row, the membership and its record together.
func (d *desk) join(w http.ResponseWriter, r *http.Request) error {
	secret := redact.NewSecret(r.PostFormValue("invitation"))
	address, name := strings.TrimSpace(r.PostFormValue("email")), strings.TrimSpace(r.PostFormValue("name"))
	if name == "" || len(name) > 100 {
		return badInput("A name has 1 to 100 letters.")
	}
	org, err := d.team.InvitationTenant(r.Context(), secret)
	if err != nil {
		return err
	}
	who := uuid.NewString()
	err = d.db.Tx(tenancy.Switch(r.Context(), org), func(ctx context.Context, tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, tx.Rebind(`INSERT INTO person (id, name, email, joined_at) VALUES (?, ?, ?, ?)`), who, name, strings.ToLower(address), time.Now()); err != nil {
			return err
		}
		if err := d.team.Accept(ctx, secret, rbac.Acceptance{User: rbac.User(who), Address: address}); err != nil {
			return err
		}
		return d.began(ctx, w, org, who)
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/conversations", http.StatusSeeOther)
	return nil
}

// began begins a session, and records that.
func (d *desk) began(ctx context.Context, w http.ResponseWriter, org tenancy.ID, who string) error {
	if err := d.newSession(ctx, w, org, who); err != nil {
		return err
	}
	return d.trail.Record(ctx, audit.Event{Action: signedInOnce, Actor: user(who)})
}
