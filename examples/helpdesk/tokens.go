package main

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/redact"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow"
)

// What an API token can be given.
var tokenScopes = []rbac.Permission{readChats, answerChats}

func (d *desk) tokensPage(w http.ResponseWriter, r *http.Request) error {
	return d.showTokens(w, r, redact.Secret[string]{})
}

// showTokens lists tokens; fresh is one that was just issued, and is shown this once.
func (d *desk) showTokens(w http.ResponseWriter, r *http.Request, fresh redact.Secret[string]) error {
	list, err := d.team.Tokens(r.Context(), rbac.From(r.Context()), rbac.TokenSelector{All: true})
	if err != nil {
		return err
	}
	return d.show(w, r, "tokens", "API tokens", struct {
		List   []rbac.TokenInfo
		Scopes []rbac.PermissionInfo
		Fresh  string
	}{list, []rbac.PermissionInfo{readChats.Info(), answerChats.Info()}, fresh.Reveal()})
}

func (d *desk) issueToken(w http.ResponseWriter, r *http.Request) error {
	ctx, me := r.Context(), rbac.From(r.Context())
	if err := r.ParseForm(); err != nil {
		return badInput("The form cannot be read.")
	}
	spec := rbac.TokenSpec{Member: tokenMember, Integration: strings.TrimSpace(r.PostFormValue("name")), For: 90 * 24 * time.Hour}
	for _, x := range tokenScopes {
		for _, name := range r.PostForm["scope"] {
			if x.String() == name {
				spec.Scopes = append(spec.Scopes, x)
			}
		}
	}
	networks, err := parseNetworks(r.PostFormValue("networks"))
	if err != nil {
		return err
	}
	spec.Networks = networks
	// Tokens act for a machine, so that they outlive nobody's leaving unnoticed: who issues the first one answers for it.
	if err := d.team.AddMachine(ctx, me, tokenMember.ID, me.Subject(), integration.ID()); err != nil && !errors.Is(err, rbac.ErrExists) {
		return err
	}
	secret, _, err := d.team.IssueToken(ctx, me, spec)
	if err != nil {
		return err
	}
	return d.showTokens(w, r, secret)
}

func parseNetworks(text string) (all []netip.Prefix, err error) {
	for _, line := range strings.Fields(text) {
		p, err := ipallow.ParsePrefix(line)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func (d *desk) rotateToken(w http.ResponseWriter, r *http.Request) error {
	overlap := 24 * time.Hour
	if r.PostFormValue("now") != "" { // after an incident
		overlap = 0
	}
	secret, _, err := d.team.RotateToken(r.Context(), rbac.From(r.Context()), r.PathValue("id"), overlap)
	if err != nil {
		return err
	}
	return d.showTokens(w, r, secret)
}

func (d *desk) revokeToken(w http.ResponseWriter, r *http.Request) error {
	_, err := d.team.RevokeTokens(r.Context(), rbac.From(r.Context()), rbac.TokenSelector{ID: r.PathValue("id")}, "revoked on the tokens page")
	if err != nil {
		return err
	}
	return after(w, r, "/tokens", "revoked")
}
