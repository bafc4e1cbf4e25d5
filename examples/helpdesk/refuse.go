package main

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/bailiwick-dev/bailiwick/audit"
	"github.com/bailiwick-dev/bailiwick/dsar"
	"github.com/bailiwick-dev/bailiwick/dsar/retention"
	"github.com/bailiwick-dev/bailiwick/rbac"
	"github.com/bailiwick-dev/bailiwick/supportgrant"
	"github.com/bailiwick-dev/bailiwick/tenancy"
	"github.com/bailiwick-dev/bailiwick/tenancy/ipallow"
	"github.com/bailiwick-dev/bailiwick/vault"
)

// A badInput is what a person can mend. It repeats nothing of what came.
type badInput string

func (b badInput) Error() string { return string(b) }

// statusOf is what an error is to a browser.
func statusOf(err error) (status int, text string) {
	var bad badInput
	var invalid *supportgrant.InvalidError
	var entry *ipallow.EntryError
	is := func(all ...error) bool {
		for _, e := range all {
			if errors.Is(err, e) {
				return true
			}
		}
		return false
	}
	switch {
	case errors.As(err, &bad):
		return http.StatusUnprocessableEntity, string(bad)
	case errors.As(err, &invalid):
		return http.StatusUnprocessableEntity, "The " + invalid.Field + " " + invalid.Why + "."
	case errors.As(err, &entry):
		return http.StatusUnprocessableEntity, fmt.Sprintf("Line %d: %s.", entry.Line, entry.Reason)
	case is(errLink):
		return http.StatusForbidden, "This link is not good any more. Ask for a new one."
	case is(ipallow.ErrLockOut):
		return http.StatusConflict, "This would shut you out: your own address is not among the networks. Save it on trial, or add yours."
	case is(ipallow.ErrVersion, supportgrant.ErrConflict, rbac.ErrConflict, vault.ErrConflict):
		return http.StatusConflict, "Somebody else changed it meanwhile. Look again."
	case is(ipallow.ErrNoTrial):
		return http.StatusConflict, "The trial is over, and the change went back."
	case is(supportgrant.ErrMFA):
		return http.StatusForbidden, "The second factor did not confirm this. Ask for a new one and try again."
	case is(supportgrant.ErrTooMany):
		return http.StatusTooManyRequests, "That was tried too often. Wait a little."
	case is(supportgrant.ErrStale):
		return http.StatusConflict, "It is too late for this, or it is not what you were shown. Look again."
	case is(supportgrant.ErrNotGranted):
		return http.StatusForbidden, "There is no access now. It was not granted, has ended or was withdrawn."
	case is(supportgrant.ErrNotAllowed, supportgrant.ErrSelfApproval):
		return http.StatusForbidden, "You cannot do this."
	case is(supportgrant.ErrStillReading):
		return http.StatusServiceUnavailable, "Nothing new can be read, but somebody still holds what they had begun to read. Withdraw once more."
	case is(retention.ErrClock):
		return http.StatusServiceUnavailable, "The server's clock cannot be trusted, and so nothing is deleted. We have been told."
	case is(retention.ErrPlan, dsar.ErrPlan, dsar.ErrState, dsar.ErrTooLate, dsar.ErrExists):
		return http.StatusConflict, "This is not how things stand any more. Look again."
	case is(dsar.ErrHeld):
		return http.StatusConflict, "A legal hold is on this: it stays until that ends."
	case is(dsar.ErrNotFound):
		return http.StatusNotFound, "There is no such thing here."
	case is(sql.ErrNoRows, supportgrant.ErrNotFound, vault.ErrNotFound, audit.ErrNotFound, rbac.ErrNotFound):
		return http.StatusNotFound, "There is no such thing here."
	case is(rbac.ErrNote, rbac.ErrDecision, rbac.ErrUndecided, rbac.ErrReviewClosed, rbac.ErrRole, rbac.ErrInvitation, rbac.ErrToken, rbac.ErrDue, rbac.ErrSubject):
		return http.StatusUnprocessableEntity, sentence(err)
	case is(rbac.ErrDenied):
		denied := new(rbac.Denied)
		errors.As(err, &denied)
		if status := rbac.StatusCode(err); status == http.StatusUnauthorized {
			return status, "Sign in first."
		}
		if denied.Reason == rbac.LastOwner {
			return http.StatusConflict, "The organisation would be without an admin."
		}
		return rbac.StatusCode(err), "You may not do this: " + string(denied.Reason) + "."
	case is(audit.ErrCursor):
		return http.StatusBadRequest, "This address is of another search."
	}
	status = rbac.StatusCode(err)
	if status == http.StatusInternalServerError || status == http.StatusServiceUnavailable {
		return http.StatusServiceUnavailable, "This cannot be done now. We have been told."
	}
	return status, http.StatusText(status) + "."
}

// sentence makes one of a door's error, whose text is safe to show.
func sentence(err error) string {
	text := strings.TrimPrefix(err.Error(), "rbac: ")
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// refuse answers for an error, and reports what is not the visitor's doing.
func (d *desk) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, text := statusOf(err)
	if status >= http.StatusInternalServerError {
		d.log.ErrorContext(r.Context(), "a request failed", "method", r.Method, "path", r.URL.Path, "err", err)
		d.reports.send(r.Context(), err.Error(), r, "")
	}
	switch {
	case strings.HasPrefix(r.URL.Path, "/api/"):
		_ = writeJSON(w, status, map[string]any{"title": http.StatusText(status), "status": status, "detail": text})
	case status == http.StatusUnauthorized && r.Method == http.MethodGet:
		http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	default:
		if org, _ := tenancy.From(r.Context()); org == operator && r.URL.Path == "/" {
			http.Redirect(w, r, "/staff/", http.StatusSeeOther)
			return
		}
		if err := d.showStatus(w, r, status, "error", http.StatusText(status), text); err != nil {
			http.Error(w, text, status)
		}
	}
}

// do makes a handler of one that can fail.
func (d *desk) do(f func(w http.ResponseWriter, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			d.refuse(w, r, err)
		}
	}
}

// refusedNetwork answers who comes from where the organisation does not let people come from.
func (d *desk) refusedNetwork() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			rbac.Refuse(w, r, &rbac.Denied{Reason: rbac.ByNetwork})
			return
		}
		http.Error(w, "Your organisation does not let its people come from here.", http.StatusForbidden)
	})
}
