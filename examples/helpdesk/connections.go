package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/vault"
	"github.com/bailiwick-dev/bailiwick/vault/webhook"
)

// What an organisation can connect, and how often the secret is to be another one.
var connectable = []struct {
	Purpose, Name, About string
	every                time.Duration
	made                 bool // here, and told once
}{
	{"shop", "Shop", "The API key that reads orders from your shop.", 90 * 24 * time.Hour, false},
	{"mail", "Mail", "The API key that sends your answers.", 90 * 24 * time.Hour, false},
	{"webhook", "Webhook", "The secret that signs what is sent to your webhook (Standard Webhooks). It is made here, and shown once.", 180 * 24 * time.Hour, true},
}

func connectionRef(purpose string) vault.Ref { return vault.Ref{Purpose: purpose, ID: "main"} }

func (d *desk) connectionsPage(w http.ResponseWriter, r *http.Request) error {
	return d.showConnections(w, r, "")
}

// showConnections lists what is known of the secrets: when they were stored, used and are due. Nothing gives the secrets themselves.
func (d *desk) showConnections(w http.ResponseWriter, r *http.Request, fresh string) error {
	type row struct {
		Purpose, Name, About string
		Made                 bool
		Info                 *vault.Info
		DueOn                time.Time
	}
	data := struct {
		Rows  []row
		Due   []vault.Info
		Fresh string // the new webhook secret
	}{Fresh: fresh}
	for _, c := range connectable {
		x := row{c.Purpose, c.Name, c.About, c.made, nil, time.Time{}}
		switch info, err := d.vault.Info(r.Context(), connectionRef(c.Purpose)); {
		case err == nil:
			x.Info, x.DueOn = &info, info.Replaced.Add(info.RotateEvery)
		case statusIs(err, http.StatusNotFound):
		default:
			return err
		}
		data.Rows = append(data.Rows, x)
	}
	for info, err := range d.vault.Due(r.Context(), 14*24*time.Hour) {
		if err != nil {
			return err
		}
		data.Due = append(data.Due, info)
	}
	return d.show(w, r, "connections", "Connections", data)
}

func statusIs(err error, status int) bool { s, _ := statusOf(err); return s == status }

// putSecret stores a secret in the place of the whole one that was there.
func (d *desk) putSecret(w http.ResponseWriter, r *http.Request) error {
	for _, c := range connectable {
		if c.Purpose != r.PathValue("purpose") {
			continue
		}
		secret := redact.NewSecret(strings.TrimSpace(r.PostFormValue("secret")))
		if c.made {
			secret = webhook.NewSecret()
		} else if len(secret.Reveal()) < 8 {
			return badInput("A key has 8 characters at least.")
		}
		err := d.vault.Put(r.Context(), connectionRef(c.Purpose), secret, vault.Policy{RotateEvery: c.every, By: actor(r.Context())})
		if err != nil {
			return err
		}
		if c.made { // the other side needs it, once
			return d.showConnections(w, r, secret.Reveal())
		}
		return after(w, r, "/connections", "stored")
	}
	return vault.ErrNotFound
}

func (d *desk) disconnect(w http.ResponseWriter, r *http.Request) error {
	_, err := d.vault.Disconnect(r.Context(), vault.Disconnection{Ref: connectionRef(r.PathValue("purpose")), By: actor(r.Context()),
		Revoke: func(context.Context, []byte) error { return nil }}) // a call of the other service's belongs here
	if err != nil {
		return err
	}
	return after(w, r, "/connections", "disconnected")
}

// tokenMember is the machine that API tokens of an organisation act for.
var tokenMember = rbac.Service("integration")
