package processor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	tryTimeout = 20 * time.Second
	maxAnswer  = 1 << 20
	maxAfter   = 15 * time.Minute
)

// answer is what came back, all of it.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// exchange sends a request and reads the answer to a limit, both within the time of one attempt. The error is that of [failure], or says that
// the body is too large; why names it.
func exchange(client *http.Client, r *http.Request, within time.Duration) (a answer, why string, err error) {
	ctx, cancel := context.WithTimeout(r.Context(), within)
	defer cancel()
	resp, err := client.Do(r.WithContext(ctx))
	if err != nil {
		why, err = failure(err)
		return answer{}, why, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		why, err = failure(err)
		return answer{}, why, err
	}
	if len(body) > maxAnswer {
		return answer{}, "too large", fmt.Errorf("%w: it is too large", ErrAnswer)
	}
	return answer{resp.StatusCode, resp.Header, body}, "", nil
}

// evidence names the bytes of the answer, which are not kept.
func (a answer) evidence() string {
	sum := sha256.Sum256(a.body)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// problem is what a status says that is none of success: nil for 2xx.
func (a answer) problem() (Outcome, error) {
	why := "status " + strconv.Itoa(a.status)
	switch {
	case a.status/100 == 2:
		return Outcome{}, nil
	case a.status/100 == 3:
		return Outcome{Why: "redirect"}, fmt.Errorf("%w: it is a redirect, which is not followed", ErrAnswer)
	case a.status == http.StatusRequestTimeout, a.status == http.StatusTooEarly, a.status == http.StatusTooManyRequests, a.status/100 == 5:
		return Outcome{Why: why}, &laterError{a.after(), a.status}
	case a.status/100 == 4:
		return Outcome{State: Refused, Why: why}, fmt.Errorf("%w with status %d", ErrRefused, a.status)
	}
	return Outcome{Why: why}, fmt.Errorf("%w: status %d", ErrAnswer, a.status)
}

// after is how long the processor asks to be left alone: Retry-After in seconds, and no longer than it makes sense to wait.
func (a answer) after() time.Duration {
	n, err := strconv.Atoi(a.header.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(min(n, 1<<20))*time.Second, maxAfter)
}

// laterError is an ErrAgain that says when.
type laterError struct {
	after  time.Duration
	status int
}

func (e *laterError) Error() string        { return fmt.Sprintf("%v: status %d", ErrAgain, e.status) }
func (e *laterError) Is(target error) bool { return target == ErrAgain }

// post makes a request with a body that can be sent again.
func post(ctx context.Context, address, contentType string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, ErrAddress
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Accept", "application/json")
	return r, nil
}
