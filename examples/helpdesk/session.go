package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

const (
	sessionCookie = "__Host-session"
	sessionLife   = 12 * time.Hour
	linkLife      = 15 * time.Minute
)

// A ticket is what a cookie or a sign-in link holds: a tenant, 128 random bits, and a signature of both. The signature says which tenant's
// database to ask; the database knows the SHA-256 of it, and whether it is good.
type ticket string

func (d *desk) newTicket(use string, org tenancy.ID) ticket {
	body := org.String() + "." + rand.Text()
	return ticket(body + "." + d.sign(use, body))
}

func (d *desk) sign(use, body string) string {
	k, err := key("c1", d.keys.Session)
	if err != nil {
		panic(err) // open has made one of it
	}
	mac := hmac.New(sha256.New, k.Derive(use))
	mac.Write([]byte(body))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// tenantOf is the tenant of a ticket that was made here, and else the zero ID.
func (d *desk) tenantOf(use string, t ticket) tenancy.ID {
	i := strings.LastIndexByte(string(t), '.')
	if i < 0 || !hmac.Equal([]byte(t[i+1:]), []byte(d.sign(use, string(t[:i])))) {
		return tenancy.ID{}
	}
	org, _, _ := strings.Cut(string(t), ".")
	id, err := tenancy.ParseID(org)
	if err != nil {
		return tenancy.ID{}
	}
	return id
}

func (t ticket) id() []byte { sum := sha256.Sum256([]byte(t)); return sum[:] }

// sessionTenant is what the gate asks: a claim that was verified.
func (d *desk) sessionTenant(r *http.Request) string {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return d.tenantOf("session", ticket(c.Value)).String()
}

type personKey struct{}

// sessions looks up whose session a request is of, once, for all who ask.
func (d *desk) sessions(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := d.sessionPerson(r)
		if err != nil {
			d.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), personKey{}, who)))
	})
}

func (d *desk) sessionPerson(r *http.Request) (who string, err error) {
	c, err := r.Cookie(sessionCookie)
	if err != nil || d.sessionTenant(r) == "" {
		return "", nil
	}
	err = d.db.Read(r.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &who, tx.Rebind(`SELECT person_id FROM session WHERE id = ? AND expires_at > ?`), ticket(c.Value).id(), time.Now())
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return who, err
}

// userOf is who is signed in, "" for nobody: package consent asks.
func userOf(r *http.Request) string {
	who, _ := r.Context().Value(personKey{}).(string)
	return who
}

// memberOf is userOf as package rbac asks for it.
func memberOf(r *http.Request) (rbac.Subject, error) {
	if who := userOf(r); who != "" {
		return rbac.User(who), nil
	}
	return rbac.Subject{}, nil
}

// newSession signs somebody in to ctx's tenant.
func (d *desk) newSession(ctx context.Context, w http.ResponseWriter, org tenancy.ID, person string) error {
	t, now := d.newTicket("session", org), time.Now()
	err := d.db.Tx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, tx.Rebind(`INSERT INTO session (id, person_id, created_at, expires_at) VALUES (?, ?, ?, ?)`), t.id(), person, now, now.Add(sessionLife))
		return err
	})
	if err == nil {
		http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: string(t), Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(sessionLife.Seconds())})
	}
	return err
}

// signInLink is a link that signs a person in once, to be mailed to them.
func (d *desk) signInLink(ctx context.Context, org tenancy.ID, person string) (string, error) {
	t := d.newTicket("link", org)
	err := d.db.Tx(tenancy.Switch(ctx, org), func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, tx.Rebind(`INSERT INTO sign_in (id, person_id, expires_at) VALUES (?, ?, ?)`), t.id(), person, time.Now().Add(linkLife))
		return err
	})
	return d.base() + "/sign-in?link=" + string(t), err
}

var errLink = errors.New("helpdesk: the link is not good, or was used")

// useLink signs in who brings a link, once.
func (d *desk) useLink(w http.ResponseWriter, r *http.Request) error {
	t := ticket(r.PostFormValue("link"))
	org := d.tenantOf("link", t)
	if org.IsZero() {
		return errLink
	}
	return d.db.Tx(tenancy.Switch(r.Context(), org), func(ctx context.Context, tx *sqlx.Tx) error {
		now := time.Now()
		done, err := tx.ExecContext(ctx, tx.Rebind(`UPDATE sign_in SET used_at = ? WHERE id = ? AND used_at IS NULL AND expires_at > ?`), now, t.id(), now)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errLink)
		}
		var who string
		if err := tx.GetContext(ctx, &who, tx.Rebind(`SELECT person_id FROM sign_in WHERE id = ?`), t.id()); err != nil {
			return err
		}
		return d.began(ctx, w, org, who)
	})
}

// signOut ends a session.
func (d *desk) signOut(w http.ResponseWriter, r *http.Request) error {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", Secure: true, HttpOnly: true, MaxAge: -1})
	return d.db.Tx(r.Context(), func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, tx.Rebind(`DELETE FROM session WHERE id = ?`), ticket(c.Value).id())
		return err
	})
}
