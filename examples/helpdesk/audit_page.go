package main

import (
	"bytes"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/rbac"
)

// auditPage lists events, newest first, by who did it, what it was and when.
func (d *desk) auditPage(w http.ResponseWriter, r *http.Request) error {
	f := r.URL.Query()
	q := audit.Query{After: audit.Cursor(f.Get("after"))}
	if who := f.Get("who"); who != "" {
		q.Subject = user(who).Subject()
	}
	if name := f.Get("action"); name != "" {
		a, ok := audit.Lookup(name)
		if !ok {
			return badInput("There is no such action.")
		}
		q.Actions = []audit.Action{a}
	}
	for text, to := range map[string]*time.Time{f.Get("from"): &q.Since, f.Get("to"): &q.Until} {
		if text == "" {
			continue
		}
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return badInput("A day looks like 2026-12-31.")
		}
		*to = day
	}
	if !q.Until.IsZero() {
		q.Until = q.Until.AddDate(0, 0, 1)
	}
	q.Limit = pageOf
	data := struct {
		List                  []audit.Record
		Names                 map[string]person
		Actions               []string
		Who, Action, From, To string
		Next                  string
	}{Who: f.Get("who"), Action: f.Get("action"), From: f.Get("from"), To: f.Get("to"), Actions: auditedActions}
	var err error
	if data.Names, err = d.people(r.Context()); err != nil {
		return err
	}
	for e, err := range d.trail.Events(r.Context(), q) {
		if err != nil {
			return err
		}
		data.List = append(data.List, e)
	}
	if len(data.List) == pageOf {
		f.Set("after", string(data.List[pageOf-1].Cursor))
		data.Next = "?" + f.Encode()
	}
	return d.show(w, r, "audit", "Audit trail", data)
}

// auditedActions are those that the page offers to look for.
var auditedActions = []string{
	"audit.exported", "consent.entry.made", "conversation.answered", "conversation.noted", "conversation.read", "conversation.status_set", "dsar.approved", "dsar.received", "dsar.retention_set",
	"rbac.invitation.made", "rbac.invitation.accepted", "rbac.member.removed", "rbac.member.roles_set", "rbac.review.decided", "rbac.token.issued", "rbac.token.revoked", "retention.confirmed", "retention.swept",
	"second_factor.added", "session.began", "supportgrant.approved", "supportgrant.read", "supportgrant.withdrawn", "vault.secret.stored",
}

// proof is what somebody without the log needs to see that an event is in it.
func (d *desk) proof(w http.ResponseWriter, r *http.Request) error {
	seq, err := strconv.ParseUint(r.PathValue("seq"), 10, 64)
	if err != nil {
		return audit.ErrNotFound
	}
	p, err := d.trail.Prove(r.Context(), seq)
	if err != nil {
		return err
	}
	text, err := p.MarshalText()
	if err != nil {
		return err
	}
	if r.URL.Query().Get("file") != "" {
		w.Header().Set("Content-Disposition", `attachment; filename="event-`+strconv.FormatUint(seq, 10)+`.tlog-proof"`)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, err := w.Write(text)
		return err
	}
	signed, err := audit.ParseCheckpoint(p.Checkpoint, d.verifier)
	if err != nil {
		return err
	}
	return d.show(w, r, "proof", "Proof of event "+strconv.FormatUint(seq, 10), struct {
		Seq, Size    uint64
		Text, Public string
		Steps        int
	}{seq, signed.Size, string(text), d.keys.Public, len(p.Path)})
}

// verify takes the log out, and has it verified with its public key and what is kept outside.
func (d *desk) verify(w http.ResponseWriter, r *http.Request) error {
	policy := audit.Policy{Keys: []audit.Key{{Verifier: d.verifier}}, Tenant: rbac.From(r.Context()).Tenant(), Sealer: d.sealer}
	kept, err := d.outside.Latest(r.Context())
	switch {
	case err == nil:
		policy.Trusted = [][]byte{kept}
	case !errors.Is(err, audit.ErrNotFound):
		return err
	}
	var out bytes.Buffer
	if _, err := d.trail.Bundle(r.Context(), &out, audit.Bundling{By: actor(r.Context()), Reason: "verified on the audit page", Heads: policy.Trusted}); err != nil {
		return err
	}
	report, err := audit.Verify(r.Context(), &out, policy)
	if err != nil {
		return err
	}
	return d.show(w, r, "verified", "The log was verified", report)
}

// bundle hands the log out: auditverify checks it with the public key alone.
func (d *desk) bundle(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "application/x-tar")
	w.Header().Set("Content-Disposition", `attachment; filename="audit.tar"`)
	_, err := d.trail.Bundle(r.Context(), w, audit.Bundling{By: actor(r.Context()), Reason: "taken out on the audit page"})
	return err
}
