package processor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Settle takes an answer that came by itself. [Set.Settle] is one.
type Settle func(ctx context.Context, processor, key string, o Outcome) error

// Callback returns a handler for answers that come later: a POST, signed as Standard Webhooks says, of what the answer would have been. Mount
// it behind what puts the tenant into the context. It needs [WebhookOptions].Verify: ErrOptions.
//
// It answers 202 to what counted, now or before, and to what came too late; 400 to what is no answer to a job of this processor; 401 to what
// is not signed; 405, 413; and 503 if the store failed, so that it is sent again.
func (w *Webhook) Callback(settle Settle) (http.Handler, error) {
	if w.o.Verify == nil || settle == nil {
		return nil, fmt.Errorf("%w: a callback that nothing verifies", ErrOptions)
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, ok := readCallback(rw, r)
		if !ok {
			return
		}
		if err := w.o.Verify(r.Context(), r.Header, body); err != nil {
			say(rw, http.StatusUnauthorized)
			return
		}
		key, o, err := readAnswer(answer{http.StatusOK, r.Header, body})
		if err != nil {
			say(rw, http.StatusBadRequest)
			return
		}
		finish(rw, settle(r.Context(), w.o.Name, key, o))
	}), nil
}

func readCallback(w http.ResponseWriter, r *http.Request) (body []byte, ok bool) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		say(w, http.StatusMethodNotAllowed)
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAnswer))
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		say(w, http.StatusRequestEntityTooLarge)
	case err != nil:
		say(w, http.StatusBadRequest)
	}
	return body, err == nil
}

func finish(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
		say(w, http.StatusAccepted)
	case errors.Is(err, ErrNotFound):
		say(w, http.StatusBadRequest)
	default:
		say(w, http.StatusServiceUnavailable)
	}
}

func say(w http.ResponseWriter, status int) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, http.StatusText(status), status)
}
