package main

import (
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow"
)

const trialLife = 10 * time.Minute

func (d *desk) networksPage(w http.ResponseWriter, r *http.Request) error {
	now, err := d.networks.Get(r.Context(), rbac.From(r.Context()).Tenant())
	if errors.Is(err, ipallow.ErrNoPolicy) {
		now.Policy.Open, err = true, nil // what OpenByDefault means
	}
	if err != nil {
		return err
	}
	policy, left := now.Current()
	mine, err := d.clients.Addr(r)
	if err != nil {
		return err
	}
	return d.show(w, r, "networks", "Networks", struct {
		Open    bool
		Text    string
		Version int64
		Mine    netip.Addr
		Left    time.Duration
		Trial   bool
	}{policy.Open, policy.List.Text(), now.Version, mine, left.Round(time.Second), now.Trial != nil && left > 0})
}

func (d *desk) saveNetworks(w http.ResponseWriter, r *http.Request) error {
	list, err := ipallow.ParseList(r.PostFormValue("networks"))
	if err != nil {
		return err
	}
	c := ipallow.Change{Policy: ipallow.Policy{Open: r.PostFormValue("open") != "", List: list}}
	if c.Base, err = strconv.ParseInt(r.PostFormValue("version"), 10, 64); err != nil {
		return badInput("The form cannot be read.")
	}
	if c.Actor, err = d.clients.Addr(r); err != nil {
		return err
	}
	if r.PostFormValue("trial") != "" {
		c.Trial = trialLife
	}
	if _, err := d.networks.Replace(r.Context(), rbac.From(r.Context()).Tenant(), c); err != nil {
		return err
	}
	return after(w, r, "/networks", "networks")
}

func (d *desk) confirmNetworks(w http.ResponseWriter, r *http.Request) error {
	base, err := strconv.ParseInt(r.PostFormValue("version"), 10, 64)
	if err != nil {
		return badInput("The form cannot be read.")
	}
	mine, err := d.clients.Addr(r)
	if err != nil {
		return err
	}
	if _, err := d.networks.Confirm(r.Context(), rbac.From(r.Context()).Tenant(), base, mine); err != nil {
		return err
	}
	return after(w, r, "/networks", "confirmed")
}
