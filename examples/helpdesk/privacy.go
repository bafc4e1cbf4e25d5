package main

import (
	"net/http"

	"github.com/bailiwick-dev/bailiwick/consent"
	"github.com/bailiwick-dev/bailiwick/dsar"
)

// privacyPage says what is stored and why, what was agreed to, and what an opt-out signal took away.
func (d *desk) privacyPage(w http.ResponseWriter, r *http.Request) error {
	type row struct {
		Title, Body, Why string
		Allowed          bool
	}
	decision := consent.From(r.Context())
	data := struct {
		Rows     []row
		Signal   bool
		Honoured bool
		History  []consent.Entry
		Requests []dsar.Request
	}{}
	data.Signal, data.Honoured = decision.Signal()
	for _, p := range teamPolicy.Purposes {
		t := p.Text["en"]
		data.Rows = append(data.Rows, row{t.Title, t.Body, decision.Why(p.Category).String(), decision.Allows(p.Category)})
	}
	for e, err := range d.answers.History(r.Context(), userOf(r)) {
		if err != nil {
			return err
		}
		data.History = append(data.History, e)
	}
	var err error
	if data.Requests, err = d.ownRequests(r); err != nil {
		return err
	}
	return d.show(w, r, "privacy", "Your privacy", data)
}
