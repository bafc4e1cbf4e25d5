package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Middleware lets through to next what is verified, and answers all else with [Options].Refuse. The handler reads the
// body of the request as it was received, and finds the delivery by [From]. It panics if next is nil.
func (v *Verifier) Middleware(next http.Handler) http.Handler {
	if next == nil {
		panic("webhook: middleware without a handler behind it")
	}
	refuse := v.opts.Refuse
	if refuse == nil {
		refuse = Refuse
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(r.Context()) // a copy, so that the caller's keeps its body
		d, _, err := v.verifyRequest(w, r)
		if err != nil {
			refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, d)))
	})
}

// VerifyRequest reads the body of r, at most as much as [Options].MaxBody, and verifies it as [Verifier.Verify] does. It
// returns the body, and leaves it in r to be read again. A request whose headers are refused is not read.
func (v *Verifier) VerifyRequest(r *http.Request) (Delivery, []byte, error) {
	return v.verifyRequest(nil, r)
}

// verifyRequest tells w, unless it is nil, that nothing more is read of a body that is too large.
func (v *Verifier) verifyRequest(w http.ResponseWriter, r *http.Request) (Delivery, []byte, error) {
	d, err := v.open(r.Header)
	if err != nil {
		return Delivery{}, nil, err
	}
	if r.ContentLength > v.opts.MaxBody {
		return Delivery{}, nil, ErrTooLarge
	}
	var body []byte
	if r.Body != nil {
		body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, v.opts.MaxBody))
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return Delivery{}, nil, ErrTooLarge
	case err != nil:
		return Delivery{}, nil, fmt.Errorf("%w: %w", ErrBody, err)
	}
	del, err := v.check(r.Context(), d, body)
	if err != nil {
		return Delivery{}, nil, err
	}
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	return del, body, nil
}

type contextKey struct{}

// From returns the delivery that [Verifier.Middleware] verified, and false if it verified none.
func From(ctx context.Context) (Delivery, bool) {
	d, ok := ctx.Value(contextKey{}).(Delivery)
	return d, ok
}
