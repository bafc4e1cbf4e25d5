package processor

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Callback returns a handler for the processor's callbacks. Mount it, at the address that [OpenDSROptions].Callback gives, behind what puts the
// tenant into the context. ErrOptions without that.
//
// It answers, as OpenDSR's security guidelines say, 202 to what counted, now or before; 401 if the domain is not this processor's or its
// certificate is none to trust; 400 if the signature, the JSON, the address or the job is not right; and 503 if the certificate could not
// be had or the store failed, so that it is sent again. A body is not parsed before its signature is verified.
func (p *OpenDSR) Callback(settle Settle) (http.Handler, error) {
	if p.o.Callback == nil || settle == nil {
		return nil, fmt.Errorf("%w: callbacks need an address and somewhere to go", ErrOptions)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := readCallback(w, r)
		if !ok {
			return
		}
		switch err := p.signed(r.Context(), r.Header, body, time.Now()); {
		case err == nil:
		case isAgain(err):
			say(w, http.StatusServiceUnavailable)
			return
		case errors.Is(err, errDomain), errors.Is(err, errCertificate):
			say(w, http.StatusUnauthorized)
			return
		default:
			say(w, http.StatusBadRequest)
			return
		}
		var s subjectStatus
		if json.Unmarshal(body, &s) != nil {
			say(w, http.StatusBadRequest)
			return
		}
		own, err := p.o.Callback(r.Context())
		if err != nil {
			say(w, http.StatusServiceUnavailable)
			return
		}
		o := Outcome{Evidence: answer{body: body}.evidence()}
		if t, err := time.Parse(time.RFC3339, s.Expected); err == nil {
			o.Expected = t.UTC().Truncate(time.Microsecond)
		}
		if err := o.said(&s); s.Callback != own || strings.TrimSpace(s.ID) == "" || err != nil && !errors.Is(err, ErrRefused) {
			say(w, http.StatusBadRequest)
			return
		}
		finish(w, settle(r.Context(), p.o.Name, s.ID, o))
	}), nil
}
