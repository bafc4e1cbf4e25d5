package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"

	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/rbac"
)

// ownRequests are those of a request's person.
func (d *desk) ownRequests(r *http.Request) ([]dsar.Request, error) {
	who, err := d.self(r.Context(), userOf(r))
	if err != nil {
		return nil, err
	}
	ref, err := d.requests.Ref(r.Context(), who)
	if err != nil {
		return nil, err
	}
	return d.requests.Requests(r.Context(), dsar.Find{Ref: ref})
}

// ask takes a request of somebody who is signed in: the session shows who they are, so that the clock runs at once.
func (d *desk) askRequest(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	kind := map[string]dsar.Kind{"download": dsar.Access, "delete": dsar.Erasure}[r.PostFormValue("what")]
	who, err := d.self(ctx, userOf(r))
	if err != nil {
		return err
	}
	if kind == dsar.Erasure {
		if err := d.notOnlyAdmin(ctx, userOf(r)); err != nil {
			return err
		}
	}
	req, err := d.requests.Open(ctx, dsar.Intake{Kind: kind, Person: who, By: actor(ctx)})
	if err != nil {
		return err
	}
	if _, err := d.requests.Verified(ctx, req.ID, dsar.Evidence{Request: req.ID, Method: "session", Person: who, By: actor(ctx)}); err != nil {
		return err
	}
	return after(w, r, "/privacy", "requested")
}

// notOnlyAdmin refuses to take away the organisation's last admin.
func (d *desk) notOnlyAdmin(ctx context.Context, who string) error {
	system, err := d.team.System(ctx, "somebody wants to be erased")
	if err != nil {
		return err
	}
	members, err := d.team.Members(ctx, system)
	if err != nil {
		return err
	}
	admins, me := 0, false
	for _, m := range members {
		for _, role := range m.Roles {
			if role == roles.Admin.ID() && m.Status == rbac.Active {
				admins++
				me = me || m.ID == who
			}
		}
	}
	if me && admins == 1 {
		return badInput("You are the only admin. Make somebody else one first.")
	}
	return nil
}

// ownRequest is the one that a path names, if it is of who asks.
func (d *desk) ownRequest(r *http.Request) (dsar.Request, error) {
	mine, err := d.ownRequests(r)
	if err != nil {
		return dsar.Request{}, err
	}
	for _, x := range mine {
		if string(x.ID) == r.PathValue("id") {
			return x, nil
		}
	}
	return dsar.Request{}, dsar.ErrNotFound
}

// download hands somebody what there is about them. It is made whole before any of it leaves.
func (d *desk) download(w http.ResponseWriter, r *http.Request) error {
	req, err := d.ownRequest(r)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp("", "helpdesk-export-")
	if err != nil {
		return err
	}
	defer func() { _ = f.Close(); _ = os.Remove(f.Name()) }()
	if _, err := d.requests.Export(r.Context(), req.ID, f); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="my-data.zip"`)
	w.Header().Set("Cache-Control", "no-store")
	_, err = io.Copy(w, f)
	return err
}

func (d *desk) withdrawRequest(w http.ResponseWriter, r *http.Request) error {
	req, err := d.ownRequest(r)
	if err != nil {
		return err
	}
	if _, err := d.requests.Withdraw(r.Context(), req.ID, actor(r.Context())); err != nil {
		return err
	}
	return after(w, r, "/privacy", "taken-back")
}

// requestsPage lists what is due, and shows what an erasure would do to whoever approves it.
func (d *desk) requestsPage(w http.ResponseWriter, r *http.Request) error {
	all, err := d.requests.Requests(r.Context(), dsar.Find{Limit: 100})
	if err != nil {
		return err
	}
	type row struct {
		dsar.Request
		Plan *dsar.Plan
	}
	var list []row
	for _, req := range all {
		x := row{Request: req}
		if req.Kind == dsar.Erasure && req.State == dsar.Verified {
			if x.Plan, err = d.requests.Plan(r.Context(), req.ID); err != nil && !errors.Is(err, dsar.ErrNobody) {
				return err
			}
		}
		list = append(list, x)
	}
	return d.show(w, r, "requests", "Requests about data", list)
}

func (d *desk) approveRequest(w http.ResponseWriter, r *http.Request) error {
	if _, err := d.requests.Approve(r.Context(), dsar.ID(r.PathValue("id")), r.PostFormValue("plan"), actor(r.Context())); err != nil {
		return err
	}
	return after(w, r, "/requests", "approved-erasure")
}

// requestReceipt is the signed paper about an erasure.
func (d *desk) requestReceipt(w http.ResponseWriter, r *http.Request) error {
	signed, err := d.requests.Receipt(r.Context(), dsar.ID(r.PathValue("id")))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="receipt.txt"`)
	_, err = w.Write(signed)
	return err
}
