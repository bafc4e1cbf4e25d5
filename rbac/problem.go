package rbac

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/bailiwick-dev/bailiwick/tenancy"
)

// StatusCode is the HTTP status that says err to a client.
//
//   - 401: nobody is asking, or with a token that is not good. To sign in may help.
//   - 403: a member may not do this, is suspended or has expired; or is none. That there is such a tenant is no secret by then:
//     the gate answers first, and says 404 of one that there is not.
//   - 404: [ErrNotFound] and [ErrNoMatch]. A route that somebody may not use is 403 and not 404: routes are no secret.
//   - 409: [ErrConflict], [ErrExists], and what would leave the tenant without an owner.
//   - 503: it is not known for sure ([ErrStale], [ErrUnavailable], [ErrClosed]), and for any other error.
//
// Errors of package tenancy have the status that [tenancy.StatusCode] gives them: 400 for a request without a tenant, 429 for too many.
func StatusCode(err error) int {
	var d *Denied
	for _, c := range []struct {
		err  error
		code int
	}{
		{ErrStale, http.StatusServiceUnavailable},
		{ErrUnavailable, http.StatusServiceUnavailable},
		{ErrClosed, http.StatusServiceUnavailable},
		{ErrNotFound, http.StatusNotFound},
		{ErrNoMatch, http.StatusNotFound},
		{ErrConflict, http.StatusConflict},
		{ErrExists, http.StatusConflict},
	} {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	if errors.As(err, &d) {
		switch d.Reason {
		case Nobody, BadToken, TokenExpired:
			return http.StatusUnauthorized
		case LastOwner:
			return http.StatusConflict
		}
		return http.StatusForbidden
	}
	return tenancy.StatusCode(err)
}

// Refuse answers with the status of err and a problem (RFC 9457) in JSON, which says what a [*Denied] says, and of other errors
// nothing. Nobody may store it.
func Refuse(w http.ResponseWriter, _ *http.Request, err error) {
	code, detail := StatusCode(err), ""
	h := w.Header()
	var d *Denied
	if errors.As(err, &d) {
		detail = d.Error()
		switch {
		case code == http.StatusUnauthorized && d.Reason == Nobody:
			h.Set("WWW-Authenticate", "Bearer")
		case code == http.StatusUnauthorized:
			h.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		case d.Reason == ByScope:
			h.Set("WWW-Authenticate", `Bearer error="insufficient_scope"`)
		}
	}
	var busy *tenancy.BusyError
	switch {
	case errors.As(err, &busy):
		h.Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(busy.RetryAfter.Round(time.Millisecond).Seconds())))))
	case code == http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	}
	problem(w, code, detail)
}

func problem(w http.ResponseWriter, code int, detail string) {
	body, _ := json.Marshal(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail,omitempty"`
	}{http.StatusText(code), code, detail})
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write(body)
}
