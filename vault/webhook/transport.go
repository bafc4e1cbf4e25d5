package webhook

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Transport returns a round tripper that signs each request and sends it through base; nil means
// [http.DefaultTransport]. The request names its event in [HeaderID], or is refused with [ErrMissingHeader]: whoever
// tries again has to use the same id. The time is that of the attempt. The body is read into memory.
//
// A request that a client makes to follow a redirect is refused with [ErrRedirected]: a delivery goes to the address that
// the customer gave, and nowhere else.
func (s *Signer) Transport(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return &transport{s, base}
}

type transport struct {
	signer *Signer
	base   http.RoundTripper
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	signed, err := t.sign(r)
	if err != nil {
		return nil, err
	}
	return t.base.RoundTrip(signed)
}

// sign returns a signed copy of r, whose body it reads and closes.
func (t *transport) sign(r *http.Request) (*http.Request, error) {
	body, err := readAndClose(r.Body)
	if err != nil {
		return nil, err
	}
	if r.Response != nil {
		return nil, ErrRedirected
	}
	id, err := one(r.Header[HeaderID], errNoID, errManyIDs)
	if err != nil {
		return nil, err
	}
	c := r.Clone(r.Context())
	if err := t.signer.Sign(c.Header, id, time.Now(), body); err != nil {
		return nil, err
	}
	c.Body, c.GetBody, c.ContentLength, c.TransferEncoding = http.NoBody, nil, int64(len(body)), nil
	if len(body) > 0 {
		c.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		c.Body, _ = c.GetBody()
	}
	return c, nil
}

func readAndClose(body io.ReadCloser) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	b, err := io.ReadAll(body)
	if closing := body.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBody, err)
	}
	return b, nil
}
