package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/jmoiron/sqlx"
)

//go:embed pages/*.gohtml
var pageFiles embed.FS

//go:embed assets/*
var assets embed.FS

var pages = func() map[string]*template.Template {
	all := map[string]*template.Template{}
	files, err := pageFiles.ReadDir("pages")
	if err != nil {
		panic(err)
	}
	words := template.FuncMap{
		"span":  span,
		"day":   func(t time.Time) string { return t.UTC().Format("2 Jan 2006") },
		"time":  func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") },
		"rfc":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"cents": cents,
		"has":   func(all []rbac.RoleID, id rbac.RoleID) bool { return slices.Contains(all, id) },
		"join":  func(s []string) string { return strings.Join(s, ", ") },
	}
	layouts := template.Must(template.New("").Funcs(words).ParseFS(pageFiles, "pages/layout.gohtml"))
	for _, f := range files {
		if name := strings.TrimSuffix(f.Name(), ".gohtml"); name != "layout" {
			all[name] = template.Must(template.Must(layouts.Clone()).ParseFS(pageFiles, "pages/"+f.Name()))
		}
	}
	return all
}()

// span says in words how long something is.
func span(t time.Duration) string {
	var parts []string
	for _, unit := range []struct {
		name string
		of   time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}} {
		if n := t / unit.of; n > 0 {
			t -= n * unit.of
			s := fmt.Sprintf("%d %s", n, unit.name)
			if n > 1 {
				s += "s"
			}
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}

// cents shows an amount, of a column or of JSON, where numbers are float64.
func cents(n any) string {
	switch n := n.(type) {
	case int64:
		return fmt.Sprintf("€ %d.%02d", n/100, n%100)
	case float64:
		return fmt.Sprintf("€ %.2f", n/100)
	}
	return ""
}

// person is who somebody is, beside what they may do.
type person struct {
	ID    string `db:"id"`
	Name  string `db:"name"`
	Email string `db:"email"`
}

func (d *desk) person(ctx context.Context, id string) (p person, err error) {
	err = d.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.GetContext(ctx, &p, tx.Rebind(`SELECT id, name, email FROM person WHERE id = ?`), id)
	})
	return p, err
}

// people is everybody's name, by id.
func (d *desk) people(ctx context.Context) (map[string]person, error) {
	var all []person
	err := d.db.Read(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return tx.SelectContext(ctx, &all, `SELECT id, name, email FROM person`)
	})
	by := map[string]person{}
	for _, p := range all {
		by[p.ID] = p
	}
	return by, err
}

// view is what every page is made of.
type view struct {
	Title  string
	Banner template.HTML
	Me     *person // nil: nobody is signed in
	Org    string
	Links  []navLink
	Done   string // what was just done
	Data   any
	can    rbac.Principal
}

// Can reports whether the reader may do what is named so: pages show what one may do, and routes decide on it.
func (v *view) Can(permission string) bool {
	x, ok := access.Lookup(permission)
	return ok && v.can.Can(x)
}

type navLink struct {
	Path, Text string
	Here       bool
}

// navigation is the way around, with what it takes to see each page.
var navigation = []struct {
	path, text string
	may        rbac.Permission
}{
	{"/conversations", "Conversations", readChats}, {"/team", "Team", rbac.ViewAccess}, {"/connections", "Connections", connect}, {"/tokens", "API tokens", rbac.ManageTokens},
	{"/networks", "Networks", setNetworks}, {"/support", "Support access", seeSupport}, {"/audit", "Audit trail", readTrail},
	{"/processing", "Processing", managePrivacy}, {"/retention", "Retention", managePrivacy}, {"/requests", "Requests", managePrivacy},
}

// done are the sentences that pages begin with after something was done, by the word in the address.
var done = map[string]string{
	"answered": "Your answer was sent.", "noted": "The note was added.", "status": "The status was changed.", "invited": "The invitation is on its way.",
	"withdrawn-invitation": "The invitation was withdrawn.", "roles": "The role was changed.", "removed": "They were removed, with their tokens and sessions.",
	"stored": "The secret was stored. Nobody can read it again.", "disconnected": "It was disconnected.", "revoked": "The token was revoked.",
	"networks": "The networks were saved.", "denied": "The request was denied.", "withdrawn": "Access has ended. Nobody of support reads anything any more.",
	"approved": "Access was granted.", "asked": "The request was sent.", "retention": "The period was saved.", "swept": "It was deleted. The audit trail says how much.", "decided": "The decision was recorded.",
	"closed": "The review is closed.", "enrolled": "The authenticator app was added.", "passkey": "The passkey was added.", "confirmed": "The change holds for good.",
	"requested": "We have your request. You find below by when it must be answered.", "taken-back": "The request was taken back.", "approved-erasure": "The erasure was approved. The person is out of sight.",
}

// show answers with a page.
func (d *desk) show(w http.ResponseWriter, r *http.Request, name, title string, data any) error {
	return d.showStatus(w, r, http.StatusOK, name, title, data)
}

func (d *desk) showStatus(w http.ResponseWriter, r *http.Request, status int, name, title string, data any) error {
	v := d.frame(r, title)
	if v.Data = data; status != http.StatusOK {
		v.Done = ""
	}
	return execute(w, status, name, v)
}

// frame is what is around the content of a page.
func (d *desk) frame(r *http.Request, title string) *view {
	ctx := r.Context()
	v := &view{Title: title, Done: done[r.URL.Query().Get("done")], Banner: d.asks.HTML(r), can: rbac.From(ctx)}
	org, err := tenancy.From(ctx)
	if who := userOf(r); who != "" && err == nil {
		if me, err := d.person(ctx, who); err == nil {
			v.Me = &me
		}
		if v.can.IsZero() { // on a page for everybody, and on one that was refused
			v.can, _ = d.team.Member(ctx, rbac.User(who))
		}
		v.Org = strings.ToUpper(org.String()[:1]) + org.String()[1:]
		if org == operator {
			v.Links = []navLink{{"/staff/", "Organisations", true}}
		}
		for _, n := range navigation {
			if v.can.Can(n.may) {
				v.Links = append(v.Links, navLink{n.path, n.text, r.URL.Path == n.path || strings.HasPrefix(r.URL.Path, n.path+"/")})
			}
		}
	}
	return v
}

// execute writes a page, whole or not at all.
func execute(w http.ResponseWriter, status int, name string, v *view) error {
	var out bytes.Buffer
	if err := pages[name].ExecuteTemplate(&out, "page", v); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err := out.WriteTo(w)
	if errors.Is(err, http.ErrBodyNotAllowed) {
		err = nil
	}
	return err
}

// after sends a browser on, once something was done.
func after(w http.ResponseWriter, r *http.Request, path, what string) error {
	http.Redirect(w, r, path+"?done="+what, http.StatusSeeOther)
	return nil
}
