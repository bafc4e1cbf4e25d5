package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// HTTPAnchor keeps checkpoints at a server of somebody else's.
type HTTPAnchor struct {
	// Label names the anchor in errors and logs, which never tell the URL.
	Label string
	// URL takes each checkpoint as the body of a PUT, answered with a status of 2xx once it is kept, and
	// tells the one of the greatest size that it took to a GET; 404 if it has none.
	URL string
	// Method is used in place of PUT.
	Method string
	// Header is sent with each call, such as an Authorization.
	Header http.Header
	// Client makes the calls; nil means one that follows no redirects.
	Client *http.Client
}

// Name implements Anchor.
func (a *HTTPAnchor) Name() string { return a.Label }

// Publish implements Anchor.
func (a *HTTPAnchor) Publish(ctx context.Context, signed []byte) error {
	method := a.Method
	if method == "" {
		method = http.MethodPut
	}
	status, _, err := a.call(ctx, method, signed)
	if err == nil && status/100 != 2 {
		err = fmt.Errorf("%w: answered with status %d", ErrUnavailable, status)
	}
	return err
}

// Latest implements Anchor.
func (a *HTTPAnchor) Latest(ctx context.Context) ([]byte, error) {
	status, signed, err := a.call(ctx, http.MethodGet, nil)
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusNotFound:
		return nil, ErrNotFound
	case status != http.StatusOK:
		return nil, fmt.Errorf("%w: answered with status %d", ErrUnavailable, status)
	case len(signed) > maxSignedNote:
		return nil, errors.New("audit: the anchor's checkpoint is too long")
	case len(signed) == 0:
		return nil, errors.New("audit: the anchor's checkpoint is empty")
	}
	return signed, nil
}

func (a *HTTPAnchor) call(ctx context.Context, method string, body []byte) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, method, a.URL, bytes.NewReader(body))
	if err != nil {
		return 0, nil, errors.New("audit: the URL or method of the anchor is none")
	}
	for key, values := range a.Header {
		req.Header[key] = values
	}
	if body != nil {
		req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	resp, err := plainClient(a.Client).Do(req)
	if err != nil {
		return 0, nil, withoutURL(err)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxSignedNote+1))
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return resp.StatusCode, answer, nil
}
