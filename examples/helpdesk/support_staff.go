package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// staffPage lists the organisations.
func (d *desk) staffPage(w http.ResponseWriter, r *http.Request) error {
	var orgs []string
	for id, err := range d.allTenants(r.Context()) {
		if err != nil {
			return err
		}
		if id != operator {
			orgs = append(orgs, id.String())
		}
	}
	return d.show(w, r, "staff", "Organisations", orgs)
}

// inOrg is the context of the organisation that a path names. Only what goes through a support grant is done with it.
func (d *desk) inOrg(r *http.Request) (context.Context, tenancy.ID, error) {
	id, err := tenancy.ParseID(r.PathValue("org"))
	if err == nil && id == operator {
		err = tenancy.ErrUnknownTenant
	}
	if err == nil {
		var t tenancy.Tenant
		if t, err = d.directory.Lookup(r.Context(), id); err == nil {
			err = t.State.CanRead()
		}
	}
	return tenancy.Switch(r.Context(), id), id, err
}

var askable = []supportgrant.Category{supportgrant.Posts, supportgrant.Organization, supportgrant.Account, catalogueData}

func (d *desk) staffOrg(w http.ResponseWriter, r *http.Request) error {
	ctx, org, err := d.inOrg(r)
	if err != nil {
		return err
	}
	grants, err := d.support.Grants(ctx, supportgrant.Find{Staff: me(r), Limit: 50})
	if err != nil {
		return err
	}
	return d.show(w, r, "stafforg", "Support for "+org.String(), struct {
		Org       string
		Grants    []supportgrant.Grant
		Askable   []supportgrant.Category
		Resources []supportgrant.Resource
	}{org.String(), grants, askable, seenBySupport})
}

func (d *desk) askAccess(w http.ResponseWriter, r *http.Request) error {
	ctx, org, err := d.inOrg(r)
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return badInput("The form cannot be read.")
	}
	scope, ok := supportgrant.ParseScope(r.PostForm["category"])
	minutes, err := strconv.Atoi(r.PostFormValue("minutes"))
	if err != nil || !ok {
		return badInput("Say what is to be seen, and for how long.")
	}
	_, err = d.support.Request(ctx, supportgrant.NewRequest{Staff: me(r), Ticket: r.PostFormValue("ticket"), Reason: r.PostFormValue("reason"),
		Scope: scope, Life: time.Duration(minutes) * time.Minute})
	if err != nil {
		return err
	}
	return after(w, r, "/staff/"+org.String(), "asked")
}

func (d *desk) cancelAccess(w http.ResponseWriter, r *http.Request) error {
	ctx, org, err := d.inOrg(r)
	if err != nil {
		return err
	}
	id, err := grantOf(r)
	if err != nil {
		return err
	}
	if _, err := d.support.Cancel(ctx, id, me(r), "not needed any more"); err != nil {
		return err
	}
	return after(w, r, "/staff/"+org.String(), "withdrawn")
}

// readGranted shows a page of what was granted, while the grant is held: a withdrawal returns after the page was written, or before any of it.
func (d *desk) readGranted(w http.ResponseWriter, r *http.Request) error {
	ctx, org, err := d.inOrg(r)
	if err != nil {
		return err
	}
	id, err := grantOf(r)
	if err != nil {
		return err
	}
	var resource supportgrant.Resource
	for _, x := range seenBySupport {
		if x.Name == r.PathValue("resource") {
			resource = x
		}
	}
	page := d.frame(r, resource.Name+" of "+org.String()) // before: while the grant is held, a withdrawal waits
	return supportgrant.Use(ctx, d.support, supportgrant.Access{Grant: id, Staff: me(r), Resource: r.PathValue("resource"), After: supportgrant.Cursor(r.URL.Query().Get("after")), Limit: 50},
		func(_ context.Context, rows supportgrant.Page[supportgrant.Row]) error {
			page.Data = struct {
				Org, Resource, Grant string
				Columns              []string
				Page                 supportgrant.Page[supportgrant.Row]
			}{org.String(), resource.Name, id.String(), resource.Columns, rows}
			return execute(w, http.StatusOK, "granted", page)
		})
}
