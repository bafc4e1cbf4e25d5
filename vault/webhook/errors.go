package webhook

import (
	"errors"
	"fmt"
	"net/http"
)

// What can be wrong with a delivery, or with what signs and verifies it. Callers branch with [errors.Is]; none of the
// errors repeats anything of the request or of a secret.
var (
	// ErrMissingHeader: one of the three headers is not there, or empty.
	ErrMissingHeader = errors.New("webhook: missing header")
	// ErrMalformed: a header is there more than once, or not in its one form.
	ErrMalformed = errors.New("webhook: malformed header")
	// ErrStale: the time of the delivery is too far from the clock, in either direction. Whether it was signed was not
	// looked at.
	ErrStale = errors.New("webhook: delivery is too old or too new")
	// ErrSignature: no signature is one of the secrets' over these bytes.
	ErrSignature = errors.New("webhook: not signed by a known secret")
	// ErrReplayed: the delivery is signed, and [Options.Seen] says that it came before.
	ErrReplayed = errors.New("webhook: delivery came before")
	// ErrReplayUnknown: the delivery is signed, and [Options.Seen] failed. Its error is wrapped beside this one.
	ErrReplayUnknown = errors.New("webhook: cannot tell whether the delivery came before")
	// ErrTooLarge: the body is larger than [Options].MaxBody.
	ErrTooLarge = errors.New("webhook: body is too large")
	// ErrBody: the body could not be read. The cause is wrapped beside this one.
	ErrBody = errors.New("webhook: body cannot be read")
	// ErrSecret: a secret is none, or not one for this side.
	ErrSecret = errors.New("webhook: not a usable secret")
	// ErrRedirected: a request that follows a redirect was not signed and not sent.
	ErrRedirected = errors.New("webhook: a signed delivery does not follow redirects")
)

// Made once, because strangers cause them as often as they like.
var (
	errNoID          = fmt.Errorf("%w: webhook-id", ErrMissingHeader)
	errNoTimestamp   = fmt.Errorf("%w: webhook-timestamp", ErrMissingHeader)
	errNoSignature   = fmt.Errorf("%w: webhook-signature", ErrMissingHeader)
	errManyIDs       = fmt.Errorf("%w: webhook-id is there more than once", ErrMalformed)
	errManyTimes     = fmt.Errorf("%w: webhook-timestamp is there more than once", ErrMalformed)
	errManyLists     = fmt.Errorf("%w: webhook-signature is there more than once", ErrMalformed)
	errBadID         = fmt.Errorf("%w: webhook-id is not 1 to %d visible ASCII characters without a full stop", ErrMalformed, maxID)
	errBadTimestamp  = fmt.Errorf("%w: webhook-timestamp is not whole seconds since 1970 in plain digits", ErrMalformed)
	errBadSignature  = fmt.Errorf("%w: webhook-signature is not signatures with one space between them", ErrMalformed)
	errManySignature = fmt.Errorf("%w: webhook-signature has more than %d signatures", ErrMalformed, maxSignatures)
)

// StatusCode is the HTTP status that says err to a stranger: 400 for headers that are missing or malformed and for a body
// that breaks off; 403 for a delivery that is stale or not signed, which a stranger cannot tell apart; 409 for one that
// came before; 413 for a body that is too large; 503 for anything else, so that the sender tries again.
func StatusCode(err error) int {
	for _, c := range []struct {
		err  error
		code int
	}{
		{ErrReplayUnknown, http.StatusServiceUnavailable}, // first: its cause may be anything
		{ErrMissingHeader, http.StatusBadRequest},
		{ErrMalformed, http.StatusBadRequest},
		{ErrTooLarge, http.StatusRequestEntityTooLarge},
		{ErrBody, http.StatusBadRequest},
		{ErrStale, http.StatusForbidden},
		{ErrSignature, http.StatusForbidden},
		{ErrReplayed, http.StatusConflict},
	} {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return http.StatusServiceUnavailable
}

// Refuse answers with the status of err and the standard text of that status: nothing of the error, nor of the request.
func Refuse(w http.ResponseWriter, _ *http.Request, err error) {
	w.Header().Set("Cache-Control", "no-store")
	code := StatusCode(err)
	http.Error(w, http.StatusText(code), code)
}
