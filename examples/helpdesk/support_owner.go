package main

import (
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/google/uuid"
)

// grantOf is the grant that a path names.
func grantOf(r *http.Request) (supportgrant.GrantID, error) {
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		return id, supportgrant.ErrNotFound
	}
	return id, nil
}

func me(r *http.Request) supportgrant.Person { return supportgrant.Person(userOf(r)) }

// supportPage shows what support asked for, and who looked at what.
func (d *desk) supportPage(w http.ResponseWriter, r *http.Request) error {
	grants, err := d.support.Grants(r.Context(), supportgrant.Find{Limit: 50})
	if err != nil {
		return err
	}
	entries, next, err := d.support.Log(r.Context(), supportgrant.Look{}, supportgrant.LogCursor(r.URL.Query().Get("after")), 50)
	if err != nil {
		return err
	}
	return d.show(w, r, "support", "Support access", struct {
		Grants []supportgrant.Grant
		Log    []supportgrant.Entry
		Next   supportgrant.LogCursor
	}{grants, entries, next})
}

func (d *desk) grantPage(w http.ResponseWriter, r *http.Request) error {
	id, err := grantOf(r)
	if err != nil {
		return err
	}
	g, err := d.support.Grant(r.Context(), id)
	if err != nil {
		return err
	}
	entries, _, err := d.support.Log(r.Context(), supportgrant.Look{Grant: id}, "", 200)
	if err != nil {
		return err
	}
	hasApp, keys, err := d.factors(r)
	if err != nil {
		return err
	}
	data := struct {
		*supportgrant.Grant
		Log             []supportgrant.Entry
		HasApp, HasKeys bool
		Lives           []int // in minutes, up to what was asked for
		Pending         bool
	}{&g, entries, hasApp, keys > 0, nil, g.State == supportgrant.Requested}
	for _, minutes := range []int{15, 30, 60, 120, 240, 480, 1440} {
		if time.Duration(minutes)*time.Minute < g.Asked {
			data.Lives = append(data.Lives, minutes)
		}
	}
	return d.show(w, r, "grant", "Support access for "+g.Ticket, data)
}

// beginApproval shows all of what is about to be approved, and asks for a second factor that is bound to it.
func (d *desk) beginApproval(w http.ResponseWriter, r *http.Request) error {
	id, err := grantOf(r)
	if err != nil {
		return err
	}
	var life time.Duration // 0: as asked for
	if minutes, err := strconv.Atoi(r.PostFormValue("minutes")); err == nil {
		life = time.Duration(minutes) * time.Minute
	}
	shown, err := d.support.BeginApproval(r.Context(), id, me(r), r.PostFormValue("method"), life)
	if err != nil {
		return err
	}
	return d.show(w, r, "approve", "Approve support access", struct {
		supportgrant.Pending
		DigestHex, OptionsJSON string
		ByCode                 bool
	}{shown, hex.EncodeToString(shown.Digest[:]), string(shown.Options), shown.Method == d.codes.Method()})
}

func (d *desk) approve(w http.ResponseWriter, r *http.Request) error {
	id, err := grantOf(r)
	if err != nil {
		return err
	}
	a := supportgrant.Answer{Response: []byte(r.PostFormValue("response"))}
	if n, err := hex.Decode(a.Digest[:], []byte(r.PostFormValue("digest"))); err != nil || n != len(a.Digest) {
		return supportgrant.ErrStale
	}
	if _, err := d.support.Approve(r.Context(), id, me(r), a); err != nil {
		return err
	}
	return after(w, r, "/support/"+id.String(), "approved")
}

func (d *desk) deny(w http.ResponseWriter, r *http.Request) error {
	id, err := grantOf(r)
	if err != nil {
		return err
	}
	if _, err := d.support.Deny(r.Context(), id, me(r), r.PostFormValue("why")); err != nil {
		return err
	}
	return after(w, r, "/support/"+id.String(), "denied")
}

// withdraw ends access: when it returns, nobody reads anything under the grant any more.
func (d *desk) withdraw(w http.ResponseWriter, r *http.Request) error {
	id, err := grantOf(r)
	if err != nil {
		return err
	}
	if _, err := d.support.Withdraw(r.Context(), id, me(r), r.PostFormValue("why")); err != nil {
		return err
	}
	return after(w, r, "/support/"+id.String(), "withdrawn")
}
