package main

import (
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// A shop is a page of an organisation's own web site, as the provider does not host it: it stands for where the chat is embedded. To a browser it is
// another site than the chat, so that neither reads anything of the other.

// shopHost is the end of the first label of a shop's host: alder-shop.localhost.
const shopHost = "-shop"

// shopAt is the organisation's site: the only one that may have its chat in a frame. A real desk keeps the sites of each organisation.
func (d *desk) shopAt(org tenancy.ID) string {
	return d.scheme + "://" + net.JoinHostPort(org.String()+shopHost+"."+d.host, d.port)
}

// hostOf says whose host a request is for, and whether it is the shop's; the zero ID is nobody's.
func (d *desk) hostOf(r *http.Request) (org tenancy.ID, shop bool) {
	host, _, _ := strings.Cut(r.Host, ":")
	label, below := strings.CutSuffix(host, "."+d.host)
	label, shop = strings.CutSuffix(label, shopHost)
	id, err := tenancy.ParseID(label)
	if !below || err != nil || id == operator {
		return tenancy.ID{}, shop
	}
	return id, shop
}

// shopPage embeds the chat with as little as it works with: its forms and its script, and an origin of its own, without which it has no cookies. It
// may not open windows, leave the frame, or use what the browser has: nothing is delegated to it.
func (d *desk) shopPage(w http.ResponseWriter, r *http.Request) error {
	org, _ := d.hostOf(r)
	t, err := d.directory.Lookup(r.Context(), org)
	switch {
	case errors.Is(err, tenancy.ErrUnknownTenant) || org.IsZero() || err == nil && t.State != tenancy.Active || r.URL.Path != "/":
		http.NotFound(w, r)
		return nil
	case err != nil:
		return err
	}
	o, err := d.organisation(tenancy.With(r.Context(), org))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; frame-src "+d.chatAt(org)+"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	return execute(w, http.StatusOK, "shop", &view{Title: o.Name, Data: d.chatAt(org) + "/"})
}
