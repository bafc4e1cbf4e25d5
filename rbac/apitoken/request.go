package apitoken

import (
	"fmt"
	"net/http"
	"strings"
)

// ErrMissing is returned for a request without an Authorization header, so that another way to sign in can be tried. It is an
// [ErrMalformed] too.
var ErrMissing = fmt.Errorf("%w: there is none", ErrMalformed)

// FromRequest returns the token that r brings in its Authorization header (RFC 6750, section 2.1: "Bearer", in any case, a space
// and the token), for [Form.Parse] to judge. [ErrMissing] if there is no such header, [ErrMalformed] if it has any other form,
// comes twice, or is longer than a token. It looks nowhere else: addresses end up in logs and in the histories of browsers,
// and cookies are sent without being asked for.
func FromRequest(r *http.Request) (string, error) {
	if r == nil || len(r.Header["Authorization"]) == 0 {
		return "", ErrMissing
	}
	const scheme = "Bearer "
	h := r.Header["Authorization"]
	if len(h) != 1 || len(h[0]) <= len(scheme) || len(h[0]) > len(scheme)+maxLen || !strings.EqualFold(h[0][:len(scheme)], scheme) {
		return "", ErrMalformed
	}
	raw := h[0][len(scheme):]
	for i := range len(raw) {
		if digit[raw[i]] == noDigit && raw[i] != '_' {
			return "", ErrMalformed
		}
	}
	return raw, nil
}
